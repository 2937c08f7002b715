"""Terms of articles, and their vectors with the rarities that are known on a day.

Pure: words in, arrays out. Terms are numbered by a hash of their letters, so that the number of a term is the same on every day and no
vocabulary has to be kept. Of a million terms some 200 share their number with another one. What is kept of an article are the occurrences
of its terms; each day weighs them anew, because a timeline that has just begun does not know yet which terms are common.
"""

from __future__ import annotations

import functools
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
class ArticleTerms:
    """The terms of each article, ascending, and how often each occurs, joined to two arrays; row i ends before `ends[i]`.

    A title counts TITLE_COUNT times; letter groups are read from the title and the lead.
    """

    terms: Terms
    occurrences: NDArray[np.uint16]
    ends: Integers

    def take(self, rows: Integers) -> ArticleTerms:
        """The articles at these rows, in the given order."""
        starts = np.append(0, self.ends)[rows]
        lengths = self.ends[rows] - starts
        ends = np.cumsum(lengths)
        places = np.repeat(starts - ends + lengths, lengths) + np.arange(lengths.sum())
        return ArticleTerms(self.terms[places], self.occurrences[places], ends)


def read_terms(words: Words) -> tuple[ArticleTerms, TermCounts]:
    """The terms of each article, and the number of articles with each term."""
    columns, ignored = max(len(words.vocabulary), 1), stop_words()
    kept = np.flatnonzero([word not in ignored for word in words.vocabulary])
    place = np.full(columns, -1, dtype=np.int32)
    place[kept] = np.arange(len(kept))
    titles, texts = (count_words(only_placed(rows, place), len(kept)) for rows in (words.titles, words.texts))
    groups, group_terms = _letter_groups(words.vocabulary, columns)
    leads = count_words(words.texts.first(words.leads), columns)
    parts = [titles * TITLE_COUNT + texts, (count_words(words.titles, columns) * LETTERS_TITLE_COUNT + leads) @ groups]
    together = hstack(parts, format="csr")
    terms = np.concatenate([_word_terms([words.vocabulary[number] for number in kept.tolist()]), group_terms])
    articles_with = np.bincount(together.indices, minlength=together.shape[1])
    rows, found = np.repeat(np.arange(len(words.titles)), np.diff(together.indptr)), terms[together.indices]
    order = np.lexsort((found, rows))
    occurrences = np.minimum(together.data[order], np.iinfo(np.uint16).max).astype(np.uint16)
    return ArticleTerms(found[order], occurrences, together.indptr[1:].astype(np.int64)), _counted(terms, articles_with, len(words.titles))


def added_counts(parts: Sequence[TermCounts]) -> TermCounts:
    """The counts of several days together."""
    terms = np.concatenate([np.empty(0, dtype=np.uint32), *(part.terms for part in parts)])
    counts = np.concatenate([np.empty(0, dtype=np.int64), *(part.counts for part in parts)])
    return _counted(terms, counts, sum(part.articles for part in parts))


def _counted(terms: Terms, counts: Integers, articles: int) -> TermCounts:
    """The counts by ascending term; those of equal terms are added up."""
    different, place = np.unique(terms, return_inverse=True)
    sums = np.bincount(place, weights=counts, minlength=len(different)).astype(np.int64)
    return TermCounts(different[sums > 0], sums[sums > 0], articles)


def weighed_vectors(parts: Sequence[ArticleTerms], counts: TermCounts, *, shared_with: ArticleTerms | None = None) -> Vectors:
    """The vectors of all parts, one part below the other, as `find_similar_pairs` takes them; rarity is counted over `counts`.

    With `shared_with`, terms that none of these articles has are dropped once the lengths are computed.
    """
    wanted = None if shared_with is None else np.unique(shared_with.terms)
    weighed = [_weighed(part, counts, wanted) for part in parts]
    terms = np.concatenate([np.empty(0, dtype=np.uint32), *(found for found, _ in weighed)])
    different, columns = np.unique(terms, return_inverse=True)
    places = np.split(columns, np.cumsum([len(found) for found, _ in weighed])[:-1])
    data = [np.empty(0, dtype=np.float32), *(matrix.data for _, matrix in weighed)]
    indices = [np.empty(0, dtype=np.int64), *(place[matrix.indices] for place, (_, matrix) in zip(places, weighed, strict=True))]
    ends = np.cumsum(np.concatenate([[0], *(np.diff(matrix.indptr) for _, matrix in weighed)]))
    shape = (len(ends) - 1, max(len(different), 1))
    return rarest_first(csr_matrix((np.concatenate(data), np.concatenate(indices), ends), shape=shape), different & 1 == 0)


def _weighed(articles: ArticleTerms, counts: TermCounts, wanted: Terms | None) -> tuple[Terms, csr_matrix]:
    """The term of each column, and a row of weights for each article; of the terms, only those in `wanted` have weights."""
    different, columns = np.unique(articles.terms, return_inverse=True)
    shape = (len(articles.ends), len(different))
    matrix = csr_matrix((articles.occurrences.astype(np.float64), columns, np.append(0, articles.ends)), shape=shape)
    articles_with, shares, is_word = counts.of(different), _everyday_shares(different), different & 1 == 0
    halves, found = [], []
    for half, share in ((is_word, 1 - LETTERS_SHARE), (~is_word, LETTERS_SHARE)):
        halves.append(weigh(matrix[:, half], shares[half], share, articles_with=articles_with[half], articles=counts.articles))
        found.append(np.flatnonzero(half))
    together, order = hstack(halves, format="csr"), np.concatenate(found)
    terms, rare = different[order], ~is_common(articles_with[order], counts.articles, least=COMMON_ARTICLES)
    scale_rows(together, np.sqrt(together.power(2) @ rare.astype(np.float64)))
    together.data[~rare[together.indices]] = 0.0
    together.eliminate_zeros()
    together = strongest_terms(together)
    if wanted is not None:
        together.data[~np.isin(terms, wanted)[together.indices]] = 0.0
        together.eliminate_zeros()
    together.data = together.data.astype(np.float32)
    return terms, together


@functools.cache
def _common_terms() -> tuple[Terms, Floats]:
    """The terms of common words, ascending, and the shares of everyday articles that contain them."""
    shares = common_word_shares()
    words, values = list(shares), np.array(list(shares.values()))
    groups, group_terms = _letter_groups(words, len(words))
    terms = np.concatenate([_word_terms(words), group_terms])
    order = np.argsort(terms, kind="stable")
    return terms[order], np.concatenate([values, np.minimum(1.0, groups.T @ (values * LEAD_SHARE))])[order]


def _everyday_shares(terms: Terms) -> Floats:
    """The share of everyday articles that contain each term."""
    known, shares = _common_terms()
    places = np.minimum(np.searchsorted(known, terms), len(known) - 1)
    return np.where(known[places] == terms, shares[places], 0.0)


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
