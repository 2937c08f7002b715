"""The maintenance DAG, run as `dag.test` runs it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.operations import stages
from tests.dags.conftest import Child
from tests.integration.walking import StoppedClock
from tests.newsroom import Newsroom, Status

HOST = "https://one.example"
TEXT = "A sentence about the harbour says something of its own. " * 12


def test_a_daily_round_writes_its_part_and_the_ledger_and_asks_nobody_without_a_reason(
    airflow: Child, environment: dict[str, str], room: Newsroom
) -> None:
    run = airflow.run("news_maintenance", {}, environment=environment)
    assert run.state == "success"
    assert {name: state for name, state in run.states.items() if state != "success"} == {"announce": "skipped"}
    lake = Path(environment["NEWS_LAKE"])
    assert (lake / f"raw/interval={run.results['revisit']['interval']}/part=revisit/manifest.json").exists()
    assert run.results["ledger"]["days"] == len(list(lake.glob("completeness/*.parquet"))) == 8
    assert (run.results["retain"]["parts"], run.results["prune"]["deleted"]) == (0, 0)
    assert room.requests == []


def test_pages_of_yesterday_are_looked_at_again_and_their_dates_announced(
    airflow: Child, environment: dict[str, str], room: Newsroom, tmp_path: Path
) -> None:
    captured = datetime.now(UTC) - timedelta(hours=26)
    environment = {**environment, "NEWS_CONFIG": str(_follow_one_source(Path(environment["NEWS_CONFIG"]), tmp_path / "catalogue"))}
    for name in ("kept", "edited", "gone"):
        room.add_page(f"{HOST}/{name}", _article(name, captured))
    links = "".join(f"<item><title>{name}</title><link>{HOST}/{name}</link></item>" for name in ("kept", "edited", "gone"))
    room.add_page(f"{HOST}/feed", f"<rss version='2.0'><channel>{links}</channel></rss>", content_type="application/rss+xml")
    settings = Settings.from_environment(environment)
    stages.run(settings, load_catalogue(settings.config), Interval.containing(captured), live=True, clock=StoppedClock(captured))
    room.add_page(f"{HOST}/edited", _article("edited since", captured))
    room.misbehave(f"{HOST}/gone", Status(404))
    run = airflow.run("news_maintenance", {}, environment=environment)
    assert run.state == "success"
    counts = run.results["revisit"]
    assert (counts["asked"], counts["unchanged"], counts["changed"], counts["gone"]) == (3, 1, 1, 1)
    assert captured.date().isoformat() in run.results["announce"]
    assert run.results["extract"]["articles"] == 1


def _follow_one_source(shipped: Path, folder: Path) -> Path:
    shutil.copytree(shipped, folder)
    topic = yaml.safe_load((folder / "sources.yaml").read_text())["sources"][0]["topic"]
    source = {"id": "one", "name": "One", "feeds": [f"{HOST}/feed"], "topic": topic, "pace_s": 0}
    (folder / "sources.yaml").write_text(yaml.safe_dump({"sources": [source]}))
    return folder


def _article(title: str, published: datetime) -> str:
    return (
        f"<html><head><title>The harbour, part {title}</title><meta property='article:published_time' content='{published.isoformat()}'>"
        f"</head><body><article><h1>The harbour, part {title}</h1><p>{TEXT}</p></article></body></html>"
    )
