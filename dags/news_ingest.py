"""Every hour: capture what the sources list, and extract the articles.

`plan` divides the sources into parts. Each part is captured and extracted; only `capture` and `archives` use the network. `stories` folds
the articles into the timeline of stories. `announce` names the published dates whose rows or stories changed; each starts a run of
`news_publish`. `gate` fails the run when a larger share of the sources failed than `NEWS_TOLERATED_FAILURES`, and otherwise logs a warning
for each failed source.

**A failed source** fails no task: the log of `gate` gives the reason. When a `capture` or `extract` task fails, all sources of its part
count as failed; clear the task to try again. Captured pages are kept.

**Past hours** that were captured are extracted again. For other hours, and for sources without captures, the origins of the form (or of
`NEWS_ORIGINS`) are searched in their order: our own `captures`, the sources' `sitemap`s, the `pages` of their feeds, `wayback`, `ccnews`,
given `warc` files. Only articles published in the hour are captured. `archives` reads WARC files for the sources that no other origin has:

    airflow backfill create --dag-id news_ingest --max-active-runs 1 \\
        --from-date 2026-11-20T10:00:00Z --to-date 2026-11-20T12:00:00Z \\
        --dag-run-conf '{"sources": ["nasa"], "origins": ["captures", "sitemap"]}'

The log of `plan` lists the parts and the estimated cost. A backfill that is paused, cancelled or killed leaves complete parts: repeat the
command to continue it.

**One hour by hand**: trigger with the form and leave the logical date empty. An hour that was captured is not fetched again. With `refetch`
it is, into new parts beside the old ones: clearing a task then reuses these parts, clearing the whole run fetches once more.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TriggerRule, get_current_context, task, task_group
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import ConfigError
from pipeline.core.models import CaptureReport, ExtractReport, Interval, Part
from pipeline.text.counts import counted

sys.path.append(str(Path(__file__).parent))  # Airflow does so itself, a bare DagBag does not
from news_alerts import assess_and_send, late_after, late_hour
from news_forms import CAPTURE_FIELDS, time_field
from news_intervals import Run, interval_of, newest_hour
from news_links import owner_links
from news_metrics import emit, stage_timer
from news_wiring import NOTE, TASK_DEFAULTS, TOUCHED, dump, load, refuse_unknown, settings

log = logging.getLogger(__name__)

PARAMS = {
    "hour": time_field(
        "Hour",
        "Start of the data interval, a full hour such as 2026-11-20T12:00:00Z. Empty: the newest hour that is over. "
        "A backfill takes its hours from its dates: leave this field empty for it.",
    ),
    "looking": Param(
        "auto",
        enum=["auto", "live", "past"],
        title="Live or past",
        values_display={
            "auto": "live for the newest hour, past for any other",
            "live": "everything that the feeds list now",
            "past": "only articles dated inside the hour",
        },
        description="Which articles the run captures.",
    ),
    **CAPTURE_FIELDS,
}


def label(part: Part) -> str:
    """The name of the part in Airflow's grid: `00: techdaily, orbit and 3 more`; for an imported part, its name alone."""
    if not part.source_ids:
        return part.name
    shown = ", ".join(part.source_ids[:2])
    more = len(part.source_ids) - 2
    return f"{part.name}: {shown}" + (f" and {more} more" if more > 0 else "")


def refetch_id(*, run_id: str, clear_number: int | None) -> str:
    """8 hex digits for the names of refetched parts: the same when single tasks are cleared, new ones when the whole run is."""
    return hashlib.sha256(f"{run_id} {clear_number or 0}".encode()).hexdigest()[:8]


def result_list(results: Any) -> list[Any]:
    """The results of the mapped tasks that succeeded. Airflow 3.3 passes several as a list, a single one bare, and none as None."""
    if results is None:
        return []
    return results if isinstance(results, list) else [results]


with DAG(
    dag_id="news_ingest",
    description="Every hour: capture the sources, extract the articles, announce the published dates that changed",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=TASK_DEFAULTS,
    owner_links=owner_links(os.environ.get("NEWS_CONTACT", "")),
    deadline=DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, late_after(), SyncCallback(late_hour), name="hour"),
    params=PARAMS,
    tags=["news"],
):

    @task
    def plan(*, dag_run: Any = None, params: Any = None) -> list[dict[str, Any]]:
        """Determines the hour of the run and divides the enabled sources into parts of `NEWS_SOURCES_PER_PART`."""
        from pipeline.operations import stages

        refuse_unknown(dag_run.conf, PARAMS)
        run = Run(
            kind=str(dag_run.run_type.value),
            run_after=dag_run.run_after,
            logical_date=dag_run.logical_date,
            partition_date=dag_run.partition_date,
            hour=params["hour"],
            looking=params["looking"],
        )
        interval, live = interval_of(run, now=datetime.now(UTC))
        sources = params["sources"] or None
        if live and (params["origins"] or params["refetch"] or params["warc"]):
            raise ConfigError("origins, warc and refetch work only for the past: set `looking` to past, or choose an older hour")
        origins = None if live else params["origins"] or run.origins
        refetch = refetch_id(run_id=dag_run.run_id, clear_number=getattr(dag_run, "clear_number", 0)) if params["refetch"] else None
        own = settings(warc=params["warc"])
        catalogue = load_catalogue(own.config)
        parts = stages.plan(own, catalogue, interval, live=live, origins=origins, sources=sources, refetch=refetch)
        captured = {part.name for part in stages.captured_parts(own, interval)}
        log.info("%s, %s: %s", interval.key, "from the live feeds" if live else "from the past", counted(len(parts), "part"))
        for part in parts:
            log.info("part %s: %s", label(part), "captured already, to be extracted again" if part.name in captured else "to be captured")
        if not live:
            from pipeline.operations.backfill.planning import plan_hour
            from pipeline.operations.backfill.plans import plan_summary

            cost = plan_hour(own, catalogue, interval, sources=sources or (), origins=origins or (), is_refetch=refetch is not None)
            log.info("%s", plan_summary(cost))
            get_current_context()["ti"].xcom_push("cost", dump(cost))
        walk = {"origins": origins, "refetch": refetch}
        get_current_context()["ti"].xcom_push(
            "walk", {**walk, "interval": interval.key, "live": live, "sources": sources, "warc": params["warc"]}
        )
        return [{"part": dump(part), "live": live, "only_due": run.only_due, **walk} for part in parts]

    @task(
        pool="fetch",
        map_index_template="{{ label }}",
        execution_timeout=timedelta(hours=1),
    )
    def capture(planned: dict[str, Any]) -> dict[str, Any]:
        """Fetches feeds, pages, images and AMP pages of one part into a WARC file. A captured part is not fetched again."""
        from pipeline.operations import stages
        from pipeline.operations.metrics import capture_metrics

        part = load(Part, planned["part"])
        get_current_context()["label"] = label(part)  # type: ignore[typeddict-unknown-key]
        own = settings()
        with stage_timer("capture"):
            report = stages.capture(
                own,
                load_catalogue(own.config),
                part,
                live=planned["live"],
                only_due=planned["only_due"],
                origins=planned["origins"],
                refetch=planned["refetch"],
            )
        emit(capture_metrics(report))
        log.info("%s: %s", "captured before" if report.reused else "captured", dict(sorted(report.counts.items())))
        return dump(report)

    @task(
        map_index_template="{{ label }}",
        execution_timeout=timedelta(hours=1),
    )
    def extract(planned: dict[str, Any], captured: dict[str, Any]) -> dict[str, Any]:
        """Extracts the articles of one part from its captures, without network. The same captures give the same bytes."""
        from pipeline.operations import stages
        from pipeline.operations.metrics import extract_metrics

        part = load(Part, planned["part"])
        get_current_context()["label"] = label(part)  # type: ignore[typeddict-unknown-key]
        own = settings()
        with stage_timer("extract"):
            report = stages.extract(own, load_catalogue(own.config), part)
        emit(extract_metrics(report))
        log.info("%s; rejected: %s", counted(report.articles, "article"), dict(sorted(report.rejected.items())))
        return {"captured": captured, "extracted": dump(report)}

    @task_group(tooltip="The sources of one part")
    def parts(planned: Any) -> Any:
        """The sources of one part: captured, then extracted."""
        captured: Any = capture(planned)
        return extract(planned, captured)

    @task(
        pool="fetch",
        trigger_rule=TriggerRule.ALL_DONE,
        execution_timeout=timedelta(hours=5),
    )
    def archives(_reports: Any) -> list[dict[str, Any]]:
        """Reads the hour's WARC files of `ccnews` and `warc` for the sources that no other origin had, and extracts the articles."""
        from pipeline.operations import stages

        walk = get_current_context()["ti"].xcom_pull(task_ids="plan", key="walk")
        if walk is None:
            raise AirflowSkipException("there is no plan: see the log of the task plan")
        if walk["live"]:
            return []
        own = settings(warc=walk["warc"])
        catalogue, interval = load_catalogue(own.config), Interval.parse(walk["interval"])
        archived = stages.capture_archives(
            own, catalogue, interval, origins=walk["origins"], sources=walk["sources"], refetch=walk["refetch"]
        )
        extracted = {part.name: stages.extract(own, catalogue, part) for part in archived.parts}
        log.info("%s captured from WARC files", counted(len(extracted), "part"))
        return [
            {"captured": dump(report), "extracted": dump(extracted[report.part]) if report.part in extracted else None}
            for report in archived.reports
        ]

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        execution_timeout=timedelta(hours=2),
    )
    def stories(reports: Any, archived: Any) -> dict[str, Any]:
        """Folds the extracted articles into the timeline of stories; returns the published dates whose records have to be built again."""
        from pipeline.operations import stages

        extracted = [report["extracted"] for report in [*result_list(reports), *(archived or [])] if report["extracted"] is not None]
        touched = {date for report in extracted for date in load(ExtractReport, report).published_dates}
        dates: tuple[date, ...] = ()
        if touched:
            own = settings()
            with stage_timer("stories"):
                dates = stages.fold(own, load_catalogue(own.config), touched)
        log.info("%s to build", counted(len(dates), "date"))
        return {"dates": [day.isoformat() for day in dates], "rows": sum(report["articles"] for report in extracted)}

    @task(
        outlets=[TOUCHED],
        trigger_rule=TriggerRule.ALL_DONE,
    )
    def announce(folded: Any, *, outlet_events: Any = None) -> list[str]:
        """Announces each published date whose rows or stories changed, as a partition of the asset; each starts `news_publish`."""
        if folded is None:
            raise AirflowFailException("the stories were not folded: see the log of the task stories, and clear it to try again")
        dates: list[str] = folded["dates"]
        if not dates:
            raise AirflowSkipException("no published date changed")
        outlet_events[TOUCHED].extra = {"rows": folded["rows"], "dates": len(dates)}
        outlet_events[TOUCHED].add_partitions(dates)
        return dates

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
    )
    def gate(planned: Any, reports: Any, archived: Any, *, dag_run: Any = None) -> dict[str, Any]:
        """Fails the run when a larger share of sources failed than `NEWS_TOLERATED_FAILURES`; else warns about those that failed."""
        from pipeline.operations import stages
        from pipeline.operations.alerting.assessments import assess_hour
        from pipeline.operations.metrics import gate_metrics

        own = settings()
        finished = [load(CaptureReport, report["captured"]) for report in [*result_list(reports), *(archived or [])]]
        names = {report.part for report in finished}
        lost = [part for part in (load(Part, one["part"]) for one in planned or []) if part.name not in names]
        sources = [source for part in lost for source in part.source_ids or (f"part {part.name}",)]
        assessment = stages.assess_failures(own, finished, lost=sources)
        if planned is None:
            assessment = stages.red_assessment("there is no plan: see the log of the task plan")
        elif archived is None:
            assessment = stages.red_assessment("the WARC files were not read: see the log of the task archives, and clear it to try again")
        walk = get_current_context()["ti"].xcom_pull(task_ids="plan", key="walk")
        hour = Interval.parse(walk["interval"]) if walk else newest_hour(dag_run.run_after)
        live = walk["live"] if walk else dag_run.run_type.value == "scheduled"
        catalogue = load_catalogue(own.config) if planned is not None else None
        assess_and_send(own, lambda: assess_hour(own, catalogue, hour, live=live, reports=finished, assessment=assessment))
        emit(gate_metrics(assessment))
        get_current_context()["ti"].xcom_push(NOTE, f"hour {hour.key}: {assessment.message}")
        if assessment.is_red:
            raise AirflowFailException(assessment.message)
        (log.warning if assessment.failed or assessment.warnings else log.info)(assessment.message)
        return {"failed": assessment.failed, "total": assessment.total, "message": assessment.message}

    planned = plan()
    reports = parts.expand(planned=planned)
    archived = archives(reports)
    announce(stories(reports, archived))
    gate(planned, reports, archived)
