"""The program, top to bottom: capture, extract, publish, and what is said about them.

Each function takes settings and catalogue, works on one part, interval or published date, and can be called again with the same result.
Airflow's tasks call these; the command line calls these and, for what is no step of the walk, the rooms below.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
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
from pipeline.core.settings import Settings
from pipeline.discovery.source_checks import FeedCheck, check_sources, with_findings
from pipeline.discovery.source_health import network_problem
from pipeline.discovery.subscriptions import AddedSource, add_site
from pipeline.extraction.extract import extract_part
from pipeline.fetching.fetcher import SystemClock
from pipeline.lake.erased_providers import without_erased
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import Manifest
from pipeline.lake.storage import Lake
from pipeline.publishing.date_builds import DEFAULT_OPTIONS, BuildOptions, build_dates
from pipeline.publishing.date_checks import check_date
from pipeline.publishing.publish import publish_date

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an interval's captures are good enough; `message` says which sources failed and why."""

    failed: int
    total: int
    is_red: bool
    message: str
    warnings: tuple[str, ...] = ()
    """What is odd about feeds, read or not."""


@dataclass(frozen=True, slots=True)
class WalkReport:
    """One walk from sources or files to published records."""

    captures: tuple[CaptureReport, ...]
    extracts: tuple[ExtractReport, ...]
    publishes: tuple[PublishReport, ...]
    judgement: Judgement


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
    """The interval's parts: those it has, imported ones included, and one for each share of the sources that it lacks.

    A host's sources stay together, so that one part keeps the host's pace. `sources` are the ids that are wanted (None: all). The other
    options are those of `capture`; our own captures alone as `origins` plan nothing new. See `capture.part_plans`.

    Raises ConfigError for a source or an origin that there is not.
    """
    catalogue = without_erased(Lake(settings.lake), catalogue)
    followed = [source.id for source in catalogue.enabled_sources]
    unknown = sorted(set(sources or ()) - set(followed))
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is no source that is followed")
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
    """Fetch the part's sources, or find them captured; `live` is false for a past hour. See `capture.capture`.

    A scheduled run asks the feeds that are due (`discovery.polling`), a run by hand asks all. Of a past hour, `origins` says where it is
    looked for, in this order (None: as `NEWS_ORIGINS` says), and `taken` which published dates, half-open, are taken in (None: those a day
    around it). `refetch`, an id of 8 hex digits, captures anew what is captured already, into parts that bear it.
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
    """Read the WARC files of `ccnews` and `warc` for the sources of a past interval that its captured parts left to them; options as
    `capture` has them.

    Comes after the captures of all parts, and gives parts of its own to be extracted. See `capture.warc_captures`.
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
    """Turn the part's captures into rows, and say which published dates may have changed. See `extraction.extract`."""
    return extract_part(Lake(settings.lake), settings, catalogue, part)


def publish(
    settings: Settings,
    catalogue: Catalogue,
    published_date: date,
    *,
    allow_shrink: bool = False,
    as_of: datetime | None = None,
    into: str | None = None,
) -> PublishReport:
    """Build a published date's records, unless they are built; `as_of` a past moment into another lake. See `publishing.publish`."""
    target = Lake(into) if into is not None else None
    return publish_date(Lake(settings.lake), settings, catalogue, published_date, allow_shrink=allow_shrink, as_of=as_of, into=target)


def publish_dates(
    settings: Settings, catalogue: Catalogue, dates: Sequence[date], options: BuildOptions = DEFAULT_OPTIONS
) -> Iterator[PublishReport]:
    """As `publish`, then `check`, of many dates, side by side; their reports in the order of `dates`. See `publishing.date_builds`.

    Raises ShrinkError when it comes to the first date that was refused; some of the dates behind it are built then.
    """
    for built in build_dates(settings, catalogue, dates, options):
        if built.report is None:
            raise built.refused or ShrinkError(f"{built.published_date} was refused")
        yield built.report


def check(settings: Settings, catalogue: Catalogue, published_date: date) -> dict[str, int]:
    """Hold what was published for the date against the contract and the laws; raises SchemaError."""
    return check_date(Lake(settings.lake), catalogue, published_date)


def captured(settings: Settings, interval: Interval) -> tuple[Part, ...]:
    """The interval's parts that have captures."""
    return tuple(Part(interval, name) for name in Lake(settings.lake).captured_parts(interval.key))


def touched_dates(settings: Settings) -> list[date]:
    """All dates on which an extracted article was published, and those that have a partition."""
    lake = Lake(settings.lake)
    return sorted({*lake.touched_dates(), *lake.published_dates()})


def poll(settings: Settings, catalogue: Catalogue) -> list[FeedCheck]:
    """Ask each enabled source's feeds once, write nothing; what the lake knows of them is said too. See `discovery.source_checks`."""
    clock = SystemClock()
    polls = check_sources(settings, without_erased(Lake(settings.lake), catalogue), clock=clock)
    now = clock.now()
    earlier = read_earlier_captures(Lake(settings.lake), Interval.containing(now + HOUR), days=settings.seen_days, is_live=True)
    return with_findings(polls, earlier.feeds, earlier.news, now=now)


def add_source(settings: Settings, catalogue: Catalogue, url: str, *, topic: str) -> AddedSource:
    """Find a site's feed and follow it. See `discovery.subscriptions`."""
    return add_site(settings, catalogue, url, topic=topic, clock=SystemClock())


def assess_failures(settings: Settings, reports: Sequence[CaptureReport], *, lost: Sequence[str] = ()) -> Judgement:
    """Red when more than the tolerated share of sources failed; `lost` are sources of parts that gave no report at all.

    Where no host could be reached, the message begins with that, and does not name each source.
    """
    failed = {source: reason for report in reports for source, reason in report.failed_sources.items()}
    failed.update(dict.fromkeys(lost, "its part failed"))
    total = sum(len(report.sources) for report in reports) + len(lost)
    share = len(failed) / total if total else 0.0
    names = "; ".join(f"{source}: {reason}" for source, reason in sorted(failed.items()))
    unreached = {host: reason for report in reports for host, reason in report.unreached.items()}
    offline = network_problem(unreached) if all(report.unreached for report in reports) else None
    message = (
        f"{len(failed)} of {total} sources failed{f' ({names})' if names and not offline else ''}; {settings.tolerated_failures:.0%} may"
    )
    if offline:
        message = f"{offline}; {message}"
    warnings = tuple(warning for report in reports for warning in report.warnings)
    if warnings:
        message += f"; worth a look: {'; '.join(warnings)}"
    return Judgement(failed=len(failed), total=total, is_red=share > settings.tolerated_failures, message=message, warnings=warnings)


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
    """The whole walk of one interval, as the DAGs do it; all feeds are asked unless `only_due`. For the other options see `capture`."""
    parts = plan(settings, catalogue, interval, live=live, origins=origins, sources=sources, refetch=refetch)
    begin_workers()
    captures = [
        capture(settings, catalogue, part, live=live, only_due=only_due, clock=clock, origins=origins, refetch=refetch, taken=taken)
        for part in parts
    ]
    if live:
        return _finish(settings, catalogue, captures, parts)
    archived = capture_archives(settings, catalogue, interval, clock=clock, origins=origins, sources=sources, refetch=refetch, taken=taken)
    return _finish(settings, catalogue, *with_archived(captures, parts, archived))


def with_archived(
    captures: Sequence[CaptureReport], parts: Sequence[Part], archived: FileCaptures
) -> tuple[list[CaptureReport], list[Part]]:
    """Reports and parts of an interval with those of the archive; what the plan named already is not named twice."""
    names = {part.name for part in parts}
    new = [part for part in archived.parts if part.name not in names]
    return [*captures, *(report for report in archived.reports if report.part not in names)], [*parts, *new]


def begin_workers() -> None:
    """Let worker processes for extract and publish get ready while something else is done first; nothing where they are."""
    workers.start_fork_server(workers.READING, workers.LISTING, workers.PUBLISHING)


def import_files(settings: Settings, catalogue: Catalogue, paths: Iterable[Path]) -> tuple[tuple[ImportReport, ...], WalkReport]:
    """Take web archives into the lake, then extract and publish what they touch. See `capture.imports`.

    A file that is none is reported with its problem beside the others; raises WarcError when no file is one.
    """
    begin_workers()
    lake = Lake(settings.lake)
    imports: list[ImportReport] = []
    refusals: list[WarcError] = []
    for path in paths:
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
    extracts = [extract(settings, catalogue, part) for part in parts]
    dates = sorted({day for report in extracts for day in report.published_dates})
    publishes = []
    for number, report in enumerate(publish_dates(settings, catalogue, dates), start=1):
        publishes.append(report)
        if number % 100 == 0:
            log.info("%d of %d dates published", number, len(dates))
    return WalkReport(tuple(captures), tuple(extracts), tuple(publishes), assess_failures(settings, captures))
