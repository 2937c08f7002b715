"""Every day: look at pages again for edits, delete what is old enough, and hold what came against what usually comes.

`revisit` asks by conditional GET for the pages that were captured a day and a week ago; `extract` makes versions of those that changed and
marks those that are gone; `announce` names the published dates that this touches, each a run of `news_publish`. `retain` deletes captures
older than `NEWS_RAW_DAYS` (0: none), `prune` cached images that no row names. `ledger` writes the completeness of the last days and **warns
of silent gaps**: sources that usually bring articles and brought none, or far fewer.

All of it can be run again: an hour's revisits are asked for once, whatever is cleared.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import REVISIT_PART, Interval, Part, RevisitReport

sys.path.append(str(Path(__file__).parent))  # Airflow does so itself, a bare DagBag does not
from news_intervals import newest_hour
from news_wiring import RETRIES, TOUCHED, dump, load, settings

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
    default_args=RETRIES,
    tags=["news"],
):

    @task(
        pool="fetch",
        execution_timeout=timedelta(hours=6),
        doc_md="Asks again for the pages captured a day and a week ago, into the part `revisit` of the run's hour.",
    )
    def revisit(*, dag_run: Any = None) -> dict[str, Any]:
        from pipeline.fetching.fetcher import SystemClock
        from pipeline.operations import maintenance

        own = settings()
        report = maintenance.revisit(own, load_catalogue(own.config), newest_hour(dag_run.run_after), clock=SystemClock())
        log.info("%d pages: %d unchanged, %d changed, %d gone", report.asked, report.unchanged, report.changed, report.gone)
        return dump(report)

    @task(
        execution_timeout=timedelta(hours=1),
        doc_md="Extracts the changed pages as versions of their articles and marks those that are gone; no network.",
    )
    def extract(revisited: dict[str, Any]) -> dict[str, Any]:
        from pipeline.operations import stages

        own = settings()
        interval = Interval.parse(load(RevisitReport, revisited).interval)
        report = stages.extract(own, load_catalogue(own.config), Part(interval, REVISIT_PART))
        log.info("%d versions; no articles: %s", report.articles, dict(sorted(report.rejected.items())))
        return dump(report)

    @task(
        outlets=[TOUCHED],
        doc_md="Names the published dates whose records may have changed; each is a partition of the asset and a run of `news_publish`.",
    )
    def announce(extracted: dict[str, Any], *, outlet_events: Any = None) -> list[str]:
        dates = sorted(extracted["published_dates"])
        if not dates:
            raise AirflowSkipException("no page changed")
        outlet_events[TOUCHED].add_partitions(dates)
        return dates

    @task(doc_md="Deletes captures older than `NEWS_RAW_DAYS`; their manifests and rows stay. With 0, the default, nothing.")
    def retain() -> dict[str, Any]:
        from pipeline.operations import maintenance

        report = maintenance.retain(settings(), now=datetime.now(UTC))
        log.info("the captures of %d parts (%d bytes) and %d listings went", report.parts, report.bytes, report.documents)
        return dump(report)

    @task(execution_timeout=timedelta(hours=1), doc_md="Deletes cached images that no extracted row names.")
    def prune() -> dict[str, Any]:
        from pipeline.operations import maintenance

        report = maintenance.prune(settings(), now=datetime.now(UTC))
        log.info("%d images (%d bytes) went, %d stay", report.deleted, report.bytes, report.kept)
        return dump(report)

    @task(
        execution_timeout=timedelta(hours=1),
        doc_md="Writes what each source brought on the last days beside what it usually brings, and warns of silent gaps.",
    )
    def ledger() -> dict[str, Any]:
        from pipeline.operations import maintenance

        own = settings()
        rows = maintenance.keep_accounts(own, load_catalogue(own.config), now=datetime.now(UTC))
        silent = maintenance.gaps(rows)
        for gap in silent:
            log.warning("silent: %s", gap)
        return {"days": len({row.day for row in rows}), "found": sum(row.found for row in rows), "gaps": list(silent)}

    revisited: Any = revisit()
    extracted: Any = extract(revisited)
    announce(extracted)
    extracted >> prune()
    retain()
    ledger()
