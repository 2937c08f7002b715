"""One run for each published date that changed: build its records, check the written files, compare them with the earlier ones.

Runs start when `news_ingest` or `news_maintenance` announces a date; several announcements of a date before its run starts give one run.
`publish` is **skipped** when the same inputs were built before; `check` runs in any case. `difference` logs and returns the new, changed
(by field) and vanished records, and names the file of the table `changes` that lists them all. `announce` emits the asset event of the date
with the number of its rows, and of the new, changed, vanished and published records.

**One date by hand**: trigger with the form, for example after a change of `topics.yaml` or `scoring.yaml`. With `as_of` and `into` the date
is built into another lake from what was captured up to that time.

**While this DAG is paused** Airflow drops announcements: afterwards trigger the missed dates, or clear the `announce` tasks of the other
DAGs.

**Sealing keys**: the password of the connection `news_sealing` (Base64 keys, newest first, separated by commas), else
`NEWS_SEALING_KEYS`.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, PartitionedAssetTimetable, StartOfDayMapper, TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import ConfigError
from pipeline.core.models import PublishReport
from pipeline.text.counts import counted

sys.path.append(str(Path(__file__).parent))  # Airflow does so itself, a bare DagBag does not
from news_alerts import alert_if_refused, assess_and_send
from news_forms import date_field, text_field, time_field
from news_links import owner_links
from news_metrics import emit, stage_timer
from news_wiring import ARTICLES, NOTE, TASK_DEFAULTS, TOUCHED, dump, load, refuse_unknown, settings

log = logging.getLogger(__name__)

PARAMS = {
    "published_date": date_field(
        "Published date",
        "The UTC day whose records are built, such as 2026-11-20. Needed only in manual runs: an announcement names its date.",
    ),
    "as_of": time_field(
        "As of",
        "Build the date from what was captured up to this time, such as 2026-11-17T09:00:00Z. Needs the field `into`.",
    ),
    "into": text_field("Into another lake", "Folder or URI of the lake to write to. Empty: NEWS_LAKE."),
}


def published_date_of(partition_key: str | None, asked: str | None) -> date:
    """The published date of a run: that of its partition, else that of the form. Raises ConfigError when there is neither."""
    if not (partition_key or asked):
        raise ConfigError("a manual run needs a published date: fill in `published_date` of the form")
    return date.fromisoformat(partition_key or asked or "")


with DAG(
    dag_id="news_publish",
    description="One published date: topics, quality, stories, heat; then a check of the written files",
    doc_md=__doc__,
    schedule=PartitionedAssetTimetable(assets=TOUCHED, default_partition_mapper=StartOfDayMapper(input_format="%Y-%m-%d")),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args=TASK_DEFAULTS,
    owner_links=owner_links(os.environ.get("NEWS_CONTACT", "")),
    params=PARAMS,
    tags=["news"],
):

    @task(
        execution_timeout=timedelta(hours=1),
    )
    def publish(*, dag_run: Any = None, params: Any = None) -> dict[str, Any]:
        """Builds the records of the date and replaces its files. Skipped when the same inputs were built before."""
        from pipeline.operations import stages
        from pipeline.operations.metrics import new_record_lags_s, publish_metrics
        from pipeline.publishing.differences import describe

        refuse_unknown(dag_run.conf, PARAMS)
        own = settings()
        published_date = published_date_of(dag_run.partition_key, params["published_date"])
        as_of = datetime.fromisoformat(params["as_of"]) if params["as_of"] else None
        with stage_timer("publish"), nullcontext() if params["into"] else alert_if_refused(own, published_date):
            report = stages.publish(own, load_catalogue(own.config), published_date, as_of=as_of, into=params["into"])
        summary = describe(report.difference) if report.rebuilt else "the same inputs were built before"
        where = ", into another lake" if params["into"] else ""
        get_current_context()["ti"].xcom_push(NOTE, f"{published_date}: {summary}{where}")
        if not report.rebuilt:
            raise AirflowSkipException(f"{published_date}: the same inputs were built before, fingerprint {report.fingerprint}")
        records, stories = counted(report.articles, "record"), counted(report.stories, "story", "stories")
        log.info("%s: %s, %d published, %s", published_date, records, report.published, stories)
        if not params["into"]:
            emit(publish_metrics(report, new_record_lags_s(own, report, now=datetime.now(UTC))))
        return dump(report)

    @task(
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    def check(*, dag_run: Any = None, params: Any = None) -> dict[str, int]:
        """Reads the files of the date again and checks them against the schema of the tables and the rules of the record."""
        from pipeline.operations import stages
        from pipeline.operations.alerting.assessments import assess_date

        own = settings()
        own = own.model_copy(update={"lake": params["into"]}) if params["into"] else own
        published_date = published_date_of(dag_run.partition_key, params["published_date"])
        with stage_timer("check"), nullcontext() if params["into"] else alert_if_refused(own, published_date):
            counts = stages.check(own, load_catalogue(own.config), published_date)
        log.info("%s: %s", published_date, counts)
        if not params["into"]:
            assess_and_send(own, lambda: [assess_date(own, published_date, None)])
        return counts

    @task(
        outlets=[ARTICLES],
    )
    def announce(report: dict[str, Any], _counts: dict[str, int], *, params: Any = None, outlet_events: Any = None) -> str:
        """Announces the built and checked date as a partition of the asset. Skipped with `publish`, and for a build into another lake."""
        from pipeline.operations.metrics import event_extra

        if params["into"]:
            raise AirflowSkipException("the date was built into another lake")
        published = load(PublishReport, report)
        outlet_events[ARTICLES].extra = event_extra(published)
        outlet_events[ARTICLES].add_partitions(published.published_date.isoformat())
        return published.published_date.isoformat()

    @task
    def difference(report: dict[str, Any]) -> dict[str, Any]:
        """Compares the records with those published before: new, changed by field, vanished. Skipped with `publish`."""
        from pipeline.publishing.differences import describe

        published = load(PublishReport, report)
        change = published.difference
        log.info("%s: %s", published.published_date, describe(change))
        for kind, urls in {"new": change.new_urls, "changed": change.changed_urls, "vanished": change.vanished_urls}.items():
            for url in urls:
                log.info("%s: %s", kind, url)
            if (more := getattr(change, kind) - len(urls)) > 0:
                log.info("%s: and %d more", kind, more)
        if published.changes is not None:
            log.info("every change, by record and field: %s", published.changes)
        return {"published_date": published.published_date.isoformat(), "summary": describe(change), **dump(change)}

    published: Any = publish()
    checked: Any = check()
    published >> checked
    announce(published, checked)
    difference(published)
