"""The DAG folder as Airflow sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.local_airflow import PROJECT, offline_settings
from tests.dags.conftest import Child

HEAVY = ("pandas", "numpy", "pyarrow", "trafilatura", "sklearn", "feedparser", "lxml", "requests", "PIL", "warcio")
PARSE = """
import json, sys
from airflow.sdk import DAG, Asset, Connection, task
import airflow.dag_processing.importers.python_importer
before = set(sys.modules)
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
print("\\n" + json.dumps({"errors": bag.import_errors, "dags": sorted(bag.dags), "new": sorted(set(sys.modules) - before)}))
"""


DAGS = ["news_backfill", "news_ingest", "news_maintenance", "news_publish"]


def test_it_holds_four_dags(folder: dict[str, Any]) -> None:
    assert sorted(folder) == DAGS


def test_parsing_it_imports_nothing_heavy(airflow: Child, tmp_path: Path) -> None:
    environment = os.environ | offline_settings(tmp_path)
    argv = [sys.executable, "-c", PARSE, str(PROJECT / "dags")]
    done = subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    parsed = json.loads(done.stdout.splitlines()[-1])
    assert parsed["errors"] == {}
    assert parsed["dags"] == DAGS
    assert [name for name in parsed["new"] if name.partition(".")[0] in HEAVY] == []
    own = {name for name in parsed["new"] if name.startswith("pipeline.")}
    assert own <= {
        "pipeline.core",
        "pipeline.core.catalogue",
        "pipeline.core.checked_yaml",
        "pipeline.core.confidence",
        "pipeline.core.rights",
        "pipeline.core.rights_policy",
        "pipeline.core.errors",
        "pipeline.core.models",
        "pipeline.core.settings",
        "pipeline.core.yaml_files",
        "pipeline.text",
        "pipeline.text.counts",
    }


def test_an_hour_is_a_data_interval_and_a_published_date_a_partition(folder: dict[str, Any]) -> None:
    assert folder["news_ingest"]["timetable"] == "CronDataIntervalTimetable"
    assert folder["news_publish"]["timetable"] == "PartitionedAssetTimetable"


def test_no_dag_catches_up_and_runs_of_one_dag_follow_each_other(folder: dict[str, Any]) -> None:
    assert {dag["catchup"] for dag in folder.values()} == {False}
    assert {dag_id: dag["max_active_runs"] for dag_id, dag in folder.items() if dag["max_active_runs"] > 1} == {"news_backfill": 16}


def test_a_backfill_that_waits_for_an_approval_holds_no_other_and_two_never_capture_at_once(folder: dict[str, Any]) -> None:
    backfill = folder["news_backfill"]
    assert backfill["max_active_runs"] > 1
    assert backfill["tasks"]["fill"]["at_once"] == 1


def test_dags_have_an_owner_and_an_hour_a_deadline(folder: dict[str, Any]) -> None:
    assert {dag["owner"] for dag in folder.values()} == {"news"}
    assert {dag_id for dag_id, dag in folder.items() if dag["deadlines"]} == {"news_ingest"}


def test_dags_link_their_owner_and_what_they_write(airflow: Child, folder: dict[str, Any]) -> None:
    assert [dag["owner_links"] for dag in folder.values()] == [{"news": "mailto:desk@news.example"}] * len(folder)
    assert folder["news_publish"]["assets"] == [f"file://{airflow.home}/lake/articles"]


def test_dags_and_tasks_are_documented(folder: dict[str, Any]) -> None:
    for dag_id, dag in folder.items():
        assert dag["doc"], dag_id
        for task_id, task in dag["tasks"].items():
            assert task["doc"], task_id


def test_serialisation_keeps_every_task(folder: dict[str, Any]) -> None:
    for dag in folder.values():
        assert dag["kept_tasks"] == sorted(dag["tasks"])


def test_forms_have_a_date_field(folder: dict[str, Any]) -> None:
    assert folder["news_ingest"]["params"]["hour"]["format"] == "date-time"
    assert folder["news_publish"]["params"]["published_date"]["format"] == "date"


def test_no_form_of_a_backfill_offers_an_hour_without_saying_that_it_stays_empty(folder: dict[str, Any]) -> None:
    assert "hour" not in folder["news_backfill"]["params"]
    assert "A backfill takes its hours from its dates: leave this field empty" in folder["news_ingest"]["params"]["hour"]["description"]


def test_only_transient_errors_are_retried(folder: dict[str, Any]) -> None:
    for dag in folder.values():
        for task_id, task in dag["tasks"].items():
            assert task["retries"] >= 1, task_id
            expected = {"StorageError": "retry", "SchemaError": "fail", "ConfigError": "fail", "KeyError": "fail"}
            assert task["decisions"] == expected, task_id


def test_gate_and_announce_always_run_and_end_the_dag(folder: dict[str, Any]) -> None:
    ingest = folder["news_ingest"]
    assert ingest["leaves"] == ["announce", "gate"]
    assert {ingest["tasks"][task_id]["trigger_rule"] for task_id in ingest["leaves"]} == {"all_done"}


def test_only_what_meets_the_network_waits_for_a_place_in_the_pool(folder: dict[str, Any]) -> None:
    pools = {task_id: task["pool"] for dag in folder.values() for task_id, task in dag["tasks"].items()}
    assert [task_id for task_id, pool in pools.items() if pool == "fetch"] == ["fill", "parts.capture", "archives", "revisit"]


def test_airflow_refuses_a_form_that_is_not_a_date(airflow: Child) -> None:
    with pytest.raises(AssertionError, match="ParamValidationError"):
        airflow.run("news_publish", {"published_date": "yesterday"}, environment={})
