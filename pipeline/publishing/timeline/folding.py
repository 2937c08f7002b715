"""Brings the timeline of a lake up to date, and reads its state: of now, or of a past time.

One process at a time writes it. Days whose captures and state did not change are not folded again, so that repeating the call costs a look
at the marks of the lake. A lake whose timeline was deleted or damaged gets the same bytes again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import DamagedError
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.locks import lock_in_turn
from pipeline.lake.storage import Lake
from pipeline.publishing.timeline.captured_days import captured_days, captured_parts, fold_rules
from pipeline.publishing.timeline.lake_store import LakeStore, TimelineManifest, date_of, read_manifest, sweep_unnamed, write_manifest
from pipeline.stories.timeline.log import DayStep, State, fold_days, is_folded, state_after

log = logging.getLogger(__name__)

LOCK = f"{storage.TIMELINE}/.lock"


@dataclass(frozen=True, slots=True)
class TimelineFold:
    """What a call changed: the number of days of captures that were folded, and the published dates whose articles or stories differ."""

    folded_days: int = 0
    dates: tuple[date, ...] = ()


def fold_timeline(lake: Lake, settings: Settings, catalogue: Catalogue) -> TimelineFold:
    """Fold the days of captures that changed into the timeline of the lake, and commit it.

    Raises ConfigError when the extra `embeddings` is asked for and missing, BusyError when another process folds for longer than half an
    hour, DamagedError for a damaged file of extracted rows, SchemaError, StorageError.
    """
    rules = fold_rules(catalogue, settings)
    known = _known(lake)
    parts = captured_parts(lake, known.parts)
    is_current = parts == known.parts and is_folded(
        captured_days(lake, parts, rules), known.steps, LakeStore(lake), constants=rules.constants
    )
    if is_current and not lake.exists(LOCK):  # a lock is that of a process that folds, or was killed before it had swept
        return TimelineFold()
    with lock_in_turn(lake, LOCK, what="the fold of stories") as check_lock:
        known = _known(lake)
        parts = captured_parts(lake, known.parts)
        days = captured_days(lake, parts, rules)
        try:
            steps = fold_days(days, known.steps, LakeStore(lake), constants=rules.constants)
        except (DamagedError, FileNotFoundError) as error:
            _refuse_damaged_rows(error)
            log.warning("%s; the timeline is folded again from its first day", error)
            steps = fold_days(days, {}, LakeStore(lake, overwrites=True), constants=rules.constants)
        manifest = TimelineManifest(parts, steps)
        check_lock()
        if manifest != known:
            write_manifest(lake, manifest)
            check_lock()
        sweep_unnamed(lake, manifest)
    folded = sum(step is not known.steps.get(day) for day, step in steps.items())
    log.debug("%d of %d days of captures folded", folded, len(steps))
    return TimelineFold(folded, _changed_dates(known, manifest))


def mend_timeline(lake: Lake, settings: Settings, catalogue: Catalogue) -> None:
    """Fold the timeline again from its first day, and write every file of it again: one of them is damaged or missing."""
    rules = fold_rules(catalogue, settings)
    with lock_in_turn(lake, LOCK, what="the fold of stories") as check_lock:
        parts = captured_parts(lake, {})
        steps = fold_days(captured_days(lake, parts, rules), {}, LakeStore(lake, overwrites=True), constants=rules.constants)
        check_lock()
        write_manifest(lake, TimelineManifest(parts, steps))
        sweep_unnamed(lake, TimelineManifest(parts, steps))


def read_timeline(lake: Lake) -> State:
    """The state of the timeline after all captures that were folded. Raises DamagedError."""
    return state_after(read_manifest(lake).steps, LakeStore(lake))


def read_timeline_as_of(lake: Lake, settings: Settings, catalogue: Catalogue, as_of: datetime) -> State:
    """The state of the timeline after the captures up to `as_of`; days that are not folded yet are folded in memory. Writes nothing."""
    rules, known = fold_rules(catalogue, settings), _known(lake)
    days = captured_days(lake, captured_parts(lake, known.parts), rules, until=as_of)
    store = LakeStore(lake, is_scratch=True)
    try:
        return state_after(fold_days(days, known.steps, store, constants=rules.constants), store)
    except (DamagedError, FileNotFoundError) as error:
        _refuse_damaged_rows(error)
        return state_after(fold_days(days, {}, store, constants=rules.constants), store)


def _known(lake: Lake) -> TimelineManifest:
    try:
        return read_manifest(lake)
    except DamagedError as error:
        log.warning("%s; the timeline is folded again from its first day", error)
        return TimelineManifest()


def _refuse_damaged_rows(error: Exception) -> None:
    """Raises `error` again unless it is about a file of the timeline, which can be made again."""
    if storage.TIMELINE not in str(error):
        raise error


def _changed_dates(before: TimelineManifest, after: TimelineManifest) -> tuple[date, ...]:
    one, other = _member_keys(before.steps.items()), _member_keys(after.steps.items())
    return tuple(date_of(day) for day in sorted(one.keys() | other.keys()) if one.get(day) != other.get(day))


def _member_keys(steps: Iterable[tuple[int, DayStep]]) -> dict[int, str | None]:
    """The newest key of the members of each published day."""
    return {day: key for _, step in sorted(steps) for day, key in step.members.items()}
