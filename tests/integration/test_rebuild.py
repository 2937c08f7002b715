"""Same inputs, same bytes: run again, rebuilt from captures, or killed anywhere and run again."""

from __future__ import annotations

import hashlib
import io
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake.row_marks import REPLACING
from pipeline.operations import stages
from pipeline.publishing.date_builds import BuildOptions
from tests import days
from tests.integration import walking
from tests.integration.test_capture import HOUR, NEXT, ONE, TWO, article, feed, source
from tests.newsroom import Newsroom

KILLS = 3


@pytest.fixture
def world(room: Newsroom) -> Newsroom:
    octets = io.BytesIO()
    Image.new("RGB", (640, 360), (10, 20, 30)).save(octets, "PNG")
    for host in (ONE, TWO):
        room.add_page(f"{host}/lead.png", octets.getvalue(), content_type="image/png")
        for name in ("a", "b"):
            room.add_page(f"{host}/{name}", article(f"The harbour bridge of {name} is closed", image=f"{host}/lead.png"))
        room.add_page(f"{host}/feed", feed(f"{host}/a", f"{host}/b", f"{host}/missing"), content_type="application/rss+xml")
    return room


@pytest.fixture
def catalogue(world: Newsroom, make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    return make_catalogue([source(ONE), source(TWO)])


def files(lake: str) -> dict[str, str]:
    """Every file of a lake, hidden ones too, with the digest of its bytes."""
    root = Path(lake)
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(root.rglob("*")) if path.is_file()
    }


def test_running_extract_and_publish_again_changes_no_byte(world: Newsroom, settings: Settings, catalogue: Catalogue) -> None:
    clock = walking.StoppedClock()
    first = stages.run(settings, catalogue, HOUR, live=True, clock=clock)
    before = files(settings.lake)
    assert any(name.startswith("articles/") for name in before)
    for name in before:  # a rebuild from captures alone
        if not name.startswith(("raw/", "touched/")):
            Path(settings.lake, name).unlink()
    report = stages.extract(settings, catalogue, Part(HOUR, "00"))
    for day in report.published_dates:
        assert stages.publish(settings, catalogue, day).rebuilt
    assert files(settings.lake) == before
    assert report == first.extracts[0]


def test_a_published_date_is_not_built_from_the_same_inputs_twice(world: Newsroom, settings: Settings, catalogue: Catalogue) -> None:
    report = stages.run(settings, catalogue, HOUR, live=True, clock=walking.StoppedClock())
    assert all(one.rebuilt for one in report.publishes)
    again = stages.run(settings, catalogue, HOUR, live=True, clock=walking.StoppedClock())
    assert not any(one.rebuilt for one in again.publishes)


def test_two_hours_after_each_other_give_what_each_gives_alone(world: Newsroom, settings: Settings, catalogue: Catalogue) -> None:
    clock = walking.StoppedClock()
    stages.run(settings, catalogue, HOUR, live=True, clock=clock)
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/a", f"{ONE}/c"), content_type="application/rss+xml")
    world.add_page(f"{ONE}/c", article("Something else altogether happened in the town of Elm"))
    stages.run(settings, catalogue, NEXT, live=True, clock=clock)
    both = files(settings.lake)
    stages.run(settings, catalogue, HOUR, live=True, clock=clock)
    assert files(settings.lake) == both


@pytest.fixture
def walk(world: Newsroom, settings: Settings, catalogue: Catalogue, tmp_path: Path) -> Callable[..., tuple[int, int]]:
    """A function that walks the hour into a lake in another process and returns its exit code and the number of its steps."""

    def run(lake: Path, kill_at: int | None = None) -> tuple[int, int]:
        options: dict[str, Any] = {**settings.model_dump(), "lake": str(lake), "config": str(tmp_path / "catalogue")}
        return walking.carry_out(walking.walk, options, HOUR.key, kill_at=kill_at, patience_s=60)

    return run


@pytest.mark.parametrize("day", [days.DAY])
def test_killed_anywhere_and_run_again_gives_the_same_bytes(walk: Callable[..., tuple[int, int]], tmp_path: Path, day: str) -> None:
    code, steps = walk(tmp_path / "whole")
    assert code == 0
    whole = files(str(tmp_path / "whole"))
    assert steps >= 20
    for kill_at in days.sample_of(range(1, steps + 1), KILLS, day=day):
        lake = tmp_path / f"killed-{kill_at}"
        assert walk(lake, kill_at)[0] == -signal.SIGKILL, kill_at
        seen = {name: digest for name, digest in files(str(lake)).items() if not Path(name).name.startswith(".") and REPLACING not in name}
        assert seen.items() <= whole.items(), "a reader sees only whole files"
        assert walk(lake)[0] == 0
        assert files(str(lake)) == whole, kill_at


@pytest.mark.parametrize("day", [days.DAY])
def test_a_publish_between_a_kill_at_any_write_and_going_on_loses_nothing(
    walk: Callable[..., tuple[int, int]], settings: Settings, catalogue: Catalogue, tmp_path: Path, day: str
) -> None:
    """The publish in between builds the dates that the killed walk was about to change, as the next hour's or one by hand would."""
    captured = tmp_path / "captured"
    stages.capture(in_lake(settings, captured), catalogue, Part(HOUR, "00"), live=True, clock=walking.StoppedClock())
    shutil.copytree(captured, tmp_path / "whole")
    code, steps = walk(tmp_path / "whole")
    assert code == 0
    whole = files(str(tmp_path / "whole"))
    for kill_at in days.sample_of(range(1, steps + 1, 2), KILLS, day=day):  # just after a write is just before the next
        lake = tmp_path / f"killed-{kill_at}"
        shutil.copytree(captured, lake)
        assert walk(lake, kill_at)[0] == -signal.SIGKILL, kill_at
        mine = in_lake(settings, lake)
        dates = stages.touched_dates(mine) or [HOUR.start.date()]
        list(stages.publish_dates(mine, catalogue, dates, BuildOptions(allow_shrink=True)))
        assert walk(lake)[0] == 0
        assert but_changes(files(str(lake))) == but_changes(whole), kill_at
        assert told_records(lake) == told_records(tmp_path / "whole"), kill_at


def but_changes(found: dict[str, str]) -> dict[str, str]:
    """The files without those of `changes`, which have one more file for a publish in between."""
    return {name: digest for name, digest in found.items() if not name.startswith("changes/")}


def told_records(lake: Path) -> set[str]:
    """The records that some build called new and no build called gone."""
    rows = [row for path in Path(lake, "changes").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    new, gone = ({row["webUrl"] for row in rows if row["change"] == change} for change in ("new", "gone"))
    return new - gone


def in_lake(settings: Settings, lake: Path) -> Settings:
    return settings.model_copy(update={"lake": str(lake)})
