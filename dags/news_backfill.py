"""One past range of published dates, filled again: plan, a person's approval where it is large, the backfill, the difference.

`plan` says what the backfill would ask of whom and sends nothing. **`approve`** waits for a person when the plan has more requests than
`NEWS_APPROVE_REQUESTS` or more dates than `NEWS_APPROVE_DATES`: the question, with the plan and its total, stands in Airflow under
*Required actions*. Nothing runs before the answer; after seven days without one it is rejected. A smaller plan asks nobody: `approve` is
skipped.

`fill` captures and extracts hour by hour and builds the dates once at the end, as `news backfill` does; its log has a line for each hour.
A try that crashed is repeated from the hour it was in. **Clear `fill`** to continue one that failed: finished hours are not repeated.
`difference` logs which records are new, changed (by field) and vanished. `gate` fails the run when a date was refused or too many sources
failed in a row.

**By hand**: the page Coverage fills in the form and shows the plan first. A backfill of the command line (`airflow backfill create --dag-id
news_ingest`, `news backfill`) needs no approval: whoever types it has seen its plan.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import ConfigError
from pipeline.text.counts import counted

sys.path.append(str(Path(__file__).parent))  # Airflow does so itself, a bare DagBag does not
from news_forms import CAPTURE_FIELDS, date_field, text_field
from news_links import owner_links
from news_wiring import ARTICLES, NOTE, TASK_DEFAULTS, dump, load, refuse_unknown, settings

log = logging.getLogger(__name__)

PATIENCE = timedelta(days=7)
"""Time to answer before a backfill counts as rejected. A plain choice: longer than a holiday weekend."""

PARAMS = {
    "first": date_field("First date", "The first published date, a UTC day."),
    "last": date_field("Last date", "The last published date. Empty: the first."),
    **CAPTURE_FIELDS,
    "allow_shrink": text_field(
        "Allow shrinking",
        "The reason why dates may lose more records than NEWS_MAX_SHRINK; the lake keeps it. Empty: such a date is refused.",
    ),
}


class PlanApproval(ApprovalOperator):
    """Asks a person to approve the plan where the task `plan` left a question, and is skipped where it left none."""

    def execute(self, context: Any) -> Any:
        """Ask, and wait without occupying a worker. Raises AirflowSkipException for a plan that needs no approval."""
        if context["ti"].xcom_pull(task_ids="plan", key="headline") is None:
            raise AirflowSkipException("the plan is below NEWS_APPROVE_REQUESTS and NEWS_APPROVE_DATES")
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Go on, or skip the backfill, as the person answered; the note of the run names the person."""
        if "error" not in event:
            verdict = "approved" if event["chosen_options"] == [self.APPROVE] else "rejected"
            person = event["responded_by_user"]
            said = f"{verdict} by {person['name']}" if person else f"{verdict}: nobody answered in {PATIENCE.days} days"
            context["ti"].xcom_push(NOTE, said)
        return super().execute_complete(context, event)  # raises to skip the backfill that was rejected


with DAG(
    dag_id="news_backfill",
    description="Published dates of the past: plan, approval by a person where it is large, backfill, difference",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=16,
    default_args=TASK_DEFAULTS,
    owner_links=owner_links(os.environ.get("NEWS_CONTACT", "")),
    params=PARAMS,
    tags=["news"],
):

    @task
    def plan(*, dag_run: Any = None, params: Any = None) -> dict[str, Any]:
        """Plans the backfill of the form, without a request, and leaves the question for a person where the plan is large."""
        from pipeline.operations.backfill.approvals import approval_question
        from pipeline.operations.backfill.planning import plan_backfill
        from pipeline.operations.backfill.plans import BackfillRequest, plan_summary

        refuse_unknown(dag_run.conf, PARAMS)
        if not params["first"]:
            raise ConfigError("a backfill needs its first date: fill in `first` of the form")
        first, last = date.fromisoformat(params["first"]), date.fromisoformat(params["last"] or params["first"])
        if last < first:
            raise ConfigError(f"the last date, {last}, is before the first, {first}")
        chosen = {name: tuple(params[name] or ()) for name in ("origins", "warc")}
        asked = BackfillRequest(first, last, tuple(sorted(set(params["sources"] or ()))), refetch=params["refetch"], **chosen)
        own = settings()
        planned = plan_backfill(own, load_catalogue(own.config), asked, now=datetime.now(UTC))
        summary = plan_summary(planned)
        log.info("backfill %s, %s to %s: %s", planned.id, first, last, summary)
        instance, question = get_current_context()["ti"], approval_question(planned, own)
        instance.xcom_push(NOTE, f"plan of {first} to {last}: {summary}")
        if question is not None:
            log.info("%s: waits for an approval", question.headline)
            instance.xcom_push("headline", question.headline)
            instance.xcom_push("body", question.body)
        return dump(planned)

    @task(
        pool="fetch",
        trigger_rule=TriggerRule.NONE_FAILED,
        max_active_tis_per_dag=1,
    )
    def fill(planned: dict[str, Any], *, params: Any = None) -> dict[str, Any]:
        """Captures, extracts and builds what the plan says, one hour after the other; continues where an earlier try stopped."""
        from pipeline.fetching.fetcher import SystemClock
        from pipeline.operations.backfill.plans import BackfillPlan
        from pipeline.operations.backfill.runs import run_backfill
        from pipeline.publishing.differences import describe

        own = settings()
        reason = params["allow_shrink"] or None
        record = run_backfill(own, load_catalogue(own.config), load(BackfillPlan, planned), clock=SystemClock(), allow_shrink=reason)
        total = record.total_difference
        dates, steps = counted(len(record.differences), "date"), counted(len(record.steps), "step")
        get_current_context()["ti"].xcom_push(NOTE, f"{record.state}: {describe(total)}; {dates} built after {steps}")
        return {
            "id": record.id,
            "state": record.state,
            "problems": [*record.refused.values(), *(f"{key}: {why}" for key, why in record.red.items())],
            "warnings": list(record.warnings),
            "total": dump(total),
            "dates": {day.isoformat(): dump(change) for day, change in sorted(record.differences.items())},
        }

    @task
    def difference(filled: dict[str, Any]) -> str:
        """Logs what changed on each published date, by field, and in all."""
        from pipeline.core.models import Difference
        from pipeline.publishing.differences import describe

        for day, change in filled["dates"].items():
            log.info("%s: %s", day, describe(load(Difference, change)))
        total = describe(load(Difference, filled["total"]))
        log.info("in all: %s", total)
        return total

    @task(
        outlets=[ARTICLES],
    )
    def announce(filled: dict[str, Any], *, outlet_events: Any = None) -> list[str]:
        """Announces each published date that was built and changed, as a partition of the asset."""
        changed = [day for day, one in filled["dates"].items() if one["new"] or one["changed"] or one["vanished"]]
        if not changed:
            raise AirflowSkipException("no record changed")
        total = filled["total"]
        outlet_events[ARTICLES].extra = {"rows": total["after"], **{name: total[name] for name in ("new", "changed", "vanished")}}
        outlet_events[ARTICLES].add_partitions(changed)
        return changed

    @task
    def gate(filled: dict[str, Any]) -> str:
        """Fails the run when a date was refused, or when too many sources failed in a row; else warns of hours that no origin has."""
        for warning in filled["warnings"]:
            log.warning("%s", warning)
        if filled["state"] != "done":
            raise AirflowFailException(f"backfill {filled['id']} is {filled['state']}: {'; '.join(filled['problems'])}")
        for problem in filled["problems"]:
            log.warning("%s", problem)
        return str(filled["state"])

    planned: Any = plan()
    approve = PlanApproval(
        task_id="approve",
        subject="{{ ti.xcom_pull(task_ids='plan', key='headline') }}",
        body="{{ ti.xcom_pull(task_ids='plan', key='body') }}",
        response_timeout=PATIENCE,
        defaults=ApprovalOperator.REJECT,
        doc_md="Asks a person to approve a large plan; skipped for a small one. The question stands under *Required actions*.",
    )
    filled: Any = fill(planned)
    planned >> approve >> filled
    difference(filled)
    announce(filled)
    gate(filled)
