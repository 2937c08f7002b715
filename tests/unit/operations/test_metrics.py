"""Metrics of reports: counters and gauges with names that StatsD takes."""

from __future__ import annotations

import re
from datetime import date

from pipeline.core.models import CaptureReport, Difference, ExtractReport, PublishReport
from pipeline.operations.metrics import Metric, capture_metrics, event_extra, extract_metrics, gate_metrics, publish_metrics
from pipeline.operations.stages import FailureAssessment

BUILT = PublishReport(date(2026, 11, 20), 12, 3, 2, True, "f", difference=Difference(before=10, after=12, new=3, changed=4, vanished=1))
STATSD_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


def values(metrics: tuple[Metric, ...]) -> dict[str, float]:
    assert all(STATSD_NAME.fullmatch(metric.name) for metric in metrics)
    return {metric.name: metric.value for metric in metrics}


def test_a_captured_part_counts_outcomes_captures_and_bytes_once() -> None:
    report = CaptureReport("2026-11-20T12", "00", {"feed.captured": 2, "page.captured": 5, "page.failed": 1}, ("a",), {}, bytes=1234)
    assert values(capture_metrics(report)) == {
        "news.outcomes.feed.captured": 2,
        "news.outcomes.page.captured": 5,
        "news.outcomes.page.failed": 1,
        "news.captures": 5,
        "news.bytes": 1234,
    }
    assert capture_metrics(CaptureReport("2026-11-20T12", "00", {"page.captured": 5}, ("a",), {}, reused=True, bytes=1)) == ()


def test_extraction_counts_articles_and_reasons() -> None:
    report = ExtractReport("2026-11-20T12", "00", 4, {"paywall": 2, "odd reason": 1}, ())
    assert values(extract_metrics(report)) == {"news.articles": 4, "news.rejected.odd_reason": 1, "news.rejected.paywall": 2}


def test_a_build_has_the_lag_of_its_new_records() -> None:
    assert values(publish_metrics(BUILT, ())) == {"news.records.new": 3, "news.records.changed": 4, "news.records.vanished": 1}
    lags = {metric.name: metric for metric in publish_metrics(BUILT, (60.0, 120.0, 600.0)) if "lag" in metric.name}
    assert {name: metric.value for name, metric in lags.items()} == {"news.lag_seconds.median": 120.0, "news.lag_seconds.p90": 504.0}
    assert not any(metric.is_counter for metric in lags.values())
    assert values(publish_metrics(BUILT, (60.0,)))["news.lag_seconds.p90"] == 60.0


def test_the_gate_and_the_event_of_a_date_have_their_numbers() -> None:
    judged = FailureAssessment(failed=2, total=9, is_red=False, message="x")
    assert values(gate_metrics(judged)) == {"news.sources": 9, "news.sources_failed": 2}
    assert event_extra(BUILT) == {"rows": 12, "new": 3, "changed": 4, "vanished": 1, "published": 3}
