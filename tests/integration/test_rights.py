"""Publishers' wishes on the product's own way: from a host that states them to the rows and records that keep to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.commands import say
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, ONE, TWO, article, feed, source
from tests.newsroom import Newsroom

Row = dict[str, Any]
Run = Callable[..., stages.WalkReport]


@pytest.fixture
def world(room: Newsroom) -> Newsroom:
    """Two sources with one article each."""
    for host in (ONE, TWO):
        room.add_page(f"{host}/a", article(f"Story of {host}"))
        room.add_page(f"{host}/feed", feed(f"{host}/a"), content_type="application/rss+xml")
    return room


@pytest.fixture
def catalogue(make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    return make_catalogue([source(ONE), source(TWO)])


@pytest.fixture
def run(settings: Settings, catalogue: Catalogue, clock: FrozenClock) -> Run:
    def walk(interval: Interval = HOUR) -> stages.WalkReport:
        return stages.run(settings, catalogue, interval, live=True, clock=clock)

    return walk


def extracted(settings: Settings) -> dict[str, Row]:
    """The rows of all parts by their webUrl."""
    lake = Lake(settings.lake)
    parts = [Part(interval, name) for interval in lake.ledger_intervals() for name in lake.ledger_parts(interval.key)]
    paths = [path for path in map(storage.extracted_path, parts) if lake.exists(path)]
    rows = lake.read_rows(paths, None, schema.EXTRACTED).to_pylist()
    return {row["webUrl"]: row for row in rows}


def said(row: Row) -> list[str]:
    """The statements on an article, as `place wish=value`."""
    wishes = (row["rights"] or {"wishes": []})["wishes"]
    return [f"{wish['place']} {wish['wish']}{'' if wish['value'] is None else '=' + wish['value']}" for wish in wishes]


def test_what_a_page_and_its_answer_say_is_recorded_with_place_and_time(world: Newsroom, settings: Settings, run: Run) -> None:
    asking = article("Story").replace("<head>", "<head><meta name=robots content='noai'><meta name=tdm-reservation content=1>")
    world.add_page(f"{ONE}/a", asking, headers={"X-Robots-Tag": "noarchive, googlebot: noindex", "Content-Usage": "train-ai=n"})
    run()
    row, other = (extracted(settings)[f"{host}/a"] for host in (ONE, TWO))
    assert said(row) == [
        "header.x-robots-tag noarchive",
        "header.content-usage aiTrain=no",
        "meta.robots noai",
        "meta.tdm-reservation tdmReservation=reserved",
    ]
    assert row["rights"]["tdm"] == "reserved"
    assert {wish["at"] for wish in row["rights"]["wishes"]} == {row["capturedAt"]}
    assert other["rights"] is None


def test_show_prints_what_was_said_and_where(
    world: Newsroom, settings: Settings, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add_page(f"{ONE}/a", article("Story"), headers={"X-Robots-Tag": "noarchive"})
    run()
    monkeypatch.setenv("COLUMNS", "300")
    shown = say(["--lake", settings.lake, "show", f"{ONE}/a"], capsys).out
    line = next(line for line in shown.splitlines() if "rights: noarchive" in line)
    assert "header.x-robots-tag" in line, line
