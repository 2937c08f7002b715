"""Articles as vectors of words and letter groups, and the pairs of similar articles.

Pure: words in, sparse matrices and pairs out. Words say what an article is about; letter groups match inflected forms in any language.
Candidates come from an inverted index over each article's rarest terms, and each article keeps the nearest of them, so that the cost grows
with the number of articles and not with its square. Why each constant has its value: docs/stories.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from pipeline.stories.average_linkage import Floats, Integers, Pairs
from pipeline.stories.common_words import common_word_shares, stop_words
from pipeline.stories.words import RaggedArray, Words, in_threads

TITLE_COUNT, LETTERS_TITLE_COUNT = 2, 2
"""A title counts twice."""
LETTERS_SHARE = 0.3
"""Share of the letter groups in a similarity."""
GROUP_LETTERS = 5
"""Letters of a group: groups of four and five together cost twice as much for the same result (docs/stories.md)."""
MAX_NAME = 1 << 62
"""Letter groups are numbered below this, so that the numbers fit in 64 bits."""
USUAL_ARTICLES = 1000
"""Articles of everyday news that are added to the window when rarity is counted: in a small window common words would seem rare."""
LEAD_SHARE = 0.1
"""Share of the everyday articles with a word that have it in the title or the lead, where letter groups are read."""
COMMON_SHARE, COMMON_ARTICLES = 0.1, 300
"""Terms of more than a tenth of the articles (and of more than 300) are dropped: they separate no events and cost most of the time."""
TERMS = 500
"""Terms of an article that count, those with the largest weights. With 250 F1 falls from 0.824 to 0.812."""
INDEX_ENTRIES = 2_000
"""Entries of the inverted index that are read for an article, its rarest terms first. With 3,000 the labelled sets have the same F1, and
finding candidates takes a third more time."""
NEIGHBOURS = 100
"""Most similar articles that are kept for each article. With 50 F1 falls from 0.824 to 0.813, because stories of 300 headlines break."""
WEAK_WORDS = 0.5
"""One shared word is weak evidence, whatever its weight in two short texts: with n shared words a similarity counts n / (n + 0.5)."""
KEY_BITS = 31
"""Bits of a row in the key of a pair, which is a number of 64 bits."""
BLOCK_ROWS, BLOCK_PAIRS = 250, 5_000
"""Rows and pairs that are computed at once: few enough for the processor's caches, enough that the interpreter costs little."""

TimeFactor = Callable[[Integers, Integers], Floats]
"""For pairs of rows, the factor by which times and weekdays change their similarity; 0 beyond the window."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """One row per article, one column per term, the rarest term first.

    Rows have unit length before the terms that only one article has are dropped: these enter no cosine. `is_word` is 1 for the columns of
    words, 0 for those of letter groups.
    """

    terms: csr_matrix
    is_word: Floats


def article_vectors(words: Words) -> Vectors:
    """TF-IDF vectors of words and letter groups, LETTERS_SHARE of the squared length in letter groups."""
    size, columns = len(words.titles), max(len(words.vocabulary), 1)
    common, ignored = common_word_shares(), stop_words()
    shares = np.zeros(columns)
    shares[: len(words.vocabulary)] = [common.get(word, 0.0) for word in words.vocabulary]
    kept_words = np.flatnonzero([word not in ignored for word in words.vocabulary])

    def whole() -> csr_matrix:
        place = np.full(columns, -1, dtype=np.int32)
        place[kept_words] = np.arange(len(kept_words))
        titles, texts = (count_words(only_placed(rows, place), len(kept_words)) for rows in (words.titles, words.texts))
        return _weighted((titles * TITLE_COUNT + texts).tocsr(), shares[kept_words], 1 - LETTERS_SHARE)

    def letters() -> csr_matrix:
        groups = letter_groups(words.vocabulary, columns)
        everyday = np.minimum(1.0, groups.T @ (shares * LEAD_SHARE))
        titles, leads = count_words(words.titles, columns), count_words(words.texts.first(words.leads), columns)
        return _weighted(((titles * LETTERS_TITLE_COUNT + leads) @ groups).tocsr(), everyday, LETTERS_SHARE)

    parts = in_threads(lambda part: part(), (whole, letters)) if size > BLOCK_ROWS else (whole(), letters())
    together = hstack(list(parts), format="csr")
    return _ordered(together, len(kept_words)) if size else Vectors(together, np.empty(0))


def only_placed(rows: RaggedArray, place: NDArray[np.int32]) -> RaggedArray:
    """The rows with each number replaced by its `place`, without those whose place is -1."""
    places = place[rows.numbers]
    kept = places >= 0
    return RaggedArray(places[kept], np.append(0, np.cumsum(kept))[rows.ends])


def count_words(rows: RaggedArray, columns: int) -> csr_matrix:
    """A sparse matrix with one row per article and one column per word: how often the word occurs."""
    matrix = csr_matrix((np.ones(len(rows.numbers)), rows.numbers, np.append(0, rows.ends)), shape=(len(rows), columns), copy=True)
    matrix.sum_duplicates()
    return matrix


def letter_groups(vocabulary: Sequence[str], columns: int) -> csr_matrix:
    """How often each letter group (column) occurs in each word (row) with a space at both ends.

    Groups are numbered in the order in which they first appear.
    """
    padded = [f" {word} " for word in vocabulary]
    lengths = np.fromiter(map(len, padded), dtype=np.int64, count=len(padded))
    sizes = np.maximum(1, lengths - GROUP_LETTERS + 1)
    word_ends, ends = np.cumsum(lengths), np.cumsum(sizes)
    starts = np.arange(sizes.sum()) + np.repeat(word_ends - lengths - ends + sizes, sizes)
    text = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    alphabet, letters = np.unique(text, return_inverse=True)
    letters = np.append(letters + 1, 0)  # 0 stands for nothing, after a word that is shorter than a group
    beyond = np.repeat(word_ends, sizes)
    names, bound, base = np.zeros(len(starts), dtype=np.int64), 1, len(alphabet) + 1
    for place in range(GROUP_LETTERS):
        if bound * base > MAX_NAME:
            found, names = np.unique(names, return_inverse=True)
            bound = len(found)
        at = np.minimum(starts + place, len(text))
        names = names * base + np.where(at < beyond, letters[at], 0)
        bound *= base
    _, first, names = np.unique(names, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first))
    all_ends = np.append(ends, np.full(columns - len(vocabulary), len(names)))
    return count_words(RaggedArray(rank[names], all_ends), max(len(first), 1))


def _weighted(counts: csr_matrix, shares: Floats, part: float) -> csr_matrix:
    """`weigh`, with rarity counted over the articles themselves."""
    articles_with = np.bincount(counts.indices, minlength=counts.shape[1])
    return weigh(counts, shares, part, articles_with=articles_with, articles=counts.shape[0])


def weigh(counts: csr_matrix, shares: Floats, part: float, *, articles_with: Floats | Integers, articles: int) -> csr_matrix:
    """The counts turned in place into TF-IDF vectors of the squared length `part`, with logarithmic term frequency.

    `shares` are the shares of everyday articles that contain each term; `articles_with` is the number of articles, out of `articles`,
    that do.
    """
    rarity = np.log((1 + articles + USUAL_ARTICLES) / (1 + articles_with + USUAL_ARTICLES * shares)) + 1
    counts.data = (1 + np.log(counts.data)) * rarity[counts.indices]
    lengths = np.sqrt(np.asarray(counts.power(2).sum(axis=1)).ravel())
    scale_rows(counts, lengths)
    counts.data *= np.sqrt(part)
    return counts


def scale_rows(matrix: csr_matrix, lengths: Floats) -> None:
    """Divide each row in place by its length, unless that is 0."""
    matrix.data *= np.repeat(1 / np.where(lengths > 0, lengths, 1.0), np.diff(matrix.indptr))


def _ordered(together: csr_matrix, word_columns: int) -> Vectors:
    """Vectors without the terms of too many articles and those of a single one; the rarest columns first."""
    articles_with = np.bincount(together.indices, minlength=together.shape[1])
    kept_words = ~is_common(articles_with, together.shape[0])
    shared = np.flatnonzero(kept_words & (articles_with > 1))
    order = shared[np.argsort(articles_with[shared], kind="stable")]
    scale_rows(together, np.sqrt(together.power(2) @ kept_words.astype("float64")))
    terms = strongest_terms(together[:, order])
    terms.sort_indices()
    return Vectors(terms, (order < word_columns).astype("float64"))


def is_common(articles_with: Floats | Integers, articles: int, *, least: int = COMMON_ARTICLES) -> NDArray[np.bool_]:
    """The terms in more than COMMON_SHARE of `articles` articles and in more than `least` of them: they tell no events apart."""
    common: NDArray[np.bool_] = articles_with > max(least, COMMON_SHARE * articles)
    return common


def rarest_first(terms: csr_matrix, is_word: NDArray[np.bool_]) -> Vectors:
    """Weighted vectors without the terms of a single article, the rarest columns first."""
    articles_with = np.bincount(terms.indices, minlength=terms.shape[1])
    order = np.argsort(articles_with, kind="stable")
    order = order[np.searchsorted(articles_with[order], 1, side="right") :]
    place = np.full(terms.shape[1], -1, dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    columns = place[terms.indices]
    kept = columns >= 0
    ends = np.append(0, np.cumsum(kept))[terms.indptr]
    found = csr_matrix((terms.data[kept], columns[kept], ends), shape=(terms.shape[0], max(len(order), 1)))
    found.sort_indices()
    return Vectors(found, np.append(is_word[order], np.zeros(found.shape[1] - len(order))).astype(np.float64))


def strongest_terms(matrix: csr_matrix) -> csr_matrix:
    """The TERMS largest entries of each row, and those equal to the last of them."""
    for row in np.flatnonzero(np.diff(matrix.indptr) > TERMS).tolist():
        entries = matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]]
        entries[entries < np.partition(entries, -TERMS)[-TERMS]] = 0.0
    matrix.eliminate_zeros()
    return matrix


def find_similar_pairs(articles: Vectors, time_factor: TimeFactor, *, least: float, rows: Integers | None = None) -> Pairs:
    """The pairs of articles with a similarity of at least `least`: each article with its NEIGHBOURS most similar ones.

    With `rows`, ascending, only those articles look for their nearest ones.
    """
    searched = np.arange(articles.terms.shape[0]) if rows is None else rows
    index, columns = _rarest(articles.terms, searched), articles.terms.T.tocsr()

    def find(start: int) -> Integers:
        return _candidates(index[start : start + BLOCK_ROWS], columns, searched[start : start + BLOCK_ROWS], time_factor, least=least)

    found = in_threads(find, range(0, len(searched), BLOCK_ROWS))
    joined = np.concatenate([np.empty(0, dtype=np.int64), *found])
    joined.sort()
    is_first = np.ones(len(joined), dtype=bool)
    np.not_equal(joined[1:], joined[:-1], out=is_first[1:])
    joined = joined[is_first]
    low, high = joined >> KEY_BITS, joined & ((1 << KEY_BITS) - 1)
    del joined
    values = pair_similarities(articles, low, high, time_factor)
    enough = values >= least
    return Pairs(low[enough], high[enough], values[enough])


def _candidates(index: csr_matrix, columns: csr_matrix, searched: Integers, time_factor: TimeFactor, *, least: float) -> Integers:
    """The nearest neighbours of the rows `searched` by their terms in `index`, as keys: smaller row << KEY_BITS | larger row."""
    block = (index @ columns).tocsr()
    block.data[block.data < least] = 0.0
    block.eliminate_zeros()
    places = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    rows, others = searched[places], block.indices.astype(np.int64)
    values = np.where(rows != others, block.data * time_factor(rows, others), 0.0)
    kept = np.flatnonzero(values > 0)
    kept = kept[_nearest(places[kept], values[kept])]
    keys: Integers = np.minimum(rows[kept], others[kept]) << KEY_BITS | np.maximum(rows[kept], others[kept])
    return keys


def _rarest(terms: csr_matrix, searched: Integers) -> csr_matrix:
    """The rarest terms of each row `searched`, as many as have at most INDEX_ENTRIES entries in the index of all rows together."""
    articles_with = np.bincount(terms.indices, minlength=terms.shape[1])
    wanted = terms if len(searched) == terms.shape[0] else terms[searched]
    read = np.append(0, np.cumsum(articles_with[wanted.indices]))
    kept = read[1:] - np.repeat(read[wanted.indptr[:-1]], np.diff(wanted.indptr)) <= INDEX_ENTRIES
    ends = np.append(0, np.cumsum(kept))[wanted.indptr]
    return csr_matrix((wanted.data[kept], wanted.indices[kept], ends), shape=wanted.shape)


def _nearest(rows: Integers, values: Floats) -> NDArray[np.intp]:
    """Positions of the NEIGHBOURS largest values of each row (rows ascending), and of those equal to the last of them."""
    values = np.round(values, 9)
    counts = np.bincount(rows)
    ends = np.cumsum(counts)
    kept = np.ones(len(rows), dtype=bool)
    for row in np.flatnonzero(counts > NEIGHBOURS).tolist():
        part = values[ends[row] - counts[row] : ends[row]]
        kept[ends[row] - counts[row] : ends[row]] = part >= np.partition(part, -NEIGHBOURS)[-NEIGHBOURS]
    return np.flatnonzero(kept)


def pair_similarities(articles: Vectors, rows: Integers, others: Integers, time_factor: TimeFactor) -> Floats:
    """The similarity of each pair, 0 to 1: the cosine, lowered where few words are shared and by the time between the articles."""
    values = np.empty(len(rows))

    def compute(start: int) -> None:
        part = slice(start, start + BLOCK_PAIRS)
        common = articles.terms[rows[part]].multiply(articles.terms[others[part]]).tocsr()
        common.data = common.data.astype(np.float64)
        cosines = np.asarray(common.sum(axis=1)).ravel()
        common.data = articles.is_word[common.indices]
        shared = np.asarray(common.sum(axis=1)).ravel()
        values[part] = np.minimum(cosines * shared / (shared + WEAK_WORDS) * time_factor(rows[part], others[part]), 1.0)

    for _ in in_threads(compute, range(0, len(rows), BLOCK_PAIRS)):
        pass
    return values
