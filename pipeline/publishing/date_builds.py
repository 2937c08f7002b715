"""Builds and checks many published dates in worker processes, because the records of a date do not depend on those of others."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.core import workers
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import ShrinkError
from pipeline.core.models import PublishReport
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.publishing.date_checks import check_date
from pipeline.publishing.publish import publish_date, warn_unsealed
from pipeline.publishing.timeline.folding import fold_timeline

log = logging.getLogger(__name__)

FEW_DATES = 8
"""Number of dates up to which they are built in the calling process: starting two workers takes as long."""
LOOK_AHEAD = 8
"""Dates that are scheduled ahead of the first unfinished one. A plain choice: it keeps all workers busy."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The options of `pipeline.publishing.publish.publish_date`; `into` is a URI."""

    allow_shrink: bool = False
    as_of: datetime | None = None
    into: str | None = None


DEFAULT_OPTIONS = BuildOptions()
"""Use all captures, write to the lake itself, and let no date shrink by more than the settings allow."""


@dataclass(frozen=True, slots=True)
class DateBuild:
    """The result for one date: its report, or the error that refused it because its partition would shrink."""

    published_date: date
    report: PublishReport | None
    refused: ShrinkError | None = None


def build_date(settings: Settings, catalogue: Catalogue, options: BuildOptions, published_date: date) -> DateBuild:
    """Build one date and check it. Raises as `publish_date` and `check_date` do, except ShrinkError, which is returned."""
    lake, into = Lake(settings.lake), Lake(options.into) if options.into is not None else None
    try:
        report = publish_date(lake, settings, catalogue, published_date, allow_shrink=options.allow_shrink, as_of=options.as_of, into=into)
    except ShrinkError as error:
        return DateBuild(published_date, None, error)
    check_date(into or lake, catalogue, published_date)
    return DateBuild(published_date, report)


def build_dates(settings: Settings, catalogue: Catalogue, dates: Sequence[date], options: BuildOptions) -> Iterator[DateBuild]:
    """Build the dates and yield the result of each, in their order; a refused date does not stop the others.

    The timeline is folded before. Raises as `build_date` and `fold_timeline` do.
    """
    if options.as_of is None and dates:
        fold_timeline(Lake(settings.lake), settings, catalogue)
    if len(dates) <= FEW_DATES or settings.publish_processes == 1:
        for day in dates:
            yield build_date(settings, catalogue, options, day)
        return
    warn_unsealed(is_sealed=bool(settings.sealing_keys))
    waiting: deque[Future[DateBuild]] = deque()
    with workers.pool(settings.publish_processes, workers.PUBLISHING, prepare=_prepare, arguments=(settings, catalogue, options)) as pool:
        for day in dates:
            waiting.append(pool.schedule(_build, args=[day]))
            if len(waiting) >= LOOK_AHEAD:
                yield _with_warnings(waiting.popleft().result())
        while waiting:
            yield _with_warnings(waiting.popleft().result())


def _with_warnings(build: DateBuild) -> DateBuild:
    """Log the warnings of a build, because worker processes log none, and return the build."""
    for warning in build.report.warnings if build.report is not None else ():
        log.warning(warning)
    return build


_given: list[tuple[Settings, Catalogue, BuildOptions]] = []
"""In a worker process: settings, catalogue and options, given once for all its dates, so that values cached with them are reused."""


def _prepare(settings: Settings, catalogue: Catalogue, options: BuildOptions) -> None:
    logging.disable(logging.WARNING)  # nobody reads the log of a worker; the calling process logs the warnings
    _given[:] = [(settings, catalogue, options)]


def _build(published_date: date) -> DateBuild:
    return build_date(*_given[0], published_date)
