"""Every day: ask for recent pages again, delete old captures and unused images, compare what sources bring with what they usually bring.

`revisit` asks by conditional GET for the pages captured a day and a week ago. `extract` writes new versions of the changed articles and
marks those that are gone; `announce` names the published dates that change, each starts a run of `news_publish`. `retain` deletes captures
older than `NEWS_RAW_DAYS` (0: none), `prune` deletes cached images that no row names. `repeated` learns from yesterday's texts which lines
sites put on many pages; texts that are captured later lose them. `ledger` writes the completeness tables of the last
days and **warns of silent gaps**: sources that usually bring articles and brought none, or far fewer.

Every task can be cleared and run again: the revisits of an hour are fetched only once.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import REVISIT_PART, ExtractReport, Interval, Part, RevisitReport
from pipeline.text.counts import counted

sys.path.append(str(Path(__file__).parent))  # Airflow does so itself, a bare DagBag does not
from news_alerts import assess_and_send
from news_intervals import newest_hour
from news_links import owner_links
from news_metrics import emit, stage_timer
from news_wiring import NOTE, TASK_DEFAULTS, TOUCHED, dump, load, settings

log = logging.getLogger(__name__)


with DAG(
    dag_id="news_maintenance",
    description="Every day: revisits for edits, retention, images, completeness",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("40 4 * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    default_args=TASK_DEFAULTS,
    owner_links=owner_links(os.environ.get("NEWS_CONTACT", "")),
    tags=["news"],
):

    @task(
        pool="fetch",
        execution_timeout=timedelta(hours=6),
    )
    def revisit(*, dag_run: Any = None) -> dict[str, Any]:
        """Asks for the pages captured a day and a week ago, and writes the answers into the part `revisit` of the run's hour."""
        from pipeline.fetching.fetcher import SystemClock
        from pipeline.operations import maintenance

        own = settings()
        with stage_timer("revisit"):
            report = maintenance.revisit(own, load_catalogue(own.config), newest_hour(dag_run.run_after), clock=SystemClock())
        log.info("%s: %d unchanged, %d changed, %d gone", counted(report.asked, "page"), report.unchanged, report.changed, report.gone)
        return dump(report)

    @task(
        execution_timeout=timedelta(hours=1),
    )
    def extract(revisited: dict[str, Any]) -> dict[str, Any]:
        """Extracts the changed pages as new versions of their articles and marks those that are gone, without network."""
        from pipeline.operations import stages
        from pipeline.operations.metrics import extract_metrics

        own = settings()
        interval = Interval.parse(load(RevisitReport, revisited).interval)
        with stage_timer("extract"):
            report = stages.extract(own, load_catalogue(own.config), Part(interval, REVISIT_PART))
        emit(extract_metrics(report))
        log.info("%s; rejected: %s", counted(report.articles, "version"), dict(sorted(report.rejected.items())))
        return dump(report)

    @task(
        execution_timeout=timedelta(hours=2),
    )
    def stories(extracted: dict[str, Any]) -> dict[str, Any]:
        """Folds the new versions into the timeline of stories; returns the published dates whose records have to be built again."""
        from pipeline.operations import stages

        report, own = load(ExtractReport, extracted), settings()
        with stage_timer("stories"):
            dates = stages.fold(own, load_catalogue(own.config), report.published_dates)
        return {"dates": [day.isoformat() for day in dates], "rows": report.articles}

    @task(
        outlets=[TOUCHED],
    )
    def announce(folded: dict[str, Any], *, outlet_events: Any = None) -> list[str]:
        """Announces each published date whose rows or stories changed, as a partition of the asset; each starts `news_publish`."""
        dates: list[str] = folded["dates"]
        if not dates:
            raise AirflowSkipException("no page changed")
        outlet_events[TOUCHED].extra = {"rows": folded["rows"], "dates": len(dates)}
        outlet_events[TOUCHED].add_partitions(dates)
        return dates

    @task
    def retain() -> dict[str, Any]:
        """Deletes captures older than `NEWS_RAW_DAYS`; manifests and rows stay. With 0, the default, nothing is deleted."""
        from pipeline.operations import maintenance

        report = maintenance.retain(settings(), now=datetime.now(UTC))
        parts, listings = counted(report.parts, "part"), counted(report.documents, "listing")
        log.info("deleted the captures of %s and %s, %s", parts, listings, counted(report.bytes, "byte"))
        return dump(report)

    @task(
        execution_timeout=timedelta(hours=1),
    )
    def prune() -> dict[str, Any]:
        """Deletes cached images that no extracted row names."""
        from pipeline.operations import maintenance

        report = maintenance.prune(settings(), now=datetime.now(UTC))
        log.info("deleted %s, %s, and kept %d", counted(report.deleted, "image"), counted(report.bytes, "byte"), report.kept)
        return dump(report)

    @task(
        execution_timeout=timedelta(hours=1),
    )
    def ledger() -> dict[str, Any]:
        """Writes the completeness tables: what each source brought on the last days and usually brings. Warns of silent gaps."""
        from pipeline.operations import maintenance
        from pipeline.operations.alerting.assessments import assess_silence

        own = settings()
        rows = maintenance.write_completeness(own, load_catalogue(own.config), now=datetime.now(UTC))
        silent = maintenance.silent_gaps(rows)
        for gap in silent:
            log.warning("silent source: %s", gap)
        assess_and_send(own, lambda: [assess_silence(own, rows)])
        found, gaps = counted(sum(row.found for row in rows), "page"), counted(len(silent), "silent gap")
        get_current_context()["ti"].xcom_push(NOTE, f"{found} on the last {counted(len({row.day for row in rows}), 'day')}, {gaps}")
        return {"days": len({row.day for row in rows}), "found": sum(row.found for row in rows), "gaps": list(silent)}

    @task(
        execution_timeout=timedelta(hours=1),
    )
    def repeated() -> int:
        """Learns from yesterday's texts which lines sites repeat: the captures from now on lose them."""
        from pipeline.operations import maintenance

        number = maintenance.learn_repeated(settings(), now=datetime.now(UTC))
        log.info("%s that sites repeat are known", counted(number, "line"))
        return number

    revisited: Any = revisit()
    extracted: Any = extract(revisited)
    folded: Any = stories(extracted)
    announce(folded)
    extracted >> prune()
    retain()
    repeated()
    ledger()
