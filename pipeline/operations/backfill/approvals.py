"""Which backfills a person approves before anything is sent, and the question that this person reads. Pure: a plan in, text out."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.core.settings import Settings
from pipeline.operations.backfill.plans import BackfillPlan, SourcePlan, plan_summary
from pipeline.text.counts import counted

SOURCES_SHOWN = 20
"""Sources that the question lists, the most expensive first. A plain choice: a screen of rows; the others are summed up in one."""


@dataclass(frozen=True, slots=True)
class ApprovalQuestion:
    """What is asked before a large backfill: a headline, and the plan with its total as Markdown."""

    headline: str
    body: str


def planned_requests(plan: BackfillPlan) -> int:
    """All requests that the plan estimates: to the publishers, and at most to each archive."""
    return plan.requests + sum(cost.requests or 0 for cost in plan.archives)


def approval_reasons(plan: BackfillPlan, settings: Settings) -> tuple[str, ...]:
    """Why a person has to approve the plan, one clause for each limit that it is above; none for a small plan."""
    requests, dates = planned_requests(plan), len(plan.asked.dates)
    reasons = []
    if requests > settings.approve_requests:
        reasons.append(f"about {counted(requests, 'request')}, more than NEWS_APPROVE_REQUESTS ({settings.approve_requests})")
    if dates > settings.approve_dates:
        reasons.append(f"{counted(dates, 'date')}, more than NEWS_APPROVE_DATES ({settings.approve_dates})")
    return tuple(reasons)


def approval_question(plan: BackfillPlan, settings: Settings) -> ApprovalQuestion | None:
    """The question that a person answers before the backfill runs; None for a plan that needs no approval."""
    reasons = approval_reasons(plan, settings)
    if not reasons:
        return None
    asked = plan.asked
    requests = f"about {counted(planned_requests(plan), 'request')}" if plan.is_known else "an unknown number of requests"
    wanted = [row for row in plan.sources if row.hours]
    lines = [
        f"{plan_summary(plan)}.",
        *([f"Free where the lake is stored: {counted(plan.disk_free, 'byte')}."] if plan.disk_free is not None else []),
        f"It is asked because it has {' and '.join(reasons)}.",
        f"Origins, in their order: {', '.join(plan.origins)}." + (" What was captured is captured again." if asked.refetch else ""),
        *(["\n".join(_table(wanted))] if wanted else []),
        *(f"Note: {note}." for note in plan.notes),
    ]
    return ApprovalQuestion(f"Backfill of {asked.first} to {asked.last}: {requests}", "\n\n".join(lines))


def _table(rows: list[SourcePlan]) -> list[str]:
    """A Markdown table of the most expensive sources, those without a figure last, with one row for all others and one for the total."""
    ordered = sorted(rows, key=lambda row: (-(row.requests or 0), row.source_id))
    shown, others = ordered[:SOURCES_SHOWN], ordered[SOURCES_SHOWN:]
    lines = ["| source | hours to capture | requests | bytes |", "|---|---:|---:|---:|"]
    lines += [f"| {one.source_id} | {one.hours} | {_figure(one.requests)} | {_figure(one.bytes)} |" for one in shown]
    if others:
        lines.append(_sum_row(f"and {len(others)} more", others))
    return [*lines, _sum_row("**total**", ordered)]


def _sum_row(name: str, rows: list[SourcePlan]) -> str:
    hours, requests, size = (sum(values) for values in zip(*((one.hours, one.requests or 0, one.bytes or 0) for one in rows), strict=True))
    return f"| {name} | {hours} | {requests} | {size} |"


def _figure(value: int | None) -> str:
    return "not known" if value is None else str(value)
