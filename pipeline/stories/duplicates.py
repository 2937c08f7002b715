"""Finds the articles of a story that copy another one: the same text, a light rewrite, or the same title again.

Pure: words as numbers in, copies out. The candidates are the members of one story, which are few: their shingles (runs of three words,
Broder 1997) are compared exactly. That takes a sixth of the time of MinHash (datasketch), which gives 9 of 201 copies the wrong kind.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Method = Literal["text", "rewrite", "title"]

SHINGLE_WORDS = 3
"""Words of a shingle (docs/stories.md, step 8)."""
SAME_TEXT, REWRITE = 0.9, 0.4
"""Jaccard similarities of shingles: from 0.9 on the text is the same but for a credit line, from 0.4 on a light rewrite. Reports of one
event that were written apart share quotations, and stay under 0.2."""
TITLE_WORDS = 4
"""Equal titles with fewer words of two or more characters ("Morning briefing") are no sign of a copy: different articles have
them."""
BLOCK_TEXTS = 500
"""Texts that are compared with all others in one product. A plain choice: it bounds memory."""
_BITS = 21
"""Bits of a word's number in a shingle: three words in one number of 64 bits."""
TOKEN = re.compile(r"\w+")
"""Titles are compared with their single characters: "March 4" and "March 5" are different."""

Apart = Callable[[int, int], bool]
"""Whether the articles of two rows are about different things, whatever words they share."""


class WordRows(Protocol):
    """The words of each article as numbers."""

    def __getitem__(self, row: int) -> NDArray[np.int32]: ...

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of words of each article."""
        ...


@dataclass(frozen=True, slots=True)
class Copy:
    """The article of row `row` copies that of row `original`, which copies none."""

    row: int
    original: int
    method: Method
    similarity: float
    """Jaccard similarity of the shingles of both texts; 1 for equal titles."""


def find_copies(
    stories: Iterable[Sequence[int]], titles: Sequence[str], texts: WordRows, domains: Sequence[str | None], *, are_apart: Apart
) -> Iterator[Copy]:
    """The copies in each story. The members of a story come in the order of publication; of two equal articles the later one is the copy.

    Texts are compared where both articles have one. Equal titles count where one article has no text, or both have the same publisher.
    Two articles that `are_apart` are no copies of each other, however similar they are.
    """
    has_text = texts.lengths >= SHINGLE_WORDS
    for batch in _batches(stories, has_text):
        similar = _most_similar([[row for row in members if has_text[row]] for members in batch], texts, are_apart)
        for members in batch:
            yield from _copies(members, similar, titles, has_text, domains, are_apart)


def _batches(stories: Iterable[Sequence[int]], has_text: NDArray[np.bool_]) -> Iterator[list[Sequence[int]]]:
    """Runs of stories that have BLOCK_TEXTS texts or more together; the last run may have fewer."""
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
    similar: Mapping[int, tuple[int, Method, float]],
    titles: Sequence[str],
    has_text: NDArray[np.bool_],
    domains: Sequence[str | None],
    are_apart: Apart,
) -> Iterator[Copy]:
    named: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    original_of: dict[int, int] = {}
    for row in members:
        title = tuple(TOKEN.findall(titles[row].lower()))
        name = title if sum(len(token) > 1 for token in title) >= TITLE_WORDS else None
        found = similar.get(row)
        if found is None and name is not None:
            earlier = (other for other in named[name] if _is_copied_title(domains[row], domains[other], has_text[row] and has_text[other]))
            found = next(((other, "title", 1.0) for other in earlier if not are_apart(row, other)), None)
        if found is not None:
            original_of[row] = original_of.get(found[0], found[0])
            yield Copy(row, original_of[row], found[1], found[2])
        if name is not None:
            named[name].append(row)


def _is_copied_title(domain: str | None, others_domain: str | None, both_have_text: bool) -> bool:
    """Whether an equal title makes a copy where the texts do not: one of the articles has none, or both are of one publisher."""
    return not both_have_text or (domain is not None and domain == others_domain)


def _most_similar(stories: Sequence[Sequence[int]], texts: WordRows, are_apart: Apart) -> dict[int, tuple[int, Method, float]]:
    """For each text with an earlier similar one in its story: the row of the most similar (of equal ones the first), method and similarity.

    Jaccard similarities of sets of shingles, computed for BLOCK_TEXTS texts against all at once.
    """
    compared = [members for members in stories if len(members) > 1]
    members = [row for story in compared for row in story]
    if not members:
        return {}
    story = np.repeat(np.arange(len(compared)), [len(rows) for rows in compared])
    runs = [shingles(texts[row]) for row in members]
    columns, different = pd.factorize(np.concatenate(runs))
    ends = np.cumsum([len(one) for one in runs])
    ones = csr_matrix((np.ones(len(columns)), columns, np.append(0, ends)), shape=(len(runs), len(different)))
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
        for at in order.tolist():
            row, other, value = members[rows[at]], members[others[at]], float(values[at])
            if row not in found and not are_apart(row, other):
                found[row] = other, "text" if value >= SAME_TEXT else "rewrite", value
    return found


def shingles(words: NDArray[np.int32]) -> NDArray[np.int64]:
    """The runs of SHINGLE_WORDS words, each as one number, in their order."""
    numbers = words.astype(np.int64)
    count = max(0, len(numbers) - SHINGLE_WORDS + 1)
    runs = numbers[:count].copy()
    for shift in range(1, SHINGLE_WORDS):
        runs = (runs << _BITS) | numbers[shift : shift + count]
    return runs
