"""The similarity of titles by their meaning, added to that of words where one of two articles is little more than a headline.

Pure but for the model's file, which `embeddings` reads once. Between two articles with texts words are the better evidence; in headlines
chance decides which words they share. Candidates are the nearest of all titles within the window. Products of vectors in whole steps are
whole numbers below 2**24, exact in single precision: no thread, tile or order of addition changes them. What was tried: docs/stories.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.stories.average_linkage import Floats, Integers, Pairs
from pipeline.stories.embeddings import DIMENSIONS, LANGUAGES, title_vectors
from pipeline.stories.vectors import NEIGHBOURS, TimeFactor, Vectors, pair_similarities

WORD_SHARE, TITLE_FLOOR, TITLE_SHARE = 0.6, 0.1, 0.3
"""Where titles count, a similarity is WORD_SHARE of that of words plus TITLE_SHARE of the titles' cosine above TITLE_FLOOR: of 27
settings the one with the highest mean B-cubed F1 whose mean precision is 0.93 and with which no labelled set gets worse
(`bench/stories.py --embeddings`)."""
USUAL_TITLES = 100
"""Titles with a mean vector of zero that are added to those of a language when their mean is computed, because a few articles are no
theme. 0 separates the articles of small windows, 400 joins different events of one theme; 50 to 200 give much the same."""
STEPS = 4000
"""Vectors here are of unit length in steps of 1/4000: 4000**2 is below 2**24, with room for rounding."""
TILE_ROWS, TILE_COLUMNS, BLOCK_PAIRS = 1_000, 4_000, 20_000
"""Titles and pairs that are computed in one product. A plain choice: a tile of cosines takes 16 MB."""


@dataclass(frozen=True, slots=True)
class TitleVectors:
    """The vector of each article's title, a row an article. `is_read` marks the titles that have one; the rows of the others are zero."""

    vectors: NDArray[np.int16]
    is_read: NDArray[np.bool_]
    is_brief: NDArray[np.bool_]

    def are_compared(self, rows: Integers, others: Integers) -> NDArray[np.bool_]:
        """The pairs in which titles count: both have a vector, and one article is little more than a headline."""
        compared: NDArray[np.bool_] = self.is_read[rows] & self.is_read[others] & (self.is_brief[rows] | self.is_brief[others])
        return compared


def read_title_vectors(titles: Sequence[str], languages: Sequence[str | None], is_brief: NDArray[np.bool_]) -> TitleVectors:
    """The vectors of titles, each minus the mean vector of the titles of its language in the window.

    Without that the theme of a window would make all its titles similar, and so would a common language. Titles in languages that the
    model does not know are not read; without any headline (`is_brief`) no title is. Raises ConfigError when the extra is missing.
    """
    readable = map(_is_readable, titles, languages)
    if not any(brief and can_be_read for brief, can_be_read in zip(is_brief.tolist(), readable, strict=True)):
        return TitleVectors(np.zeros((len(titles), DIMENSIONS), dtype=np.int16), np.zeros(len(titles), dtype=bool), is_brief)
    return centred_title_vectors(raw_title_vectors(titles, languages), languages, is_brief)


def raw_title_vectors(titles: Sequence[str], languages: Sequence[str | None]) -> NDArray[np.int16]:
    """The model's vectors of titles, a row a title; zero for those that are not read. Raises ConfigError when the extra is missing."""
    rows = [row for row, (title, language) in enumerate(zip(titles, languages, strict=True)) if _is_readable(title, language)]
    vectors = np.zeros((len(titles), DIMENSIONS), dtype=np.int16)
    vectors[rows] = title_vectors([titles[row] for row in rows])
    return vectors


def _is_readable(title: str, language: str | None) -> bool:
    return language in LANGUAGES and bool(title.strip())


def centred_title_vectors(raw: NDArray[np.int16], languages: Sequence[str | None], is_brief: NDArray[np.bool_]) -> TitleVectors:
    """The vectors `raw`, each minus the mean vector of the titles of its language among them."""
    vectors, is_read = raw.copy(), np.array(raw.any(axis=1), dtype=bool)
    for language in sorted(LANGUAGES):
        rows = np.flatnonzero(is_read & np.array([one == language for one in languages], dtype=bool))
        mean = vectors[rows].sum(axis=0, dtype=np.int64) / (len(rows) + USUAL_TITLES)
        for start in range(0, len(rows), BLOCK_PAIRS):
            part = rows[start : start + BLOCK_PAIRS]
            vectors[part] = _of_unit_length(vectors[part] - mean)
    return TitleVectors(vectors, is_read, is_brief)


def _of_unit_length(vectors: Floats) -> NDArray[np.int16]:
    lengths = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    return np.rint(vectors * (STEPS / np.where(lengths > 0, lengths, 1.0))).astype(np.int16)


def add_title_similarity(
    pairs: Pairs, titles: TitleVectors, seconds: Integers, words: Vectors, time_factor: TimeFactor, *, window_s: int, least: float
) -> Pairs:
    """Add the similarity of titles to `pairs`, and add the pairs that only their titles make similar; without pairs below `least`."""
    size = len(seconds)
    near = _near(titles, seconds, time_factor, window_s=window_s, least=least)
    added = np.setdiff1d(near, pairs.rows * size + pairs.others)
    rows, others = np.concatenate([np.stack([pairs.rows, pairs.others]), np.stack(np.divmod(added, max(size, 1)))], axis=1)
    of_words = np.concatenate(
        [pairs.similarities, pair_similarities(words, rows[len(pairs.rows) :], others[len(pairs.rows) :], time_factor)]
    )
    values = with_title_similarity(of_words, titles, rows, others, time_factor)
    kept = np.flatnonzero(values >= least)
    kept = kept[np.lexsort((others[kept], rows[kept]))]
    return Pairs(rows[kept], others[kept], values[kept])


def with_title_similarity(of_words: Floats, titles: TitleVectors, rows: Integers, others: Integers, time_factor: TimeFactor) -> Floats:
    """The similarity of each pair, 0 to 1, from that of its words, `of_words`, and of its titles."""
    counted = np.flatnonzero(titles.are_compared(rows, others))
    values = of_words.copy()
    for start in range(0, len(counted), BLOCK_PAIRS):
        part = counted[start : start + BLOCK_PAIRS]
        one, other = titles.vectors[rows[part]].astype(np.float32), titles.vectors[others[part]].astype(np.float32)
        cosines = np.einsum("ij,ij->i", one, other).astype(np.float64) / STEPS**2
        meaning = TITLE_SHARE * np.maximum(cosines - TITLE_FLOOR, 0.0)
        values[part] = WORD_SHARE * of_words[part] + meaning * time_factor(rows[part], others[part])
    return values


def _near(titles: TitleVectors, seconds: Integers, time_factor: TimeFactor, *, window_s: int, least: float) -> Integers:
    """The pairs (row times size plus other, ascending) of each headline and the NEIGHBOURS titles nearest to it in time and meaning.

    Tile by tile over titles in the order of time, so that only titles within the window meet.
    """
    size = len(seconds)
    order = np.flatnonzero(titles.is_read)
    order = order[np.argsort(seconds[order], kind="stable")]
    heads = order[titles.is_brief[order]]
    limit = (TITLE_FLOOR + least / TITLE_SHARE) * STEPS**2
    found = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(heads), TILE_ROWS):
        tile = heads[start : start + TILE_ROWS]
        first = int(np.searchsorted(seconds[order], seconds[tile[0]] - window_s, side="left"))
        last = int(np.searchsorted(seconds[order], seconds[tile[-1]] + window_s, side="right"))
        rows, others, values = _tile(titles, tile, order[first:last], limit)
        values = np.where(rows != others, values * time_factor(rows, others), 0.0)
        kept = np.flatnonzero(values > 0)
        kept = kept[_nearest(rows[kept], values[kept])]
        found.append(np.minimum(rows[kept], others[kept]) * size + np.maximum(rows[kept], others[kept]))
    return np.unique(np.concatenate(found))


def _tile(titles: TitleVectors, tile: Integers, columns: Integers, limit: float) -> tuple[Integers, Integers, Floats]:
    """The pairs over the limit of the rows of `tile`, grouped by row, with their cosines."""
    heads = titles.vectors[tile].astype(np.float32)
    parts = []
    for start in range(0, len(columns), TILE_COLUMNS):
        part = columns[start : start + TILE_COLUMNS]
        products = heads @ titles.vectors[part].astype(np.float32).T
        at, other = np.nonzero(products >= limit)
        parts.append((at, part[other], products[at, other]))
    at, others, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    grouped = np.argsort(at, kind="stable")
    return tile[at[grouped]], others[grouped], values[grouped].astype(np.float64) / STEPS**2


def _nearest(rows: Integers, values: Floats) -> NDArray[np.intp]:
    """Positions of the NEIGHBOURS largest values of each row (equal rows together), and of those equal to the last of them."""
    values = np.round(values, 9)
    kept = np.ones(len(rows), dtype=bool)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    ends = np.append(starts[1:], len(rows))
    for start, end in zip(starts[ends - starts > NEIGHBOURS].tolist(), ends[ends - starts > NEIGHBOURS].tolist(), strict=True):
        part = values[start:end]
        kept[start:end] = part >= np.partition(part, -NEIGHBOURS)[-NEIGHBOURS]
    return np.flatnonzero(kept)
