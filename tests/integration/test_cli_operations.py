"""`news backfill`, `news maintain` and `news ledger`: consent, exit codes, JSON, and what an operator reads."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.cli.commands import operations as operation_commands
from pipeline.core import schema
from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval, Part
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.lake.tables import checked_table
from tests.integration.commands import News, Said, root_logger_kept, say
from tests.integration.conftest import KEY, REPOSITORY
from tests.integration.test_capture import ONE
from tests.integration.test_maintenance import ledger_row
from tests.integration.test_rebuild import files
from tests.integration.walking import StoppedClock

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DATES = ("--from", "2026-11-20", "--to", "2026-11-20", "--origin", "captures")


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    with root_logger_kept():
        yield


@pytest.fixture
def lake(imported_lake: Path, tmp_path: Path) -> Path:
    """A copy of the imported lake, for the test to work on."""
    return Path(shutil.copytree(imported_lake, tmp_path / "lake"))


@pytest.fixture
def news(lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> News:
    for name in [name for name in os.environ if name.startswith("NEWS_") and name != "NEWS_SHARED"]:
        monkeypatch.delenv(name)
    for name, value in {"NEWS_LAKE": str(lake), "NEWS_SEALING_KEYS": KEY, "NEWS_EXTRACT_PROCESSES": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(operation_commands, "SystemClock", lambda: StoppedClock(NOW))

    def run(*arguments: str) -> Said:
        return say(arguments, capsys)

    return run


@pytest.mark.parametrize("consent", [(), ("--dry-run",), ("--json",), ("--json", "--dry-run")])
def test_without_consent_a_backfill_shows_its_plan_and_touches_nothing(news: News, lake: Path, consent: tuple[str, ...]) -> None:
    before = files(str(lake))
    said = news("backfill", *DATES, *consent)
    assert said.code == (0 if "--dry-run" in consent else 2)
    assert ("--yes carries out this plan" in said.err) == ("--dry-run" not in consent)
    if "--json" in consent:
        assert (said.json["plan"]["intervals"], said.json["plan"]["pages"], said.json["plan"]["requests"]) == (24, 12, 0)
    else:
        assert "24 hours, and 0 parts of other hours" in said.out
        assert "kept listing" not in said.out, "the lake has none"
        assert "12 pages in" in said.out
    assert files(str(lake)) == before


def test_with_consent_it_runs_and_shows_the_difference(news: News, lake: Path) -> None:
    said = news("backfill", *DATES, "--yes")
    assert said.code == 0
    assert "in all: nothing changed" in said.out
    assert "step 24 of 24" in " ".join(said.err.split())
    (path,) = (lake / "backfills").glob("*.json")
    record = json.loads(path.read_text())
    assert (record["state"], len(record["steps"])) == ("done", 24)
    assert not list(path.parent.glob("*.before/*"))
    assert news("backfill", *DATES, "--yes", "--json").json["state"] == "done"


def test_a_partition_that_would_shrink_is_1_and_the_reason_is_kept(news: News, lake: Path) -> None:
    import pyarrow.parquet as pq

    path = lake / "articles/published_date=2026-11-20/articles.parquet"
    rows = pq.read_table(path).to_pylist()
    table = (
        pq.read_table(path)
        .schema.remove_metadata()
        .empty_table()
        .from_pylist(
            [{**row, "webUrl": f"{row['webUrl']}{suffix}"} for row in rows for suffix in ("", "?2")],
            schema=pq.read_schema(path).remove_metadata(),
        )
    )
    pq.write_table(table, path)
    said = news("backfill", *DATES, "--yes")
    assert said.code == 1
    assert "the rebuild has 12 rows, the partition 24" in " ".join(said.out.split())
    assert "--allow-shrink REASON" in said.out
    done = news("backfill", *DATES, "--yes", "--json", "--allow-shrink", "doubled by mistake")
    assert (done.code, done.json["reason"]) == (0, "doubled by mistake")
    assert done.json["differences"]["2026-11-20"]["vanished"] == 12


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--from", "2026-11-21", "--to", "2026-11-20"), 2, "2026-11-20, is before its first, 2026-11-21"),
        (("--from", "2026-11-20"), 2, "required: --to"),
        ((*DATES, "--yes", "--dry-run"), 2, "not allowed with argument"),
        ((*DATES, "--origin", "memory"), 2, "invalid choice: 'memory'"),
        ((*DATES, "--source", "nobody"), 1, "'nobody' is not a followed source"),
        (("--from", "2026-12-01", "--to", "2026-12-02"), 1, "is over yet"),
    ],
)
def test_a_wrong_wish_says_why(news: News, arguments: tuple[str, ...], code: int, message: str) -> None:
    said = news("backfill", *arguments)
    assert (said.code, said.out) == (code, "")
    assert message in said.err


def test_the_ledger_has_a_row_for_each_source_and_day(news: News) -> None:
    rows = news("ledger", "--from", "2026-11-19", "--until", "2026-11-20", "--json").json
    sources = load_catalogue(REPOSITORY / "data").enabled_sources
    assert len(rows) == 2 * len(sources)
    assert {row["day"] for row in rows} == {"2026-11-19", "2026-11-20"}
    one = news("ledger", "--from", "2026-11-19", "--source", sources[0].id)
    assert one.code == 0
    assert "0 silent gaps" in one.out


def test_the_ledger_begins_with_the_first_day_that_a_source_has_anything_on(news: News, lake: Path) -> None:
    assert news("ledger", "--json").json == []  # what was imported is no source's
    assert "no row on these days" in news("ledger").out
    early, late = sorted(source.id for source in load_catalogue(REPOSITORY / "data").enabled_sources)[:2]
    for day, source_id in ((18, early), (20, late), (21, early)):
        at = datetime(2026, 11, day, 12, tzinfo=UTC)
        rows = checked_table([{**ledger_row(f"{ONE}/{day}", ONE, at), "sourceId": source_id}], schema.LEDGER, name="ledger")
        Lake(str(lake)).write_table(storage.ledger_path(Part(Interval.containing(at), "00")), rows)
    shown = news("ledger", "--json").json
    assert {row["sourceId"] for row in shown} == {early, late}
    assert [row["day"] for row in shown if row["sourceId"] == early] == [f"2026-11-{day}" for day in range(18, 23)]
    assert [row["day"] for row in shown if row["sourceId"] == late] == [f"2026-11-{day}" for day in range(20, 23)]
    asked = news("ledger", "--from", "2026-11-17", "--source", early, "--json").json
    assert [row["day"] for row in asked] == [f"2026-11-{day}" for day in range(17, 23)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "2026-11-20", "--days", "2"), "not allowed with argument"),
        (("--from", "2026-11-20", "--until", "2026-11-19"), "2026-11-19, is before the first, 2026-11-20"),
        (("--from", "2026-11-23"), "is before the first, 2026-11-23"),
    ],
)
def test_a_ledger_of_no_days_says_why(news: News, arguments: tuple[str, ...], message: str) -> None:
    said = news("ledger", *arguments)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_json_names_sources_and_hours_as_the_tables_do(news: News) -> None:
    plan = news("backfill", "--from", "2026-11-20", "--to", "2026-11-20", "--dry-run", "--json").json["plan"]
    assert "sourceId" in plan["sources"][0]
    parts = news("erase", "publisher.example", "--reason", "letter", "--dry-run", "--json").json["plan"]["parts"]
    assert all(part["interval"] == "2026-11-20T12" for part in parts)


def test_a_ledger_of_a_source_that_there_is_not_says_so(news: News) -> None:
    said = news("ledger", "--source", "typo")
    assert (said.code, said.out) == (1, "")
    assert "'typo' is not a source" in said.err


def test_a_ledger_shows_how_often_each_source_was_polled(news: News) -> None:
    assert re.search(r"source\s+polls\s+expected", news("ledger", "--from", "2026-11-19", "--until", "2026-11-20").out)


def test_the_daily_round_can_be_run_without_airflow(news: News, lake: Path) -> None:
    said = news("maintain", "--json")
    assert (said.code, said.json["revisits"]["asked"], said.json["images"]["deleted"]) == (0, 0, 0)
    assert (lake / "raw/interval=2026-11-23T08/part=revisit/manifest.json").exists()
    assert (lake / "completeness/2026-11-22.parquet").exists()
    assert "revisited 0 pages" in news("maintain").out


def test_erasing_shows_its_plan_and_needs_consent_and_a_reason(news: News, lake: Path) -> None:
    before = files(str(lake))
    assert "required: --reason" in news("erase", "any.example").err
    said = news("erase", "any.example", "--reason", "a letter")
    assert (said.code, "--yes carries out this plan" in said.err) == (2, True)
    assert "12 records" in said.out
    assert "published 2026-11-20 to 2026-11-20" in said.out
    assert news("erase", "co.uk", "--reason", "a letter", "--yes").code == 1
    assert files(str(lake)) == before
    done = news("erase", "www.any.example", "--reason", "a letter", "--yes", "--json")
    assert (done.code, done.json["state"], done.json["counts"]["records"]) == (0, "done", 12)
    assert "the lake holds nothing of it" in news("erase", "any.example", "--reason", "a letter", "--dry-run").out


def test_the_plan_of_a_backfill_from_given_files_names_them(news: News, imported_lake: Path) -> None:
    said = news("backfill", *DATES[:4], "--origin", "warc", "--warc", str(imported_lake.parent / "*.warc.gz"), "--dry-run")
    assert said.code == 0
    assert str(imported_lake.parent / "a.warc.gz") in "".join(said.out.split())
    assert news("backfill", *DATES[:4], "--origin", "warc", "--dry-run").code == 1
