"""Turns the reports of stages into metrics, names with values. Reads the new records of a build for their lag; sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles

from pipeline.core.models import CaptureReport, ExtractReport, PublishReport
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake, articles_path
from pipeline.lake.tables import rows_of
from pipeline.operations.stages import FailureAssessment

LAG_WINDOW = timedelta(days=1)
"""Age of a published date, from its end, up to which lags count: older ones are backfills, whose lag says nothing of the sources."""
NAME = re.compile(r"[^a-zA-Z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Metric:
    """One measurement: `value` is added to a counter, and replaces the value of a gauge."""

    name: str
    value: float
    is_counter: bool = True


def capture_metrics(report: CaptureReport) -> tuple[Metric, ...]:
    """The number of outcomes by kind and verdict, and the bytes of the captures; nothing for a part that was captured before."""
    if report.reused:
        return ()
    outcomes = (Metric(_name(f"outcomes.{outcome}"), count) for outcome, count in sorted(report.counts.items()))
    return (*outcomes, Metric("news.captures", report.counts.get("page.captured", 0)), Metric("news.bytes", report.bytes))


def extract_metrics(report: ExtractReport) -> tuple[Metric, ...]:
    """The number of articles, and of rejected pages by reason; nothing when the rows of an earlier extraction were kept."""
    if report.kept:
        return ()
    rejected = (Metric(_name(f"rejected.{reason}"), count) for reason, count in sorted(report.rejected.items()))
    return (Metric("news.articles", report.articles), *rejected)


def gate_metrics(assessment: FailureAssessment) -> tuple[Metric, ...]:
    """The number of sources of the hour, and of those that failed."""
    return (
        Metric("news.sources", assessment.total, is_counter=False),
        Metric("news.sources_failed", assessment.failed, is_counter=False),
    )


def publish_metrics(report: PublishReport, lags_s: Sequence[float]) -> tuple[Metric, ...]:
    """The number of new, changed and vanished records, and median and 90th percentile of `lags_s` (`new_record_lags_s`)."""
    change = report.difference
    counts = (Metric(f"news.records.{kind}", getattr(change, kind)) for kind in ("new", "changed", "vanished"))
    return (*counts, *_lag_metrics(lags_s))


def new_record_lags_s(settings: Settings, report: PublishReport, *, now: datetime) -> tuple[float, ...]:
    """Seconds from the publication of each new record of the build to `now`; none for a date of the past.

    A record whose page states only the day counts from its first moment.
    """
    if report.changes is None or now.date() - report.published_date > LAG_WINDOW:
        return ()
    lake = Lake(settings.lake)
    changes = rows_of(lake.read_table(report.changes, columns=["webUrl", "change"]))
    new = {row["webUrl"] for row in changes if row["change"] == "new"}
    rows = rows_of(lake.read_table(articles_path(report.published_date), columns=["webUrl", "publishedDateTime"]))
    return tuple(max(0.0, (now - row["publishedDateTime"]).total_seconds()) for row in rows if row["webUrl"] in new)


def event_extra(report: PublishReport) -> dict[str, int]:
    """The extra of the asset event of a build: the number of the date's rows, of the new, changed, vanished and published records."""
    change = report.difference
    return {
        **{"rows": report.articles, "new": change.new, "changed": change.changed},
        **{"vanished": change.vanished, "published": report.published},
    }


def _lag_metrics(lags_s: Sequence[float]) -> Iterable[Metric]:
    if not lags_s:
        return
    yield Metric("news.lag_seconds.median", median(lags_s), is_counter=False)
    ninety = quantiles(lags_s, n=10, method="inclusive")[-1] if len(lags_s) > 1 else lags_s[0]
    yield Metric("news.lag_seconds.p90", ninety, is_counter=False)


def _name(name: str) -> str:
    """A name that StatsD takes: letters, digits, point, hyphen and underscore."""
    return f"news.{NAME.sub('_', name)}"
