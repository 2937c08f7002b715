"""Law 5: stories, the clusters of articles about one event.

Pure: a table of articles in, a table of stories out; the argument is never changed and the order of its rows never matters.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from pipeline.config import StoryConstants

TEXT_CHARACTERS = 3000
"""An event is told at the top of an article; what comes later is background that other stories share."""
TITLE_WEIGHT = 3
"""How many times a title's words count beside the text's."""
MIN_SIMILARITY = 0.08
"""Pairs less alike than this count as not alike at all."""
BLOCK_ROWS = 1000

Integers = NDArray[np.int64]
Floats = NDArray[np.float32]


def find_stories(articles: pd.DataFrame, *, constants: StoryConstants = StoryConstants()) -> pd.DataFrame:  # noqa: B008
    """The story of each article: `webUrl, storyId`, sorted by webUrl; storyId is null for an article that stands alone.

    Needs the columns webUrl, title, text and publishedDateTime (UTC). A story id is the first 16 hex digits of SHA-256 of the
    webUrl of the story's earliest article.
    """
    return find_story_links(articles, constants=constants)[0]


def find_story_links(
    articles: pd.DataFrame,
    *,
    constants: StoryConstants = StoryConstants(),  # noqa: B008
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `find_stories`, and how alike the articles of each story are: `webUrl, otherUrl, similarity`, webUrl < otherUrl."""
    dated = articles.dropna(subset=["publishedDateTime"]).sort_values(["webUrl", "title"], kind="stable")
    dated = dated.drop_duplicates("webUrl").reset_index(drop=True)
    urls: list[str] = dated["webUrl"].tolist()
    seconds = dated["publishedDateTime"].dt.as_unit("s").astype("int64").to_numpy()
    vectors = _vectors(dated)
    window_s = constants.window_hours * 3600
    stories = [
        members
        for members in _clusters(_alike(vectors, seconds, window_s=window_s), seconds, window_s=window_s, threshold=constants.threshold)
        if len(members) > 1
    ]
    story_of: dict[str, str] = {}
    links: list[tuple[str, str, float]] = []
    for members in stories:
        first = min(members, key=lambda row: (seconds[row], urls[row]))
        story_of.update(dict.fromkeys((urls[row] for row in members), _story_id(urls[first])))
        links.extend(_links(members, urls, vectors))
    every = sorted(set(articles["webUrl"].tolist()))
    return (
        pd.DataFrame(
            {
                "webUrl": pd.Series(every, dtype="str"),
                "storyId": pd.Series([story_of.get(url) for url in every], dtype=object),
            }
        ),
        pd.DataFrame(sorted(links), columns=["webUrl", "otherUrl", "similarity"]).astype(
            {"webUrl": "str", "otherUrl": "str", "similarity": "float64"}
        ),
    )


def _story_id(first_url: str) -> str:
    return hashlib.sha256(first_url.encode()).hexdigest()[:16]


def _vectors(articles: pd.DataFrame) -> csr_matrix:
    """One unit vector an article."""
    documents = [
        f"{title}\n" * TITLE_WEIGHT + (text[:TEXT_CHARACTERS] if isinstance(text, str) else "")
        for title, text in zip(articles["title"].fillna(""), articles["text"], strict=True)
    ]
    vectoriser = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w\w+\b", stop_words="english", dtype=np.float32)
    try:
        return vectoriser.fit_transform(documents).tocsr()
    except ValueError:  # not one word in all of them
        return csr_matrix((len(documents), 1), dtype=np.float32)


def _alike(vectors: csr_matrix, seconds: Integers, *, window_s: int) -> Iterator[tuple[int, int, float]]:
    """Pairs of rows (smaller first) within the window, and their cosine, where it is worth counting."""
    for start in range(0, vectors.shape[0], BLOCK_ROWS):
        block = (vectors[start : start + BLOCK_ROWS] @ vectors.T).tocoo()
        rows, columns = block.row + start, block.col
        near = np.abs(seconds[rows] - seconds[columns]) <= window_s
        kept = (rows < columns) & (block.data >= MIN_SIMILARITY) & near
        yield from zip(rows[kept].tolist(), columns[kept].tolist(), block.data[kept].tolist(), strict=True)


def _links(members: list[int], urls: list[str], vectors: csr_matrix) -> Iterator[tuple[str, str, float]]:
    members = sorted(members)
    block = vectors[members]
    similarities = (block @ block.T).toarray()
    for i, row in enumerate(members):
        for j, other in enumerate(members[i + 1 :], start=i + 1):
            yield urls[row], urls[other], round(float(similarities[i, j]), 4)


def _clusters(pairs: Iterator[tuple[int, int, float]], seconds: Integers, *, window_s: int, threshold: float) -> list[list[int]]:
    """Average linkage: the two closest clusters become one while they are alike enough and fit into the window.

    A member must be close to the story as a whole, not to one of its members, so stories do not chain. Equal similarities are
    merged in the order of their first rows.
    """
    members = [[row] for row in range(len(seconds))]
    earliest, latest = seconds.tolist(), seconds.tolist()
    sums: list[dict[int, float]] = [{} for _ in members]
    heap: list[tuple[float, int, int, int, int]] = []
    version = [0] * len(members)
    for row, other, similarity in pairs:
        sums[row][other] = sums[other][row] = similarity
        if similarity >= threshold:
            heap.append((-similarity, row, other, 0, 0))
    heapq.heapify(heap)
    while heap:
        _, one, two, version_one, version_two = heapq.heappop(heap)
        if version[one] != version_one or version[two] != version_two:
            continue
        if max(latest[one], latest[two]) - min(earliest[one], earliest[two]) > window_s:
            continue
        earliest[one], latest[one] = min(earliest[one], earliest[two]), max(latest[one], latest[two])
        members[one] += members[two]
        members[two] = []
        version[one] += 1
        version[two] = -1
        del sums[one][two]
        for other, similarity in sums[two].items():
            if other != one:
                sums[one][other] = sums[other][one] = sums[one].get(other, 0.0) + similarity
                del sums[other][two]
        sums[two] = {}
        for other, similarity in sums[one].items():
            average = similarity / (len(members[one]) * len(members[other]))
            if average >= threshold:
                low, high = min(one, other), max(one, other)
                heapq.heappush(heap, (-average, low, high, version[low], version[high]))
    return [rows for rows in members if rows]
