"""Articles as vectors of words and letter groups, and which of them are alike.

Pure: texts in, sparse matrices and pairs out. Words tell what an article is about; letter groups see through inflection in any language.
Candidates come from an inverted index over each article's rarest terms and are kept by its nearest ones, so that the cost grows with the
number of articles and not with its square. Why each constant has its value: docs/stories.md.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack

from pipeline.everyday import SHARES, STOP_WORDS, WEEKDAYS
from pipeline.linkage import Floats, Integers, Pairs

TITLE_COUNT, TEXT_CHARACTERS = 2, 3000
"""Words: a title counts twice; what comes late in a text is background that other stories share."""
LETTERS_TITLE_COUNT, LETTERS_TEXT_CHARACTERS = 2, 300
LETTERS_SHARE = 0.3
"""Share of the letter groups in a similarity."""
GROUP_LETTERS = 5
USUAL_ARTICLES = 1000
"""Rarity is counted as if there were so many more articles of everyday news: in a window of few, everyday words are common."""
LEAD_SHARE = 0.1
"""How many of the everyday articles that hold a word have it where letter groups are looked for."""
COMMON_SHARE, COMMON_ARTICLES = 0.1, 300
"""Words in more than a tenth of the articles (and in more than 300) tell no event from another, and cost most of the time."""
TERMS = 500
"""Terms of an article that count: those of the largest weight."""
INDEX_ENTRIES = 3_000
"""How many entries of the inverted index are read for an article, its rarest terms first. From 2,000 on the labelled sets stay the same."""
NEIGHBOURS = 100
"""How many of those most like it an article is compared with. More change little but in stories of several hundred articles."""
WEAK_WORDS = 0.5
"""One shared word is weak evidence, whatever its weight in two short texts: n of them count n / (n + 0.5)."""
BLOCK_ROWS, BLOCK_PAIRS = 1_000, 20_000

_WORD = re.compile(r"\w\w+")

Nearness = Callable[[Integers, Integers], Floats]
"""For pairs of rows, the share of their similarity that their times leave; 0 for those that can be no story."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of numbers for each article, one after the other; those of row i end before `ends[i]`."""

    numbers: NDArray[np.int32]
    ends: Integers

    def __getitem__(self, row: int) -> NDArray[np.int32]:
        return self.numbers[self.ends[row - 1] if row else 0 : self.ends[row]]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def lengths(self) -> Integers:
        return np.diff(self.ends, prepend=0)

    def first(self, counts: Integers) -> Rows:
        """The first `counts[i]` numbers of each row."""
        place = np.arange(len(self.numbers)) - np.repeat(self.ends - self.lengths, self.lengths)
        return Rows(self.numbers[place < np.repeat(counts, self.lengths)], np.cumsum(np.minimum(counts, self.lengths)))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of each article as numbers of `vocabulary`, in their order; `leads` says how many of the text's come early."""

    vocabulary: list[str]
    titles: Rows
    texts: Rows
    leads: Integers


@dataclass(frozen=True, slots=True)
class Vectors:
    """A row an article, a column a term, the rarest first. `terms` are of unit length less what only one article has, which is in
    no cosine; `is_word` is 1 for the columns of words, 0 for those of letter groups."""

    terms: csr_matrix
    is_word: Floats


def read_words(titles: Sequence[str], texts: Sequence[str]) -> Words:
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__

    def read(every: Iterable[str]) -> Rows:
        found, ends = array("i"), array("q")
        for text in every:
            found.extend(map(numbers.__getitem__, _WORD.findall(text.lower())))
            ends.append(len(found))
        return Rows(np.array(found, dtype=np.int32), np.array(ends, dtype=np.int64))

    of_titles, of_texts = read(titles), read(text[:TEXT_CHARACTERS] for text in texts)
    leads = np.array([len(_WORD.findall(text[:LETTERS_TEXT_CHARACTERS])) for text in texts], dtype=np.int64)
    return Words(list(numbers), of_titles, of_texts, leads)


def named_weekdays(words: Words) -> Integers:
    """The weekdays that each article names in its title and the start of its text, as bits: 1 for Monday, 64 for Sunday."""
    days = np.array([1 << WEEKDAYS[word] if word in WEEKDAYS else 0 for word in words.vocabulary], dtype=np.int64)
    found = np.zeros(len(words.titles), dtype=np.int64)
    for rows in (words.titles, words.texts):
        bits = days[rows.numbers]
        named = np.flatnonzero(bits)
        np.bitwise_or.at(found, np.searchsorted(rows.ends, named, side="right"), bits[named])
    return found


def vectors(words: Words) -> Vectors:
    size, columns = len(words.titles), max(len(words.vocabulary), 1)
    titles = _counts(words.titles, columns)
    shares = np.zeros(columns)
    shares[: len(words.vocabulary)] = [SHARES.get(word, 0.0) for word in words.vocabulary]
    telling = np.flatnonzero([word not in STOP_WORDS for word in words.vocabulary])
    whole = (titles * TITLE_COUNT + _counts(words.texts, columns)).tocsr()[:, telling]
    groups = _letter_groups(words.vocabulary, columns)
    usual = np.minimum(1.0, groups.T @ (shares * LEAD_SHARE))
    letters = ((titles * LETTERS_TITLE_COUNT + _counts(words.texts.first(words.leads), columns)) @ groups).tocsr()
    together = hstack(
        [_weighted(whole, shares[telling]) * np.sqrt(1 - LETTERS_SHARE), _weighted(letters, usual) * np.sqrt(LETTERS_SHARE)]
    ).tocsr()
    return _ordered(together, len(telling)) if size else Vectors(together, np.empty(0))


def _counts(rows: Rows, columns: int) -> csr_matrix:
    matrix = csr_matrix((np.ones(len(rows.numbers)), rows.numbers, np.append(0, rows.ends)), shape=(len(rows), columns), copy=True)
    matrix.sum_duplicates()
    return matrix


def _letter_groups(vocabulary: Sequence[str], columns: int) -> csr_matrix:
    """Word by letter group, how often it stands in the word with a space at both ends."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    groups, ends = array("i"), array("q")
    for word in vocabulary:
        padded = f" {word} "
        groups.extend([numbers[padded[at : at + GROUP_LETTERS]] for at in range(max(1, len(padded) - GROUP_LETTERS + 1))])
        ends.append(len(groups))
    ends.extend([len(groups)] * (columns - len(vocabulary)))
    return _counts(Rows(np.array(groups, dtype=np.int32), np.array(ends, dtype=np.int64)), max(len(numbers), 1))


def _weighted(counts: csr_matrix, shares: Floats) -> csr_matrix:
    """Unit TF-IDF vectors, term frequency dampened by its logarithm; `shares` are the terms' shares of everyday articles."""
    articles_with = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log((1 + counts.shape[0] + USUAL_ARTICLES) / (1 + articles_with + USUAL_ARTICLES * shares)) + 1
    counts.data = (1 + np.log(counts.data)) * rarity[counts.indices]
    lengths = np.sqrt(np.asarray(counts.power(2).sum(axis=1)).ravel())
    return (diags(1 / np.where(lengths > 0, lengths, 1.0)) @ counts).tocsr()


def _ordered(together: csr_matrix, word_columns: int) -> Vectors:
    """Without the terms of nearly all articles, then without those that one article has alone; the rarest columns first."""
    articles_with = np.bincount(together.indices, minlength=together.shape[1])
    telling = articles_with <= max(COMMON_ARTICLES, COMMON_SHARE * together.shape[0])
    shared = np.flatnonzero(telling & (articles_with > 1))
    order = shared[np.argsort(articles_with[shared], kind="stable")]
    lengths = np.sqrt(together.power(2) @ telling.astype("float64"))
    terms = _strongest((diags(1 / np.where(lengths > 0, lengths, 1.0)) @ together[:, order]).tocsr())
    terms.sort_indices()
    return Vectors(terms, (order < word_columns).astype("float64"))


def _strongest(matrix: csr_matrix) -> csr_matrix:
    """Only the TERMS largest entries of each row, and those equal to the last of them."""
    for row in np.flatnonzero(np.diff(matrix.indptr) > TERMS).tolist():
        entries = matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]]
        entries[entries < np.partition(entries, -TERMS)[-TERMS]] = 0.0
    matrix.eliminate_zeros()
    return matrix


def find_alike(articles: Vectors, nearness: Nearness, *, least: float) -> Pairs:
    """The pairs of articles whose similarity is at least `least`, for each article at most NEIGHBOURS and those that name it."""
    size = articles.terms.shape[0]
    index, columns = _rarest(articles.terms), articles.terms.T.tocsr()
    found = [np.empty(0, dtype=np.int64)]
    for start in range(0, size, BLOCK_ROWS):
        block = (index[start : start + BLOCK_ROWS] @ columns).tocsr()
        likely = np.flatnonzero(block.data >= least)
        rows = np.searchsorted(block.indptr, likely, side="right") - 1 + start
        others, values = block.indices[likely].astype(np.int64), block.data[likely]
        values = np.where(rows != others, values * nearness(rows, others), 0.0)
        kept = np.flatnonzero(values > 0)
        kept = kept[_nearest(rows[kept] - start, values[kept])]
        found.append(np.minimum(rows[kept], others[kept]) * size + np.maximum(rows[kept], others[kept]))
    keys = np.sort(np.concatenate(found))
    low, high = np.divmod(keys[np.flatnonzero(np.diff(keys, prepend=-1))], max(size, 1))
    values = similarities(articles, low, high, nearness)
    return Pairs(low[values >= least], high[values >= least], values[values >= least])


def _rarest(terms: csr_matrix) -> csr_matrix:
    """The first, rarest terms of each row whose entries in the index are at most INDEX_ENTRIES together."""
    articles_with = np.bincount(terms.indices, minlength=terms.shape[1])
    read = np.append(0, np.cumsum(articles_with[terms.indices]))
    before_row = np.repeat(read[terms.indptr[:-1]], np.diff(terms.indptr))
    part = terms.copy()
    part.data = np.where(read[1:] - before_row <= INDEX_ENTRIES, part.data, 0.0)
    part.eliminate_zeros()
    return part


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


def similarities(articles: Vectors, rows: Integers, others: Integers, nearness: Nearness) -> Floats:
    """How alike the articles of each pair are: their cosine, less for few shared words and by `nearness`; 0 to 1."""
    values = np.empty(len(rows))
    for start in range(0, len(rows), BLOCK_PAIRS):
        part = slice(start, start + BLOCK_PAIRS)
        common = articles.terms[rows[part]].multiply(articles.terms[others[part]]).tocsr()
        cosines = np.asarray(common.sum(axis=1)).ravel()
        common.data = articles.is_word[common.indices]
        shared = np.asarray(common.sum(axis=1)).ravel()
        values[part] = np.minimum(cosines, 1.0) * shared / (shared + WEAK_WORDS)
    weighted: Floats = values * nearness(rows, others)
    return weighted
