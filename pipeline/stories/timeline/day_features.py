"""Features of the articles that entered the timeline on one day of captures: their words, vectors and similar pairs.

Pure: articles in, arrays out. Features change only when the day itself is folded again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.stories.average_linkage import Integers
from pipeline.stories.timeline.term_vectors import ArticleTerms, TermCounts, read_terms, word_numbers
from pipeline.stories.title_similarity import raw_title_vectors
from pipeline.stories.words import RaggedArray, read_words, weekday_bits

Picture = tuple[str, str]
"""The address of a picture, and the file in the image cache that has its bytes; "" for one that was not fetched."""

BRIEF_WORDS = 60
"""An article with fewer words of text counts as a headline: chance decides which words it shares with another article."""


@dataclass(frozen=True, slots=True)
class CapturedArticles:
    """The newest versions of the pages captured on a day, as columns, in the order of their webUrls, which are unique."""

    urls: Sequence[str]
    titles: Sequence[str]
    texts: Sequence[str]
    domains: Sequence[str | None]
    languages: Sequence[str | None]
    published_s: Integers
    captured_s: Integers
    """When the page was captured for the first time on that day, in seconds since 1970."""
    versions: Sequence[str]
    """A digest of all rows of the page that were captured on the day."""
    pictures: Sequence[tuple[Picture, ...]]
    """The pictures that its captures of the day show."""

    def __len__(self) -> int:
        return len(self.urls)

    def select(self, rows: Sequence[int]) -> CapturedArticles:
        """The articles at these rows, in the given order."""
        places = np.array(rows, dtype=np.int64)
        return CapturedArticles(
            [self.urls[row] for row in rows],
            [self.titles[row] for row in rows],
            [self.texts[row] for row in rows],
            [self.domains[row] for row in rows],
            [self.languages[row] for row in rows],
            self.published_s[places],
            self.captured_s[places],
            [self.versions[row] for row in rows],
            [self.pictures[row] for row in rows],
        )

    def digests(self) -> list[str]:
        """For each article a digest of its title, text, domain, language and publication time, which decide its story."""
        contents = zip(self.titles, self.texts, self.domains, self.languages, self.published_s.tolist(), strict=True)
        return [digest_of(content) for content in contents]


def digest_of(value: object) -> str:
    """16 hex digits of SHA-256 of the value as JSON."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class DayFeatures:
    """One row for each article that entered on the day or whose content changed on it."""

    titles: Sequence[str]
    title_words: RaggedArray
    """Words as numbers of 31 bits (`term_vectors.word_numbers`)."""
    text_words: RaggedArray
    terms: ArticleTerms
    counts: TermCounts
    title_vectors: NDArray[np.int16]
    """The vectors of titles (`title_similarity.raw_title_vectors`); without columns where titles are compared by their words only."""


@dataclass(frozen=True, slots=True)
class DayPairs:
    """The similar pairs of a day: row `rows[i]` of the day with row `other_rows[i]` of `other_days[i]`, which is no later day.

    Each day weighs them with its own rarities, so their similarities are not kept.
    """

    rows: Integers
    other_days: Integers
    other_rows: Integers


@dataclass(frozen=True, slots=True)
class ReadArticles:
    """The features of a day's articles, which of them have little text (`is_brief`) or none, and the weekdays that they name, as bits."""

    features: DayFeatures
    is_brief: NDArray[np.bool_]
    is_headline: NDArray[np.bool_]
    weekdays: Integers


def read_articles(articles: CapturedArticles, *, has_embeddings: bool) -> ReadArticles:
    """The features of a day's articles. Raises ConfigError when the extra `embeddings` is wanted and missing."""
    words = read_words(articles.titles, articles.texts)
    terms, counts = read_terms(words)
    numbers = word_numbers(words.vocabulary)
    title_words, text_words = (RaggedArray(numbers[rows.numbers], rows.ends) for rows in (words.titles, words.texts))
    vectors = raw_title_vectors(articles.titles, articles.languages) if has_embeddings else np.empty((len(articles), 0), dtype=np.int16)
    features = DayFeatures(articles.titles, title_words, text_words, terms, counts, vectors)
    lengths = words.texts.lengths
    return ReadArticles(features, lengths < BRIEF_WORDS, lengths == 0, weekday_bits(words))
