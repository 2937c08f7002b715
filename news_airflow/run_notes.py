"""Run notes: the sentence that sums up a run of our DAGs stands in Airflow's list of runs and at the head of the run.

A listener of Airflow, called in the scheduler when a run starts and ends. Tasks leave the sentence under the XCom key `note`, because they
have no access to the table of runs. A note that a person wrote stays.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl

NOTE = "note"
"""The XCom key of the sentence."""
DAGS = frozenset({"news_backfill", "news_ingest", "news_maintenance", "news_publish"})
LONGEST = 1000
"""Characters that Airflow's table holds."""


class RunNotes:
    """The listener. Airflow prescribes the names of methods and arguments."""

    @hookimpl
    def on_dag_run_running(self, dag_run: Any) -> None:
        """Note the published dates that a run by hand was asked for; a run of an announcement has its date as its partition key."""
        form = dag_run.conf or {}
        if dag_run.dag_id == "news_publish" and form.get("published_date"):
            _write(dag_run, str(form["published_date"]))
        if dag_run.dag_id == "news_backfill" and form.get("first"):
            sources = ", ".join(form.get("sources") or ()) or "all sources"
            _write(dag_run, f"{form['first']} to {form.get('last') or form['first']}, {sources}")

    @hookimpl
    def on_dag_run_success(self, dag_run: Any) -> None:
        """Note the sentences that the tasks left."""
        _write_sentences(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: Any) -> None:
        """Note the sentences that the tasks left."""
        _write_sentences(dag_run)


def _write_sentences(dag_run: Any) -> None:
    if dag_run.dag_id not in DAGS:
        return
    from airflow.models.xcom import XComModel
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return
    rows: Any = session.scalars(XComModel.get_many(run_id=dag_run.run_id, dag_ids=dag_run.dag_id, key=NOTE)).all()
    sentences = [str(XComModel.deserialize_value(row)) for row in sorted(rows, key=lambda row: row.task_id)]
    if sentences:
        _write(dag_run, "\n".join(sentences))


def _write(dag_run: Any, text: str) -> None:
    """Write the note, unless there is one of a person, whose id Airflow keeps with it."""
    if dag_run.dag_run_note is None or dag_run.dag_run_note.user_id is None:
        dag_run.note = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
