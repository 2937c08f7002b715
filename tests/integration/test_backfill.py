"""Backfills over the sample world: plan, dry run, run, difference, refusal, and killed anywhere and run again."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.core.catalogue import Catalogue, load_catalogue
from pipeline.core.errors import ConfigError, LockedError, PermanentError
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.locks import exclusive_lock
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import BackfillPlan, BackfillRequest
from pipeline.operations.backfill.records import BackfillRecord
from pipeline.operations.backfill.runs import read_record, run_backfill
from tests import days
from tests.integration import walking
from tests.integration.conftest import KEY, NOON
from tests.integration.test_rebuild import files
from tests.newsroom import Newsroom, World

DAY = date(2026, 11, 20)
ASKED = BackfillRequest(DAY, DAY, origins=("captures", "pages"))
NOW = NOON + timedelta(minutes=30)
KILLS = 2


@pytest.fixture(scope="module")
def room() -> Iterator[Newsroom]:
    with Newsroom(World.load(), now=NOON) as newsroom:
        yield newsroom


@pytest.fixture
def settings(room: Newsroom, tmp_path: Path) -> Settings:
    return in_lake(room, tmp_path / "lake")


def in_lake(room: Newsroom, lake: Path) -> Settings:
    environment = {**room.environment, "NEWS_SEALING_KEYS": KEY, "NEWS_SOURCES_PER_PART": "100", "NEWS_EXTRACT_PROCESSES": "1"}
    return Settings.from_environment(environment, lake=str(lake))


@pytest.fixture
def catalogue(settings: Settings) -> Catalogue:
    return load_catalogue(settings.config)


@pytest.fixture
def few(room: Newsroom, catalogue: Catalogue) -> BackfillRequest:
    """Two sources, so that a test takes seconds."""
    room.forget_requests()
    return of_two_sources(catalogue)


def of_two_sources(catalogue: Catalogue) -> BackfillRequest:
    return replace(ASKED, sources=tuple(sorted(source.id for source in catalogue.enabled_sources[:2])))


def backfill(settings: Settings, catalogue: Catalogue, asked: BackfillRequest, **options: Any) -> tuple[BackfillPlan, BackfillRecord]:
    plan = plan_backfill(settings, catalogue, asked, now=NOW)
    return plan, run_backfill(settings, catalogue, plan, clock=walking.StoppedClock(NOW), **options)


@pytest.fixture(scope="module")
def finished(room: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BackfillRecord]:
    """A lake after the backfill of two sources, not to be changed, and the backfill's record."""
    settings = in_lake(room, tmp_path_factory.mktemp("finished") / "lake")
    catalogue = load_catalogue(settings.config)
    return Path(settings.lake), backfill(settings, catalogue, of_two_sources(catalogue))[1]


@pytest.fixture
def done(finished: tuple[Path, BackfillRecord], settings: Settings) -> BackfillRecord:
    """That backfill's record; the lake of `settings` is a copy of that lake."""
    shutil.copytree(finished[0], settings.lake)
    return finished[1]


def published(settings: Settings, day: date = DAY) -> dict[str, dict[str, Any]]:
    table = pq.read_table(Path(settings.lake, storage.articles_path(day)))
    return {row["webUrl"]: row for row in table.to_pylist()}


def test_a_plan_asks_nobody_and_writes_nothing(room: Newsroom, settings: Settings, catalogue: Catalogue, few: BackfillRequest) -> None:
    plan = plan_backfill(settings, catalogue, few, now=NOW)
    assert (plan.intervals, plan.captured, plan.to_capture) == (13, 0, 13)
    assert plan.without_history == tuple(source.id for source in catalogue.enabled_sources[:2])
    assert plan.notes == ("left out, because not over yet: 11 hours of the range",)
    assert room.requests == []
    assert not Path(settings.lake).exists()


def test_the_figures_of_a_plan_come_from_the_ledger(settings: Settings, catalogue: Catalogue, few: BackfillRequest) -> None:
    stages.run(settings, catalogue, Interval.parse("2026-11-19T12"), live=True, clock=walking.StoppedClock())
    plan = plan_backfill(settings, catalogue, few, now=NOW)
    ledger = Lake(settings.lake).read_table(storage.ledger_path(Part(Interval.parse("2026-11-19T12"), "00"))).to_pylist()
    for row, source in zip(plan.sources, catalogue.enabled_sources[:2], strict=True):
        mine = [one for one in ledger if one["sourceId"] == source.id and one["kind"] in ("page", "image", "amp")]
        sent = [one for one in mine if one["at"] is not None or (one["outcome"] == "failed" and one["reason"] != "deferred")]
        assert (row.hours, row.days) == (13, 1)
        assert row.requests == round(len(sent) * 13 / 24) + len(source.listings) + 1
        assert row.bytes == round(sum(one["bytes"] for one in sent) * 13 / 24)
    assert plan.later_parts == 1  # the live hour of the day before has articles of the day


def test_a_backfill_takes_in_the_articles_of_its_dates_and_no_others(room: Newsroom, settings: Settings, done: BackfillRecord) -> None:
    assert (done.state, len(done.steps), done.red, done.refused) == ("done", 13, {}, {})
    found = published(settings)
    assert {row["publishedDateTime"].date() for row in found.values()} == {DAY}
    assert len({row["provider"]["domain"] for row in found.values()}) == 2
    assert done.differences[DAY].new == len(found) == done.total_difference.new > 3
    world = {site.url(article): article for site, article in room.world.articles if not article.missing}
    assert all(world[url].published.date() == DAY for url in found if url in world)


def test_the_same_backfill_again_fetches_nothing_and_changes_nothing(
    room: Newsroom, settings: Settings, catalogue: Catalogue, done: BackfillRecord, few: BackfillRequest
) -> None:
    before = {name: digest for name, digest in files(settings.lake).items() if not name.startswith("backfills/")}
    room.forget_requests()
    plan, record = backfill(settings, catalogue, few)
    assert (plan.captured, plan.to_capture, plan.requests) == (13, 0, 0)
    assert room.requests == []
    assert (record.total_difference.new, record.total_difference.changed, record.total_difference.vanished) == (0, 0, 0)
    assert {name: digest for name, digest in files(settings.lake).items() if not name.startswith("backfills/")} == before


def test_a_changed_catalogue_shows_the_changed_fields(
    settings: Settings, catalogue: Catalogue, done: BackfillRecord, few: BackfillRequest
) -> None:
    pictures = {row["webUrl"] for row in published(settings).values() if row["images"]}
    quality = catalogue.scoring.quality.model_copy(update={"image": 0})
    scoring = catalogue.scoring.model_copy(update={"quality": quality})
    _, record = backfill(settings, catalogue.model_copy(update={"scoring": scoring}), few)
    change = record.differences[DAY]
    assert (change.new, change.vanished) == (0, 0)
    assert change.fields["quality"] == len(pictures) > 0
    assert set(change.fields) <= {"quality", "heat", "published", "related", "secured"}
    assert set(change.changed_urls) <= published(settings).keys()


def test_a_refetch_captures_everything_anew_beside_what_is_there(
    room: Newsroom, settings: Settings, catalogue: Catalogue, done: BackfillRecord, few: BackfillRequest
) -> None:
    raw = {name: digest for name, digest in files(settings.lake).items() if name.startswith("raw/interval")}
    room.forget_requests()
    plan, record = backfill(settings, catalogue, replace(few, refetch=True))
    assert (plan.captured, plan.to_capture) == (0, 13)
    assert len(room.requests) > 10
    after = files(settings.lake)
    assert raw.items() <= after.items()
    fresh = [name for name in after if f"part=00-r{record.mark}/manifest.json" in name]
    assert len(fresh) == 13


def test_what_a_partition_may_not_lose_is_refused_until_there_is_a_reason(
    settings: Settings, catalogue: Catalogue, done: BackfillRecord, few: BackfillRequest
) -> None:
    lake, path = Lake(settings.lake), storage.articles_path(DAY)
    before = lake.read_bytes(path)
    table = lake.read_table(path)
    more = table.to_pylist()
    more += [{**row, "webUrl": f"{row['webUrl']}-{number}"} for number in range(1 + 20 // len(more)) for row in table.to_pylist()]
    lake.write_table(path, table.from_pylist(more, schema=table.schema.remove_metadata()))
    grown = lake.read_bytes(path)
    _, refused = backfill(settings, catalogue, few)
    assert (refused.state, list(refused.refused)) == ("refused", [DAY])
    assert "more than 20% would be lost" in refused.refused[DAY]
    assert lake.read_bytes(path) == grown
    _, allowed = backfill(settings, catalogue, few, allow_shrink="the doubles were a mistake")
    assert (allowed.state, allowed.reason, allowed.refused) == ("done", "the doubles were a mistake", {})
    assert allowed.started == refused.started
    assert allowed.differences[DAY].vanished == len(more) - table.num_rows
    assert lake.read_bytes(path) == before
    assert read_record(settings, few.id) == allowed


def test_a_second_process_with_the_same_wishes_is_refused_and_changes_nothing(
    settings: Settings, catalogue: Catalogue, few: BackfillRequest
) -> None:
    before = files(settings.lake)
    with (
        exclusive_lock(Lake(settings.lake), storage.backfill_lock_path(few.id), what="the first"),
        pytest.raises(LockedError, match=f"backfill {few.id} is running"),
    ):
        backfill(settings, catalogue, few)
    assert files(settings.lake) == before


def test_an_unknown_source_and_a_range_in_the_future_are_refused(settings: Settings, catalogue: Catalogue) -> None:
    with pytest.raises(ConfigError, match="'nobody' is not a followed source"):
        plan_backfill(settings, catalogue, BackfillRequest(DAY, DAY, ("nobody",)), now=NOW)
    with pytest.raises(PermanentError, match="no hour from 2026-12-01 to 2026-12-02 is over"):
        plan_backfill(settings, catalogue, BackfillRequest(date(2026, 12, 1), date(2026, 12, 2)), now=NOW)


@pytest.mark.parametrize("day", [days.DAY])
def test_killed_anywhere_and_run_again_gives_the_same_bytes_and_fetches_nothing_twice(
    room: Newsroom, settings: Settings, few: BackfillRequest, tmp_path: Path, day: str
) -> None:

    def run(lake: Path, kill_at: int | None = None) -> tuple[int, int]:
        options = {**settings.model_dump(), "lake": str(lake)}
        return walking.carry_out(walking.backfill, options, few, NOW, kill_at=kill_at)

    code, steps = run(tmp_path / "whole")
    assert code == 0
    whole = files(str(tmp_path / "whole"))
    assert any(name.startswith("backfills/") for name in whole)
    for kill_at in days.sample_of(range(1, steps - 1), KILLS, day=day):
        lake = tmp_path / f"killed-{kill_at}"
        assert run(lake, kill_at)[0] == -signal.SIGKILL, kill_at
        kept = {path.parent.parent.name for path in lake.glob("raw/*/*/manifest.json")}
        room.forget_requests()
        assert run(lake)[0] == 0
        assert files(str(lake)) == whole, kill_at
        assert len(kept) < 13 or not room.requests, "every hour was committed"


def test_an_hour_killed_between_its_listings_and_its_commit_records_the_robots_txt_that_it_asked_for(
    room: Newsroom, settings: Settings, few: BackfillRequest, tmp_path: Path
) -> None:
    asked, now = replace(few, sources=few.sources[:1]), NOW.replace(hour=6)

    def run(lake: Path, kill_at: int | None = None) -> int:
        return walking.carry_out(walking.backfill, {**settings.model_dump(), "lake": str(lake)}, asked, now, kill_at=kill_at)[0]

    assert run(tmp_path / "whole") == 0
    for kill_at in range(2, 20):
        lake = tmp_path / f"killed-{kill_at}"
        assert run(lake, kill_at) == -signal.SIGKILL
        if list(lake.glob("raw/documents/*/*.warc.gz")):
            break
    room.forget_requests()
    assert not list(lake.glob("raw/interval=*/*/manifest.json"))
    assert run(lake) == 0
    assert "/robots.txt" not in {request.path for request in room.requests}
    assert files(str(lake)) == files(str(tmp_path / "whole")), kill_at
