"""Which of our pages the tabs of a DAG, of a run and of an asset in Airflow lead to. Pure: facts of Airflow in, an address out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pipeline.core.models import HOUR, Interval
from pipeline.operations.backfill.plans import BackfillRequest

PAGES_OF_DAGS = {"news_ingest": "/today", "news_publish": "/stories", "news_maintenance": "/coverage", "news_backfill": "/coverage"}

Address = tuple[str, Mapping[str, str]]
"""A path below the mount of the pages, and its query."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What Airflow's metadata say of a run."""

    dag_id: str
    run_after: datetime
    logical_date: datetime | None
    partition_key: str | None
    form: Mapping[str, Any]


def page_of_dag(dag_id: str) -> Address | None:
    """The page that shows what the DAG works on; None for a DAG that is not ours."""
    path = PAGES_OF_DAGS.get(dag_id)
    return None if path is None else (path, {})


def page_of_asset(uri: str) -> Address | None:
    """The page of an asset: of the records their stories, of the dates that changed the sources; None for an asset that is not ours."""
    if uri.startswith("x-news://extracted/"):
        return "/sources", {}
    return ("/stories", {}) if uri.rpartition("/")[2] == "articles" else None


def page_of_run(run: RunFacts) -> Address | None:
    """The page of what the run worked on: its hour, the changes of its date, its backfill; None for a run of another DAG.

    Raises ValueError for a form whose dates or hour cannot be read.
    """
    if run.dag_id == "news_ingest":
        return "/hours", {"hour": _hour(run).key}
    if run.dag_id == "news_publish":
        day = run.partition_key or run.form.get("published_date")
        return ("/changes", {"day": str(day)}) if day else ("/stories", {})
    if run.dag_id == "news_backfill" and run.form.get("first"):
        return f"/backfills/{_request(run.form).id}", {}
    return page_of_dag(run.dag_id)


def _hour(run: RunFacts) -> Interval:
    if run.form.get("hour"):
        return Interval.parse(str(run.form["hour"]))
    return Interval.containing(run.logical_date or run.run_after - HOUR)


def _request(form: Mapping[str, Any]) -> BackfillRequest:
    """The request that the task `plan` of `news_backfill` makes of the form."""
    first, last = (date.fromisoformat(form[name]) for name in ("first", "last" if form.get("last") else "first"))
    chosen = {name: tuple(form.get(name) or ()) for name in ("origins", "warc")}
    return BackfillRequest(first, last, tuple(sorted(set(form.get("sources") or ()))), refetch=bool(form.get("refetch")), **chosen)
