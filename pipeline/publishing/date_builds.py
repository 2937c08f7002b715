"""Many published dates, each built and checked: side by side in processes, since no date's records depend on another's."""

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
from pipeline.publishing.publish import check_date, publish_date, warn_unsealed

FEW_DATES = 8
"""Up to so many are built by the caller: two processes take as long to begin."""
LOOK_AHEAD = 8
"""Dates under way at once."""


@dataclass(frozen=True, slots=True)
class How:
    """How dates are built; the options are those of `pipeline.publishing.publish.publish_date`, `into` as a URI."""

    allow_shrink: bool = False
    as_of: datetime | None = None
    into: str | None = None


AS_IT_STANDS = How()
"""Everything that is captured by now, into the lake itself, and no date may shrink."""


@dataclass(frozen=True, slots=True)
class Built:
    """A date that was built, or refused because its partition would shrink."""

    published_date: date
    report: PublishReport | None
    refused: ShrinkError | None = None


def build_date(settings: Settings, catalogue: Catalogue, how: How, published_date: date) -> Built:
    """Build one date and check it. Raises as `publish_date` and `check_date` do, but for ShrinkError."""
    lake, into = Lake(settings.lake), Lake(how.into) if how.into is not None else None
    try:
        report = publish_date(lake, settings, catalogue, published_date, allow_shrink=how.allow_shrink, as_of=how.as_of, into=into)
    except ShrinkError as error:
        return Built(published_date, None, error)
    check_date(into or lake, catalogue, published_date)
    return Built(published_date, report)


def build_dates(settings: Settings, catalogue: Catalogue, dates: Sequence[date], how: How) -> Iterator[Built]:
    """Build the dates, in their order; a refused one does not keep the others. Raises as `build_date` does."""
    if len(dates) <= FEW_DATES or settings.publish_processes == 1:
        for day in dates:
            yield build_date(settings, catalogue, how, day)
        return
    warn_unsealed(is_sealed=bool(settings.sealing_keys))
    waiting: deque[Future[Built]] = deque()
    with workers.pool(settings.publish_processes, workers.PUBLISHING, prepare=_prepare, arguments=(settings, catalogue, how)) as pool:
        for day in dates:
            waiting.append(pool.schedule(_build, args=[day]))
            if len(waiting) >= LOOK_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_given: list[tuple[Settings, Catalogue, How]] = []
"""Of a worker: what all its dates are built with. Given once, since a catalogue keeps what was derived from it."""


def _prepare(settings: Settings, catalogue: Catalogue, how: How) -> None:
    logging.disable(logging.WARNING)  # nobody listens here; the caller says what is to be said
    _given[:] = [(settings, catalogue, how)]


def _build(published_date: date) -> Built:
    return build_date(*_given[0], published_date)
