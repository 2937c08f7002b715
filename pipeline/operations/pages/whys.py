"""The page Why: what became of a URL, as `news why URL` says it, searched in as much of the lake as is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.operations.lookups import UrlFate, why
from pipeline.operations.pages.partitions import Paths, newest_hours, paths_of_dates, paths_of_hours

SPANS = {"1": 1, "7": 7, "all": None}
"""Name of a span to its days. The lake has no index of URLs: each hour of the span is one file to open."""


@dataclass(frozen=True, slots=True)
class WhyPage:
    """A URL and what became of it; no `fate` while none was asked for."""

    url: str
    span: str
    fate: UrlFate | None


def read_why(settings: Settings, url: str, span: str, *, now: datetime) -> WhyPage:
    """What became of `url` in the newest days of the span. Raises PermanentError for what is no URL."""
    if not url:
        return WhyPage("", span, None)
    days = SPANS[span]
    return WhyPage(url, span, why(settings, url, paths=None if days is None else _paths(Lake(settings.lake), days, now=now)))


def _paths(lake: Lake, days: int, *, now: datetime) -> Paths:
    hours = newest_hours(lake, 24 * days, now=now)
    return {
        "ledger": paths_of_hours(lake, "ledger", hours),
        "extracted": paths_of_hours(lake, "extracted", hours),
        **paths_of_dates(lake, lake.published_dates()[-2 * days :]),
    }
