"""The history of stories: the earlier stories that a story absorbed, and those that an article left.

Pure: knows rows, pairs and times, never articles. A story is named by its owner, the row of its member that was captured first. The
history is computed from the times of captures and not from earlier builds of a date, since a rebuild must give the same bytes. Merges are
followed from capture to capture inside each story. For splits, clusters are formed from what was captured by the end of each UTC day,
with the similarities of now: two articles that stood together at the end of a day and do not now were split.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.stories.average_linkage import Integers, Pairs

Cluster = Callable[[Pairs, int], Integers]
"""Clusters pairs over several copies of all rows, numbered copy after copy: takes the pairs and the number of copies, returns labels as
`average_linkage.cluster_labels` does."""

DAY_S = 86_400
BLOCK_PAIRS = 300_000
"""Pairs that are clustered in one call: all days of a small window, but only some of a large one. A plain choice: it bounds memory."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """The stories that were absorbed, and those that articles left; each as a list of their owners in the order of captures."""

    absorbed: dict[int, list[int]]
    """By the owner of a story: the stories that are part of it now."""
    left: dict[int, list[int]]
    """By the row of an article: the stories that it belonged to at the end of a day and that are no part of its story now."""


def find_lineage(
    pairs: Pairs,
    labels: Integers,
    captured_s: Integers,
    ranks: Integers,
    *,
    cluster: Cluster,
    threshold: float,
) -> Lineage:
    """The history of the stories that `labels` names, the cluster of each row.

    `captured_s` are seconds since 1970; `ranks` are the places of the rows in the order of captures, without ties; `cluster` is the
    function that gave the labels; two articles with a similarity of at least `threshold` form a story by themselves.
    """
    owner_now = _owners(labels, ranks)
    known: set[tuple[int, int]] = set()
    """Rows, each with the owner of a story that it stood in."""
    for rows, owners in _days(pairs, captured_s, ranks, cluster):
        changed = owners != owner_now[rows]
        known.update(zip(rows[changed].tolist(), owners[changed].tolist(), strict=True))
    absorbed: defaultdict[int, set[int]] = defaultdict(set)
    left: defaultdict[int, set[int]] = defaultdict(set)
    for row, owner in known:
        if owner_now[owner] not in (owner, -1):
            absorbed[int(owner_now[owner])].add(owner)
        if owner_now[row] == -1 or owner_now[owner] != owner_now[row]:
            left[row].add(owner)
    for owner, merged in _merged(pairs, labels, ranks, threshold=threshold):
        absorbed[int(owner_now[owner])].add(merged)
    return Lineage(_in_order(absorbed, ranks), _in_order(left, ranks))


@dataclass(frozen=True, slots=True)
class FollowedStories:
    """For each row: the id of its story (None for one that stands alone), the ids that its story absorbed, and the ids that it left."""

    ids: list[str | None]
    absorbed: list[tuple[str, ...]]
    left: list[tuple[str, ...]]


def followed_stories(
    pairs: Pairs,
    labels: Integers,
    ranks: Integers,
    *,
    own_ids: Sequence[str],
    before: Sequence[str | None],
    absorbed: Sequence[tuple[str, ...]],
    left: Sequence[tuple[str, ...]],
    threshold: float,
) -> FollowedStories:
    """The stories that `labels` names, and their history.

    `before` has the story id of each row in the state before, None where it stood alone; `absorbed` and `left` have the history up to
    then. `own_ids` has the id of a story whose first captured member is that row. A story whose first member is in another story now was
    absorbed by that one; a row that is in another story than the first member of its former story left it.
    """
    owners = _owners(labels, ranks).tolist()
    ids = [None if owner < 0 else own_ids[owner] for owner in owners]
    row_of = {own_id: row for row, own_id in enumerate(own_ids)}

    def is_beside(row: int, known: str) -> bool:
        """Whether the first member of the story `known` stands in the row's story."""
        return owners[row] >= 0 and known in row_of and owners[row_of[known]] == owners[row]

    absorbed_now: defaultdict[int, set[str]] = defaultdict(set)
    left_now: list[tuple[str, ...]] = []
    for row, (id_now, former) in enumerate(zip(ids, before, strict=True)):
        stood_in = {*left[row], *(() if former is None else (former,))} - {id_now}
        left_now.append(tuple(sorted(known for known in stood_in if not is_beside(row, known))))
        absorbed_now[owners[row]].update(known for known in {*stood_in, *absorbed[row]} - {id_now} if is_beside(row, known))
    for row, merged in _merged(pairs, labels, ranks, threshold=threshold):
        absorbed_now[owners[row]].add(own_ids[merged])
    told = {owner: tuple(sorted(found)) for owner, found in absorbed_now.items()}
    return FollowedStories(ids, [told.get(owner, ()) for owner in owners], left_now)


def _in_order(owners: dict[int, set[int]], ranks: Integers) -> dict[int, list[int]]:
    return {row: sorted(found, key=lambda owner: int(ranks[owner])) for row, found in owners.items()}


def _owners(labels: Integers, ranks: Integers) -> Integers:
    """The owner of each row's story, -1 for a row that stands alone."""
    first = np.full(len(labels), len(labels))
    np.minimum.at(first, labels, ranks)
    row_of = np.argsort(ranks)
    is_story = np.bincount(labels, minlength=len(labels))[labels] > 1
    return np.where(is_story, row_of[first[labels]], -1)


def _days(pairs: Pairs, captured_s: Integers, ranks: Integers, cluster: Cluster) -> Iterator[tuple[Integers, Integers]]:
    """The rows that stood in stories at the ends of the days of captures but the last, and the owner of each's story."""
    size = len(captured_s)
    day_of = captured_s // DAY_S
    pair_day = np.maximum(day_of[pairs.rows], day_of[pairs.others])
    for days in _blocks(np.unique(day_of)[:-1], pair_day):
        kept = [np.flatnonzero(pair_day <= day) for day in days]
        shift = np.repeat(np.arange(len(days)) * size, [len(places) for places in kept])
        places = np.concatenate(kept)
        beside = Pairs(pairs.rows[places] + shift, pairs.others[places] + shift, pairs.similarities[places])
        labels = cluster(beside, len(days))
        for number in range(len(days)):
            owners = _owners(labels[number * size : (number + 1) * size] - number * size, ranks)
            rows = np.flatnonzero(owners >= 0)
            yield rows, owners[rows]


def _blocks(days: Integers, pair_day: Integers) -> Iterator[Sequence[int]]:
    """Runs of days with at most BLOCK_PAIRS pairs together, of at least one day each."""
    block: list[int] = []
    total = 0
    for day, count in zip(days.tolist(), np.searchsorted(np.sort(pair_day), days, side="right").tolist(), strict=True):
        if block and total + count > BLOCK_PAIRS:
            yield block
            block, total = [], 0
        block.append(day)
        total += count
    if block:
        yield block


def _merged(pairs: Pairs, labels: Integers, ranks: Integers, *, threshold: float) -> Iterator[tuple[int, int]]:
    """Pairs of a row of a story that absorbed another, and the owner of that other story.

    The members of a story are added in the order of captures, and each joins the parts that hold a similar member. A part of two or more
    members had an id of its own; the joined story has that of the member that was captured first.
    """
    strong = np.flatnonzero((pairs.similarities >= threshold) & (labels[pairs.rows] == labels[pairs.others]))
    one, other = ranks[pairs.rows[strong]], ranks[pairs.others[strong]]
    later, earlier = np.maximum(one, other), np.minimum(one, other)
    order = np.lexsort((earlier, later))
    row_of = np.argsort(ranks).tolist()
    part_of, sizes, firsts = list(range(len(ranks))), [1] * len(ranks), list(range(len(ranks)))
    for now, before in zip(later[order].tolist(), earlier[order].tolist(), strict=True):
        mine, theirs = _part(part_of, now), _part(part_of, before)
        if mine == theirs:
            continue
        whole = min(firsts[mine], firsts[theirs])
        for part, size in ((mine, sizes[mine] - 1), (theirs, sizes[theirs])):  # without the article that comes now
            if size > 1 and firsts[part] != whole:
                yield row_of[now], row_of[firsts[part]]
        part_of[theirs], sizes[mine], firsts[mine] = mine, sizes[mine] + sizes[theirs], whole


def _part(part_of: list[int], member: int) -> int:
    """The part that the member stands in (union-find with path halving)."""
    while part_of[member] != member:
        part_of[member] = member = part_of[part_of[member]]
    return member
