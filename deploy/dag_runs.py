"""Run DAGs in this process, without a scheduler (`dag.test`). Import only after Airflow's variables are set: it reads them on import."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from airflow.dag_processing.dagbag import DagBag
from airflow.listeners import hookimpl
from airflow.models import Pool
from airflow.models.asset import AssetEvent, AssetModel
from airflow.sdk.listener import get_listener_manager
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from sqlalchemy import inspect, select

from deploy.local_airflow import FETCH_SLOTS


class FinishedRun:
    """A finished DAG run."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self.state = str(run.state)
        self.run_id: str = run.run_id
        self.tasks: list[Any] = sorted(run.get_task_instances(), key=name_of)

    def events(self) -> list[dict[str, Any]]:
        """The asset events that the tasks emitted: asset, partition and extra, in their order."""
        with create_session() as session:
            chosen = select(AssetModel.name, AssetEvent.partition_key, AssetEvent.extra)
            joined = chosen.join(AssetModel, AssetModel.id == AssetEvent.asset_id).where(AssetEvent.source_run_id == self._run.run_id)
            rows = session.execute(joined.order_by(AssetEvent.id))
            return [{"asset": name, "partition": partition, "extra": extra} for name, partition, extra in rows]

    def result(self, task_id: str, map_index: int = -1) -> Any:
        """What a task returned; None when it failed or was skipped."""
        task = self._run.get_task_instance(task_id, map_index=map_index)
        return task.xcom_pull(task_ids=task_id, map_indexes=map_index)


def prepare(say: Callable[[str], None] | None = None) -> None:
    """Create the metadata database if it is missing, and call `say` with one line for each task that ends."""
    with create_session() as session:
        is_new = not inspect(session.get_bind()).has_table("dag_run")
    if is_new:
        initdb()
    Pool.create_or_update_pool("fetch", slots=FETCH_SLOTS, description="Parts that are captured in parallel", include_deferred=False)
    if say:
        get_listener_manager().add_listener(_Lines(say))  # type: ignore[no-untyped-call]  # Airflow has no types there


@cache
def load_dags() -> DagBag:
    """The DAGs of Airflow's DAG folder. Raises ValueError when one of the files cannot be imported."""
    found = DagBag(Path(conf.get("core", "dags_folder")))
    if found.import_errors:
        raise ValueError("\n".join(found.import_errors.values()))
    return found


def run(dag_id: str, form: dict[str, Any]) -> FinishedRun:
    """Run the DAG to its end with the values of `form`. Raises ValueError when there is no such DAG."""
    dag = load_dags().get_dag(dag_id)
    if dag is None:
        raise ValueError(f"the DAG folder has no DAG {dag_id}")
    deadline, dag.deadline = (
        dag.deadline,
        None,
    )  # dag.test of Airflow 3.3.2 fails with one: its id is not known
    try:
        return FinishedRun(dag.test(run_conf={**_empty_form(dag_id), **form}))
    finally:
        dag.deadline = deadline


@cache
def _empty_form(dag_id: str) -> dict[str, Any]:
    """The defaults of the form, kept from before the first run: `dag.test` writes the values of a run into the DAG object."""
    params = load_dags().dags[dag_id].params
    return {name: params[name] for name in params}


def name_of(task: Any) -> str:
    """Task id, with `[map index]` for mapped tasks."""
    return str(task.task_id) if task.map_index < 0 else f"{task.task_id}[{task.map_index}]"


class _Lines:
    """An Airflow listener that writes one line per task. Airflow prescribes the names of the methods and arguments."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._started_s = 0.0

    @hookimpl
    def on_task_instance_running(self, task_instance: Any) -> None:
        del task_instance
        self._started_s = time.monotonic()

    @hookimpl
    def on_task_instance_success(self, task_instance: Any) -> None:
        self._line(task_instance, "ok")

    @hookimpl
    def on_task_instance_skipped(self, task_instance: Any) -> None:
        self._line(task_instance, "skipped, done before")

    @hookimpl
    def on_task_instance_failed(self, task_instance: Any) -> None:
        self._line(task_instance, "FAILED")

    def _line(self, task: Any, end: str) -> None:
        label = task.rendered_map_index or ""
        self._say(f"  {task.task_id.rpartition('.')[2]:9} {label:45} {time.monotonic() - self._started_s:5.1f} s  {end}")
