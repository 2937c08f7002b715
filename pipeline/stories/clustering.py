"""Finds stories, the clusters of articles about one event, and the articles in them that only copy another.

Pure: columns or a table of articles in, stories and links out; the order of the articles never matters. A wrong link hides a good article
behind another (heat -1), a missing link only shows an event twice. So precision comes first, and no story chains from one event to the
next. docs/stories.md has the method, what was tried, and the figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.core.catalogue import StoryConstants
from pipeline.stories.average_linkage import Integers, Pairs, cluster_labels
from pipeline.stories.duplicates import Copy, Method, find_copies
from pipeline.stories.lineage import Lineage, find_lineage
from pipeline.stories.similarities import MIN_SIMILARITY, time_factor
from pipeline.stories.templates import find_templates
from pipeline.stories.timeline.day_features import BRIEF_WORDS
from pipeline.stories.title_similarity import TitleVectors, add_title_similarity, read_title_vectors, with_title_similarity
from pipeline.stories.vectors import TimeFactor, Vectors, article_vectors, find_similar_pairs, pair_similarities
from pipeline.stories.words import Words, read_words, weekday_bits

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

DEFAULTS = StoryConstants(threshold=0.165)
"""One window knows all its articles at once: the lowest threshold, in steps of 0.005, at which mean B-cubed precision is 0.93."""


@dataclass(frozen=True, slots=True)
class Articles:
    """Columns of equal length, one place per article; times are whole seconds since 1970."""

    urls: Sequence[str]
    titles: Sequence[str | None]
    texts: Sequence[str | None]
    published_s: Sequence[int | None]
    """None for an article without a time, which stands alone."""
    captured_s: Sequence[int] | None
    """When each page was captured for the first time; None where captures are not known."""
    domains: Sequence[str | None]
    languages: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Membership:
    """An article's story (None when it stands alone), the article that it copies, and the earlier stories that are part of its history."""

    url: str
    story_id: str | None = None
    duplicate_of: str | None = None
    duplicate_method: Method | None = None
    duplicate_similarity: float | None = None
    absorbed: tuple[str, ...] = ()
    """Ids of stories that its story absorbed, the same for each member."""
    split_from: tuple[str, ...] = ()
    """Ids of stories that this article left."""


Link = tuple[str, str, float]
"""Two webUrls of a story, the smaller first, and their similarity to four places."""


def cluster_articles(articles: Articles, *, constants: StoryConstants = DEFAULTS) -> Clustering:
    """The membership of each article, by webUrl, and the similarities of the articles of each story.

    `find_stories` does the same with tables and has the rules.
    """
    return _cluster(articles, constants)


def find_stories(articles: pd.DataFrame, *, constants: StoryConstants = DEFAULTS) -> pd.DataFrame:
    """The story of each article, one row per webUrl, sorted by webUrl; storyId is null for an article that stands alone.

    Columns: `webUrl, storyId, duplicateOf` (webUrl of the article that it copies, null for most), `duplicateMethod` (text, rewrite, title),
    `duplicateSimilarity` (0 to 1), `absorbedStoryIds`, the same list for each member of a story, and `splitFromStoryIds`, a list for
    each article.

    Needs the columns webUrl, title, text and publishedDateTime (UTC; null for an article that stands alone); uses `providerDomain`,
    `capturedAt` and `language` (two letters, needed only with `constants.embeddings`) when the table has them. A story id is the first
    16 hex digits of SHA-256 of the webUrl of the member that was captured first, or published first where captures are not known, so
    that a story that grows keeps its id. When an article joins two stories, the id of the one that was known first stays, and the other
    id is among the absorbed. An article was split from each story that it belonged to at the end of an earlier day of captures and that
    is no part of its story now. Raises ConfigError when `constants.embeddings` is on and the extra is missing.
    """
    return _story_table(_cluster(_columns(articles), constants).memberships)


def find_story_links(
    articles: pd.DataFrame, *, constants: StoryConstants = DEFAULTS, of: Collection[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table of `find_stories`, and the links of its stories: `webUrl, otherUrl, similarity` with webUrl < otherUrl.

    `of` limits the links to those of the articles with these webUrls.
    """
    found = _cluster(_columns(articles), constants)
    return _story_table(found.memberships), pd.DataFrame(found.links(of), columns=list(LINK_TYPES)).astype(LINK_TYPES)


@dataclass(frozen=True, slots=True)
class _Table:
    """The articles with a publication time, ordered by webUrl; times are seconds since 1970."""

    urls: list[str]
    titles: list[str]
    languages: list[str | None]
    domains: list[str | None]
    published_s: Integers
    known_s: Integers
    """When the page was captured for the first time; when it was published, where captures are not known."""
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
class Clustering:
    """The membership of each article, by webUrl, and the values from which the similarities of articles are computed."""

    memberships: list[Membership]
    table: _Table
    features: Vectors
    time_factor: TimeFactor
    title_vectors: TitleVectors | None
    """None where titles are compared by their words only."""
    groups: list[list[int]]
    """The rows of `table` in each story."""

    def links(self, of: Collection[str] | None = None) -> list[Link]:
        """The links between the articles of each story, in order; with `of` only those of the articles with these webUrls."""
        inside = [np.array(members)[np.stack(np.triu_indices(len(members), k=1))] for members in self.groups]
        rows, others = np.concatenate(inside, axis=1) if inside else np.empty((2, 0), dtype=np.int64)
        if of is not None:
            is_wanted = np.array([url in of for url in self.table.urls], dtype=bool)
            wanted = is_wanted[rows] | is_wanted[others]
            rows, others = rows[wanted], others[wanted]
        values = pair_similarities(self.features, rows, others, self.time_factor)
        if self.title_vectors is not None:
            values = with_title_similarity(values, self.title_vectors, rows, others, self.time_factor)
        urls, order = self.table.urls, np.lexsort((others, rows))
        pairs = zip(rows[order].tolist(), others[order].tolist(), np.round(values[order], 4).tolist(), strict=True)
        return [(urls[row], urls[other], value) for row, other, value in pairs]


def _cluster(articles: Articles, constants: StoryConstants) -> Clustering:
    table = _read(articles)
    features = article_vectors(table.words)
    is_brief, is_headline = table.words.texts.lengths < BRIEF_WORDS, table.words.texts.lengths == 0
    factor = time_factor(table.published_s, weekday_bits(table.words), constants.window_hours * 3600, is_headline=is_headline)
    least, window_s = min(MIN_SIMILARITY, constants.threshold), constants.window_hours * 3600
    pairs = find_similar_pairs(features, factor, least=least)
    title_vectors = read_title_vectors(table.titles, table.languages, is_brief) if constants.embeddings else None
    if title_vectors is not None:
        pairs = add_title_similarity(pairs, title_vectors, table.published_s, features, factor, window_s=window_s, least=least)

    templates = find_templates(table.words, table.domains)
    pairs = templates.without_apart(pairs)

    def cluster(pairs: Pairs, copies: int) -> Integers:
        seconds, brief = np.tile(table.published_s, copies), np.tile(is_brief, copies)
        return cluster_labels(pairs, seconds, is_brief=brief, window_s=window_s, threshold=constants.threshold)

    labels = cluster(pairs, 1)
    groups, lineage = _groups(labels), Lineage({}, {})
    if table.has_captures:
        lineage = find_lineage(pairs, labels, table.known_s, table.known_ranks(), cluster=cluster, threshold=constants.threshold)
    ordered = (sorted(members, key=table.published_order) for members in groups)
    found = find_copies(ordered, table.titles, table.words.texts, table.domains, are_apart=templates.are_apart)
    copies = {table.urls[copy.row]: copy for copy in found}
    memberships = _memberships(sorted(set(articles.urls)), table, groups, lineage, copies)
    return Clustering(memberships, table, features, factor, title_vectors, groups)


def _read(articles: Articles) -> _Table:
    """The articles with a publication time, one per webUrl; of several the one with the first title in the order of strings."""

    def key(row: int) -> tuple[str, bool, str]:
        title = articles.titles[row]
        return articles.urls[row], title is None, title or ""

    ordered = sorted((row for row, moment in enumerate(articles.published_s) if moment is not None), key=key)
    rows = [
        row for row, before in zip(ordered, [None, *ordered], strict=False) if before is None or articles.urls[before] != articles.urls[row]
    ]
    titles = [articles.titles[row] or "" for row in rows]
    published_s = np.array([articles.published_s[row] for row in rows], dtype=np.int64)
    captured_s = articles.captured_s
    return _Table(
        urls=[articles.urls[row] for row in rows],
        titles=titles,
        languages=[articles.languages[row] for row in rows],
        domains=[articles.domains[row] for row in rows],
        published_s=published_s,
        known_s=published_s if captured_s is None else np.array([captured_s[row] for row in rows], dtype=np.int64),
        has_captures=captured_s is not None,
        words=read_words(titles, [articles.texts[row] or "" for row in rows]),
    )


def _columns(articles: pd.DataFrame) -> Articles:
    return Articles(
        urls=articles["webUrl"].tolist(),
        titles=_strings(articles, "title"),
        texts=_strings(articles, "text"),
        published_s=_seconds(articles["publishedDateTime"]),
        captured_s=[second or 0 for second in _seconds(articles["capturedAt"])] if "capturedAt" in articles else None,
        domains=_strings(articles, "providerDomain"),
        languages=_strings(articles, "language"),
    )


def _seconds(moments: pd.Series) -> list[int | None]:
    in_utc = pd.to_datetime(moments, utc=True)
    seconds = in_utc.dt.as_unit("s").to_numpy(dtype="datetime64[s]").astype(np.int64).tolist()
    return [None if is_missing else second for second, is_missing in zip(seconds, in_utc.isna().tolist(), strict=True)]


def _strings(articles: pd.DataFrame, name: str) -> list[str | None]:
    column = articles[name].tolist() if name in articles else [None] * len(articles)
    return [value if isinstance(value, str) else None for value in column]


def _groups(labels: Integers) -> list[list[int]]:
    """The rows of each cluster of two or more, in order."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    return [group.tolist() for group in np.split(order, starts[1:]) if len(group) > 1]


def _story_id(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _memberships(
    every: Sequence[str], table: _Table, groups: Sequence[Sequence[int]], lineage: Lineage, copies: Mapping[str, Copy]
) -> list[Membership]:
    ranks = table.known_ranks().tolist()
    owner_of = {row: owner for members in groups for owner in [min(members, key=ranks.__getitem__)] for row in members}
    row_of = {url: row for row, url in enumerate(table.urls)}
    id_of = {owner: _story_id(table.urls[owner]) for owner in set(owner_of.values())}

    def ids(owners: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted(_story_id(table.urls[owner]) for owner in owners))

    def membership(url: str) -> Membership:
        row = row_of.get(url, -1)
        owner, left = owner_of.get(row), ids(lineage.left.get(row, ()))
        if owner is None:
            return Membership(url, split_from=left)
        copy, absorbed = copies.get(url), ids(lineage.absorbed.get(owner, ()))
        if copy is None:
            return Membership(url, id_of[owner], absorbed=absorbed, split_from=left)
        return Membership(url, id_of[owner], table.urls[copy.original], copy.method, round(copy.similarity, 4), absorbed, left)

    return [membership(url) for url in every]


def _story_table(memberships: Sequence[Membership]) -> pd.DataFrame:
    columns: dict[str, list[object]] = {
        "webUrl": [one.url for one in memberships],
        "storyId": [one.story_id for one in memberships],
        "duplicateOf": [one.duplicate_of for one in memberships],
        "duplicateMethod": [one.duplicate_method for one in memberships],
        "duplicateSimilarity": [one.duplicate_similarity for one in memberships],
        "absorbedStoryIds": [list(one.absorbed) for one in memberships],
        "splitFromStoryIds": [list(one.split_from) for one in memberships],
    }
    return pd.DataFrame({name: pd.Series(column, dtype=STORY_TYPES[name]) for name, column in columns.items()})
