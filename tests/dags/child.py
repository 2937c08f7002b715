"""The process of `conftest.Child`: runs DAGs by hand and describes the DAG folder."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
from airflow.models import DagRun, TaskInstance
from airflow.models.hitl import HITLDetail
from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from opentelemetry.metrics import get_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from sqlalchemy import select

from deploy import dag_runs
from news_airflow.plugin import NewsPlugin
from pipeline.core.models import CaptureReport
from pipeline.operations.metrics import Metric, capture_metrics
from tests.dags.children import answers_on_stdout


def main() -> None:
    with answers_on_stdout() as answer_all:
        dag_runs.prepare()
        dag_runs.load_dags()  # with the environment of the process, before that of a run
        answer_all(lambda question: next(answer for kind, answer in ANSWERS.items() if kind in question)(question))


class _KeptMetrics(NoStatsLogger):
    """A receiver of metrics that keeps them, as Airflow's own ones send them."""

    values: ClassVar[dict[str, float]] = {}

    @classmethod
    def incr(cls, stat: str, count: int = 1, **_: Any) -> None:
        cls.values[stat] = cls.values.get(stat, 0) + count

    @classmethod
    def gauge(cls, stat: str, value: float, **_: Any) -> None:
        cls.values[stat] = value


def _use(environment: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(("NEWS_", "AIRFLOW_CONN_"))]:
        del os.environ[name]
    os.environ.update(environment)


def _late(question: dict[str, Any]) -> dict[str, Any]:
    """Call the callback of the deadline as Airflow's executor does: by its path, with the run as the scheduler describes it."""
    _use(question["environment"])
    (deadline,) = dag_runs.load_dags().dags["news_ingest"].deadline
    module, _, name = deadline.callback.path.rpartition(".")
    getattr(importlib.import_module(module), name)(context={"dag_run": question["late"], "deadline": {}})
    return {}


def _note(run_id: str) -> str | None:
    """The note that the plugin's listener writes of a run in a session, as the scheduler has it; `dag.test` has none."""
    (listener,) = NewsPlugin.listeners
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
        listener.on_dag_run_running(run)
        ended = listener.on_dag_run_success if run.state == DagRunState.SUCCESS else listener.on_dag_run_failed
        ended(run)
        session.flush()
        written = run.note
        if written is None:
            return None
        run.dag_run_note.content, run.dag_run_note.user_id = "a person's own", "1"
        ended(run)
        if run.note != "a person's own":
            raise ValueError("the note of a person was overwritten")
        return written


def _answer(dag_id: str, option: str, asked: dict[str, str]) -> None:
    """Choose `option` as soon as a task of the DAG waits for a person, as the route behind *Required actions* does; keeps the question."""
    for _ in range(600):
        time.sleep(0.1)
        with create_session() as session:
            waiting = select(TaskInstance).where(TaskInstance.dag_id == dag_id, TaskInstance.state == TaskInstanceState.AWAITING_INPUT)
            task = session.scalars(waiting).first()
            if task is None:
                continue
            detail = session.scalars(select(HITLDetail).where(HITLDetail.ti_id == task.id)).one()
            asked.update(subject=detail.subject, body=str(detail.body))
            payload = UpdateHITLDetailPayload(chosen_options=[option])
            user = SimpleAuthManagerUser(username="ada", role="ADMIN")
            update_hitl_detail(dag_id, task.run_id, task.task_id, payload, user, session)
            return


def _run(question: dict[str, Any]) -> dict[str, Any]:
    _use(question["environment"])
    _KeptMetrics.values.clear()
    stats.initialize(factory=_KeptMetrics, export_legacy_names=False)
    asked: dict[str, str] = {}
    person = threading.Thread(target=_answer, args=(question["run"], question["answer"], asked))
    if question["answer"]:
        person.start()
    done = dag_runs.run(question["run"], question["form"])
    if question["answer"]:
        person.join()
    tasks = {dag_runs.name_of(task): task for task in done.tasks}
    return {
        "metrics": {name: value for name, value in _KeptMetrics.values.items() if name.startswith("news.")},
        "asked": asked,
        "events": done.events(),
        "note": _note(done.run_id),
        "state": done.state,
        "states": {name: str(task.state) for name, task in tasks.items()},
        "tries": {name: task.try_number for name, task in tasks.items()},
        "labels": {name: task.rendered_map_index for name, task in tasks.items()},
        "results": {name: done.result(task.task_id, task.map_index) for name, task in tasks.items()},
    }


def _metrics(question: dict[str, Any]) -> dict[str, Any]:
    """Send metrics through the receiver that Airflow is configured with, as a task does, and wait until they are sent."""
    os.environ.update(question["metrics"])
    try:
        stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
        sent = importlib.import_module("news_metrics")
        report = CaptureReport("2026-11-20T12", "00", {"page.captured": 7, "page.failed": 2}, ("a", "b"), {"a": "HTTP 503"}, bytes=900)
        with sent.stage_timer("capture"):
            sent.emit([*capture_metrics(report), Metric("news.sources_failed", 1, is_counter=False)])
        provider = get_meter_provider()
        if isinstance(provider, MeterProvider):
            provider.force_flush()
            provider.shutdown()
    finally:
        for name in question["metrics"]:
            del os.environ[name]
        stats.initialize(factory=NoStatsLogger, export_legacy_names=False)
    return {}


def _describe(_question: dict[str, Any]) -> dict[str, Any]:
    from airflow.serialization.serialized_objects import DagSerialization

    described = {}
    for dag_id, dag in dag_runs.load_dags().dags.items():
        kept = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        described[dag_id] = {
            "doc": dag.doc_md,
            "timetable": type(dag.timetable).__name__,
            "owner": dag.owner,
            "owner_links": kept.owner_links,
            "assets": sorted({asset.uri for task in dag.task_dict.values() for asset in task.outlets}),
            "deadlines": [type(one).__name__ for one in kept.deadline or ()],
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "params": {name: {"description": param.description, **param.schema} for name, param in _params(dag)},
            "tasks": {task_id: _task(task) for task_id, task in dag.task_dict.items()},
            "leaves": sorted(task.task_id for task in dag.leaves),
            "kept_tasks": sorted(kept.task_dict),
        }
    return described


def _params(dag: Any) -> Iterator[tuple[str, Any]]:
    return ((name, dag.params.get_param(name)) for name in dag.params)


def _task(task: Any) -> dict[str, Any]:
    arguments = getattr(task, "partial_kwargs", None) or {}
    policy = arguments.get("retry_policy") or task.retry_policy
    return {
        "doc": task.doc_md,
        "retries": task.retries,
        "pool": task.pool,
        "at_once": task.max_active_tis_per_dag,
        "trigger_rule": task.trigger_rule.value,
        "decisions": {error: _decision(policy, error) for error in ("StorageError", "SchemaError", "ConfigError", "KeyError")},
    }


def _decision(policy: Any, error: str) -> str:
    from pipeline.core import errors

    kind = getattr(errors, error, KeyError)
    return str(policy.evaluate(kind("x"), try_number=1, max_tries=2).action.value)


ANSWERS = {"describe": _describe, "late": _late, "metrics": _metrics, "run": _run}
"""The key of a question to the function that answers it."""


if __name__ == "__main__":
    main()
