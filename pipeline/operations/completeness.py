"""Completeness: per source and day the pages expected, found, fetched, extracted, published and dropped. Pure: tables in, rows out.

A day is a UTC day of data intervals. A page counts once a day for the source that listed it, with its best outcome. Pages that an earlier
interval captured, and pages outside a past interval, do not count. `found` equals `published` plus the sum of `dropped`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text.counts import counted

FOUND_COLUMNS = ("url", "kind", "outcome", "reason", "sourceId", "offset")
"""The ledger columns that `count_found` and `source_days` need."""
EXTRACTED_COLUMNS = ("originalUrl", "webUrl", "publishedDateTime")
LISTINGS = frozenset({"feed", "sitemap", "section", "listing"})
NOT_WANTED = frozenset({"outsideInterval", "outOfRange"})
"""Reasons of pages that belong to another interval and are therefore not counted."""
NO_DATE = "noDate"
NO_RECORD = "notPublished"
"""Drop reason of an extracted, dated article without a record on its date: publish has not run yet, or refused to."""
ARTICLES_WITHOUT_RECORD = (f"rejected.{NO_DATE}", "rejected.rights", "rejected.doubtful", NO_RECORD)
"""Drop reasons of pages that were extracted as articles and have no record."""
RHYTHM_DAYS = 28
"""Days before a day over which the median is taken: four weeks, so that each weekday occurs four times."""
LEAST_DAYS = 3
"""Days that a median needs at least; the same number of equal weekdays makes the median that of the weekday."""
GAP_EXPECTED = 4.0
"""Expected pages a day below which silence is no gap: at four independent pages a day, one day in fifty is empty by chance (e^-4)."""
GAP_SHARE = 0.25
"""A day is a gap when fewer pages than this share of the expected ones were found. A plain choice."""
_RANK = {"captured": 0, "rejected": 1, "disallowed": 2, "notModified": 3, "failed": 4}


@dataclass(frozen=True, slots=True)
class ListedPages:
    """Polls and distinct pages of a source on one day, counted in the ledger alone."""

    polls: int = 0
    failed_polls: int = 0
    pages: int = 0

    @property
    def is_asked(self) -> bool:
        """Whether the source was polled or had a page on the day."""
        return bool(self.polls or self.failed_polls or self.pages)


@dataclass(frozen=True, slots=True)
class SourceDay:
    """One row of the completeness table: what became of the pages of a source on a UTC day."""

    day: date
    source_id: str
    expected: float | None
    """Median number of pages on earlier days; None while fewer than `LEAST_DAYS` are known."""
    expected_from: str | None
    """`weekday` when the median is over days of the same weekday, `days` when over all."""
    polls: int
    failed_polls: int
    found: int
    fetched: int
    extracted: int
    published: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Number of pages without a record, by outcome and reason (`rejected.noDate`)."""

    @property
    def is_gap(self) -> bool:
        """Whether far fewer pages were found than expected: see `GAP_EXPECTED` and `GAP_SHARE`."""
        return self.expected is not None and self.expected >= GAP_EXPECTED and self.found < GAP_SHARE * self.expected

    @property
    def gap(self) -> str | None:
        """The sentence that tells an operator of the silent gap; None when the day is no gap."""
        if not self.is_gap:
            return None
        if not self.polls:
            why = f"{counted(self.failed_polls, 'poll')} failed, none succeeded" if self.failed_polls else "it was not asked"
        else:
            why = f"its listings were read {counted(self.polls, 'time')}"
        return f"{self.source_id}: {counted(self.found, 'page')} found on {self.day}, about {self.expected:.0f} expected; {why}"


def count_found(ledger: pa.Table) -> dict[str, ListedPages]:
    """Polls and distinct pages per source id, from the ledger rows of one day (`FOUND_COLUMNS`)."""
    rows = _rows(ledger)
    polls = Counter((row["sourceId"], row["outcome"] in ("captured", "notModified")) for row in rows if row["kind"] in LISTINGS)
    pages = Counter(source for source, _ in _pages(rows))
    sources = sorted({source for source, _ in polls} | set(pages))
    return {source: ListedPages(polls[source, True], polls[source, False], pages[source]) for source in sources}


def sources_seen_by(day: date, history: Mapping[str, Mapping[date, ListedPages]]) -> frozenset[str]:
    """The ids of the sources that were polled or had a page on `day` or earlier; of any other source no page is expected.

    `history` maps each source id to its known days.
    """
    return frozenset(source for source, days in history.items() if any(other <= day and found.is_asked for other, found in days.items()))


def expected_pages(day: date, history: Mapping[date, ListedPages]) -> tuple[float | None, str | None]:
    """The median number of pages of a source before `day`, and whether it is over the same `weekday` or all `days`; None if unknown.

    `history` maps the known days of the source to their counts; days without a poll do not count.
    """
    first = day - timedelta(days=RHYTHM_DAYS)
    pages = {other: found.pages for other, found in history.items() if first <= other < day and found.is_asked}
    same = [count for other, count in pages.items() if other.weekday() == day.weekday()]
    if len(same) >= LEAST_DAYS:
        return float(median(same)), "weekday"
    return (float(median(pages.values())), "days") if len(pages) >= LEAST_DAYS else (None, None)


def source_days(
    day: date,
    *,
    ledger: pa.Table,
    extracted: pa.Table,
    published: Collection[tuple[date, str]],
    history: Mapping[str, Mapping[date, ListedPages]],
    sources: Iterable[str],
) -> tuple[SourceDay, ...]:
    """The completeness rows of `day`, by source id: one for each of `sources` and for every other source in `ledger`.

    `ledger` and `extracted` hold the rows of the day, `published` the (published date, webUrl) of all records. `history` maps source ids to
    their known days.
    """
    found = count_found(ledger)
    ends = _ends(ledger, extracted, published)
    return tuple(
        _source_day(day, source, found.get(source, ListedPages()), ends.get(source, ()), history.get(source, {}))
        for source in sorted({*sources, *found})
    )


def _source_day(
    day: date, source: str, found: ListedPages, ends: Sequence[tuple[bool, str | None]], history: Mapping[date, ListedPages]
) -> SourceDay:
    expected, expected_from = expected_pages(day, history)
    dropped = Counter(reason for _, reason in ends if reason is not None)
    published = sum(reason is None for _, reason in ends)
    return SourceDay(
        day=day,
        source_id=source,
        expected=expected,
        expected_from=expected_from,
        polls=found.polls,
        failed_polls=found.failed_polls,
        found=len(ends),
        fetched=sum(is_fetched for is_fetched, _ in ends),
        extracted=published + sum(dropped[reason] for reason in ARTICLES_WITHOUT_RECORD),
        published=published,
        dropped=dict(sorted(dropped.items())),
    )


def _ends(ledger: pa.Table, extracted: pa.Table, published: Collection[tuple[date, str]]) -> dict[str, list[tuple[bool, str | None]]]:
    """For each source, a pair per page: whether the page was fetched, and why it has no record (None when it has one)."""
    records = {row["originalUrl"] for row in extracted.to_pylist() if _is_record(row, published)}
    ends: dict[str, list[tuple[bool, str | None]]] = {}
    for (source, url), row in _pages(_rows(ledger)).items():
        is_fetched = row["outcome"] == "captured" or (row["outcome"] == "rejected" and row["offset"] is not None)
        ends.setdefault(source, []).append((is_fetched, _drop(row, is_record=url in records)))
    return ends


def _is_record(row: Mapping[str, Any], published: Collection[tuple[date, str]]) -> bool:
    moment = row["publishedDateTime"]
    return moment is not None and (moment.date(), row["webUrl"]) in published


def _drop(row: Mapping[str, Any], *, is_record: bool) -> str | None:
    if row["outcome"] == "captured":
        return None if is_record else NO_RECORD
    return f"{row['outcome']}.{row['reason']}" if row["reason"] is not None else str(row["outcome"])


def _pages(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The ledger row with the best outcome for each (source id, URL); the last among equals."""
    best: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        if row["kind"] != "page" or row["outcome"] == "duplicate" or row["reason"] in NOT_WANTED:
            continue
        key = (row["sourceId"], row["url"])
        if key not in best or _RANK[row["outcome"]] <= _RANK[best[key]["outcome"]]:
            best[key] = row
    return best


def _rows(ledger: pa.Table) -> list[dict[str, Any]]:
    table = ledger.select(list(FOUND_COLUMNS))
    wanted = pc.and_(pc.is_valid(table["sourceId"]), pc.not_equal(table["outcome"], "duplicate"))
    rows: list[dict[str, Any]] = table.filter(wanted).to_pylist()
    return rows
