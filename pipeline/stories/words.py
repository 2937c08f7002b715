"""The words of articles as numbers of one vocabulary.

Pure: texts in, arrays out. A word is a run of two or more letters, digits and underscores, in lower case. Many texts are read at a time as
one array of code points. Equal words of a batch are found by a hash of 64 bits, so that each becomes a string only once; in a batch of
100,000 different words two have the same hash once in some billion batches.
"""

from __future__ import annotations

import functools
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.stories.average_linkage import Integers
from pipeline.stories.common_words import weekdays

TEXT_CHARACTERS = 3000
"""Characters of a text that are read: the rest is background that other stories share."""
LEAD_CHARACTERS = 300
"""Characters at the start of a text from which letter groups are read."""
BATCH_CHARACTERS = 1 << 20
"""Characters of texts that are read as one array. A plain choice: it bounds memory."""
THREADS = 2
"""Threads at once: most array operations let others run. The result is the same with any number."""

Item = TypeVar("Item")
Result = TypeVar("Result")

_FACTOR = 0x9E3779B97F4A7C15
"""The factor of the hash (2^64 divided by the golden ratio): odd, so that it has an inverse modulo 2^64, with evenly spread bits."""


@dataclass(frozen=True, slots=True)
class RaggedArray:
    """A list of numbers for each article, joined to one array; the list of article i ends before `ends[i]`."""

    numbers: NDArray[np.int32]
    ends: Integers

    def __getitem__(self, row: int) -> NDArray[np.int32]:
        return self.numbers[self.ends[row - 1] if row else 0 : self.ends[row]]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def lengths(self) -> Integers:
        """The length of each row."""
        return np.diff(self.ends, prepend=0)

    def first(self, counts: Integers) -> RaggedArray:
        """The first `counts[i]` numbers of each row."""
        place = np.arange(len(self.numbers)) - np.repeat(self.ends - self.lengths, self.lengths)
        return RaggedArray(self.numbers[place < np.repeat(counts, self.lengths)], np.cumsum(np.minimum(counts, self.lengths)))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of each article as places in `vocabulary`, in their order; `leads` counts those in the first LEAD_CHARACTERS of texts."""

    vocabulary: list[str]
    titles: RaggedArray
    texts: RaggedArray
    leads: Integers


def in_threads(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """The result of `work` for each item, in the order of items, computed in THREADS threads."""
    if len(items) < 2:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(THREADS) as threads:
        yield from threads.map(work, items)


def read_words(titles: Sequence[str], texts: Sequence[str]) -> Words:
    """The words of titles and of the first TEXT_CHARACTERS of texts, numbered in the order in which they first occur."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    of_titles = _read(titles, numbers)
    of_texts = _read([text[:TEXT_CHARACTERS] for text in texts], numbers)
    leads = [np.diff(_runs(batch)[3], prepend=0) for batch in _batches([text[:LEAD_CHARACTERS] for text in texts])]
    return Words(list(numbers), of_titles, of_texts, np.concatenate([np.empty(0, dtype=np.int64), *leads]))


def weekday_bits(words: Words) -> Integers:
    """The weekdays that each article names in its title and the start of its text, as bits: 1 for Monday, 64 for Sunday."""
    named_by = weekdays()
    days = np.array([1 << named_by[word] if word in named_by else 0 for word in words.vocabulary], dtype=np.int64)
    found = np.zeros(len(words.titles), dtype=np.int64)
    for rows in (words.titles, words.texts):
        bits = days[rows.numbers]
        named = np.flatnonzero(bits)
        np.bitwise_or.at(found, np.searchsorted(rows.ends, named, side="right"), bits[named])
    return found


def _read(texts: Sequence[str], numbers: defaultdict[str, int]) -> RaggedArray:
    lowered = [text.lower() for text in texts]
    lengths = [len(text) + 1 for text in lowered]
    places = min(sum(lengths), BATCH_CHARACTERS + max(lengths, default=0)) + 1
    factors = _powers(_FACTOR, places), _powers(pow(_FACTOR, -1, 1 << 64), places)

    def read(batch: Sequence[str]) -> tuple[list[str], NDArray[np.int32], Integers]:
        codes, starts, stops, last = _runs(batch)
        which, hashes = pd.factorize(_hashes(codes, starts, stops, *factors))
        seen = np.empty(len(hashes), dtype=np.int64)
        seen[which[::-1]] = np.arange(len(which))[::-1]
        joined = "\n".join(batch)
        words = [joined[start:stop] for start, stop in zip(starts[seen].tolist(), stops[seen].tolist(), strict=True)]
        return words, which.astype(np.int32), last

    found, ends, count = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int64)], 0
    for words, which, last in in_threads(read, list(_batches(lowered))):
        found.append(np.fromiter(map(numbers.__getitem__, words), dtype=np.int32, count=len(words))[which])
        ends.append(last + count)
        count += len(which)
    return RaggedArray(np.concatenate(found), np.concatenate(ends))


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Runs of texts with at most BATCH_CHARACTERS together, of at least one text."""
    lengths = np.cumsum([len(text) + 1 for text in texts])
    start = 0
    while start < len(texts):
        before = int(lengths[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(lengths, before + BATCH_CHARACTERS, side="right")))
        yield texts[start:stop]
        start = stop


def _runs(texts: Sequence[str]) -> tuple[NDArray[np.uint32], Integers, Integers, Integers]:
    """The code points of the joined texts, the starts and stops of words in them, and the number of words up to the end of each text."""
    codes = np.frombuffer("\n".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    inside = np.zeros(len(codes) + 2, dtype=bool)
    np.take(_in_words(), codes, out=inside[1:-1])
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, stops = edges[::2], edges[1::2]
    long = stops - starts > 1
    starts, stops = starts[long], stops[long]
    return codes, starts, stops, np.searchsorted(starts, np.cumsum([len(text) + 1 for text in texts]))


@functools.cache
def _in_words() -> NDArray[np.bool_]:
    """For each code point whether `\\w` of `re` matches it."""
    found = np.zeros(sys.maxunicode + 1, dtype=bool)
    for run in re.finditer(r"\w+", "".join(map(chr, range(sys.maxunicode + 1)))):
        found[run.start() : run.end()] = True
    return found


def _powers(base: int, count: int) -> NDArray[np.uint64]:
    """The first powers of a number modulo 2^64."""
    steps = np.full(count, base, dtype=np.uint64)
    steps[0] = 1
    return np.cumprod(steps, dtype=np.uint64)


def hash_runs(text: str, starts: Integers, stops: Integers) -> NDArray[np.uint64]:
    """A hash of 64 bits of each run of characters: equal runs have equal hashes, wherever they stand and in whatever text."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    places = len(codes) + 1
    return _hashes(codes, starts, stops, _powers(_FACTOR, places), _powers(pow(_FACTOR, -1, 1 << 64), places))


def _hashes(
    codes: NDArray[np.uint32], starts: Integers, stops: Integers, powers: NDArray[np.uint64], inverses: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """The hash of each word, a polynomial of its code points modulo 2^64.

    It is the difference of a running sum at the word's ends, divided by the power of its start.
    """
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(codes * powers[: len(codes)], out=sums[1:])
    found: NDArray[np.uint64] = (sums[stops] - sums[starts]) * inverses[starts]
    return found
