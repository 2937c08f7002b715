"""Plan a backfill from what the lake holds: which hours are captured, what they hold, and what the sources cost on earlier days.

Reads the manifests of the hours of the range, the marks of its dates, and the ledgers of `plans.COUNTED_DAYS` days. Imports no reader of
pages and nothing that fetches: a page of Airflow's API server shows plans.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pyarrow.compute as pc

from pipeline.capture.part_plans import group_sources, origins_in_order, plan_parts
from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.errors import ConfigError, PermanentError
from pipeline.core.models import Interval, Origin, Part
from pipeline.core.progress import steps
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.ledgers import newest_ledger_days, parts_by_day, read_ledger, read_manifest
from pipeline.lake.manifests import Manifest
from pipeline.lake.removals.erased_providers import without_erased
from pipeline.lake.storage import Lake, committed_parts
from pipeline.operations.backfill.cost_estimates import archive_costs
from pipeline.operations.backfill.plans import (
    COST_COLUMNS,
    HISTORY_DAYS,
    BackfillPlan,
    BackfillRequest,
    PartSize,
    UsualDay,
    count_day,
    counted_days,
    make_plan,
    usual_days,
)
from pipeline.text.counts import counted

NO_MARK = "-rplan"
"""The mark of a refetch that no part has, so that its plan finds no captured part."""


def plan_backfill(settings: Settings, catalogue: Catalogue, asked: BackfillRequest, *, now: datetime) -> BackfillPlan:
    """Plan the backfill that `asked` describes. Sends no request and writes nothing.

    Raises ConfigError for a source that is not followed, PermanentError when no hour of the range is over at `now`.
    """
    lake = Lake(settings.lake)
    intervals = asked.intervals(now=now)
    if not intervals:
        raise PermanentError(f"no hour from {asked.first} to {asked.last} is over yet")
    later, since = later_manifests(lake, asked, intervals), now.date() - 2 * timedelta(days=HISTORY_DAYS)
    plan = _plan(
        lake, settings_for(settings, asked), catalogue, asked, intervals, later, newest_ledger_days(lake, HISTORY_DAYS, since=since)
    )
    open_hours = len(asked.dates) * 24 - len(intervals)
    note = (f"left out, because not over yet: {counted(open_hours, 'hour')} of the range",) if open_hours else ()
    return replace(plan, notes=(*note, *plan.notes))


def plan_hour(
    settings: Settings,
    catalogue: Catalogue,
    interval: Interval,
    *,
    sources: Collection[str] = (),
    origins: Sequence[str] = (),
    is_refetch: bool,
) -> BackfillPlan:
    """Plan one past hour as a run of `news_ingest` captures it. Sends no request and writes nothing."""
    day = interval.start.date()
    asked = BackfillRequest(day, day, tuple(sources), tuple(origins), is_refetch)
    lake = Lake(settings.lake)
    return _plan(lake, settings, catalogue, asked, (interval,), (), newest_ledger_days(lake, HISTORY_DAYS))


def settings_for(settings: Settings, asked: BackfillRequest) -> Settings:
    """`settings` with the WARC files that the request names in place of those of the settings."""
    return settings.model_copy(update={"warc": asked.warc}) if asked.warc else settings


def later_manifests(lake: Lake, asked: BackfillRequest, intervals: Sequence[Interval]) -> list[Manifest]:
    """Manifests of the parts of other hours with articles of the requested sources that were published on the requested dates."""
    inside = {interval.key for interval in intervals}
    names = sorted({(mark.interval, mark.part) for day in asked.dates for mark in lake.marks(day) if mark.interval not in inside})
    parts = [Part(Interval.parse(interval), name) for interval, name in names]
    manifests = [read_manifest(lake, part) for part in parts if lake.exists(storage.manifest_path(part))]
    wanted = set(asked.sources)
    return [one for one in manifests if not wanted or any(page.entry.source_id in wanted for page in one.pages)]


def _plan(
    lake: Lake,
    settings: Settings,
    catalogue: Catalogue,
    asked: BackfillRequest,
    intervals: Sequence[Interval],
    later: Sequence[Manifest],
    ledger_days: Sequence[date],
) -> BackfillPlan:
    catalogue = without_erased(lake, catalogue)
    sources, origins = _sources(catalogue, asked), _origins(settings, asked)
    groups = group_sources(catalogue.enabled_sources, settings.sources_per_part)
    captured = _captured(lake, intervals)
    missing: dict[Interval, frozenset[str]] = {}
    held: list[PartSize] = []
    for interval in steps(intervals, "planning hours", total=len(intervals)):
        manifests = [read_manifest(lake, part) for part in captured[interval]]
        committed = {manifest.part: manifest for manifest in manifests}
        mark = NO_MARK if asked.refetch else ""
        parts = plan_parts(interval, groups, manifests, wanted=asked.sources or None, order=origins, mark=mark)
        missing[interval] = frozenset(source for part in parts if part.name not in committed for source in part.source_ids)
        held += [_size(committed[part.name]) for part in parts if part.name in committed]
    usual = _usual(lake, ledger_days, {source.id for source in sources} if asked.sources else None)
    return make_plan(
        asked,
        intervals=intervals,
        sources=sources,
        origins=origins,
        missing=missing,
        held=held,
        later=[_size(manifest) for manifest in later],
        usual=usual,
        settings=settings,
        disk_free=lake.free_bytes(),
        archives=archive_costs(lake, settings, asked, origins=origins, sources=sources, missing=missing, usual=usual),
    )


def _captured(lake: Lake, intervals: Sequence[Interval]) -> dict[Interval, list[Part]]:
    """The committed parts of each of the intervals, which follow one another."""
    found: dict[Interval, list[Part]] = defaultdict(list)
    for part in committed_parts(file.path for file in lake.manifests_between(intervals[0].start, intervals[-1].end)):
        found[part.interval].append(part)
    return found


def _sources(catalogue: Catalogue, asked: BackfillRequest) -> tuple[Source, ...]:
    followed = {source.id: source for source in catalogue.enabled_sources}
    unknown = [source for source in asked.sources if source not in followed]
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is not a followed source; `news sources list` shows them")
    return tuple(source for source in followed.values() if not asked.sources or source.id in asked.sources)


def _origins(settings: Settings, asked: BackfillRequest) -> tuple[Origin, ...]:
    try:
        return origins_in_order(asked.origins or settings.origins, is_refetch=asked.refetch)
    except ValueError as error:
        raise ConfigError(f"origins: {error}") from error


def _size(manifest: Manifest) -> PartSize:
    return PartSize(pages=len(manifest.pages), bytes=manifest.captures_bytes)


def _usual(lake: Lake, newest: Sequence[date], source_ids: Collection[str] | None) -> dict[str, UsualDay]:
    """The median days of these sources (None: of all) over the `counted_days` of the ledger's `newest` days.

    Where sources are named and one has nothing on these days, its median is taken over all of them.
    """
    where = None if source_ids is None else pc.field("sourceId").isin(sorted(source_ids))
    usual = _medians(lake, counted_days(newest), where)
    return usual if source_ids is None or usual.keys() >= set(source_ids) else {**_medians(lake, newest, where), **usual}


def _medians(lake: Lake, days: Sequence[date], where: pc.Expression | None) -> dict[str, UsualDay]:
    parts = parts_by_day(lake, days)
    return usual_days(count_day(read_ledger(lake, parts.get(day, []), columns=COST_COLUMNS, where=where)) for day in days)
