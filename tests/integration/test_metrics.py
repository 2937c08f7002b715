"""The lag from publication to record, over the sample world."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.operations.metrics import new_record_lags_s
from tests.integration.conftest import SampleWalk

DAY = date(2026, 11, 20)


def test_each_new_record_of_a_recent_date_has_its_lag_and_a_past_date_none(sample: SampleWalk) -> None:
    (report,) = (one for one in sample.report.publishes if one.published_date == DAY)
    now = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
    lags = new_record_lags_s(sample.settings, report, now=now)
    articles = pq.read_table(Path(sample.settings.lake) / f"articles/published_date={DAY}/articles.parquet")
    moments = articles["publishedDateTime"].to_pylist()
    assert sorted(lags) == sorted(max(0.0, (now - moment).total_seconds()) for moment in moments)
    assert len(lags) == report.difference.new > 0
    assert new_record_lags_s(sample.settings, report, now=now + timedelta(days=2)) == ()
