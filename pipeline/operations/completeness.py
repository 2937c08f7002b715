"""Completeness: what each source brought on a day, what it usually brings, and where the difference went. Pure: tables in, rows out.

A day is a UTC day of data intervals. A page counts once a day for the source that found it, with its best outcome; pages that earlier
intervals had, and those that a past interval did not want, do not count. Found is published plus everything dropped, reason by reason.
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

FOUND_COLUMNS = ("url", "kind", "outcome", "reason", "sourceId", "offset")
"""The ledger columns that `count_found` and `account_day` read."""
EXTRACTED_COLUMNS = ("originalUrl", "webUrl", "publishedDateTime")
LISTINGS = frozenset({"feed", "sitemap", "section", "listing"})
NOT_WANTED = frozenset({"outsideInterval", "outOfRange"})
"""Reasons of pages that belong to another interval."""
NO_DATE = "noDate"
NO_RECORD = "notPublished"
"""Extracted and dated, but no record of its date has it: publish has still to run, or refused to."""
ARTICLES_WITHOUT_RECORD = (f"rejected.{NO_DATE}", "rejected.rights", "rejected.doubtful", NO_RECORD)
"""How pages end that are articles and have no record."""
RHYTHM_DAYS = 28
"""Days before a day whose median is expected of it: four weeks hold each weekday four times."""
LEAST_DAYS = 3
"""Fewer days have no median worth the name; with as many of one weekday, that weekday's is taken."""
GAP_EXPECTED = 4.0
"""A source that usually brings fewer pages a day is silent on some days by chance (one in fifty at four, were they independent)."""
GAP_SHARE = 0.25
"""Far below: found less than this share of what was expected."""
_RANK = {"captured": 0, "rejected": 1, "disallowed": 2, "notModified": 3, "failed": 4}


@dataclass(frozen=True, slots=True)
class ListedPages:
    """What a source's listings brought on a day, by the ledger alone."""

    polls: int = 0
    failed_polls: int = 0
    pages: int = 0

    @property
    def is_asked(self) -> bool:
        return bool(self.polls or self.failed_polls or self.pages)


@dataclass(frozen=True, slots=True)
class SourceDay:
    """One row of the completeness table."""

    day: date
    source_id: str
    expected: float | None
    """Pages that it usually brings on such a day; None while its rhythm is not known."""
    expected_from: str | None
    """`weekday` or `days`: what the median is over."""
    polls: int
    failed_polls: int
    found: int
    fetched: int
    extracted: int
    published: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Outcome and reason of every page that was found and is no record, to how many."""

    @property
    def is_gap(self) -> bool:
        return self.expected is not None and self.expected >= GAP_EXPECTED and self.found < GAP_SHARE * self.expected

    @property
    def gap(self) -> str | None:
        """What an operator reads about a silent gap, None when there is none."""
        if not self.is_gap:
            return None
        if not self.polls:
            why = f"all {self.failed_polls} polls failed" if self.failed_polls else "it was not asked"
        else:
            why = f"its listings were read {self.polls} times"
        return f"{self.source_id}: found {self.found} on {self.day}, usually about {self.expected:.0f}; {why}"


def count_found(ledger: pa.Table) -> dict[str, ListedPages]:
    """Per source the polls and distinct pages of one day's ledger rows."""
    rows = _rows(ledger)
    polls = Counter((row["sourceId"], row["outcome"] in ("captured", "notModified")) for row in rows if row["kind"] in LISTINGS)
    pages = Counter(source for source, _ in _pages(rows))
    sources = sorted({source for source, _ in polls} | set(pages))
    return {source: ListedPages(polls[source, True], polls[source, False], pages[source]) for source in sources}


def begun(day: date, history: Mapping[str, Mapping[date, ListedPages]]) -> frozenset[str]:
    """The sources that brought something, or were asked, on `day` or earlier: of others nothing could be expected on it.

    `history` are the known days of each source.
    """
    return frozenset(source for source, days in history.items() if any(other <= day and found.is_asked for other, found in days.items()))


def expect(day: date, history: Mapping[date, ListedPages]) -> tuple[float | None, str | None]:
    """What a source brings on such a day by its own rhythm, and whether that is its `weekday`'s or all `days`'.

    `history` are its earlier days; those on which nobody asked it do not count.
    """
    first = day - timedelta(days=RHYTHM_DAYS)
    pages = {other: found.pages for other, found in history.items() if first <= other < day and found.is_asked}
    same = [count for other, count in pages.items() if other.weekday() == day.weekday()]
    if len(same) >= LEAST_DAYS:
        return float(median(same)), "weekday"
    return (float(median(pages.values())), "days") if len(pages) >= LEAST_DAYS else (None, None)


def account_day(
    day: date,
    *,
    ledger: pa.Table,
    extracted: pa.Table,
    published: Collection[tuple[date, str]],
    history: Mapping[str, Mapping[date, ListedPages]],
    sources: Iterable[str],
) -> tuple[SourceDay, ...]:
    """A row for each of `sources`, and for every other source that brought something, by id.

    `ledger` and `extracted` are the day's rows, `published` the (published date, webUrl) of the records there are, `history` the earlier
    days of each source.
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
    expected, expected_from = expect(day, history)
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
    """Per source and page: whether it was fetched, and why it is no record (None when it is one)."""
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
    """The best row of each source's pages; of equal ones the last."""
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
