"""Which plans a person approves, and what the question says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from pipeline.core.settings import Settings
from pipeline.operations.backfill.approvals import SOURCES_SHOWN, approval_question, approval_reasons, planned_requests
from pipeline.operations.backfill.archive_costs import ArchiveCost
from pipeline.operations.backfill.plans import BackfillPlan, BackfillRequest, SourcePlan

SETTINGS = Settings(approve_requests=100, approve_dates=7)
WEEK = BackfillRequest(date(2026, 11, 1), date(2026, 11, 7))


def planned(*requests: int | None, asked: BackfillRequest = WEEK) -> BackfillPlan:
    """A plan of a source for each number of requests."""
    rows = tuple(SourcePlan(f"source-{place:02d}", 10, 0, number, 0, None, 1) for place, number in enumerate(requests))
    return BackfillPlan(
        **{"id": asked.id, "asked": asked, "origins": ("captures", "sitemap"), "intervals": 168, "captured": 158, "to_capture": 10},
        **{"pages": 5, "captures_bytes": 0, "later_parts": 0, "sources": rows, "requests": sum(number or 0 for number in requests)},
        **{"bytes": 0, "hours": 0.5, "slowest_host": None, "disallowed_share": None, "disk_free": 2_000},
        without_history=tuple(row.source_id for row in rows if row.requests is None),
    )


def test_a_plan_at_its_limits_needs_no_approval() -> None:
    assert approval_reasons(planned(60, 40), SETTINGS) == ()
    assert approval_question(planned(60, 40), SETTINGS) is None


def test_requests_of_archives_count_and_each_limit_is_a_reason() -> None:
    archives = (ArchiveCost("wayback", 1, None, None, ""), ArchiveCost("ccnews", None, None, None, ""))
    plan = replace(planned(60, 40, asked=replace(WEEK, last=date(2026, 11, 8))), archives=archives)
    assert planned_requests(plan) == 101
    assert approval_reasons(plan, SETTINGS) == (
        "about 101 requests, more than NEWS_APPROVE_REQUESTS (100)",
        "8 dates, more than NEWS_APPROVE_DATES (7)",
    )


def test_the_question_shows_the_plan_with_its_total_and_no_source_is_lost() -> None:
    question = approval_question(planned(*range(10, 10 + SOURCES_SHOWN + 3), None), SETTINGS)
    assert question is not None
    requests = sum(range(10, 10 + SOURCES_SHOWN + 3))
    assert question.headline == f"Backfill of 2026-11-01 to 2026-11-07: about {requests} requests"
    rows = [line for line in question.body.splitlines() if line.startswith("| ")][1:]
    assert rows[0] == f"| source-{SOURCES_SHOWN + 2:02d} | 10 | {10 + SOURCES_SHOWN + 2} | 0 |"
    assert rows[-2:] == ["| and 4 more | 40 | 33 | 0 |", f"| **total** | 240 | {requests} | 0 |"]
    assert "not estimated, for lack of history in the ledger" in question.body
    assert "Free where the lake is stored: 2000 bytes." in question.body


def test_a_plan_whose_cost_is_unknown_says_so() -> None:
    question = approval_question(planned(None, asked=replace(WEEK, last=date(2026, 11, 30))), SETTINGS)
    assert question is not None
    assert question.headline.endswith("an unknown number of requests")
    assert "| source-00 | 10 | not known | not known |" not in question.body
    assert "| source-00 | 10 | not known | 0 |" in question.body
