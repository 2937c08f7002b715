"""Which articles of a story are copies of another one: the same text, a light rewrite, the same title again.

Pure: words as numbers in, copies out. The candidates are the members of one story, which are few: their shingles (runs of three words,
Broder 1997) are compared exactly, all at once, which costs less than sketches of them and is never wrong by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Method = Literal["text", "rewrite", "title"]

SHINGLE_WORDS = 3
SAME_TEXT, REWRITE = 0.9, 0.4
"""Jaccard similarities of shingles: from 0.9 on the text is the same but for a credit line, from 0.4 on a light rewrite. Reports of one
event that were written apart share quotations, and stay under 0.2."""
TITLE_WORDS = 4
"""A title of fewer words ("Morning briefing") can stand over different articles."""
_BITS = 21


class WordRows(Protocol):
    """The words of each article as numbers."""

    def __getitem__(self, row: int) -> NDArray[np.int32]: ...


@dataclass(frozen=True, slots=True)
class Copy:
    """Row `row` copies row `original`, which is no copy."""

    row: int
    original: int
    method: Method
    similarity: float
    """Jaccard similarity of the shingles of both texts; 1 for equal titles."""


def find_copies(members: Sequence[int], titles: WordRows, texts: WordRows, domains: Sequence[str | None]) -> Iterator[Copy]:
    """The copies among `members`, which come in the order of their publication: of two alike the later one is the copy.

    Texts are compared where both articles have one. Equal titles count where one has none, or both come from the same publisher.
    """
    shingles = [_shingles(texts[row]) for row in members]
    alike = _jaccard(shingles) if sum(len(one) > 0 for one in shingles) > 1 else None
    named: defaultdict[bytes, list[int]] = defaultdict(list)
    original_of: dict[int, int] = {}
    for later, row in enumerate(members):
        name = titles[row].tobytes() if len(titles[row]) >= TITLE_WORDS else None
        found = _same_text(later, alike) if alike is not None else None
        if found is None and name is not None:
            earlier = (other for other in named[name] if _counts(row, members[other], shingles[later], shingles[other], domains))
            found = next(((other, "title", 1.0) for other in earlier), None)
        if found is not None:
            original_of[later] = original_of.get(found[0], found[0])
            yield Copy(row, members[original_of[later]], found[1], found[2])
        if name is not None:
            named[name].append(later)


def _same_text(later: int, alike: csr_matrix) -> tuple[int, Method, float] | None:
    """The most alike of the earlier ones, of equal ones the first."""
    entries = slice(alike.indptr[later], alike.indptr[later + 1])
    found = [(-value, other) for other, value in zip(alike.indices[entries].tolist(), alike.data[entries].tolist(), strict=True)]
    value, earlier = min(((value, other) for value, other in found if other < later), default=(0.0, 0))
    return (earlier, "text" if -value >= SAME_TEXT else "rewrite", -value) if -value >= REWRITE else None


def _counts(row: int, other: int, shingles: NDArray[np.int64], others_shingles: NDArray[np.int64], domains: Sequence[str | None]) -> bool:
    """Whether an equal title makes a copy of an article whose text is not alike."""
    is_bare = not (len(shingles) and len(others_shingles))
    return is_bare or (domains[row] is not None and domains[row] == domains[other])


def _shingles(words: NDArray[np.int32]) -> NDArray[np.int64]:
    numbers = words.astype(np.int64)
    count = len(numbers) - SHINGLE_WORDS + 1
    if count < 1:
        return np.empty(0, dtype=np.int64)
    runs = numbers[:count].copy()
    for shift in range(1, SHINGLE_WORDS):
        runs = (runs << _BITS) | numbers[shift : shift + count]
    return np.unique(runs)


def _jaccard(shingles: Sequence[NDArray[np.int64]]) -> csr_matrix:
    """The Jaccard similarities of sets of shingles; the diagonal is 1 for those that have any."""
    lengths = np.array([len(one) for one in shingles])
    columns, indices = np.unique(np.concatenate(shingles), return_inverse=True)
    ones = csr_matrix((np.ones(len(indices)), indices, np.append(0, np.cumsum(lengths))), shape=(len(shingles), max(len(columns), 1)))
    common = (ones @ ones.T).tocsr()
    common.sort_indices()
    rows = np.repeat(np.arange(len(shingles)), np.diff(common.indptr))
    common.data /= lengths[rows] + lengths[common.indices] - common.data
    return common
