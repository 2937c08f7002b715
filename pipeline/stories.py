"""Law 5: stories, the clusters of articles about one event, and which of their articles only copy another.

Pure: a table of articles in, tables of stories and links out; the argument is never changed and the order of its rows never matters. The
requirement: a wrong link hides a good article behind another (heat -1), a missing link only shows an event twice. So precision
comes first, and no story chains from one event to the next. How it works, what was tried and what it is measured on: docs/stories.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.config import StoryConstants
from pipeline.duplicates import Copy, find_copies
from pipeline.lineage import Lineage, find_lineage
from pipeline.linkage import Floats, Integers, Pairs, clusters
from pipeline.meanings import Meanings, add_meaning, read_meanings, with_meaning
from pipeline.vectors import Nearness, Vectors, find_alike, similarities, vectors
from pipeline.words import Words, named_weekdays, read_words

FAR_LOSS, FAR_DAYS = 0.5, 3.0
"""Similarity fades with the days between two articles, by up to half."""
OTHER_WEEKDAY = 0.65
"""Two articles that both name weekdays, and none in common, tell of different days: of the pairs of the labelled sets with texts and a
similarity around the threshold 8 % are one story then, of those that share a weekday 51 %. 0.5 gives the same."""
MIN_SIMILARITY = 0.05
"""Pairs less alike than this count as not alike at all, unless the threshold is lower still. 0.04 costs a fifth more pairs for the same
stories, 0.06 breaks large ones."""
BRIEF_WORDS = 60
"""Fewer words of text than this make an article a headline, for which chance decides which words it shares."""

STORY_TYPES = {
    "webUrl": "str",
    "storyId": "object",
    "duplicateOf": "object",
    "duplicateMethod": "object",
    "duplicateSimilarity": "float64",
    "absorbedStoryIds": "object",
    "splitFromStoryIds": "object",
}
LINK_TYPES = {"webUrl": "str", "otherUrl": "str", "similarity": "float64"}

DEFAULTS = StoryConstants()


def find_stories(articles: pd.DataFrame, *, constants: StoryConstants = DEFAULTS) -> pd.DataFrame:
    """The story of each article, a row each, sorted by webUrl; storyId is null for one that stands alone.

    Columns: `webUrl, storyId, duplicateOf` (webUrl of the article that it copies, null for most), `duplicateMethod` (text, rewrite, title),
    `duplicateSimilarity` (0 to 1), `absorbedStoryIds`, the same list for each member of a story, and `splitFromStoryIds`, a list for
    each article.

    Needs the columns webUrl, title, text and publishedDateTime (UTC; an article without one stands alone); takes `providerDomain`,
    `capturedAt` and `language` (two letters; only `constants.embeddings` asks for it) where they are there. A story id is the first
    16 hex digits of SHA-256 of the webUrl of the member that was captured first (published first, where nothing tells of captures): a
    story that grows keeps it. When an article joins two stories, the one that was known first gives the id, and the other's id is
    among the absorbed. An article that stood in another story at the end of an earlier day of captures, which is no part of its
    story now, was split from it. Raises ConfigError where the extra `embeddings` is asked for and missing.
    """
    return _find(articles, constants).stories


def find_story_links(
    articles: pd.DataFrame, *, constants: StoryConstants = DEFAULTS, of: Collection[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `find_stories`, and how alike the articles of each story are: `webUrl, otherUrl, similarity` with webUrl < otherUrl.

    `of` limits the links to those of the articles with these webUrls.
    """
    found = _find(articles, constants)
    inside = [np.array(members)[np.stack(np.triu_indices(len(members), k=1))] for members in found.groups]
    rows, others = np.concatenate(inside, axis=1) if inside else np.empty((2, 0), dtype=np.int64)
    if of is not None:
        is_wanted = np.array([url in of for url in found.table.urls], dtype=bool)
        wanted = is_wanted[rows] | is_wanted[others]
        rows, others = rows[wanted], others[wanted]
    values = similarities(found.features, rows, others, found.nearness)
    if found.meanings is not None:
        values = with_meaning(values, found.meanings, rows, others, found.nearness)
    urls = np.array(found.table.urls, dtype=object)
    links = pd.DataFrame({"webUrl": urls[rows], "otherUrl": urls[others], "similarity": np.round(values, 4)})
    return found.stories, links.sort_values(["webUrl", "otherUrl"], ignore_index=True).astype(LINK_TYPES)


@dataclass(frozen=True, slots=True)
class _Table:
    """The dated articles, ordered by webUrl; times in seconds since 1970."""

    urls: list[str]
    titles: list[str]
    languages: list[str | None]
    domains: list[str | None]
    published_s: Integers
    known_s: Integers
    """When it was captured, where that is told, else when it was published."""
    has_captures: bool
    words: Words

    def known_ranks(self) -> Integers:
        """The place of each row in the order of captures; of those captured together the one published first comes first."""
        ranks = np.empty(len(self.urls), dtype=np.int64)
        ranks[np.lexsort((np.arange(len(self.urls)), self.published_s, self.known_s))] = np.arange(len(self.urls))
        return ranks

    def published_order(self, row: int) -> tuple[int, str]:
        return int(self.published_s[row]), self.urls[row]


@dataclass(frozen=True, slots=True)
class _Found:
    """`groups` are the rows of `table` in each story."""

    stories: pd.DataFrame
    table: _Table
    features: Vectors
    nearness: Nearness
    meanings: Meanings | None
    """None where only words count."""
    groups: list[list[int]]


def _find(articles: pd.DataFrame, constants: StoryConstants) -> _Found:
    table = _read(articles)
    features, nearness = vectors(table.words), _nearness(table, constants)
    least, window_s = min(MIN_SIMILARITY, constants.threshold), constants.window_hours * 3600
    pairs = find_alike(features, nearness, least=least)
    is_brief = table.words.texts.lengths < BRIEF_WORDS
    meanings = read_meanings(table.titles, table.languages, is_brief) if constants.embeddings else None
    if meanings is not None:
        pairs = add_meaning(pairs, meanings, table.published_s, features, nearness, window_s=window_s, least=least)

    def cluster(pairs: Pairs, copies: int) -> Integers:
        seconds, brief = np.tile(table.published_s, copies), np.tile(is_brief, copies)
        return clusters(pairs, seconds, is_brief=brief, window_s=window_s, threshold=constants.threshold)

    labels = cluster(pairs, 1)
    groups, lineage = _groups(labels), Lineage({}, {})
    if table.has_captures:
        lineage = find_lineage(pairs, labels, table.known_s, table.known_ranks(), cluster=cluster, threshold=constants.threshold)
    ordered = (sorted(members, key=table.published_order) for members in groups)
    copies = {table.urls[copy.row]: copy for copy in find_copies(ordered, table.words.titles, table.words.texts, table.domains)}
    every = sorted(set(articles["webUrl"].tolist()))
    return _Found(_stories(every, table, groups, lineage, copies), table, features, nearness, meanings, groups)


def _read(articles: pd.DataFrame) -> _Table:
    dated = articles.dropna(subset=["publishedDateTime"]).sort_values(["webUrl", "title"], kind="stable").drop_duplicates("webUrl")
    published_s = _seconds(dated["publishedDateTime"])
    titles = _texts(dated["title"])
    return _Table(
        urls=dated["webUrl"].tolist(),
        titles=titles,
        languages=_optional(dated, "language"),
        domains=_optional(dated, "providerDomain"),
        published_s=published_s,
        known_s=_seconds(dated["capturedAt"]) if "capturedAt" in dated else published_s,
        has_captures="capturedAt" in dated,
        words=read_words(titles, _texts(dated["text"])),
    )


def _seconds(moments: pd.Series) -> Integers:
    in_utc = pd.to_datetime(moments, utc=True)
    return in_utc.dt.as_unit("s").to_numpy(dtype="datetime64[s]").astype(np.int64)


def _optional(articles: pd.DataFrame, name: str) -> list[str | None]:
    column = articles[name].tolist() if name in articles else [None] * len(articles)
    return [value if isinstance(value, str) else None for value in column]


def _texts(column: pd.Series) -> list[str]:
    return [text if isinstance(text, str) else "" for text in column.tolist()]


def _nearness(table: _Table, constants: StoryConstants) -> Nearness:
    weekdays = named_weekdays(table.words)

    def nearness(rows: Integers, others: Integers) -> Floats:
        apart_s = np.abs(table.published_s[rows] - table.published_s[others])
        fading = 1 - FAR_LOSS + FAR_LOSS * np.exp(-apart_s / (86_400 * FAR_DAYS))
        one, other = weekdays[rows], weekdays[others]
        fading[(one > 0) & (other > 0) & (one & other == 0)] *= OTHER_WEEKDAY
        return np.where(apart_s <= constants.window_hours * 3600, fading, 0.0)

    return nearness


def _groups(labels: Integers) -> list[list[int]]:
    """The rows of each cluster of two or more, in order."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    return [group.tolist() for group in np.split(order, starts[1:]) if len(group) > 1]


def _story_id(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _stories(
    every: Sequence[str], table: _Table, groups: Sequence[Sequence[int]], lineage: Lineage, copies: dict[str, Copy]
) -> pd.DataFrame:
    ranks = table.known_ranks().tolist()
    owner_of = {row: owner for members in groups for owner in [min(members, key=ranks.__getitem__)] for row in members}
    row_of = {url: row for row, url in enumerate(table.urls)}

    def ids(owners: Iterable[int]) -> list[str]:
        return sorted(_story_id(table.urls[owner]) for owner in owners)

    columns: dict[str, list[object]] = {name: [] for name in STORY_TYPES}
    for url in every:
        row = row_of.get(url, -1)
        owner, copy = owner_of.get(row), copies.get(url)
        values = (
            url,
            None if owner is None else _story_id(table.urls[owner]),
            table.urls[copy.original] if copy else None,
            copy.method if copy else None,
            round(copy.similarity, 4) if copy else None,
            [] if owner is None else ids(lineage.absorbed.get(owner, ())),
            ids(lineage.left.get(row, ())),
        )
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return pd.DataFrame({name: pd.Series(column, dtype=STORY_TYPES[name]) for name, column in columns.items()})
