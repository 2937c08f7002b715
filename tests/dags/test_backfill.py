"""The DAG of backfills over the sample world: a large plan waits for a person, a small one does not, and the difference comes after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.catalogue import load_catalogue
from pipeline.lake.storage import Lake
from tests.dags.conftest import Child, Run, task_environment
from tests.newsroom import Newsroom, World

DATE = "2026-11-20"
SOURCE = load_catalogue(World.load().catalogue).enabled_sources[0].id
FORM = {"first": DATE, "sources": [SOURCE], "origins": ["captures"]}
INGEST = {"hour": "2026-11-20T12:00:00Z", "looking": "live", "sources": [SOURCE]}
LARGE = {"NEWS_APPROVE_DATES": "0"}


@pytest.fixture(scope="module")
def environment(airflow: Child, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of tasks, with a lake that has one hour of one source and no published date."""
    lake = tmp_path_factory.mktemp("backfill") / "lake"
    with Newsroom(World.load()) as room:
        variables = task_environment(room, lake)
        assert airflow.run("news_ingest", INGEST, environment=variables).state == "success"
    return variables


@pytest.fixture(scope="module")
def rejected(airflow: Child, environment: dict[str, str]) -> Run:
    return airflow.run("news_backfill", FORM, environment={**environment, **LARGE}, answer="Reject")


@pytest.fixture(scope="module")
def approved(airflow: Child, environment: dict[str, str], rejected: Run) -> Run:
    """The same backfill once more, after somebody rejected it."""
    assert rejected.state == "success"
    assert not (Path(environment["NEWS_LAKE"]) / "backfills").exists()
    return airflow.run("news_backfill", FORM, environment={**environment, **LARGE}, answer="Approve")


def test_a_large_plan_is_shown_with_its_total_and_nothing_runs_when_a_person_rejects_it(rejected: Run) -> None:
    assert rejected.asked["subject"].startswith(f"Backfill of {DATE} to {DATE}: ")
    assert "1 date, more than NEWS_APPROVE_DATES (0)" in rejected.asked["body"]
    assert "captured pages to extract again" in rejected.asked["body"]
    assert rejected.states == {"plan": "success", "approve": "success"} | dict.fromkeys(
        ("fill", "difference", "announce", "gate"), "skipped"
    )
    assert "rejected by ada" in str(rejected.note)


def test_an_approved_plan_runs_and_says_what_changed(approved: Run, environment: dict[str, str]) -> None:
    assert (approved.state, set(approved.states.values())) == ("success", {"success"})
    (name,) = [name for name in Lake(environment["NEWS_LAKE"]).names("backfills") if name.endswith(".json")]
    filled = approved.results["fill"]
    assert (f"{filled['id']}.json", filled["state"]) == (name, "done")
    new = filled["total"]["new"]
    assert new > 0
    assert f"in all: +{new} new, 0 changed, 0 vanished" in approved.log
    assert "approved by ada" in str(approved.note)
    assert f"done: +{new} new" in str(approved.note)
    changed = sorted(day for day, change in filled["dates"].items() if change["new"])
    assert sorted(event["partition"] for event in approved.events) == changed
    assert DATE in changed


def test_a_small_plan_asks_nobody(airflow: Child, environment: dict[str, str], approved: Run) -> None:
    run = airflow.run("news_backfill", FORM, environment=environment)
    assert (run.state, run.states["approve"], run.states["fill"]) == ("success", "skipped", "success")
    assert run.states["announce"] == "skipped"  # the same captures give the same records
    assert run.results["fill"]["total"]["before"] == approved.results["fill"]["total"]["after"]


def test_a_form_without_a_date_says_what_to_do(airflow: Child, environment: dict[str, str]) -> None:
    run = airflow.run("news_backfill", {"last": DATE}, environment=environment)
    assert run.state == "failed"
    assert "fill in `first` of the form" in run.log
