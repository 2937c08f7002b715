"""The log of the timeline: a step for each day of captures, which names what its fold read and wrote, so that only changed days are folded.

Pure except for the store. A day is folded again when the digest of its captures changed, or the digest of what its fold reads: the counts
of the days over which rarity is counted, the published days within reach, and the features of the days of captures that these name. So a
late article makes its own day fold again, and the later days that it reaches, until a day reads what it read before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.stories.timeline.day_features import CapturedArticles, DayFeatures, DayPairs, digest_of
from pipeline.stories.timeline.default_pictures import FoldConstants
from pipeline.stories.timeline.folds import COUNTED_DAYS, fold_day, reached_days
from pipeline.stories.timeline.members import DAY_S, Members
from pipeline.stories.timeline.term_vectors import TermCounts


@dataclass(frozen=True, slots=True)
class DayCaptures:
    """The captures of a day.

    `digest` changes with the captures, the constants of stories and the code. `read` returns the newest version of each page, and the
    pages that are no articles any more, each with the published day that it stood on.
    """

    day: int
    digest: str
    read: Callable[[], tuple[CapturedArticles, Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class DayStep:
    """The fold of a day: the digests of its captures and of what it read, and the keys of what it wrote."""

    day: int
    captures: str
    published_days: tuple[int, ...]
    """The published days of its articles, which decide which parts of the state it reads."""
    read: str
    features: str | None
    """The key of the features; None for a day on which no article entered."""
    pairs: str | None
    members: Mapping[int, str | None]
    """The key of the members of each published day that changed; None where no member is left."""
    named_days: Mapping[int, tuple[int, ...]]
    """For each of these published days, the days of captures that its members name."""


class Store(Protocol):
    """Stores the results of folds. A key follows from the day and the content of what is stored."""

    def put_features(self, day: int, features: DayFeatures) -> str:
        """Store the features of a day of captures; returns their key."""
        ...

    def put_pairs(self, day: int, pairs: DayPairs) -> str:
        """Store the pairs of a day of captures; returns their key."""
        ...

    def put_members(self, published_day: int, members: Members) -> str:
        """Store the members of a published day; returns their key."""
        ...

    def features(self, key: str) -> DayFeatures:
        """The features stored under the key."""
        ...

    def pairs(self, key: str) -> DayPairs:
        """The pairs stored under the key."""
        ...

    def counts(self, key: str) -> TermCounts:
        """The term counts stored under the key."""
        ...

    def members(self, key: str) -> Members:
        """The members stored under the key."""
        ...


@dataclass
class State:
    """The state after a day as keys into the store; reads the parts from the store (`timeline.History`)."""

    store: Store
    feature_keys: dict[int, str] = field(default_factory=dict)
    pair_keys: dict[int, str] = field(default_factory=dict)
    member_keys: dict[int, str] = field(default_factory=dict)
    named_days: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def apply(self, step: DayStep) -> None:
        """Apply a step: afterwards this is the state after the step's day."""
        if step.features is not None:
            self.feature_keys[step.day] = step.features
        if step.pairs is not None:
            self.pair_keys[step.day] = step.pairs
        for day, key in step.members.items():
            if key is None:
                self.member_keys.pop(day, None)
                self.named_days.pop(day, None)
            else:
                self.member_keys[day], self.named_days[day] = key, step.named_days[day]

    def read_digest(self, day: int, published_days: Sequence[int], constants: FoldConstants) -> str:
        """A digest of everything that the fold of `day` reads from this state; `published_days` are those of its articles."""
        reached = [one for one in reached_days(set(published_days), constants.stories) if one in self.member_keys]
        named = {past for one in reached for past in self.named_days[one]}
        captured = named | {past for past in range(day - COUNTED_DAYS, day) if past in self.feature_keys}
        features, pairs = ([keys[past] for past in sorted(days)] for keys, days in ((self.feature_keys, captured), (self.pair_keys, named)))
        return digest_of([[self.member_keys[one] for one in reached], features, pairs])

    def features(self, day: int) -> DayFeatures | None:
        """The features of the articles captured on the day; None when there are none."""
        return self.store.features(self.feature_keys[day]) if day in self.feature_keys else None

    def pairs(self, day: int) -> DayPairs | None:
        """The similar pairs of the articles captured on the day; None when there are none."""
        return self.store.pairs(self.pair_keys[day]) if day in self.pair_keys else None

    def counts(self, day: int) -> TermCounts | None:
        """The term counts of the articles captured on the day; None when there are none."""
        return self.store.counts(self.feature_keys[day]) if day in self.feature_keys else None

    def members(self, published_day: int) -> Members | None:
        """The members of stories published on the day; None when there are none."""
        key = self.member_keys.get(published_day)
        return None if key is None else self.store.members(key)


def fold_days(days: Sequence[DayCaptures], known: Mapping[int, DayStep], store: Store, *, constants: FoldConstants) -> dict[int, DayStep]:
    """The steps of all `days`, which are in ascending order; a step of `known` whose captures and state are unchanged is reused."""
    state, steps = State(store), {}
    for captures in days:
        step = _reused(captures, known, state, constants) or _fold(captures, state, constants)
        steps[captures.day] = step
        state.apply(step)
    return steps


def is_folded(days: Sequence[DayCaptures], known: Mapping[int, DayStep], store: Store, *, constants: FoldConstants) -> bool:
    """Whether `known` are the steps of all `days` and of no other, so that `fold_days` would fold none."""
    state = State(store)
    for captures in days:
        step = _reused(captures, known, state, constants)
        if step is None:
            return False
        state.apply(step)
    return len(days) == len(known)


def _reused(captures: DayCaptures, known: Mapping[int, DayStep], state: State, constants: FoldConstants) -> DayStep | None:
    """The known step of the day; None when its captures changed, or what its fold reads."""
    step = known.get(captures.day)
    if step is None or step.captures != captures.digest:
        return None
    return step if step.read == state.read_digest(captures.day, step.published_days, constants) else None


def state_after(steps: Mapping[int, DayStep], store: Store) -> State:
    """The state after all `steps`, in the order of their days."""
    state = State(store)
    for day in sorted(steps):
        state.apply(steps[day])
    return state


def _fold(captures: DayCaptures, state: State, constants: FoldConstants) -> DayStep:
    articles, gone = captures.read()
    published_days = tuple(sorted({moment // DAY_S for moment in articles.published_s.tolist()} | set(gone.values())))
    read = state.read_digest(captures.day, published_days, constants)
    fold = fold_day(captures.day, articles, gone, state, constants=constants)
    features = None if fold.features is None else state.store.put_features(captures.day, fold.features)
    pairs = None if fold.pairs is None else state.store.put_pairs(captures.day, fold.pairs)
    members = {day: None if table is None else state.store.put_members(day, table) for day, table in fold.members.items()}
    named = {day: tuple(sorted(set(table.days.tolist()))) for day, table in fold.members.items() if table is not None}
    return DayStep(captures.day, captures.digest, published_days, read, features, pairs, members, named)
