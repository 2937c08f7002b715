from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import schema
from pipeline.operations.completeness import ListedPages, SourceDay, count_found, expected_pages, source_days, sources_seen_by

DAY = date(2026, 11, 20)  # a Friday
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def row(
    url: str, outcome: str = "captured", reason: str | None = None, *, kind: str = "page", source: str | None = "one"
) -> dict[str, Any]:
    return {
        "url": url,
        "kind": kind,
        "outcome": outcome,
        "reason": reason,
        "sourceId": source,
        "via": "feed",
        "listedBy": [],
        "status": 200,
        "bytes": 10,
        "offset": 5 if outcome == "captured" or reason in ("noText", "noDate", "paywall") else None,
        "at": NOON,
    }


def ledger(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema.LEDGER)


def extracted(**web_urls: str | None) -> pa.Table:
    """Original to canonical URL; an article without a date where there is none."""
    rows = [{"originalUrl": url, "webUrl": web or url, "publishedDateTime": NOON if web else None} for url, web in web_urls.items()]
    columns = pa.schema([schema.EXTRACTED.field(name) for name in ("originalUrl", "webUrl", "publishedDateTime")])
    return pa.Table.from_pylist(rows, schema=columns)


def account(
    *rows: dict[str, Any], articles: pa.Table | None = None, records: tuple[str, ...] = (), history: dict[date, ListedPages] | None = None
) -> SourceDay:
    """The day of the source `one`."""
    days = source_days(
        DAY,
        ledger=ledger(*rows),
        extracted=articles if articles is not None else extracted(),
        published=[(DAY, url) for url in records],
        history={"one": history or {}},
        sources=["one"],
    )
    return next(day for day in days if day.source_id == "one")


def weeks(*counts: int, step: int = 1) -> dict[date, ListedPages]:
    """Days before `DAY`, the newest first, `step` days apart."""
    return {DAY - timedelta(days=step * number): ListedPages(polls=24, pages=count) for number, count in enumerate(counts, start=1)}


def test_every_page_found_is_published_or_dropped_for_a_reason() -> None:
    found = account(
        row("a"),
        row("b"),
        row("c", "rejected", "noText"),
        row("d", "rejected", "noDate"),
        row("e", "disallowed"),
        row("f", "failed", "timeout"),
        row("https://one.example/feed", kind="feed"),
        articles=extracted(a="A", b="B", d=None),
        records=("A",),
    )
    assert (found.found, found.fetched, found.extracted, found.published) == (6, 4, 3, 1)
    assert found.dropped == {"disallowed": 1, "failed.timeout": 1, "notPublished": 1, "rejected.noDate": 1, "rejected.noText": 1}
    assert found.found == found.published + sum(found.dropped.values())


def test_a_page_counts_once_with_its_best_outcome() -> None:
    tried = [row("a", "failed", "timeout"), row("a"), row("b", "failed", "timeout"), row("b", "failed", "status"), row("a", "duplicate")]
    found = account(*tried, articles=extracted(a="A"), records=("A",))
    assert (found.found, found.published, found.dropped) == (2, 1, {"failed.status": 1})


def test_duplicates_and_pages_of_other_intervals_are_not_found() -> None:
    others = [row("a", "duplicate"), row("b", "rejected", "outsideInterval"), row("c", "rejected", "outOfRange"), row("d", source=None)]
    assert account(*others).found == 0


def test_a_record_of_another_date_does_not_stand_for_an_article() -> None:
    day = source_days(
        DAY,
        ledger=ledger(row("a")),
        extracted=extracted(a="A"),
        published=[(DAY - timedelta(days=1), "A")],
        history={},
        sources=[],
    )
    assert day[0].dropped == {"notPublished": 1}


def test_polls_count_by_whether_they_could_be_read() -> None:
    polls = [row("f", kind="feed"), row("f", "notModified", kind="feed"), row("s", "failed", "status", kind="sitemap")]
    assert count_found(ledger(*polls)) == {"one": ListedPages(polls=2, failed_polls=1, pages=0)}


def test_a_source_without_any_row_has_a_row_of_zeros() -> None:
    found = account()
    assert (found.found, found.expected, found.gap) == (0, None, None)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ({}, (None, None)),
        (weeks(5, 9), (None, None)),
        (weeks(5, 9, 7), (7.0, "days")),
        (weeks(20, 22, 24, 26, step=7), (23.0, "weekday")),
        (weeks(20, 22, step=7) | weeks(1, 1, 1, 1, 1, 1), (1.0, "days")),
        (weeks(*[9] * 27) | {DAY - timedelta(days=40): ListedPages(polls=1, pages=1_000)}, (9.0, "weekday")),
        (weeks(8, 8, 8) | {DAY - timedelta(days=9): ListedPages(), DAY + timedelta(days=1): ListedPages(1, 0, 99)}, (8.0, "days")),
    ],
)
def test_the_median_of_the_weekday_or_of_all_days_is_expected(
    history: dict[date, ListedPages], expected: tuple[float | None, str | None]
) -> None:
    assert expected_pages(DAY, history) == expected


@pytest.mark.parametrize(
    ("usual", "pages", "is_gap"),
    [(4, 0, True), (3, 0, False), (20, 4, True), (20, 5, False), (100, 24, True), (100, 25, False)],
)
def test_far_fewer_than_expected_is_a_silent_gap(usual: int, pages: int, is_gap: bool) -> None:
    rows = [row("https://one.example/feed", kind="feed"), *(row(f"p{number}") for number in range(pages))]
    found = account(*rows, history=weeks(*[usual] * 10))
    assert found.is_gap == is_gap
    assert (found.gap is not None) == is_gap


def test_a_gap_says_whether_the_source_was_asked() -> None:
    history = weeks(*[12] * 10)
    assert account(history=history).gap == "one: 0 pages found on 2026-11-20, about 12 expected; it was not asked"
    failing = [row("f", "failed", "status", kind="feed")] * 3
    assert "3 polls failed, none succeeded" in str(account(*failing, history=history).gap)
    assert "its listings were read 1 time" in str(account(row("f", kind="feed"), history=history).gap)


OUTCOMES = st.sampled_from([("captured", None), ("rejected", "noText"), ("failed", "timeout"), ("disallowed", None), ("duplicate", None)])


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["one", "two"]), OUTCOMES), max_size=20),
    st.sets(st.sampled_from("abcdef")),
)
def test_found_is_always_published_plus_dropped(rows: list[tuple[str, str, tuple[str, str | None]]], records: set[str]) -> None:
    days = source_days(
        DAY,
        ledger=ledger(*(row(url, *outcome, source=source) for url, source, outcome in rows)),
        extracted=extracted(**{url: url for url in "abcdef"}),
        published=[(DAY, url) for url in records],
        history={},
        sources=["one"],
    )
    for day in days:
        assert day.found == day.published + sum(day.dropped.values())
        assert day.published <= day.extracted <= day.fetched <= day.found


def test_a_source_begins_with_the_day_on_which_it_was_first_asked() -> None:
    history = {"one": {DAY: ListedPages(polls=1)}, "two": {DAY: ListedPages(), DAY + timedelta(days=1): ListedPages(failed_polls=1)}}
    assert sources_seen_by(DAY - timedelta(days=1), history) == frozenset()
    assert sources_seen_by(DAY, history) == {"one"}
    assert sources_seen_by(DAY + timedelta(days=1), history) == {"one", "two"}
