"""Every hour: look at the sources, keep what they answered, extract the articles.

`plan` divides the sources into parts. Each part is captured and extracted; only `capture` and `archives` meet the network. `announce`
names the published dates whose records may have changed; each starts a run of `news_publish`. `gate` fails the run when more than the
tolerated share of sources failed (`NEWS_TOLERATED_FAILURES`) and warns about single ones.

**A source failed** is no failed task: its reason stands in the log of `gate`. A red `capture` or `extract` counts as a failure of all
sources of its part; clear it to try again, what was captured stays.

**Past hours** are rebuilt from captures where there are any. The others, and sources that they lack, are looked for where the form (or
`NEWS_ORIGINS`) says, in that order: our own `captures`, the sources' `sitemap`s, the `pages` of their feeds, `wayback`, `ccnews`, given
`warc` files. Only what was published in the hour is taken. `archives` reads the files for the sources that nothing else had:

    airflow backfill create --dag-id news_ingest --max-active-runs 1 \\
        --from-date 2026-11-20T10:00:00Z --to-date 2026-11-20T12:00:00Z \\
        --dag-run-conf '{"sources": ["nasa"], "origins": ["captures", "sitemap"]}'

The log of `plan` says what will be done. A backfill that is paused, cancelled or killed leaves whole parts: run it again and it goes on.

**One hour by hand**: trigger with the form, the logical date empty. An hour that was captured is not fetched again, unless `refetch` is
set: then it is captured anew, beside what is there. Clearing a task goes on with the same parts; clearing the whole run fetches once more.
"""

from __future__ import annotations

import hashlib
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TriggerRule, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import ConfigError
from pipeline.core.models import CaptureReport, ExtractReport, Interval, Origin, Part

sys.path.append(str(Path(__file__).parent))  # Airflow does so itself, a bare DagBag does not
from news_intervals import Run, interval_of
from news_wiring import RETRIES, TOUCHED, dump, load, refuse_unknown, settings

log = logging.getLogger(__name__)

PARAMS = {
    "hour": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="Hour",
        description="Start of the data interval, a full hour such as 2026-11-20T12:00:00Z. Empty: the newest hour that is over. "
        "A backfill takes its hours from its dates: leave this empty there.",
    ),
    "looking": Param(
        "auto",
        enum=["auto", "live", "past"],
        title="Looking at",
        values_display={
            "auto": "live for the newest hour, else the past",
            "live": "the live feeds: everything they show now",
            "past": "the past: only what is dated inside the hour",
        },
        description="Which entries of the feeds belong to the hour.",
    ),
    "origins": Param(
        None,
        type=["null", "array"],
        items={"type": "string", "enum": list(get_args(Origin))},
        examples=list(get_args(Origin)),
        title="Origins",
        description="Where a past hour is looked for, in this order: the first that has it serves a source. Empty: as NEWS_ORIGINS says.",
    ),
    "sources": Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        title="Sources",
        description="Ids of the sources that are wanted, as they stand in sources.yaml. Empty: all that are followed.",
    ),
    "warc": Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        title="WARC files",
        description="Files, folders and patterns for the origin `warc`, as the workers see them. Empty: as NEWS_WARC says.",
    ),
    "refetch": Param(
        False,
        type="boolean",
        title="Capture anew",
        description="Ask again for what was captured already. Nothing is overwritten; the newest version is published.",
    ),
}


def label(part: Part) -> str:
    """What an operator reads in the grid: `00: techdaily, orbit and 3 more`; an imported part has a name only."""
    if not part.source_ids:
        return part.name
    shown = ", ".join(part.source_ids[:2])
    more = len(part.source_ids) - 2
    return f"{part.name}: {shown}" + (f" and {more} more" if more > 0 else "")


def refetch_id(*, run_id: str, clear_number: int | None) -> str:
    """8 hex digits for the parts that a run captures anew: the same while single tasks are tried again, others when all is cleared."""
    return hashlib.sha256(f"{run_id} {clear_number or 0}".encode()).hexdigest()[:8]


def rows(results: Any) -> list[Any]:
    """What the parts returned that succeeded. Airflow 3.3 hands over a mapped group's results as a list, one alone bare, none as None."""
    if results is None:
        return []
    return results if isinstance(results, list) else [results]


with DAG(
    dag_id="news_ingest",
    description="Every hour: capture the sources, extract the articles, say which published dates changed",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=RETRIES,
    params=PARAMS,
    tags=["news"],
):

    @task(doc_md="Finds the run's hour and divides the enabled sources into parts of `NEWS_SOURCES_PER_PART`.")
    def plan(*, dag_run: Any = None, params: Any = None) -> list[dict[str, Any]]:
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
            raise ConfigError("origins, warc and refetch are of the past: let `looking` be the past, or choose an older hour")
        origins = None if live else params["origins"] or run.origins
        refetch = refetch_id(run_id=dag_run.run_id, clear_number=getattr(dag_run, "clear_number", 0)) if params["refetch"] else None
        own = settings(warc=params["warc"])
        catalogue = load_catalogue(own.config)
        parts = stages.plan(own, catalogue, interval, live=live, origins=origins, sources=sources, refetch=refetch)
        captured = {part.name for part in stages.captured(own, interval)}
        log.info("%s, looking at the %s: %d parts", interval.key, "live feeds" if live else "past", len(parts))
        for part in parts:
            log.info("part %s: %s", label(part), "captured already, is extracted again" if part.name in captured else "is captured")
        if not live:
            from pipeline.operations.backfill_plans import summary
            from pipeline.operations.backfill_runs import plan_hour

            cost = plan_hour(own, catalogue, interval, sources=sources or (), origins=origins or (), is_refetch=refetch is not None)
            log.info("%s", summary(cost))
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
        doc_md="Fetches feeds, pages, pictures and AMP pages of one part into a WARC file. A part that was captured is not fetched again.",
    )
    def capture(planned: dict[str, Any]) -> dict[str, Any]:
        from pipeline.operations import stages

        part = load(Part, planned["part"])
        get_current_context()["label"] = label(part)  # type: ignore[typeddict-unknown-key]
        own = settings()
        report = stages.capture(
            own,
            load_catalogue(own.config),
            part,
            live=planned["live"],
            only_due=planned["only_due"],
            origins=planned["origins"],
            refetch=planned["refetch"],
        )
        log.info("%s: %s", "captured before" if report.reused else "captured", dict(sorted(report.counts.items())))
        return dump(report)

    @task(
        map_index_template="{{ label }}",
        execution_timeout=timedelta(hours=1),
        doc_md="Extracts the articles of one part from its captures; no network. The same captures give the same bytes.",
    )
    def extract(planned: dict[str, Any], captured: dict[str, Any]) -> dict[str, Any]:
        from pipeline.operations import stages

        part = load(Part, planned["part"])
        get_current_context()["label"] = label(part)  # type: ignore[typeddict-unknown-key]
        own = settings()
        report = stages.extract(own, load_catalogue(own.config), part)
        log.info("%d articles; no articles: %s", report.articles, dict(sorted(report.rejected.items())))
        return {"captured": captured, "extracted": dump(report)}

    @task_group(tooltip="One share of the sources")
    def parts(planned: Any) -> Any:
        captured: Any = capture(planned)
        return extract(planned, captured)

    @task(
        pool="fetch",
        trigger_rule=TriggerRule.ALL_DONE,
        execution_timeout=timedelta(hours=5),
        doc_md="Reads the hour's files of `ccnews` and `warc` for the sources that nothing else had, and extracts them; goes on half-way.",
    )
    def archives(_reports: Any) -> list[dict[str, Any]]:
        from pipeline.operations import stages

        walk = get_current_context()["ti"].xcom_pull(task_ids="plan", key="walk")
        if walk is None:
            raise AirflowSkipException("there is no plan: see the task plan")
        if walk["live"]:
            return []
        own = settings(warc=walk["warc"])
        catalogue, interval = load_catalogue(own.config), Interval.parse(walk["interval"])
        archived = stages.capture_archives(
            own, catalogue, interval, origins=walk["origins"], sources=walk["sources"], refetch=walk["refetch"]
        )
        extracted = {part.name: stages.extract(own, catalogue, part) for part in archived.parts}
        log.info("%d parts of WARC files", len(extracted))
        return [
            {"captured": dump(report), "extracted": dump(extracted[report.part]) if report.part in extracted else None}
            for report in archived.reports
        ]

    @task(
        outlets=[TOUCHED],
        trigger_rule=TriggerRule.ALL_DONE,
        doc_md="Names the published dates whose records may have changed; each is a partition of the asset and a run of `news_publish`.",
    )
    def announce(reports: Any, archived: Any, *, outlet_events: Any = None) -> list[str]:
        extracted = [report["extracted"] for report in [*rows(reports), *(archived or [])] if report["extracted"] is not None]
        touched = [date for report in extracted for date in load(ExtractReport, report).published_dates]
        dates = [date.isoformat() for date in sorted(set(touched))]
        if not dates:
            raise AirflowSkipException("no published date was touched")
        outlet_events[TOUCHED].add_partitions(dates)
        return dates

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        doc_md="Fails the run when more than `NEWS_TOLERATED_FAILURES` of its sources failed; warns about single ones and about odd feeds.",
    )
    def gate(planned: Any, reports: Any, archived: Any) -> dict[str, Any]:
        from pipeline.operations import stages

        if planned is None:
            raise AirflowFailException("there is no plan: see the task plan")
        if archived is None:
            raise AirflowFailException("the WARC files were not read: see the task archives, and clear it to go on")
        finished = [load(CaptureReport, report["captured"]) for report in [*rows(reports), *archived]]
        names = {report.part for report in finished}
        lost = [part for part in (load(Part, one["part"]) for one in planned) if part.name not in names]
        sources = [source for part in lost for source in part.source_ids or (f"part {part.name}",)]
        judgement = stages.assess_failures(settings(), finished, lost=sources)
        if judgement.is_red:
            raise AirflowFailException(judgement.message)
        (log.warning if judgement.failed or judgement.warnings else log.info)(judgement.message)
        return {"failed": judgement.failed, "total": judgement.total, "message": judgement.message}

    planned = plan()
    reports = parts.expand(planned=planned)
    archived = archives(reports)
    announce(reports, archived)
    gate(planned, reports, archived)
