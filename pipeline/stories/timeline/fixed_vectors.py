"""Vectors of articles that never change: the rarity of a term is counted over the articles captured by the end of the article's own day.

Pure: words in, arrays out. Terms are numbered by a hash of their letters, so that the number of a term is the same on every day and no
vocabulary has to be kept. Of a million terms some 200 share their number with another one. docs/stories.md says why vectors are fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from pipeline.stories.average_linkage import Floats, Integers
from pipeline.stories.common_words import common_word_shares, stop_words
from pipeline.stories.vectors import (
    GROUP_LETTERS,
    LEAD_SHARE,
    LETTERS_SHARE,
    LETTERS_TITLE_COUNT,
    TITLE_COUNT,
    Vectors,
    count_words,
    is_common,
    only_placed,
    rarest_first,
    scale_rows,
    strongest_terms,
    weigh,
)
from pipeline.stories.words import RaggedArray, Words, hash_runs

Terms = NDArray[np.uint32]
"""Numbers of terms: even for words, odd for groups of letters."""

COMMON_ARTICLES = 100
"""A term in over a tenth of the articles is dropped when more than this number of articles have it. With 300 the labelled sets lose 0.004
of precision at the same F1, because a timeline that has just begun knows few articles."""
_MIXER = np.uint64(0xFF51AFD7ED558CCD)
"""The multiplier of MurmurHash3's last step: the upper bits of the product depend on all bits of the hash."""


@dataclass(frozen=True, slots=True)
class TermCounts:
    """The number of articles, out of `articles`, that contain each term; `terms` are in ascending order."""

    terms: Terms
    counts: Integers
    articles: int

    def of(self, terms: Terms) -> Floats:
        """The counts of these terms; 0 for a term that no article contains."""
        if not len(self.terms):
            return np.zeros(len(terms))
        places = np.minimum(np.searchsorted(self.terms, terms), len(self.terms) - 1)
        return np.where(self.terms[places] == terms, self.counts[places], 0).astype(np.float64)


@dataclass(frozen=True, slots=True)
class FixedVectors:
    """The terms of each article and their weights, one row per article, joined to two arrays; row i ends before `ends[i]`."""

    terms: Terms
    weights: NDArray[np.float32]
    ends: Integers


def fix_vectors(words: Words, before: Sequence[TermCounts]) -> tuple[FixedVectors, TermCounts]:
    """The vectors of a day's articles, and the counts of the day's own terms.

    `before` are the counts of earlier days; rarity is counted over them, the day itself and everyday news.
    """
    size, columns = len(words.titles), max(len(words.vocabulary), 1)
    common, ignored = common_word_shares(), stop_words()
    shares = np.zeros(columns)
    shares[: len(words.vocabulary)] = [common.get(word, 0.0) for word in words.vocabulary]
    kept = np.flatnonzero([word not in ignored for word in words.vocabulary])
    place = np.full(columns, -1, dtype=np.int32)
    place[kept] = np.arange(len(kept))
    titles, texts = (count_words(only_placed(rows, place), len(kept)) for rows in (words.titles, words.texts))
    groups, group_terms = _letter_groups(words.vocabulary, columns)
    leads = count_words(words.texts.first(words.leads), columns)
    parts = ((titles * TITLE_COUNT + texts).tocsr(), ((count_words(words.titles, columns) * LETTERS_TITLE_COUNT + leads) @ groups).tocsr())
    terms = np.concatenate([_word_terms([words.vocabulary[number] for number in kept.tolist()]), group_terms])
    of_day = np.concatenate([np.bincount(part.indices, minlength=part.shape[1]) for part in parts])
    articles_with = of_day + np.sum([counts.of(terms) for counts in before], axis=0)
    articles = size + sum(counts.articles for counts in before)
    everyday = np.minimum(1.0, groups.T @ (shares * LEAD_SHARE))
    together = hstack(
        [
            weigh(parts[0], shares[kept], 1 - LETTERS_SHARE, articles_with=articles_with[: len(kept)], articles=articles),
            weigh(parts[1], everyday, LETTERS_SHARE, articles_with=articles_with[len(kept) :], articles=articles),
        ],
        format="csr",
    )
    rare = ~is_common(articles_with, articles, least=COMMON_ARTICLES)
    scale_rows(together, np.sqrt(together.power(2) @ rare.astype(np.float64)))
    together.data[~rare[together.indices]] = 0.0
    together.eliminate_zeros()
    return _by_term(strongest_terms(together), terms), _counted(terms, of_day, size)


def _by_term(matrix: csr_matrix, terms: Terms) -> FixedVectors:
    """The rows of the matrix with their terms in ascending order."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    found = terms[matrix.indices]
    order = np.lexsort((found, rows))
    return FixedVectors(found[order], matrix.data[order].astype(np.float32), matrix.indptr[1:].astype(np.int64))


def _counted(terms: Terms, counts: Integers, articles: int) -> TermCounts:
    """The counts by ascending term; those of two terms with one number are added up."""
    different, place = np.unique(terms, return_inverse=True)
    sums = np.bincount(place, weights=counts, minlength=len(different)).astype(np.int64)
    return TermCounts(different[sums > 0], sums[sums > 0], articles)


def joined_vectors(parts: Sequence[tuple[FixedVectors, Integers]]) -> Vectors:
    """The vectors of the given rows of each part, one part below the other, as `find_similar_pairs` takes them."""
    terms = [np.empty(0, dtype=np.uint32)]
    weights, lengths = [np.empty(0, dtype=np.float32)], [np.empty(0, dtype=np.int64)]
    for vectors, rows in parts:
        starts = np.append(0, vectors.ends)[rows]
        counts = vectors.ends[rows] - starts
        places = np.repeat(starts - np.append(0, np.cumsum(counts))[:-1], counts) + np.arange(counts.sum())
        terms.append(vectors.terms[places])
        weights.append(vectors.weights[places])
        lengths.append(counts)
    different, columns = np.unique(np.concatenate(terms), return_inverse=True)
    ends = np.append(0, np.cumsum(np.concatenate(lengths)))
    matrix = csr_matrix((np.concatenate(weights), columns.astype(np.int32), ends), shape=(len(ends) - 1, max(len(different), 1)))
    return rarest_first(matrix, different & 1 == 0)


def word_numbers(vocabulary: Sequence[str]) -> NDArray[np.int32]:
    """A number of 31 bits for each word, the same in every vocabulary."""
    return (_word_terms(vocabulary) >> np.uint32(1)).astype(np.int32)


def _word_terms(vocabulary: Sequence[str]) -> Terms:
    lengths = np.fromiter(map(len, vocabulary), dtype=np.int64, count=len(vocabulary))
    ends = np.cumsum(lengths)
    return _mixed(hash_runs("".join(vocabulary), ends - lengths, ends)) << np.uint32(1)


def _letter_groups(vocabulary: Sequence[str], columns: int) -> tuple[csr_matrix, Terms]:
    """How often each group of letters stands in each word with a space at both ends, a row a word; and the term of each group."""
    padded = [f" {word} " for word in vocabulary]
    lengths = np.fromiter(map(len, padded), dtype=np.int64, count=len(padded))
    sizes = np.maximum(1, lengths - GROUP_LETTERS + 1)
    word_ends, ends = np.cumsum(lengths), np.cumsum(sizes)
    starts = np.arange(sizes.sum()) + np.repeat(word_ends - lengths - ends + sizes, sizes)
    stops = np.minimum(starts + GROUP_LETTERS, np.repeat(word_ends, sizes))
    terms, places = np.unique(_mixed(hash_runs("".join(padded), starts, stops)) << np.uint32(1) | np.uint32(1), return_inverse=True)
    all_ends = np.append(ends, np.full(columns - len(vocabulary), len(places)))
    return count_words(RaggedArray(places.astype(np.int32), all_ends), len(terms)), terms


def _mixed(hashes: NDArray[np.uint64]) -> Terms:
    """The hashes as numbers of 31 bits."""
    mixed = (hashes ^ (hashes >> np.uint64(33))) * _MIXER
    return ((mixed ^ (mixed >> np.uint64(29))) >> np.uint64(33)).astype(np.uint32)
