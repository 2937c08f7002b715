from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.revisit_plans import AGES, EARLY, HORIZON, KnownPage, due_pages

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
URL = "https://one.example/a"


def row(age: timedelta, *, url: str = URL, **columns: Any) -> dict[str, Any]:
    captured = NOW - age
    return {
        "originalUrl": url,
        "sourceId": "one",
        "via": "feed",
        "publishedDateTime": captured - HOUR,
        "capturedAt": captured,
        "captureFile": f"raw/interval={captured:%Y-%m-%dT%H}/part=00/captures.warc.gz",
        "captureOffset": 10,
        "payloadDigest": "sha256:first",
        "vanishedAt": None,
        **columns,
    }


def due(*rows: dict[str, Any], looked: timedelta | None = None, sources: tuple[str, ...] = ("one",), most: int = 99) -> list[KnownPage]:
    revisited = {} if looked is None else {URL: NOW - looked}
    return [page for pages in due_pages(rows, revisited, sources=sources, now=NOW, max_per_source=most).values() for page in pages]


@pytest.mark.parametrize(
    ("age", "looked", "is_due"),
    [
        (timedelta(hours=22), None, False),
        (timedelta(hours=23), None, True),
        (timedelta(days=3), None, True),  # yesterday's run did not come
        (timedelta(days=3), timedelta(days=2), False),
        (timedelta(days=6, hours=22), timedelta(days=5), False),
        (timedelta(days=7), timedelta(days=6), True),
        (timedelta(days=8), timedelta(days=1), False),
        (timedelta(days=8), None, True),
        (HORIZON, None, False),
    ],
)
def test_a_page_is_due_after_a_day_and_after_a_week_once_each(age: timedelta, looked: timedelta | None, is_due: bool) -> None:
    assert bool(due(row(age), looked=looked)) == is_due


@pytest.mark.parametrize(
    "columns",
    [
        {"via": "warc"},
        {"via": "wayback"},
        {"sourceId": None},
        {"sourceId": "rested"},
        {"publishedDateTime": NOW - timedelta(days=30)},
    ],
)
def test_archives_rested_sources_and_old_articles_are_left_alone(columns: dict[str, Any]) -> None:
    assert due(row(DAY, **columns)) == []
    assert len(due(row(DAY))) == 1


def test_an_undated_article_is_looked_at() -> None:
    assert len(due(row(DAY, publishedDateTime=None))) == 1


def test_the_newest_version_is_asked_with_and_the_first_capture_tells_the_age() -> None:
    first = row(7 * DAY)
    version = row(
        6 * DAY, captureFile="raw/interval=2026-11-14T05/part=revisit/captures.warc.gz", captureOffset=5, payloadDigest="sha256:new"
    )
    (page,) = due(version, first, looked=6 * DAY)
    assert page == KnownPage(URL, "one", version["captureFile"], 5, "sha256:new")


def test_a_version_alone_does_not_begin_a_page_s_life() -> None:
    assert due(row(DAY, captureFile="raw/interval=2026-11-19T05/part=revisit/captures.warc.gz")) == []


def test_a_page_that_was_gone_is_compared_with_its_last_text() -> None:
    first = row(7 * DAY)
    gone = row(6 * DAY, captureFile="raw/interval=2026-11-14T05/part=revisit/captures.warc.gz", vanishedAt=NOW - 6 * DAY)
    (page,) = due(first, gone, looked=6 * DAY)
    assert (page.file, page.is_gone) == (first["captureFile"], True)


def test_the_youngest_come_first_where_there_are_too_many() -> None:
    rows = [row(age, url=f"https://one.example/{name}") for name, age in {"b": 7 * DAY, "c": DAY, "a": DAY}.items()]
    assert [page.url[-1] for page in due(*rows, most=2)] == ["a", "c"]


@given(st.integers(0, 23), st.integers(0, 50), st.integers(0, 40))
def test_daily_runs_look_at_every_page_exactly_twice(captured_hour: int, jitter_min: int, skipped: int) -> None:
    """Runs drift by some minutes and none comes on one day."""
    captured = datetime(2026, 11, 1, captured_hour, 20, tzinfo=UTC)
    first = {**row(DAY), "capturedAt": captured, "publishedDateTime": captured}
    looks: list[datetime] = []
    for day in range(14):
        now = datetime(2026, 11, 1, 4, 40, tzinfo=UTC) + day * DAY + timedelta(minutes=(day * 17) % (jitter_min + 1))
        if now < captured or day == skipped:
            continue
        if due_pages([first], {URL: looks[-1]} if looks else {}, sources=["one"], now=now, max_per_source=9)["one"]:
            looks.append(now)
    assert len(looks) == 2
    for look, age in zip(looks, AGES, strict=True):
        assert age - EARLY <= look - captured < age + 2 * DAY + HOUR
