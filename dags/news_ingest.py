"""Every hour: look at the sources, keep what they answered, extract the articles.

`plan` divides the sources into parts. Each part is captured (the only task that meets the network) and extracted. `announce` names the
published dates whose records may have changed; each starts a run of `news_publish`. `gate` fails the run when more than the tolerated
share of sources failed (`NEWS_TOLERATED_FAILURES`) and warns about single ones.

**A source failed** is no failed task: its reason stands in the log of `gate`. A red `capture` or `extract` counts as a failure of all
sources of its part; clear it to try again, what was captured stays.

**Past hours** are rebuilt from captures where there are any; for the others only those entries of the feeds are taken that are dated
inside the hour:

    airflow backfill create --dag-id news_ingest --max-active-runs 1 \\
        --from-date 2026-11-20T10:00:00Z --to-date 2026-11-20T12:00:00Z

**One hour by hand**: trigger with the form, the logical date empty. An hour that was captured is not fetched again.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TriggerRule, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from pipeline.config import load_catalogue
from pipeline.models import CaptureReport, ExtractReport, Part

sys.path.append(str(Path(__file__).parent))  # Airflow does so itself, a bare DagBag does not
from news_intervals import Run, interval_of
from news_wiring import RETRIES, TOUCHED, dump, load, settings

log = logging.getLogger(__name__)

PARAMS = {
    "hour": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="Hour",
        description="Start of the data interval, a full hour such as 2026-11-20T12:00:00Z. Empty: the newest hour that is over.",
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
}


def label(part: Part) -> str:
    """What an operator reads in the grid: `00: techdaily, orbit and 3 more`; an imported part has a name only."""
    if not part.source_ids:
        return part.name
    shown = ", ".join(part.source_ids[:2])
    more = len(part.source_ids) - 2
    return f"{part.name}: {shown}" + (f" and {more} more" if more > 0 else "")


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
        from pipeline import stages

        run = Run(
            kind=str(dag_run.run_type.value),
            run_after=dag_run.run_after,
            logical_date=dag_run.logical_date,
            partition_date=dag_run.partition_date,
            hour=params["hour"],
            looking=params["looking"],
        )
        interval, live = interval_of(run, now=datetime.now(UTC))
        own = settings()
        parts = stages.plan(own, load_catalogue(own.config), interval)
        log.info("%s, looking at the %s: %d parts", interval.key, "live feeds" if live else "past", len(parts))
        return [{"part": dump(part), "live": live, "only_due": run.only_due} for part in parts]

    @task(
        pool="fetch",
        map_index_template="{{ label }}",
        execution_timeout=timedelta(hours=1),
        doc_md="Fetches feeds, pages, pictures and AMP pages of one part into a WARC file. A part that was captured is not fetched again.",
    )
    def capture(planned: dict[str, Any]) -> dict[str, Any]:
        from pipeline import stages

        part = load(Part, planned["part"])
        get_current_context()["label"] = label(part)  # type: ignore[typeddict-unknown-key]
        own = settings()
        report = stages.capture(own, load_catalogue(own.config), part, live=planned["live"], only_due=planned["only_due"])
        log.info("%s: %s", "captured before" if report.reused else "captured", dict(sorted(report.counts.items())))
        return dump(report)

    @task(
        map_index_template="{{ label }}",
        execution_timeout=timedelta(hours=1),
        doc_md="Extracts the articles of one part from its captures; no network. The same captures give the same bytes.",
    )
    def extract(planned: dict[str, Any], captured: dict[str, Any]) -> dict[str, Any]:
        from pipeline import stages

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
        outlets=[TOUCHED],
        trigger_rule=TriggerRule.ALL_DONE,
        doc_md="Names the published dates whose records may have changed; each is a partition of the asset and a run of `news_publish`.",
    )
    def announce(reports: Any, *, outlet_events: Any = None) -> list[str]:
        touched = [date for report in rows(reports) for date in load(ExtractReport, report["extracted"]).published_dates]
        dates = [date.isoformat() for date in sorted(set(touched))]
        if not dates:
            raise AirflowSkipException("no published date was touched")
        outlet_events[TOUCHED].add_partitions(dates)
        return dates

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        doc_md="Fails the run when more than `NEWS_TOLERATED_FAILURES` of its sources failed; warns about single ones and about odd feeds.",
    )
    def gate(planned: Any, reports: Any) -> dict[str, Any]:
        from pipeline import stages

        if planned is None:
            raise AirflowFailException("there is no plan: see the task plan")
        finished = [load(CaptureReport, report["captured"]) for report in rows(reports)]
        names = {report.part for report in finished}
        lost = [part for part in (load(Part, one["part"]) for one in planned) if part.name not in names]
        sources = [source for part in lost for source in part.source_ids or (f"part {part.name}",)]
        judgement = stages.judge(settings(), finished, lost=sources)
        if judgement.is_red:
            raise AirflowFailException(judgement.message)
        (log.warning if judgement.failed or judgement.warnings else log.info)(judgement.message)
        return {"failed": judgement.failed, "total": judgement.total, "message": judgement.message}

    planned = plan()
    reports = parts.expand(planned=planned)
    announce(reports)
    gate(planned, reports)
