"""One run for each published date that changed: build its records, then check what was written and say what changed.

Runs start when `news_ingest` announces a date; several announcements of a date before its run starts are one run. `publish` is
**skipped** when exactly these inputs have been built already; `check` reads what lies in the lake in any case. `difference` has the new,
changed (by field) and vanished records in its log and as its return value.

**One date by hand**: trigger with the form, for example after a change of `topics.yaml` or `scoring.yaml`. With `as_of` and `into` the
form asks what the data said then: the date is built from what was captured up to that time, into another lake.

**While this DAG is paused** Airflow drops announcements: afterwards trigger the missed dates, or clear the `announce` tasks of
`news_ingest`.

**Sealing keys**: the password of the connection `news_sealing` (Base64 keys, newest first, separated by commas), else
`NEWS_SEALING_KEYS`.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, PartitionedAssetTimetable, StartOfDayMapper, TriggerRule, task
from airflow.sdk.exceptions import AirflowSkipException

from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import ConfigError
from pipeline.core.models import PublishReport

sys.path.append(str(Path(__file__).parent))  # Airflow does so itself, a bare DagBag does not
from news_wiring import ARTICLES, RETRIES, TOUCHED, dump, load, refuse_unknown, settings

log = logging.getLogger(__name__)


PARAMS = {
    "published_date": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Published date",
        description="The UTC day whose records are built, such as 2026-11-20. Runs started by an announcement have theirs already.",
    ),
    "as_of": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="As of",
        description="Build the date from what was captured up to this time, such as 2026-11-17T09:00:00Z. Needs another lake.",
    ),
    "into": Param(
        None,
        type=["null", "string"],
        title="Into another lake",
        description="Folder or address of the lake that is written to. Empty: NEWS_LAKE.",
    ),
}


def published_date_of(partition_key: str | None, asked: str | None) -> date:
    """The date a run is for: its partition's, or the form's. Raises ConfigError when there is neither."""
    if not (partition_key or asked):
        raise ConfigError("a run by hand needs the published date: fill in the form")
    return date.fromisoformat(partition_key or asked or "")


with DAG(
    dag_id="news_publish",
    description="One published date: topics, quality, stories, heat; then a check of what was written",
    doc_md=__doc__,
    schedule=PartitionedAssetTimetable(assets=TOUCHED, default_partition_mapper=StartOfDayMapper(input_format="%Y-%m-%d")),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args=RETRIES,
    params=PARAMS,
    tags=["news"],
):

    @task(
        outlets=[ARTICLES],
        execution_timeout=timedelta(hours=1),
        doc_md="Builds the records of the date and replaces its files. Skipped when the same inputs have been built.",
    )
    def publish(*, dag_run: Any = None, params: Any = None) -> dict[str, Any]:
        from pipeline.operations import stages

        refuse_unknown(dag_run.conf, PARAMS)
        own = settings()
        published_date = published_date_of(dag_run.partition_key, params["published_date"])
        as_of = datetime.fromisoformat(params["as_of"]) if params["as_of"] else None
        report = stages.publish(own, load_catalogue(own.config), published_date, as_of=as_of, into=params["into"])
        if not report.rebuilt:
            raise AirflowSkipException(f"{published_date}: these inputs have been built, fingerprint {report.fingerprint}")
        log.info("%s: %d records, %d published, %d stories", published_date, report.articles, report.published, report.stories)
        return dump(report)

    @task(
        trigger_rule=TriggerRule.NONE_FAILED,
        doc_md="Reads the date's files again and checks them against the contract of the tables and the laws of the record.",
    )
    def check(*, dag_run: Any = None, params: Any = None) -> dict[str, int]:
        from pipeline.operations import stages

        own = settings()
        own = own.model_copy(update={"lake": params["into"]}) if params["into"] else own
        published_date = published_date_of(dag_run.partition_key, params["published_date"])
        counts = stages.check(own, load_catalogue(own.config), published_date)
        log.info("%s: %s", published_date, counts)
        return counts

    @task(doc_md="What the build changed against the records that stood there: new, changed by field, vanished. Skipped with `publish`.")
    def difference(report: dict[str, Any]) -> dict[str, Any]:
        from pipeline.publishing.differences import describe

        published = load(PublishReport, report)
        change = published.difference
        log.info("%s: %s", published.published_date, describe(change))
        for kind, urls in {"new": change.new_urls, "changed": change.changed_urls, "vanished": change.vanished_urls}.items():
            for url in urls:
                log.info("%s: %s", kind, url)
            if (more := getattr(change, kind) - len(urls)) > 0:
                log.info("%s: and %d more", kind, more)
        return {"published_date": published.published_date.isoformat(), "summary": describe(change), **dump(change)}

    published: Any = publish()
    published >> check()
    difference(published)
