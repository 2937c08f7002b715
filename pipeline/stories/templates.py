"""Finds the articles that a publisher writes from a template (horoscopes, obituaries, notes on quakes and share prices).

Pure: words as numbers in, values out. Such articles share words because of the template, not because they report one event. Runs of words
that a publisher repeats in several articles are furniture, like a page's navigation; the other words of an article are its own content,
and two articles from a template are about one thing only when they have the same content. Only the window's articles are evidence: there
is no word list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.stories.average_linkage import Integers, Pairs
from pipeline.stories.common_words import stop_words
from pipeline.stories.duplicates import SHINGLE_WORDS, shingles
from pipeline.stories.words import RaggedArray, Words

REPEATED = 4
"""A run of three words in at least this number of articles of one publisher is furniture."""
TEMPLATE_SHARE = 0.4
"""An article of whose words at least this share is furniture is written from a template: none of the 3,080 articles with texts in the
labelled sets, and all of 27 horoscopes, obituaries, quake notes and share-price notes."""
OWN_WORDS = 2
"""Two articles from a template are about different things when each has at least this number of words that the other lacks, or one such
word in its title. With REPEATED and OWN_WORDS all 27 notes above stand apart, and no score of the labelled sets changes."""


@dataclass(frozen=True, slots=True)
class _Content:
    title: frozenset[int]
    """The words of its title that are no furniture and no stop words."""
    own: frozenset[int]
    """The same of title and text."""
    every: frozenset[int]


@dataclass(frozen=True, slots=True)
class Templates:
    """The articles written from templates, by row, and the publisher of each row."""

    contents: Mapping[int, _Content]
    domains: Sequence[str | None]

    def are_apart(self, row: int, other: int) -> bool:
        """Whether both are written from templates of one publisher and are about different things."""
        if self.domains[row] != self.domains[other]:
            return False
        one, two = self.contents.get(row), self.contents.get(other)
        if one is None or two is None:
            return False
        return bool(one.title - two.every and two.title - one.every) or min(len(one.own - two.every), len(two.own - one.every)) >= OWN_WORDS

    def without_apart(self, pairs: Pairs) -> Pairs:
        """The pairs but for those of articles that are apart."""
        is_templated = np.zeros(len(self.domains), dtype=bool)
        is_templated[list(self.contents)] = True
        kept = np.ones(len(pairs.rows), dtype=bool)
        for at in np.flatnonzero(is_templated[pairs.rows] & is_templated[pairs.others]).tolist():
            kept[at] = not self.are_apart(int(pairs.rows[at]), int(pairs.others[at]))
        return Pairs(pairs.rows[kept], pairs.others[kept], pairs.similarities[kept])


def find_templates(words: Words, domains: Sequence[str | None]) -> Templates:
    """The articles with texts that are written from a template of their publisher, by the registered domain of each row."""
    ignored = stop_words()
    is_ignored = np.array([word in ignored for word in words.vocabulary], dtype=bool)
    return templates_of(words.titles, words.texts, domains, is_ignored=is_ignored)


def templates_of(titles: RaggedArray, texts: RaggedArray, domains: Sequence[str | None], *, is_ignored: NDArray[np.bool_]) -> Templates:
    """The same as `find_templates`, for words as numbers below 2^21; `is_ignored` marks the numbers of stop words."""
    of_domain: defaultdict[str, list[int]] = defaultdict(list)
    for row, (domain, length) in enumerate(zip(domains, texts.lengths.tolist(), strict=True)):
        if domain is not None and length >= SHINGLE_WORDS:
            of_domain[domain].append(row)
    groups = [rows for rows in of_domain.values() if len(rows) >= REPEATED]
    contents = {row: content for rows in groups for row, content in _templated(rows, titles, texts, is_ignored)}
    return Templates(contents, domains)


def _templated(rows: Sequence[int], titles: RaggedArray, texts: RaggedArray, is_ignored: NDArray[np.bool_]) -> list[tuple[int, _Content]]:
    runs = [[shingles(part[row]) for part in (titles, texts)] for row in rows]
    found, counts = np.unique(np.concatenate([np.unique(np.concatenate(both)) for both in runs]), return_counts=True)
    furniture = found[counts >= REPEATED]
    templated = []
    for row, both in zip(rows, runs, strict=True):
        numbers = np.concatenate([titles[row], texts[row]])
        covered = np.concatenate([_covered(part, furniture, len(of[row])) for part, of in zip(both, (titles, texts), strict=True)])
        if covered.mean() >= TEMPLATE_SHARE:
            is_own = ~covered & ~is_ignored[numbers]
            title = numbers[: len(titles[row])][is_own[: len(titles[row])]]
            templated.append((row, _Content(frozenset(title.tolist()), frozenset(numbers[is_own].tolist()), frozenset(numbers.tolist()))))
    return templated


def _covered(runs: Integers, furniture: Integers, length: int) -> NDArray[np.bool_]:
    """For each of the `length` words of a text whether a run of furniture holds it."""
    covered = np.zeros(length, dtype=bool)
    starts = np.flatnonzero(np.isin(runs, furniture))
    for shift in range(SHINGLE_WORDS):
        covered[starts + shift] = True
    return covered
