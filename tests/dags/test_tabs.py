"""Where the tabs of Airflow lead, and which of them an Airflow of a version has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from news_airflow.tabs import Address, RunFacts, page_of_asset, page_of_dag, page_of_run
from news_airflow.views import views
from pipeline.operations.backfill.plans import BackfillRequest

NOON = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)


def page(dag_id: str, *, form: Mapping[str, Any] | None = None, logical: datetime | None = None, key: str | None = None) -> Address | None:
    return page_of_run(RunFacts(dag_id, NOON, logical, key, form or {}))


def test_a_run_of_an_hour_leads_to_that_hour() -> None:
    assert page("news_ingest", logical=datetime(2026, 11, 20, 3, tzinfo=UTC)) == ("/hours", {"hour": "2026-11-20T03"})
    assert page("news_ingest", form={"hour": "2026-11-18T07:00:00Z"}) == ("/hours", {"hour": "2026-11-18T07"})
    assert page("news_ingest") == ("/hours", {"hour": "2026-11-20T11"})
    with pytest.raises(ValueError, match="half past"):
        page("news_ingest", form={"hour": "half past"})


def test_a_run_of_a_date_leads_to_what_it_changed() -> None:
    assert page("news_publish", key="2026-11-20") == ("/changes", {"day": "2026-11-20"})
    assert page("news_publish", form={"published_date": "2026-11-19"}) == ("/changes", {"day": "2026-11-19"})


def test_a_run_of_a_backfill_leads_to_the_record_of_the_same_request() -> None:
    form = {"first": "2026-11-18", "sources": ["b", "a"], "origins": None, "refetch": True}
    asked = BackfillRequest(date(2026, 11, 18), date(2026, 11, 18), ("a", "b"), refetch=True)
    assert page("news_backfill", form=form) == (f"/backfills/{asked.id}", {})


def test_what_is_not_ours_leads_nowhere() -> None:
    assert (page("another"), page_of_dag("another"), page_of_asset("s3://bucket/another")) == (None, None, None)
    assert page_of_asset("s3://bucket/lake/articles") == ("/stories", {})


@pytest.mark.parametrize(
    ("has_asset_tabs", "destinations"), [(False, ["nav", "dag", "dag_run"]), (True, ["nav", "dag", "dag_run", "asset"])]
)
def test_an_airflow_that_has_tabs_of_assets_gets_one(has_asset_tabs: bool, destinations: list[str]) -> None:
    listed = views("/airflow", has_asset_tabs=has_asset_tabs)
    assert [view["destination"] for view in listed] == destinations
    assert len({view["url_route"] for view in listed}) == len(listed)
    assert all(view["href"].startswith("/airflow/news/") for view in listed)
