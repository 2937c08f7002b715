"""Rows and their marks: who reads both between any two writes can tell from the marks later that the rows are out of date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.core.models import Interval, Part
from pipeline.lake import storage
from pipeline.lake.row_marks import REPLACING, REPLACING_AGE, digests_by_date, replace_rows, sweep_replacing_marks
from pipeline.lake.storage import Lake

PART = Part(Interval.parse("2026-11-20T12"), "00")
FIRST, SECOND = date(2026, 11, 19), date(2026, 11, 20)
Version = Mapping[date, str]
"""The rows of an extraction, one a date, by what they say; equal texts have equal digests."""


class KilledError(Exception):
    """Stands in for a SIGKILL: no code of ours catches it."""


class KillingLake(Lake):
    """A lake whose writer dies instead of its write number `kill_at`, counted from 1."""

    def __init__(self, uri: str, kill_at: int | None = None) -> None:
        super().__init__(uri)
        self.writes = 0
        self._kill_at = kill_at

    def _count(self) -> None:
        self.writes += 1
        if self.writes == self._kill_at:
            raise KilledError

    def write_bytes(self, path: str, data: bytes) -> None:
        self._count()
        super().write_bytes(path, data)

    def write_table(self, path: str, table: pa.Table) -> None:
        self._count()
        super().write_table(path, table)

    def delete(self, path: str) -> None:
        self._count()
        super().delete(path)


def extract(lake: Lake, version: Version) -> None:
    table = pa.table({"day": pa.array(list(version), pa.date32()), "text": pa.array(list(version.values()), pa.string())})
    replace_rows(lake, PART, table, old=marks(lake), new=version)


def marks(lake: Lake) -> frozenset[str]:
    return frozenset(mark.path for day in lake.touched_dates() for mark in lake.marks(day))


def rows(lake: Lake) -> dict[date, str]:
    path = storage.extracted_path(PART)
    return {row["day"]: row["text"] for row in lake.read_table(path).to_pylist()} if lake.exists(path) else {}


def marks_of(found: frozenset[str], day: date) -> frozenset[str]:
    return frozenset(path for path in found if storage.read_mark(path).published_date == day)


CASES: dict[str, tuple[Version, Version, Version]] = {
    "the first extraction": ({}, {FIRST: "a", SECOND: "b"}, {FIRST: "a", SECOND: "b"}),
    "a date's rows change": ({FIRST: "a", SECOND: "b"}, {FIRST: "a", SECOND: "c"}, {FIRST: "a", SECOND: "c"}),
    "a date's rows go": ({FIRST: "a", SECOND: "b"}, {FIRST: "a"}, {FIRST: "a"}),
    "a killed call had other rows than the calls around it": ({FIRST: "a", SECOND: "b"}, {FIRST: "c"}, {FIRST: "a", SECOND: "b"}),
    "a killed call had rows on a date more": ({FIRST: "a"}, {FIRST: "a", SECOND: "b"}, {FIRST: "a"}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_read_between_a_kill_at_any_write_and_going_on_is_known_to_be_out_of_date(case: str, tmp_path: Path) -> None:
    before, killed, after = CASES[case]
    kill_at = 0
    while True:
        kill_at += 1
        lake = Lake(str(tmp_path / str(kill_at)))
        if before:
            extract(lake, before)
        writer = KillingLake(lake.root, kill_at)
        try:
            extract(writer, killed)
            break
        except KilledError:
            seen, seen_marks = rows(lake), marks(lake)
            extract(lake, after)
        assert rows(lake) == after
        assert {storage.read_mark(path).digest for path in marks(lake)} == set(after.values())
        for day in {*seen, *after}:
            assert seen.get(day) == after.get(day) or marks_of(seen_marks, day) != marks_of(marks(lake), day), (kill_at, day)
    assert kill_at > 3


def test_equal_rows_keep_their_marks(tmp_path: Path) -> None:
    lake = KillingLake(str(tmp_path))
    extract(lake, {FIRST: "a"})
    writes = lake.writes
    extract(lake, {FIRST: "a"})
    assert lake.writes == writes + 1, "only the rows are written again"
    assert replace_rows(lake, PART, None, old=marks(lake), new={FIRST: "a"}) == {FIRST}


NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
CONTRACT = pa.schema(
    [("publishedDateTime", pa.timestamp("us", tz="UTC")), ("title", pa.string()), ("provenance", pa.map_(pa.string(), pa.string()))]
)


def table(*rows: tuple[datetime | None, str]) -> pa.Table:
    found = [{"publishedDateTime": at, "title": title, "provenance": [("title", "h1")]} for at, title in rows]
    return pa.Table.from_pylist(found, schema=CONTRACT)


def digests(*rows: tuple[datetime | None, str]) -> dict[date, str]:
    return digests_by_date(table(*rows))


def test_each_published_date_has_one_digest_of_its_rows_in_any_order() -> None:
    mixed = digests((NOON, "a"), (None, "undated"), (NOON + timedelta(days=1), "c"), (NOON, "b"))
    assert list(mixed) == [FIRST, SECOND]
    assert mixed == digests((NOON + timedelta(days=1), "c"), (NOON, "b"), (NOON, "a"))
    assert mixed[FIRST] == digests((NOON, "b"), (NOON, "a"))[FIRST]


def test_a_changed_value_changes_the_digest_of_its_date_alone() -> None:
    before = digests((NOON, "a"), (NOON + timedelta(days=1), "c"))
    after = digests((NOON + timedelta(seconds=1), "a"), (NOON + timedelta(days=1), "c"))
    assert (before[FIRST] == after[FIRST], before[SECOND] == after[SECOND]) == (False, True)


def left_mark(lake: Lake, day: date) -> str:
    """Write a mark as an object store does that carries out a write long after it was asked to."""
    path = storage.mark_path(day, PART, digest=REPLACING)
    lake.write_bytes(path, b"")
    return path


def test_a_mark_that_a_late_write_left_is_swept_after_a_day(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    written = table((NOON, "a"))
    replace_rows(lake, PART, written, old=(), new=digests_by_date(written))
    right = marks(lake)
    left_mark(lake, FIRST)
    left_mark(lake, SECOND)  # a date that has no rows of the part
    written_at = datetime.now(UTC)
    assert sweep_replacing_marks(lake, now=written_at + REPLACING_AGE - timedelta(minutes=1)) == 0
    assert sweep_replacing_marks(lake, now=written_at + REPLACING_AGE + timedelta(minutes=1)) == 2
    assert marks(lake) == right


@pytest.mark.parametrize("kill_at", [1, 2, 3, 4, 5])
def test_the_mark_of_a_killed_extraction_stays_unless_rows_and_marks_agree(kill_at: int, tmp_path: Path) -> None:
    before, after = table((NOON, "a")), table((NOON, "b"))
    lake = Lake(str(tmp_path))
    replace_rows(lake, PART, before, old=(), new=digests_by_date(before))
    with pytest.raises(KilledError):
        replace_rows(KillingLake(lake.root, kill_at), PART, after, old=marks(lake), new=digests_by_date(after))
    found = {storage.read_mark(path).digest for path in marks(lake)}
    agree = found - {REPLACING} == set(digests_by_date(lake.read_table(storage.extracted_path(PART))).values())
    swept = sweep_replacing_marks(lake, now=datetime.now(UTC) + 2 * REPLACING_AGE)
    assert swept == (REPLACING in found and agree)
    assert (kill_at, agree) in {(1, True), (2, True), (3, False), (4, False), (5, True)}
