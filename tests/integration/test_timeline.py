"""The timeline of stories in a lake: its laws over random sequences of captures, past states, damage, and two writers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.core import schema
from pipeline.core.errors import BusyError
from pipeline.core.models import HOUR, Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import locks, storage
from pipeline.lake.row_marks import digests_by_date, replace_rows
from pipeline.lake.storage import Lake
from pipeline.lake.tables import checked_table
from pipeline.operations import stages
from pipeline.publishing.date_checks import broken_stories
from pipeline.publishing.publish import stale_dates
from pipeline.publishing.timeline.folding import LOCK, fold_timeline
from tests.unit.publishing.test_records import CATALOGUE, DAY, EVENTS, NOON, picture, row, story

Rows = Sequence[Mapping[str, Any]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=str(tmp_path / "lake"))


def extract(lake: Lake, rows: Rows, *, at: datetime = NOON, name: str = "00") -> None:
    """Replace the rows of the part of the hour `at`, as an extraction does; each is captured in that hour."""
    part = Part(Interval.containing(at), name)
    place = {"capturedAt": at, "captureFile": storage.captures_path(part)}
    table = checked_table(
        [{**one, **place, "captureOffset": number} for number, one in enumerate(rows)], schema.EXTRACTED, name="extracted"
    )
    old = {mark.path for mark in lake.all_marks() if (mark.interval, mark.part) == (part.interval.key, part.name)}
    replace_rows(lake, part, table, old=old, new=digests_by_date(table))


def timeline_files(lake: Lake) -> dict[str, bytes]:
    return {file.path: lake.read_bytes(file.path) for file in lake.files(storage.TIMELINE)}


def folded_anew(lake: Lake, folder: Path) -> dict[str, bytes]:
    """The timeline that a lake of the same extracted rows gets when it starts with none."""
    for name in ("extracted", "touched"):
        if Path(lake.root, name).exists():
            shutil.copytree(Path(lake.root, name), folder / name)
    fold_timeline(Lake(str(folder)), Settings(lake=str(folder)), CATALOGUE)
    return timeline_files(Lake(str(folder)))


HOURS = [NOON + HOUR * hours for hours in (-100, -13, 0, 1, 12, 30, 200, 1000)]
PAGES = st.builds(
    lambda event, number, words, age, shown: row(
        f"{event}-{number}",
        domain=f"site{number % 3}.example",
        title=f"{EVENTS[event]}{words}",
        text="" if number % 2 else f"{EVENTS[event]}. {EVENTS[event]}.",
        publishedDateTime=NOON - timedelta(hours=age),
        images=[picture(f"https://x.example/{shown}.jpg")],
    ),
    st.sampled_from(sorted(EVENTS)),
    st.integers(0, 5),
    st.sampled_from(["", ", say witnesses", " again"]),
    st.sampled_from([0, 5, 30, 200, 700]),
    st.integers(0, 1),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["extract", "extract", "extract", "erase"]), st.sampled_from(HOURS), st.lists(PAGES, min_size=1, max_size=8)),
    min_size=1,
    max_size=5,
)
"""Extractions of any hour in any order, so that late articles, revisits and parts that are extracted again come about; and erasures."""


@given(sequence=STEPS)
@hypothesis_settings(max_examples=8, deadline=None)
def test_going_on_writes_the_bytes_of_starting_over_and_all_records_agree(
    sequence: list[tuple[str, datetime, list[dict[str, Any]]]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(lake=f"{name}/lake", max_shrink=1.0)
        lake, parts = Lake(settings.lake), {}
        for number, (kind, at, rows) in enumerate(sequence):
            if kind == "extract":
                parts[at] = list({one["webUrl"]: one for one in rows}.values())
                extract(lake, parts[at], at=at)
            else:
                for hour, known in parts.items():
                    parts[hour] = [one for one in known if one["providerDomain"] != rows[0]["providerDomain"]]
                    extract(lake, parts[hour], at=hour)
            dates = stages.fold(settings, CATALOGUE)
            assert timeline_files(lake) == folded_anew(lake, Path(name, f"anew-{number}"))
            list(stages.publish_dates(settings, CATALOGUE, dates))
            assert stale_dates(lake, settings, CATALOGUE, stages.touched_dates(settings)) == (), (
                "the changed dates are all that was to build"
            )
            assert list(broken_stories(lake)) == []


def test_a_date_is_built_again_only_when_a_record_of_it_may_have_changed(settings: Settings) -> None:
    lake = Lake(settings.lake)
    bees = row("bees", title=EVENTS["bees"], text=EVENTS["bees"], publishedDateTime=NOON + timedelta(days=3))
    near = [*story("a", "b"), row("vote", title=EVENTS["vote"], text="", publishedDateTime=NOON + timedelta(days=2)), bees]
    near[1]["publishedDateTime"] = NOON + timedelta(days=1)
    extract(lake, near)
    first = stages.fold(settings, CATALOGUE)
    assert first == tuple(DAY + timedelta(days=shift) for shift in range(4))
    list(stages.publish_dates(settings, CATALOGUE, first))
    extract(lake, [{**story("c")[0], "publishedDateTime": NOON + timedelta(days=2)}], at=NOON + HOUR)
    changed = (DAY, DAY + timedelta(days=1), DAY + timedelta(days=2))
    assert stages.fold(settings, CATALOGUE, [changed[-1]]) == changed, "the dates of its story, and its own"
    assert stages.fold(settings, CATALOGUE, [changed[-1]]) == changed, "until they are built"
    list(stages.publish_dates(settings, CATALOGUE, changed))
    assert stages.fold(settings, CATALOGUE, [changed[-1]]) == ()


def test_the_records_as_of_a_time_are_those_of_a_lake_that_ends_there(settings: Settings, tmp_path: Path) -> None:
    lake, ended = Lake(settings.lake), settings.model_copy(update={"lake": str(tmp_path / "ended")})
    hours = {NOON: story("a", "b"), NOON + HOUR: story("c"), NOON + 30 * HOUR: story("d", "e")}
    for at, rows in hours.items():
        extract(lake, rows, at=at)
        if at <= NOON + HOUR:
            extract(Lake(ended.lake), rows, at=at)
    stages.fold(settings, CATALOGUE)
    before = timeline_files(lake)
    stages.publish(ended, CATALOGUE, DAY)
    stages.publish(settings, CATALOGUE, DAY, as_of=NOON + HOUR, into=str(tmp_path / "then"))
    for path in (storage.articles_path(DAY), storage.explain_path(DAY), storage.stories_path(DAY)):
        assert Lake(str(tmp_path / "then")).read_table(path).equals(Lake(ended.lake).read_table(path))
    assert timeline_files(lake) == before


def test_a_page_that_moves_to_another_date_leaves_its_story(settings: Settings) -> None:
    lake = Lake(settings.lake)
    extract(lake, story("a", "b"))
    list(stages.publish_dates(settings, CATALOGUE, stages.fold(settings, CATALOGUE)))
    assert len(lake.read_table(storage.articles_path(DAY))["related"].to_pylist()[0]) == 1
    moved = [{**one, "movedTo": NOON + timedelta(days=9)} for one in story("b")]
    extract(lake, [*moved, {**moved[0], "movedTo": None, "publishedDateTime": NOON + timedelta(days=9)}], at=NOON + HOUR)
    list(stages.publish_dates(settings, CATALOGUE, stages.fold(settings, CATALOGUE)))
    assert lake.read_table(storage.articles_path(DAY))["related"].to_pylist() == [[]]
    assert lake.read_table(storage.articles_path(DAY + timedelta(days=9))).num_rows == 1


@pytest.mark.parametrize("kind", ["manifest", "members", "features"])
def test_a_damaged_timeline_is_folded_again_to_the_same_bytes(settings: Settings, kind: str) -> None:
    lake = Lake(settings.lake)
    extract(lake, story("a", "b"))
    stages.publish(settings, CATALOGUE, DAY)
    whole = timeline_files(lake)
    lake.write_bytes(next(path for path in whole if kind in path), b"")
    extract(lake, story("c"), at=NOON + 24 * HOUR)
    report = stages.publish(settings, CATALOGUE, DAY)
    assert (report.articles, report.stories) == (3, 1)
    extract(lake, [], at=NOON + 24 * HOUR)
    stages.publish(settings, CATALOGUE, DAY)
    assert timeline_files(lake) == whole


def test_while_a_process_folds_another_waits_and_then_folds_nothing_twice(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(settings.lake)
    extract(lake, story("a", "b"))
    monkeypatch.setattr(locks, "PATIENCE_S", 0.0)
    with locks.exclusive_lock(lake, LOCK, what="it"), pytest.raises(BusyError, match="the fold of stories is running"):
        fold_timeline(lake, settings, CATALOGUE)
    assert fold_timeline(lake, settings, CATALOGUE).folded_days == 1
    assert fold_timeline(lake, settings, CATALOGUE).folded_days == 0
    assert not Path(settings.lake, LOCK).exists()


def test_what_a_killed_fold_left_is_swept_by_the_next(settings: Settings) -> None:
    lake = Lake(settings.lake)
    extract(lake, story("a", "b"))
    fold_timeline(lake, settings, CATALOGUE)
    whole = timeline_files(lake)
    lake.write_bytes(f"{storage.TIMELINE}/published_date={DAY}/0123456789abcdef.members.parquet", b"")
    Path(settings.lake, LOCK).touch()
    fold_timeline(lake, settings, CATALOGUE)
    assert timeline_files(lake) == whole
    assert not Path(settings.lake, LOCK).exists()


def test_records_that_disagree_are_found(settings: Settings) -> None:
    lake = Lake(settings.lake)
    rows = story("a", "b")
    rows[1]["publishedDateTime"] = NOON + timedelta(days=1)
    extract(lake, rows)
    list(stages.publish_dates(settings, CATALOGUE, stages.fold(settings, CATALOGUE)))
    assert list(broken_stories(lake)) == []
    lake.delete(storage.explain_path(DAY + timedelta(days=1)))
    assert list(broken_stories(lake)) == ["https://www.a.example/a names https://www.b.example/b, which does not name it"]


def test_a_page_with_two_dates_far_apart_has_a_record_on_each_that_agrees_with_its_story(settings: Settings) -> None:
    lake, long_ago = Lake(settings.lake), {"publishedDateTime": NOON - timedelta(days=30)}
    extract(lake, story("a", "b"))
    extract(lake, [{**one, **long_ago} for one in story("b", "c")], at=NOON + 30 * HOUR)
    list(stages.publish_dates(settings, CATALOGUE, stages.fold(settings, CATALOGUE)))
    named = [
        [other["webUrl"] for other in record["related"]]
        for day in (DAY, DAY - timedelta(days=30))
        for record in lake.read_table(storage.articles_path(day)).to_pylist()
    ]
    pages = [f"https://www.{name}.example/{name}" for name in "abc"]
    assert named == [[pages[1]], [pages[0]], [pages[2]], [pages[1]]]
    assert list(broken_stories(lake)) == []
