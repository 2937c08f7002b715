"""Which articles of a story are copies of another one: the same text, a light rewrite, the same title again.

Pure: words as numbers in, copies out. The candidates are the members of one story, which are few: their shingles (runs of three words,
Broder 1997) are compared exactly, all at once, which costs less than sketches of them and is never wrong by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Method = Literal["text", "rewrite", "title"]

SHINGLE_WORDS = 3
SAME_TEXT, REWRITE = 0.9, 0.4
"""Jaccard similarities of shingles: from 0.9 on the text is the same but for a credit line, from 0.4 on a light rewrite. Reports of one
event that were written apart share quotations, and stay under 0.2."""
TITLE_WORDS = 4
"""A title of fewer words ("Morning briefing") can stand over different articles."""
BLOCK_TEXTS = 500
_BITS = 21


class WordRows(Protocol):
    """The words of each article as numbers."""

    def __getitem__(self, row: int) -> NDArray[np.int32]: ...

    @property
    def lengths(self) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True)
class Copy:
    """Row `row` copies row `original`, which is no copy."""

    row: int
    original: int
    method: Method
    similarity: float
    """Jaccard similarity of the shingles of both texts; 1 for equal titles."""


def find_copies(stories: Iterable[Sequence[int]], titles: WordRows, texts: WordRows, domains: Sequence[str | None]) -> Iterator[Copy]:
    """The copies inside each story, whose members come in the order of their publication: of two alike the later one is the copy.

    Texts are compared where both articles have one. Equal titles count where one has none, or both come from the same publisher.
    """
    has_text = texts.lengths >= SHINGLE_WORDS
    for batch in _batches(stories, has_text):
        alike = _most_alike([[row for row in members if has_text[row]] for members in batch], texts)
        for members in batch:
            yield from _copies(members, alike, titles, has_text, domains)


def _batches(stories: Iterable[Sequence[int]], has_text: NDArray[np.bool_]) -> Iterator[list[Sequence[int]]]:
    """Stories of BLOCK_TEXTS texts or more together."""
    batch: list[Sequence[int]] = []
    count = 0
    for members in stories:
        batch.append(members)
        count += int(has_text[members].sum())
        if count >= BLOCK_TEXTS:
            yield batch
            batch, count = [], 0
    yield batch


def _copies(
    members: Sequence[int],
    alike: Mapping[int, tuple[int, Method, float]],
    titles: WordRows,
    has_text: NDArray[np.bool_],
    domains: Sequence[str | None],
) -> Iterator[Copy]:
    named: defaultdict[bytes, list[int]] = defaultdict(list)
    original_of: dict[int, int] = {}
    for row in members:
        title = titles[row]
        name = title.tobytes() if len(title) >= TITLE_WORDS else None
        found = alike.get(row)
        if found is None and name is not None:
            earlier = (other for other in named[name] if _counts(domains[row], domains[other], has_text[row] and has_text[other]))
            found = next(((other, "title", 1.0) for other in earlier), None)
        if found is not None:
            original_of[row] = original_of.get(found[0], found[0])
            yield Copy(row, original_of[row], found[1], found[2])
        if name is not None:
            named[name].append(row)


def _counts(domain: str | None, others_domain: str | None, both_have_text: bool) -> bool:
    """Whether an equal title makes a copy of an article whose text is not alike."""
    return not both_have_text or (domain is not None and domain == others_domain)


def _most_alike(stories: Sequence[Sequence[int]], texts: WordRows) -> dict[int, tuple[int, Method, float]]:
    """For each text the most alike of the earlier ones of its story, of equal ones the first.

    Jaccard similarities of sets of shingles, BLOCK_TEXTS against all at once.
    """
    compared = [members for members in stories if len(members) > 1]
    members = [row for story in compared for row in story]
    if not members:
        return {}
    story = np.repeat(np.arange(len(compared)), [len(rows) for rows in compared])
    shingles = [_shingles(texts[row]) for row in members]
    columns, different = pd.factorize(np.concatenate(shingles))
    ends = np.cumsum([len(one) for one in shingles])
    ones = csr_matrix((np.ones(len(columns)), columns, np.append(0, ends)), shape=(len(shingles), len(different)))
    ones.sum_duplicates()
    ones.data[:] = 1.0
    lengths, columns_of = np.diff(ones.indptr), ones.T.tocsr()
    found: dict[int, tuple[int, Method, float]] = {}
    for start in range(0, len(members), BLOCK_TEXTS):
        common = (ones[start : start + BLOCK_TEXTS] @ columns_of).tocoo()
        rows, others = common.row + start, common.col
        values = common.data / (lengths[rows] + lengths[others] - common.data)
        kept = np.flatnonzero((others < rows) & (story[others] == story[rows]) & (values >= REWRITE))
        order = kept[np.lexsort((others[kept], -values[kept], rows[kept]))]
        for at in order[np.diff(rows[order], prepend=-1) > 0].tolist():
            value = float(values[at])
            found[members[rows[at]]] = members[others[at]], "text" if value >= SAME_TEXT else "rewrite", value
    return found


def _shingles(words: NDArray[np.int32]) -> NDArray[np.int64]:
    numbers = words.astype(np.int64)
    count = len(numbers) - SHINGLE_WORDS + 1
    runs = numbers[:count].copy()
    for shift in range(1, SHINGLE_WORDS):
        runs = (runs << _BITS) | numbers[shift : shift + count]
    return runs
