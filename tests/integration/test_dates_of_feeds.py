"""Dates as feeds write them, and dates ahead of the clock, from capture to the published record."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, ONE, source
from tests.newsroom import Newsroom

WRITTEN = {
    "Wed, 11 Sep 2019 22:52:30 +530": "2019-09-11T17:22:30Z",
    "Wed, 11 Sep 2019 22:52 +05:30": "2019-09-11T17:22:00Z",
    "Wed, 11 Sep 2019 22:52:30 UTC+2": "2019-09-11T20:52:30Z",
    "Wed Sep 11 2019 22:52:30 GMT+0200 (Central European Summer Time)": "2019-09-11T20:52:30Z",
    "Wed Sep 11 22:52:30 CEST 2019": "2019-09-11T20:52:30Z",
    "11 Sep 19 22:52 EDT": "2019-09-12T02:52:00Z",
    "Wed, 11 Sep 2019 10:52:30 p.m. EST": "2019-09-12T03:52:30Z",
    "Wed, 11 Sep 2019 24:00:00 GMT": "2019-09-12T00:00:00Z",
    "Sat, 31 Dec 2016 23:59:60 GMT": "2016-12-31T23:59:59Z",
    "2019-09-11T22:52:30-05": "2019-09-12T03:52:30Z",
    "Mo, 04 Mär 2019 22:52:30 +0100": "2019-03-04T21:52:30Z",
    "qua, 11 set 2019 22:52:30 -0300": "2019-09-12T01:52:30Z",
    "Ср, 11 сен 2019 22:52:30 +0300": "2019-09-11T19:52:30Z",
    "śr., 11 wrz 2019 22:52:30 +0200": "2019-09-11T20:52:30Z",
    "Wed, 11-Sep-2019 22:52:30 GMT": "2019-09-11T22:52:30Z",
    "1568242350": "2019-09-11T22:52:30Z",
}
"""Dates of the kinds that trackers of feed readers report, with the moment they mean."""

Walk = Callable[..., dict[str, dict[str, Any]]]


def undated(title: str, head: str = "") -> str:
    text = " ".join(f"Sentence number {number} about {title} says something of its own." for number in range(12))
    title_tag = f"<title>{title}</title><meta property='og:title' content='{title}'>{head}"
    return f"<html><head>{title_tag}</head><body><article><h1>{title}</h1><p>{text}</p></article></body></html>"


@pytest.fixture
def walk(room: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock) -> Walk:
    """Walk an hour over a feed with an entry for each name and date, and pages with this head; returns the extracted rows by name."""

    def run(dates: dict[str, str], head: str = "") -> dict[str, dict[str, Any]]:
        items = "".join(
            f"<item><title>Harbour {name}</title><link>{ONE}/{name}</link><pubDate>{date}</pubDate></item>" for name, date in dates.items()
        )
        room.add_page(f"{ONE}/feed", f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>", content_type="application/xml")
        for name in dates:
            room.add_page(f"{ONE}/{name}", undated(f"Harbour {name}", head))
        stages.run(settings, make_catalogue([source(ONE)]), HOUR, live=True, clock=clock)
        rows = Lake(settings.lake).read_table(storage.extracted_path(Part(HOUR, "00"))).to_pylist()
        return {row["originalUrl"].rpartition("/")[2]: row for row in rows}

    return run


def published(settings: Settings) -> set[str]:
    """The names of all published records."""
    days = Path(settings.lake, "articles").glob("published_date=*/articles.parquet")
    return {
        row["webUrl"].rpartition("/")[2]
        for day in days
        for row in Lake(settings.lake).read_table(str(day.relative_to(settings.lake))).to_pylist()
    }


def test_the_dates_of_feeds_that_trackers_report_are_read(walk: Walk, shared: Path) -> None:
    lines = (shared / "cases/intake/feed_dates.jsonl").read_text().splitlines()
    cases = {one["date"]: one["right"] for one in map(json.loads, lines)} | WRITTEN
    names = {f"a{number}": date for number, date in enumerate(cases)}
    rows = walk(names, "")
    found = {names[name]: row["publishedDateTime"] for name, row in rows.items()}
    assert found == {date: datetime.fromisoformat(right) for date, right in cases.items()}


@pytest.mark.parametrize("ahead", ["2026-11-25T09:00:00+01:00", "2026-12-24T09:00:00Z", "2036-11-20T12:00:00Z", "2026-11-25"])
def test_a_date_days_ahead_gives_no_record_and_no_other_date(walk: Walk, settings: Settings, ahead: str) -> None:
    head = f"<meta property='article:published_time' content='{ahead}'>"
    rows = walk({"stated": "Wed, 25 Nov 2026 08:00:00 GMT", "silent": ""}, head)
    assert {name: row["publishedDateTime"] for name, row in rows.items()} == {"stated": None, "silent": None}
    assert published(settings) == set()
    ledger = Lake(settings.lake).read_table(storage.ledger_path(Part(HOUR, "00"))).to_pylist()
    assert {row["reason"] for row in ledger if row["kind"] == "page"} == {"noDate"}


@pytest.mark.parametrize("never", ["Thu, 01 Jan 1970 00:00:00 +0000", "0000-00-00 00:00:00", "Mon, 01 Jan 0001 00:00:00 GMT", "0"])
def test_a_date_that_stands_for_none_is_none(walk: Walk, never: str) -> None:
    assert [row["publishedDateTime"] for row in walk({"a": never}).values()] == [None]


def test_a_feed_that_is_days_ahead_of_pages_without_a_date_gives_none(walk: Walk) -> None:
    rows = walk({"five-days": "Wed, 25 Nov 2026 12:00:00 GMT", "five-weeks": "Fri, 25 Dec 2026 12:00:00 GMT"}, "")
    assert [row["publishedDateTime"] for row in rows.values()] == [None, None]


def test_the_shared_pages_with_dates_ahead_are_given_no_date(
    settings: Settings, make_catalogue: Callable[..., Catalogue], shared: Path
) -> None:
    stages.import_files(settings, make_catalogue([source(ONE)]), [shared / "cases/intake/future_dates.warc.gz"])
    rows = [
        row
        for path in Path(settings.lake, "extracted").rglob("*.parquet")
        for row in Lake(settings.lake).read_table(str(path.relative_to(settings.lake))).to_pylist()
    ]
    dates = {row["originalUrl"].rpartition("/")[2]: row["publishedDateTime"] for row in rows}
    assert {dates[name] for name in ("in3days", "in5days", "in5weeks")} == {None}
    assert all(date is None or date <= datetime.fromisoformat("2026-11-21T08:00:00Z") for date in dates.values())
