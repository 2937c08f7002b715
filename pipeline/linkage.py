"""Average linkage over a sparse table of similarities, in rounds of whole arrays.

Pure: knows rows, similarities and times, never articles. In each round every cluster looks for the one nearest to it, and all pairs that
are nearest to each other merge at once. Average linkage is reducible (a merged cluster is never closer to a third than the closer of
its two parts was), so the rounds end where merging one pair at a time would (Murtagh 1983; Sumengen et al. 2021, "Scaling
hierarchical agglomerative clustering to billion-sized datasets"), but a round is a few array operations and there are some twenty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LOOSE_FROM = 4
"""Clusters of more members than this are compared by their centres, see `_scales`."""
LEFT_OUT = 0.5
"""Pairs below this share of the threshold lead to no merge. Averages never rise, but the centres of large clusters can."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows, each once, `rows` below `others`, with the similarity of each."""

    rows: Integers
    others: Integers
    similarities: Floats


@dataclass(slots=True)
class _State:
    """Clusters by number. `rows`, `others`, `totals`: both directions of each pair, ordered by both, and the sum over its articles."""

    rows: Integers
    others: Integers
    totals: Floats
    sizes: Floats
    inner: Floats
    """The sum of the similarities of the pairs inside."""
    brief: Floats
    """How many of the members have little text."""
    earliest_s: Integers
    latest_s: Integers


def clusters(pairs: Pairs, seconds: Integers, *, is_brief: NDArray[np.bool_], window_s: int, threshold: float) -> Integers:
    """The cluster of each row, as the smallest row in it.

    Clusters merge while their similarity is at least `threshold` and the whole spans at most `window_s`. A new member must be close to
    the cluster as a whole, not to one of its members. Of equal similarities the one with the smaller rows counts as the nearer.
    """
    label: Integers = np.arange(len(seconds))
    inside = _same_component(pairs, len(seconds), threshold=threshold)
    one, other, value = pairs.rows[inside], pairs.others[inside], pairs.similarities[inside]
    state = _State(
        *_both_ways(one, other, value, len(seconds)),
        sizes=np.ones(len(seconds)),
        inner=np.zeros(len(seconds)),
        brief=is_brief.astype("float64"),
        earliest_s=seconds.copy(),
        latest_s=seconds.copy(),
    )
    while True:
        kept, merged, totals = _nearest_to_each_other(state, window_s=window_s, threshold=threshold)
        if not len(kept):
            return label
        target = np.arange(len(seconds))
        target[merged] = kept
        label = target[label]
        _merge(state, kept, merged, totals, target)


def _same_component(pairs: Pairs, size: int, *, threshold: float) -> NDArray[np.bool_]:
    """Which pairs can matter: clusters merge only along pairs over the threshold."""
    strong = pairs.similarities >= LEFT_OUT * threshold
    graph = csr_matrix((np.ones(int(strong.sum()), dtype=bool), (pairs.rows[strong], pairs.others[strong])), shape=(size, size))
    component = connected_components(graph, directed=False)[1]
    same: NDArray[np.bool_] = component[pairs.rows] == component[pairs.others]
    return same


def _both_ways(one: Integers, other: Integers, totals: Floats, size: int) -> tuple[Integers, Integers, Floats]:
    """Both directions of each pair, ordered; totals of a pair that stands several times are added up."""
    ends = np.concatenate([one, other]), np.concatenate([other, one])
    table = coo_matrix((np.concatenate([totals, totals]), ends), shape=(size, size)).tocsr()
    table.sum_duplicates()
    return np.repeat(np.arange(size), np.diff(table.indptr)), table.indices.astype(np.int64), table.data


def _scales(sizes: Floats, inner: Floats, brief: Floats) -> Floats:
    """What sums of similarities are divided by: the size, for a large cluster falling to size times the length of its centre.

    In a large story of headlines every article resembles the centre although few resemble each other, and averages over pairs would
    break it in pieces. In a small one, and among long texts, the average is the better evidence, and a shorter centre would glue.
    """
    loose = np.maximum(0.0, 1 - LOOSE_FROM / sizes) * brief / sizes
    centre = np.sqrt((sizes + 2 * inner) / sizes**2)
    scales: Floats = sizes * centre**loose
    return scales


def _nearest_to_each_other(state: _State, *, window_s: int, threshold: float) -> tuple[Integers, Integers, Floats]:
    """The pairs of clusters that merge now: the kept one (the smaller number), the merged one, the sum between them.

    Pairs of clusters that can never merge any more are dropped from the state.
    """
    scales = _scales(state.sizes, state.inner, state.brief)
    values = state.totals / (scales[state.rows] * scales[state.others])
    latest = np.maximum(state.latest_s[state.rows], state.latest_s[state.others])
    earliest = np.minimum(state.earliest_s[state.rows], state.earliest_s[state.others])
    values[latest - earliest > window_s] = -1.0
    # equal to nine places is equal: the order of an addition decides nothing
    values = np.round(values, 9)
    if not len(values):
        return state.rows, state.rows, values
    starts = np.flatnonzero(np.diff(state.rows, prepend=-1))
    counts = np.diff(np.append(starts, len(values)))
    best = np.repeat(np.maximum.reduceat(values, starts), counts)
    first = np.flatnonzero((values == best) & (values >= threshold))
    first = first[np.unique(state.rows[first], return_index=True)[1]]
    nearest = np.full(len(state.sizes), -1)
    nearest[state.rows[first]] = state.others[first]
    mutual = first[(nearest[state.others[first]] == state.rows[first]) & (state.rows[first] < state.others[first])]
    result = state.rows[mutual], state.others[mutual], state.totals[mutual]
    alive = np.zeros(len(state.sizes), dtype=bool)
    alive[state.rows[values >= LEFT_OUT * threshold]] = True
    kept = alive[state.rows] & alive[state.others]
    state.rows, state.others, state.totals = state.rows[kept], state.others[kept], state.totals[kept]
    return result


def _merge(state: _State, kept: Integers, merged: Integers, totals: Floats, target: Integers) -> None:
    state.inner[kept] += state.inner[merged] + totals
    state.sizes[kept] += state.sizes[merged]
    state.brief[kept] += state.brief[merged]
    state.earliest_s[kept] = np.minimum(state.earliest_s[kept], state.earliest_s[merged])
    state.latest_s[kept] = np.maximum(state.latest_s[kept], state.latest_s[merged])
    one, other = target[state.rows], target[state.others]
    half = one < other
    state.rows, state.others, state.totals = _both_ways(one[half], other[half], state.totals[half], len(state.sizes))
