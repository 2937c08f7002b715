"""Articles as vectors of words and letter groups, and which of them are alike.

Pure: texts in, sparse matrices and pairs out. Words tell what an article is about; letter groups see through inflection in any language.
Candidates come from an inverted index over each article's rarest terms and are kept by its nearest ones, so that the cost grows with the
number of articles and not with its square. Why each constant has its value: docs/stories.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from pipeline.stories.average_linkage import Floats, Integers, Pairs
from pipeline.stories.common_words import SHARES, STOP_WORDS
from pipeline.stories.words import RaggedArray, Words, in_threads

TITLE_COUNT, LETTERS_TITLE_COUNT = 2, 2
"""A title counts twice."""
LETTERS_SHARE = 0.3
"""Share of the letter groups in a similarity."""
GROUP_LETTERS = 5
MAX_NAME = 1 << 62
"""Groups of letters are told apart by whole numbers up to this."""
USUAL_ARTICLES = 1000
"""Rarity is counted as if there were so many more articles of everyday news: in a window of few, everyday words are common."""
LEAD_SHARE = 0.1
"""How many of the everyday articles that hold a word have it where letter groups are looked for."""
COMMON_SHARE, COMMON_ARTICLES = 0.1, 300
"""Words in more than a tenth of the articles (and in more than 300) tell no event from another, and cost most of the time."""
TERMS = 500
"""Terms of an article that count: those of the largest weight."""
INDEX_ENTRIES = 2_000
"""How many entries of the inverted index are read for an article, its rarest terms first. With 3,000 the labelled sets have the same F1 and
candidates take a third more time."""
NEIGHBOURS = 100
"""How many of those most like it an article is compared with. More change little but in stories of several hundred articles."""
WEAK_WORDS = 0.5
"""One shared word is weak evidence, whatever its weight in two short texts: n of them count n / (n + 0.5)."""
KEY_BITS = 31
"""Of a row in a pair's key."""
BLOCK_ROWS, BLOCK_PAIRS = 250, 5_000
"""Small enough for the processor's caches, large enough that the interpreter costs little."""

TimeFactor = Callable[[Integers, Integers], Floats]
"""For pairs of rows, the share of their similarity that their times leave; 0 for those that can be no story."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """A row an article, a column a term, the rarest first. `terms` are of unit length less what only one article has, which is in
    no cosine; `is_word` is 1 for the columns of words, 0 for those of letter groups."""

    terms: csr_matrix
    is_word: Floats


def article_vectors(words: Words) -> Vectors:
    size, columns = len(words.titles), max(len(words.vocabulary), 1)
    shares = np.zeros(columns)
    shares[: len(words.vocabulary)] = [SHARES.get(word, 0.0) for word in words.vocabulary]
    telling = np.flatnonzero([word not in STOP_WORDS for word in words.vocabulary])

    def whole() -> csr_matrix:
        place = np.full(columns, -1, dtype=np.int32)
        place[telling] = np.arange(len(telling))
        titles, texts = (_counts(_only(rows, place), len(telling)) for rows in (words.titles, words.texts))
        return _weighted((titles * TITLE_COUNT + texts).tocsr(), shares[telling], 1 - LETTERS_SHARE)

    def letters() -> csr_matrix:
        groups = letter_groups(words.vocabulary, columns)
        usual = np.minimum(1.0, groups.T @ (shares * LEAD_SHARE))
        titles, leads = _counts(words.titles, columns), _counts(words.texts.first(words.leads), columns)
        return _weighted(((titles * LETTERS_TITLE_COUNT + leads) @ groups).tocsr(), usual, LETTERS_SHARE)

    parts = in_threads(lambda part: part(), (whole, letters)) if size > BLOCK_ROWS else (whole(), letters())
    together = hstack(list(parts), format="csr")
    return _ordered(together, len(telling)) if size else Vectors(together, np.empty(0))


def _only(rows: RaggedArray, place: NDArray[np.int32]) -> RaggedArray:
    """The numbers that have a place, as their places."""
    places = place[rows.numbers]
    kept = places >= 0
    return RaggedArray(places[kept], np.append(0, np.cumsum(kept))[rows.ends])


def _counts(rows: RaggedArray, columns: int) -> csr_matrix:
    matrix = csr_matrix((np.ones(len(rows.numbers)), rows.numbers, np.append(0, rows.ends)), shape=(len(rows), columns), copy=True)
    matrix.sum_duplicates()
    return matrix


def letter_groups(vocabulary: Sequence[str], columns: int) -> csr_matrix:
    """Word by letter group, how often it stands in the word with a space at both ends; groups are numbered as they first appear."""
    padded = [f" {word} " for word in vocabulary]
    lengths = np.fromiter(map(len, padded), dtype=np.int64, count=len(padded))
    sizes = np.maximum(1, lengths - GROUP_LETTERS + 1)
    word_ends, ends = np.cumsum(lengths), np.cumsum(sizes)
    starts = np.arange(sizes.sum()) + np.repeat(word_ends - lengths - ends + sizes, sizes)
    text = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    alphabet, letters = np.unique(text, return_inverse=True)
    letters = np.append(letters + 1, 0)  # 0 stands for nothing, behind a word that is shorter than a group
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
    return _counts(RaggedArray(rank[names], all_ends), max(len(first), 1))


def _weighted(counts: csr_matrix, shares: Floats, part: float) -> csr_matrix:
    """TF-IDF vectors of the squared length `part`, term frequency dampened by its logarithm, in place of the counts; `shares` are the
    terms' shares of everyday articles."""
    articles_with = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log((1 + counts.shape[0] + USUAL_ARTICLES) / (1 + articles_with + USUAL_ARTICLES * shares)) + 1
    counts.data = (1 + np.log(counts.data)) * rarity[counts.indices]
    lengths = np.sqrt(np.asarray(counts.power(2).sum(axis=1)).ravel())
    _divide(counts, lengths)
    counts.data *= np.sqrt(part)
    return counts


def _divide(matrix: csr_matrix, lengths: Floats) -> None:
    """Divide each row by its length, where it has one."""
    matrix.data *= np.repeat(1 / np.where(lengths > 0, lengths, 1.0), np.diff(matrix.indptr))


def _ordered(together: csr_matrix, word_columns: int) -> Vectors:
    """Without the terms of nearly all articles, then without those that one article has alone; the rarest columns first."""
    articles_with = np.bincount(together.indices, minlength=together.shape[1])
    telling = articles_with <= max(COMMON_ARTICLES, COMMON_SHARE * together.shape[0])
    shared = np.flatnonzero(telling & (articles_with > 1))
    order = shared[np.argsort(articles_with[shared], kind="stable")]
    _divide(together, np.sqrt(together.power(2) @ telling.astype("float64")))
    terms = _strongest(together[:, order])
    terms.sort_indices()
    return Vectors(terms, (order < word_columns).astype("float64"))


def _strongest(matrix: csr_matrix) -> csr_matrix:
    """Only the TERMS largest entries of each row, and those equal to the last of them."""
    for row in np.flatnonzero(np.diff(matrix.indptr) > TERMS).tolist():
        entries = matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]]
        entries[entries < np.partition(entries, -TERMS)[-TERMS]] = 0.0
    matrix.eliminate_zeros()
    return matrix


def find_similar_pairs(articles: Vectors, nearness: TimeFactor, *, least: float) -> Pairs:
    """The pairs of articles whose similarity is at least `least`, for each article at most NEIGHBOURS and those that name it."""
    size = articles.terms.shape[0]
    index, columns = _rarest(articles.terms), articles.terms.T.tocsr()
    found = in_threads(lambda start: _candidates(index, columns, start, nearness, least=least), range(0, size, BLOCK_ROWS))
    joined = np.concatenate([np.empty(0, dtype=np.int64), *found])
    joined.sort()
    is_first = np.ones(len(joined), dtype=bool)
    np.not_equal(joined[1:], joined[:-1], out=is_first[1:])
    joined = joined[is_first]
    low, high = joined >> KEY_BITS, joined & ((1 << KEY_BITS) - 1)
    del joined
    values = pair_similarities(articles, low, high, nearness)
    enough = values >= least
    return Pairs(low[enough], high[enough], values[enough])


def _candidates(index: csr_matrix, columns: csr_matrix, start: int, nearness: TimeFactor, *, least: float) -> Integers:
    """The nearest ones of BLOCK_ROWS rows by the terms of `index`, each pair as smaller row << KEY_BITS | larger row."""
    block = (index[start : start + BLOCK_ROWS] @ columns).tocsr()
    block.data[block.data < least] = 0.0
    block.eliminate_zeros()
    rows = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
    others = block.indices.astype(np.int64)
    values = np.where(rows != others, block.data * nearness(rows, others), 0.0)
    kept = np.flatnonzero(values > 0)
    kept = kept[_nearest(rows[kept] - start, values[kept])]
    keys: Integers = np.minimum(rows[kept], others[kept]) << KEY_BITS | np.maximum(rows[kept], others[kept])
    return keys


def _rarest(terms: csr_matrix) -> csr_matrix:
    """The first, rarest terms of each row whose entries in the index are at most INDEX_ENTRIES together."""
    articles_with = np.bincount(terms.indices, minlength=terms.shape[1])
    read = np.append(0, np.cumsum(articles_with[terms.indices]))
    kept = read[1:] - np.repeat(read[terms.indptr[:-1]], np.diff(terms.indptr)) <= INDEX_ENTRIES
    ends = np.append(0, np.cumsum(kept))[terms.indptr]
    return csr_matrix((terms.data[kept], terms.indices[kept], ends), shape=terms.shape)


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


def pair_similarities(articles: Vectors, rows: Integers, others: Integers, nearness: TimeFactor) -> Floats:
    """How alike the articles of each pair are: their cosine, less for few shared words and by `nearness`; 0 to 1."""
    values = np.empty(len(rows))

    def compute(start: int) -> None:
        part = slice(start, start + BLOCK_PAIRS)
        common = articles.terms[rows[part]].multiply(articles.terms[others[part]]).tocsr()
        cosines = np.asarray(common.sum(axis=1)).ravel()
        common.data = articles.is_word[common.indices]
        shared = np.asarray(common.sum(axis=1)).ravel()
        values[part] = np.minimum(cosines, 1.0) * shared / (shared + WEAK_WORDS) * nearness(rows[part], others[part])

    for _ in in_threads(compute, range(0, len(rows), BLOCK_PAIRS)):
        pass
    return values
