"""Which articles of a story are copies of another one: the same text, a light rewrite, the same title again.

Pure: words as numbers in, copies out. The candidates are the members of one story, which are few: their shingles (runs of three words,
Broder 1997) are compared exactly, all at once, which costs less than sketches of them and is never wrong by chance.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Copy:
    """Row `row` copies row `original`, which is no copy."""

    row: int
    original: int
    method: Method
    similarity: float
    """Jaccard similarity of the shingles of both texts; 1 for equal titles."""


def find_copies(
    members: Sequence[int], titles: Sequence[array[int]], texts: Sequence[array[int]], domains: Sequence[str | None]
) -> Iterator[Copy]:
    """The copies among `members`, which come in the order of their publication: of two alike the later one is the copy.

    Texts are compared where both articles have one. Equal titles count where one has none, or both come from the same publisher.
    """
    alike = _jaccard([_shingles(texts[row]) for row in members])
    names = [titles[row].tobytes() if len(titles[row]) >= TITLE_WORDS else None for row in members]
    original_of: dict[int, int] = {}
    for later in range(1, len(members)):
        found = _first_alike(later, alike, names, [domains[row] for row in members])
        if found is not None:
            earlier, method, similarity = found
            original_of[later] = original_of.get(earlier, earlier)
            yield Copy(members[later], members[original_of[later]], method, similarity)


def _first_alike(
    later: int, alike: csr_matrix, names: Sequence[bytes | None], domains: Sequence[str | None]
) -> tuple[int, Method, float] | None:
    """The most alike of the earlier ones, of equal ones the first."""
    entries = slice(alike.indptr[later], alike.indptr[later + 1])
    found = [(-value, other) for other, value in zip(alike.indices[entries].tolist(), alike.data[entries].tolist(), strict=True)]
    value, earlier = min(((value, other) for value, other in found if other < later), default=(0.0, 0))
    if -value >= REWRITE:
        return earlier, "text" if -value >= SAME_TEXT else "rewrite", -value
    has_text = alike.diagonal() > 0
    for other in range(later):
        is_named = names[later] is not None and names[other] == names[later]
        if is_named and (not (has_text[later] and has_text[other]) or (domains[other] is not None and domains[other] == domains[later])):
            return other, "title", 1.0
    return None


def _shingles(words: Sequence[int]) -> NDArray[np.int64]:
    numbers = np.asarray(words, dtype=np.int64)
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
