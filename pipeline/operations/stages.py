"""The stages of the walk in their order: plan, capture, extract, publish, check; and the assessment of failed sources.

Each function takes settings and catalogue, works on one part, interval or published date, and gives the same result when it is repeated.
Airflow's tasks and the commands of `news` call these functions. What is no stage (backfill, erasure, maintenance) is in other modules.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from pipeline.capture.capture import PastCapture, capture_part, default_taken_range
from pipeline.capture.earlier_captures import read_earlier_captures
from pipeline.capture.imports import ImportReport, import_file
from pipeline.capture.part_plans import group_sources, origins_in_order, plan_parts
from pipeline.capture.warc_captures import FileCaptures, capture_files
from pipeline.core import workers
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import ConfigError, ShrinkError, WarcError
from pipeline.core.models import HOUR, CaptureReport, Clock, ExtractReport, Interval, Origin, Part, PublishReport
from pipeline.core.progress import steps
from pipeline.core.settings import Settings
from pipeline.discovery.health.checks import FeedCheck, check_sources, with_findings
from pipeline.discovery.health.findings import network_problem
from pipeline.discovery.subscriptions import AddedSource, add_site
from pipeline.extraction.extract import affected_dates, extract_part
from pipeline.fetching.fetcher import SystemClock
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import Manifest
from pipeline.lake.removals.erased_providers import without_erased
from pipeline.lake.storage import Lake
from pipeline.publishing.date_builds import DEFAULT_OPTIONS, BuildOptions, build_dates
from pipeline.publishing.date_checks import check_date
from pipeline.publishing.publish import publish_date, stale_dates
from pipeline.publishing.timeline.folding import fold_timeline
from pipeline.text.counts import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FailureAssessment:
    """Whether more sources of an interval failed than the settings tolerate (`is_red`); `message` names the failed sources with reasons."""

    failed: int
    total: int
    is_red: bool
    message: str
    warnings: tuple[str, ...] = ()
    """One sentence for each unusual finding about a feed, whether the feed was read or not."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Id of each failed source to the reason."""


@dataclass(frozen=True, slots=True)
class WalkReport:
    """The reports of every stage of one walk from sources or files to published records."""

    captures: tuple[CaptureReport, ...]
    extracts: tuple[ExtractReport, ...]
    publishes: tuple[PublishReport, ...]
    assessment: FailureAssessment


def plan(
    settings: Settings,
    catalogue: Catalogue,
    interval: Interval,
    *,
    live: bool = False,
    origins: Sequence[str] | None = None,
    sources: Collection[str] | None = None,
    refetch: str | None = None,
) -> tuple[Part, ...]:
    """The parts of the interval: those captured or imported already, and new ones for the sources that have no part yet.

    All sources of a host are in one part, which keeps the host's pace. `sources` are the wanted ids (None: all). The other options are
    those of `capture`; with `captures` as the only origin no part is new. See `capture.part_plans`.

    Raises ConfigError for a source that is not followed and for an unknown origin.
    """
    catalogue = without_erased(Lake(settings.lake), catalogue)
    followed = [source.id for source in catalogue.enabled_sources]
    unknown = sorted(set(sources or ()) - set(followed))
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is not a followed source; `news sources list` shows them")
    return plan_parts(
        interval,
        group_sources(catalogue.enabled_sources, settings.sources_per_part),
        _committed(settings, interval),
        wanted=sources or None,
        order=None if live else _order(settings, origins, refetch),
        mark=_mark(refetch),
    )


def capture(
    settings: Settings,
    catalogue: Catalogue,
    part: Part,
    *,
    live: bool,
    only_due: bool = True,
    clock: Clock | None = None,
    origins: Sequence[str] | None = None,
    refetch: str | None = None,
    taken: tuple[datetime, datetime] | None = None,
) -> CaptureReport:
    """Fetch the sources of the part, unless the part is captured already; `live` is false for a past hour. See `capture.capture`.

    With `only_due` only the feeds that are due are asked (`discovery.polling`). For a past hour, `origins` are searched in this order
    (None: `NEWS_ORIGINS`) and articles published within `taken`, half-open, are captured (None: from a day before to a day after the hour).
    `refetch`, an id of 8 hex digits, captures the pages once more into parts whose names end in it.
    """
    past = None if live else _past(settings, part.interval, origins, refetch, taken)
    return capture_part(Lake(settings.lake), settings, catalogue, part, clock=clock or SystemClock(), past=past, only_due=only_due)


def capture_archives(
    settings: Settings,
    catalogue: Catalogue,
    interval: Interval,
    *,
    clock: Clock | None = None,
    origins: Sequence[str] | None = None,
    sources: Collection[str] | None = None,
    refetch: str | None = None,
    taken: tuple[datetime, datetime] | None = None,
) -> FileCaptures:
    """Read the WARC files of the origins `ccnews` and `warc` for the sources for which the earlier origins of a past interval had nothing.

    Call it after all parts of the interval are captured; its report names new parts to extract. Options as in `capture`. See
    `capture.warc_captures`.
    """
    past = _past(settings, interval, origins, refetch, taken)
    lake, wanted = Lake(settings.lake), tuple(sources) if sources else None
    return capture_files(lake, settings, catalogue, interval, clock=clock or SystemClock(), past=past, wanted=wanted, mark=_mark(refetch))


def _past(
    settings: Settings, interval: Interval, origins: Sequence[str] | None, refetch: str | None, taken: tuple[datetime, datetime] | None
) -> PastCapture:
    return PastCapture(_order(settings, origins, refetch), taken or default_taken_range(interval), is_refetch=refetch is not None)


def _order(settings: Settings, origins: Sequence[str] | None, refetch: str | None) -> tuple[Origin, ...]:
    try:
        return origins_in_order(origins or settings.origins, is_refetch=refetch is not None)
    except ValueError as error:
        raise ConfigError(f"origins: {error}") from error


def _mark(refetch: str | None) -> str:
    return f"-r{refetch}" if refetch is not None else ""


def _committed(settings: Settings, interval: Interval) -> list[Manifest]:
    lake = Lake(settings.lake)
    return [read_manifest(lake, Part(interval, name)) for name in lake.captured_parts(interval.key)]


def extract(settings: Settings, catalogue: Catalogue, part: Part) -> ExtractReport:
    """Write the extracted rows and the ledger of the part; the report names the dates that may change. See `extraction.extract`."""
    return extract_part(Lake(settings.lake), settings, catalogue, part)


def fold(settings: Settings, catalogue: Catalogue, dates: Iterable[date] = ()) -> tuple[date, ...]:
    """Fold what was extracted into the timeline of stories; returns the published dates whose records have to be built again.

    `dates` are those that extracted parts touch. Dates within two windows of them are looked at as well, so that a repeated call returns
    the same until they are built. See `publishing.timeline.folding`.
    """
    lake, window = Lake(settings.lake), timedelta(hours=catalogue.scoring.stories.window_hours)
    folded = fold_timeline(lake, settings, catalogue)
    near = affected_dates(lake, [*dates, *folded.dates], window=window)
    log.info("%s of captures folded", counted(folded.folded_days, "day"))
    return stale_dates(lake, settings, catalogue, near)


def publish(
    settings: Settings,
    catalogue: Catalogue,
    published_date: date,
    *,
    allow_shrink: bool = False,
    as_of: datetime | None = None,
    into: str | None = None,
) -> PublishReport:
    """Fold the timeline, then build the records of a published date, unless the same inputs were built before. See `publishing.publish`.

    `as_of` uses only what was captured up to that moment; it needs `into`, the URI of another lake that is written to.
    """
    target = Lake(into) if into is not None else None
    if as_of is None:
        fold_timeline(Lake(settings.lake), settings, catalogue)
    return publish_date(Lake(settings.lake), settings, catalogue, published_date, allow_shrink=allow_shrink, as_of=as_of, into=target)


def publish_dates(
    settings: Settings, catalogue: Catalogue, dates: Sequence[date], options: BuildOptions = DEFAULT_OPTIONS
) -> Iterator[PublishReport]:
    """`publish` and `check` many dates in parallel; the reports come in the order of `dates`. See `publishing.date_builds`.

    Raises ShrinkError at the first date whose partition would shrink too much; some of the later dates may be built by then.
    """
    for built in steps(build_dates(settings, catalogue, dates, options), "building dates", total=len(dates)):
        if built.report is None:
            raise built.refused or ShrinkError(f"{built.published_date} was not built")
        yield built.report


def check(settings: Settings, catalogue: Catalogue, published_date: date) -> dict[str, int]:
    """Check the published files of the date against the schema and the rules of the record; row counts by table. Raises SchemaError."""
    return check_date(Lake(settings.lake), catalogue, published_date)


def captured_parts(settings: Settings, interval: Interval) -> tuple[Part, ...]:
    """The parts of the interval that are captured or imported."""
    return tuple(Part(interval, name) for name in Lake(settings.lake).captured_parts(interval.key))


def touched_dates(settings: Settings) -> list[date]:
    """Every date with an extracted article or a published partition, ascending."""
    lake = Lake(settings.lake)
    return sorted({*lake.touched_dates(), *lake.published_dates()})


def check_feeds(settings: Settings, catalogue: Catalogue) -> list[FeedCheck]:
    """Ask each feed of the enabled sources once; add what earlier captures in the lake show of it. Writes nothing.

    See `pipeline.discovery.health.checks`.
    """
    clock = SystemClock()
    polls = check_sources(settings, without_erased(Lake(settings.lake), catalogue), clock=clock)
    now = clock.now()
    earlier = read_earlier_captures(Lake(settings.lake), Interval.containing(now + HOUR), days=settings.seen_days, is_live=True)
    return with_findings(polls, earlier.feeds, earlier.news, now=now)


def add_source(settings: Settings, catalogue: Catalogue, url: str, *, topic: str) -> AddedSource:
    """Find the feed of the site at `url` and add it to sources.yaml under `topic`. See `discovery.subscriptions`."""
    return add_site(settings, catalogue, url, topic=topic, clock=SystemClock())


def assess_failures(settings: Settings, reports: Sequence[CaptureReport], *, lost: Sequence[str] = ()) -> FailureAssessment:
    """Count the failed sources; red when their share exceeds the tolerated one. `lost` are sources of parts without a report.

    When no host could be reached, the message says so first and does not name each source.
    """
    failed = {source: reason for report in reports for source, reason in report.failed_sources.items()}
    failed.update(dict.fromkeys(lost, "its part failed"))
    total = sum(len(report.sources) for report in reports) + len(lost)
    share = len(failed) / total if total else 0.0
    names = "; ".join(f"{source}: {reason}" for source, reason in sorted(failed.items()))
    unreached = {host: reason for report in reports for host, reason in report.unreached.items()}
    offline = network_problem(unreached) if all(report.unreached for report in reports) else None
    listed, tolerated = f" ({names})" if names and not offline else "", f"{settings.tolerated_failures:.0%}"
    message = f"{len(failed)} of {counted(total, 'source')} failed{listed}; up to {tolerated} are tolerated"
    if offline:
        message = f"{offline}; {message}"
    warnings = tuple(warning for report in reports for warning in report.warnings)
    if warnings:
        message += f"; warnings: {'; '.join(warnings)}"
    return FailureAssessment(
        failed=len(failed), total=total, is_red=share > settings.tolerated_failures, message=message, warnings=warnings, failures=failed
    )


def red_assessment(message: str) -> FailureAssessment:
    """The red assessment of an hour whose sources cannot be counted, for the reason in `message`."""
    return FailureAssessment(failed=0, total=0, is_red=True, message=message)


def run(
    settings: Settings,
    catalogue: Catalogue,
    interval: Interval,
    *,
    live: bool,
    only_due: bool = False,
    clock: Clock | None = None,
    origins: Sequence[str] | None = None,
    sources: Collection[str] | None = None,
    refetch: str | None = None,
    taken: tuple[datetime, datetime] | None = None,
) -> WalkReport:
    """Run the whole walk of one interval, as the DAGs do; all feeds are asked unless `only_due`. For the other options see `capture`."""
    parts = plan(settings, catalogue, interval, live=live, origins=origins, sources=sources, refetch=refetch)
    start_workers()
    captures = [
        capture(settings, catalogue, part, live=live, only_due=only_due, clock=clock, origins=origins, refetch=refetch, taken=taken)
        for part in steps(parts, "capturing parts", total=len(parts))
    ]
    if live:
        return _finish(settings, catalogue, captures, parts)
    archived = capture_archives(settings, catalogue, interval, clock=clock, origins=origins, sources=sources, refetch=refetch, taken=taken)
    return _finish(settings, catalogue, *with_archived(captures, parts, archived))


def with_archived(
    captures: Sequence[CaptureReport], parts: Sequence[Part], archived: FileCaptures
) -> tuple[list[CaptureReport], list[Part]]:
    """The reports and parts of an interval together with those of `archived`; a part that both have appears once."""
    names = {part.name for part in parts}
    new = [part for part in archived.parts if part.name not in names]
    return [*captures, *(report for report in archived.reports if report.part not in names)], [*parts, *new]


def start_workers() -> None:
    """Start the server that worker processes are forked from, so that it loads its libraries during capture. Repeated calls do nothing."""
    workers.start_fork_server(workers.READING, workers.LISTING, workers.PUBLISHING)


def import_files(settings: Settings, catalogue: Catalogue, paths: Sequence[Path]) -> tuple[tuple[ImportReport, ...], WalkReport]:
    """Import web archives into the lake, then extract their parts and publish the dates that change. See `capture.imports`.

    A file that is not a web archive has a problem in its report; raises WarcError when no file is one.
    """
    start_workers()
    lake = Lake(settings.lake)
    imports: list[ImportReport] = []
    refusals: list[WarcError] = []
    for path in steps(paths, "importing files", total=len(paths)):
        try:
            imports.append(import_file(lake, settings, catalogue, path))
        except WarcError as error:
            refusals.append(error)
            imports.append(ImportReport(str(path), (), {}, 0, problem=str(error).removeprefix(f"{path}: ")))
    if refusals and len(refusals) == len(imports):
        raise refusals[0]
    parts = sorted({part for report in imports for part in report.parts}, key=lambda part: (part.interval, part.name))
    return tuple(imports), _finish(settings, catalogue, [], parts)


def _finish(settings: Settings, catalogue: Catalogue, captures: Sequence[CaptureReport], parts: Sequence[Part]) -> WalkReport:
    extracts = [extract(settings, catalogue, part) for part in steps(parts, "extracting parts", total=len(parts))]
    dates = fold(settings, catalogue, {day for report in extracts for day in report.published_dates})
    publishes = []
    for number, report in enumerate(publish_dates(settings, catalogue, dates), start=1):
        publishes.append(report)
        if number % 100 == 0:
            log.info("%d of %s published", number, counted(len(dates), "date"))
    return WalkReport(tuple(captures), tuple(extracts), tuple(publishes), assess_failures(settings, captures))
