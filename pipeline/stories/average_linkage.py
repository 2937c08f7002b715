"""Average linkage over a sparse table of similarities, in rounds of whole arrays.

Pure: knows rows, similarities and times, never articles. In each round every cluster finds the cluster nearest to it, and all pairs that
are nearest to each other merge at once. Average linkage is reducible (a merged cluster is never closer to a third than the closer of
its two parts was), so the rounds give the clusters that merging one pair at a time would give (Murtagh 1983; Sumengen et al. 2021,
"Scaling hierarchical agglomerative clustering to billion-sized datasets"); a round is a few array operations, and there are about twenty.
SciPy and fastcluster know no limit of time, need all distances, and lose 0.034 of B-cubed F1 on the labelled sets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
SmallIntegers = NDArray[np.int32]

LOOSE_FROM = 4
"""Members up to which a cluster of headlines is compared by averages alone; the larger it is, the more its centre counts, see `_scales`."""
LEFT_OUT = 0.7
"""Pairs below this share of the threshold lead to no merge. Averages never rise, but the centres of large clusters can: 0.5 gives the same
clusters of the labelled sets, 0.9 fewer."""


ROUNDS = 5
"""Rounds after which the clusters that can never merge any more are dropped; doing it more often costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows, each once, `rows` below `others`, with the similarity of each."""

    rows: Integers
    others: Integers
    similarities: Floats


@dataclass(slots=True)
class _State:
    """The clusters by number, and their pairs, each once, `rows` below `others`.

    `totals` are the sums of the similarities of their articles, `values` the similarities of the clusters.
    """

    rows: SmallIntegers
    others: SmallIntegers
    totals: Floats
    values: Floats
    sizes: Floats
    inner: Floats
    """The sum of the similarities of all pairs of members, for each cluster."""
    brief: Floats
    """The number of headlines among the members, for each cluster."""
    scales: Floats
    """The divisor of sums of similarities, for each cluster, see `_scales`."""
    earliest_s: Integers
    latest_s: Integers
    names: Integers
    """The smallest row of each cluster."""


def cluster_labels(pairs: Pairs, seconds: Integers, *, is_brief: NDArray[np.bool_], window_s: int, threshold: float) -> Integers:
    """The cluster of each row, named by the smallest row in it.

    `seconds` are the times of the rows; `is_brief` marks headlines. Clusters merge while their average similarity is at least `threshold`
    and the merged cluster spans at most `window_s`. Of pairs with equal similarities the one with the smaller rows is the nearer one.
    """
    label: Integers = np.arange(len(seconds))
    state = _State(
        rows=pairs.rows.astype(np.int32),
        others=pairs.others.astype(np.int32),
        totals=pairs.similarities.copy(),
        values=np.empty(0),
        sizes=np.ones(len(seconds)),
        inner=np.zeros(len(seconds)),
        brief=is_brief.astype("float64"),
        scales=np.ones(len(seconds)),
        earliest_s=seconds.copy(),
        latest_s=seconds.copy(),
        names=np.arange(len(seconds)),
    )
    least = LEFT_OUT * threshold
    state.values = _similarities(state, state.rows, state.others, state.totals, window_s=window_s, least=least)
    rounds = 0
    while True:
        if rounds % ROUNDS == 0:
            _leave_out(state, least=least)
        kept, merged, totals = _nearest_to_each_other(state, threshold=threshold)
        if not len(kept):
            return label
        owner = np.arange(len(seconds))
        owner[state.names[merged]] = state.names[kept]
        label = owner[label]
        _merge(state, kept, merged, totals, window_s=window_s, least=least)
        rounds += 1


def _scales(sizes: Floats, inner: Floats, brief: Floats) -> Floats:
    """The divisor of each cluster's sums of similarities: its size, and less for a large cluster of headlines.

    In a large story of headlines every article resembles the centre although few resemble each other, so that averages over pairs would
    break it in pieces; its divisor nears the size times the length of the centre. In small stories and among long texts the average is
    the better evidence, and the centre would join different events.
    """
    loose = np.maximum(0.0, 1 - LOOSE_FROM / sizes) * brief / sizes
    centre = np.sqrt((sizes + 2 * inner) / sizes**2)
    scales: Floats = sizes * centre**loose
    return scales


def _leave_out(state: _State, *, least: float) -> None:
    """Drop the clusters that can never merge any more, those without a pair of `least` or more, with their pairs.

    The others are numbered anew in the same order, so that the processor's caches hold more of them.
    """
    near = np.flatnonzero(state.values >= least)
    alive = np.zeros(len(state.sizes), dtype=bool)
    alive[state.rows[near]] = alive[state.others[near]] = True
    _close(state, np.flatnonzero(~(alive[state.rows] & alive[state.others])))
    number = np.cumsum(alive, dtype=np.int32) - 1
    state.rows, state.others = number[state.rows], number[state.others]
    for column in ("sizes", "inner", "brief", "scales", "earliest_s", "latest_s", "names"):
        setattr(state, column, getattr(state, column)[alive])


def _nearest_to_each_other(state: _State, *, threshold: float) -> tuple[Integers, Integers, Floats]:
    """The pairs of clusters that merge in this round: kept clusters (the smaller numbers), merged ones, and the sums between them."""
    strong = np.flatnonzero(state.values >= threshold)
    rows, others, values = state.rows[strong].astype(np.int64), state.others[strong].astype(np.int64), state.values[strong]
    best = np.zeros(len(state.sizes))
    np.maximum.at(best, rows, values)
    np.maximum.at(best, others, values)
    nearest = np.full(len(state.sizes), len(state.sizes))
    is_best = values == best[rows], values == best[others]
    for one, other, best_here in zip((rows, others), (others, rows), is_best, strict=True):
        np.minimum.at(nearest, one[best_here], other[best_here])
    both = np.flatnonzero(is_best[0] & is_best[1])
    mutual = both[(nearest[rows[both]] == others[both]) & (nearest[others[both]] == rows[both])]
    return rows[mutual], others[mutual], state.totals[strong[mutual]]


def _similarities(state: _State, rows: SmallIntegers, others: SmallIntegers, totals: Floats, *, window_s: int, least: float) -> Floats:
    """The similarity of each pair of clusters; from `least` on -1 where both together span more than the window.

    Values near `least` or above are rounded to nine places, so that the order of an addition decides nothing.
    """
    values: Floats = totals / (state.scales[rows] * state.scales[others])
    near = np.flatnonzero(values >= 0.99 * least)
    one, other = rows[near], others[near]
    spans = np.maximum(state.latest_s[one], state.latest_s[other]) - np.minimum(state.earliest_s[one], state.earliest_s[other])
    values[near] = np.where(spans > window_s, -1.0, np.round(values[near], 9))
    return values


def _merge(state: _State, kept: Integers, merged: Integers, totals: Floats, *, window_s: int, least: float) -> None:
    """Merge the clusters; only pairs of clusters that grew are added up and compared anew, in the places of the pairs that they replace."""
    state.inner[kept] += state.inner[merged] + totals
    state.sizes[kept] += state.sizes[merged]
    state.brief[kept] += state.brief[merged]
    state.scales[kept] = _scales(state.sizes[kept], state.inner[kept], state.brief[kept])
    state.earliest_s[kept] = np.minimum(state.earliest_s[kept], state.earliest_s[merged])
    state.latest_s[kept] = np.maximum(state.latest_s[kept], state.latest_s[merged])
    grown = np.zeros(len(state.sizes), dtype=bool)
    grown[kept] = grown[merged] = True
    places = np.flatnonzero(grown[state.rows] | grown[state.others])
    target = np.arange(len(state.sizes), dtype=np.int32)
    target[merged] = kept
    one, other = target[state.rows[places]], target[state.others[places]]
    apart = np.flatnonzero(one != other)
    one, other, parts = one[apart], other[apart], state.totals[places[apart]]
    ends = np.minimum(one, other), np.maximum(one, other)
    sums = coo_matrix((parts, ends), shape=(len(state.sizes),) * 2).tocsr()
    rows, others = np.repeat(np.arange(len(state.sizes), dtype=np.int32), np.diff(sums.indptr)), sums.indices
    filled, free = places[: len(rows)], places[len(rows) :]
    state.rows[filled], state.others[filled], state.totals[filled] = rows, others, sums.data
    state.values[filled] = _similarities(state, rows, others, sums.data, window_s=window_s, least=least)
    _close(state, free)


def _close(state: _State, free: Integers) -> None:
    """Remove the pairs at the places `free` (ascending) by moving the last pairs there: that moves fewer than shifting all."""
    length = len(state.rows) - len(free)
    holes = free[: np.searchsorted(free, length)]
    is_taken = np.ones(len(free), dtype=bool)
    is_taken[free[len(holes) :] - length] = False
    last = length + np.flatnonzero(is_taken)
    for column in (state.rows, state.others, state.totals, state.values):
        column[holes] = column[last]
    state.rows, state.others = state.rows[:length], state.others[:length]
    state.totals, state.values = state.totals[:length], state.values[:length]
