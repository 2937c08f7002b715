"""The pages behind Airflow's login: who may see them, who may start a backfill, and what the plugin costs a task process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from deploy.local_airflow import offline_settings
from pipeline.core.catalogue import load_catalogue
from pipeline.lake.storage import Lake
from pipeline.operations.backfill.plans import BackfillRequest
from pipeline.operations.completeness import SourceDay
from pipeline.operations.completeness_tables import write_tables
from tests.dags.children import ChildProcess
from tests.newsroom import World

USERS = {"ada": "ADMIN", "vera": "VIEWER", "nobody": ""}
PASSWORDS = dict.fromkeys(USERS, "a password")
PAGES = (
    "today",
    "sources",
    "stories",
    "coverage",
    "why",
    "style.css",
    "frame.js",
    "images/" + "ab" * 32,
    "coverage/backfill",
    "backfills/0123456789ab",
    "changes",
    "nothing",
    "",
)
SOURCE = load_catalogue(World.load().catalogue).enabled_sources[0].id
FORM = {"source": SOURCE, "day": "2026-11-18", "last": "2026-11-18", "origins": "sitemap pages"}
OURS = {"Origin": "http://testserver"}


class ApiServer(ChildProcess):
    """Airflow's API server in a process of its own."""

    def __init__(self, home: Path) -> None:
        passwords = home / "passwords.json"
        passwords.write_text(json.dumps(PASSWORDS))
        lake = home / "lake"
        write_tables(Lake(str(lake)), [SourceDay(date(2026, 11, 18), SOURCE, 8.0, "days", 24, 0, 0, 0, 0, 0)])
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWS_")} | offline_settings(home)
        environment |= {
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of the tests, of sufficient length for HMAC with SHA-512, which it is signed with",
            "NEWS_LAKE": str(lake),
            "NEWS_CONFIG": str(World.load().catalogue),
        }
        super().__init__("tests.dags.api_child", log=home / "api.log", environment=environment)
        self.imports: dict[str, list[str]] = self.ask({"imports": True})
        """What the plugin's module imported, and what Airflow after it, before the first request."""

    def request(
        self, method: str, path: str, *, user: str | None, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        return self.ask({"method": method, "path": path, "user": user, "form": form or {}, "headers": headers or {}})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    pytest.importorskip("airflow", reason="Airflow is not installed: pip install -e .[airflow]")
    server = ApiServer(tmp_path_factory.mktemp("api"))
    yield server
    server.close()


def test_the_plugin_costs_a_task_process_nothing_that_a_page_needs(server: ApiServer) -> None:
    assert server.imports["by_plugin"] == []
    heavy = ("pipeline.operations.pages", "news_airflow.web", "duckdb")
    assert [name for name in server.imports["by_pages"] if name.startswith(heavy)] == []
    assert server.request("GET", "/news/today", user="ada")["status"] == 200
    assert "news_airflow.web" in server.ask({"imports": True})["by_pages"]


@pytest.mark.parametrize("path", PAGES)
def test_without_a_login_there_is_no_page_no_style_and_no_picture(server: ApiServer, path: str) -> None:
    got = server.request("GET", f"/news/{path}", user=None)
    assert got["status"] == 401
    assert "Log in to Airflow first" in got["body"]


@pytest.mark.parametrize("path", PAGES)
def test_a_user_who_may_not_read_the_dag_sees_no_page(server: ApiServer, path: str) -> None:
    assert server.request("GET", f"/news/{path}", user="nobody")["status"] == 403


def test_a_token_that_is_none_is_refused(server: ApiServer) -> None:
    for headers in ({"Authorization": "Bearer nonsense"}, {"Cookie": "_token=nonsense"}):
        assert server.request("GET", "/news/today", user=None, headers=headers)["status"] in (401, 403)


def test_a_viewer_sees_every_page_with_its_headers(server: ApiServer) -> None:
    for path in ("today", "sources", "stories", "coverage", "why"):
        got = server.request("GET", f"/news/{path}", user="vera")
        assert got["status"] == 200, path
        assert f'href="/news/{path}" aria-current="page"' in got["body"]
        assert got["headers"]["content-security-policy"].startswith("default-src 'none'")
        assert got["headers"]["x-content-type-options"] == "nosniff"


def test_a_viewer_starts_no_backfill_and_is_offered_none(server: ApiServer) -> None:
    assert server.request("POST", "/news/coverage/backfill", user="vera", form=FORM, headers=OURS)["status"] == 403
    query = "&".join(f"{name}={value}" for name, value in FORM.items())
    assert "Start the backfill" not in server.request("GET", f"/news/coverage/backfill?{query}&plan=on", user="vera")["body"]


def test_nobody_who_is_not_logged_in_starts_a_backfill(server: ApiServer) -> None:
    assert server.request("POST", "/news/coverage/backfill", user=None, form=FORM, headers=OURS)["status"] == 401


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_form_of_another_site_starts_no_backfill(server: ApiServer, headers: dict[str, str]) -> None:
    assert server.request("POST", "/news/coverage/backfill", user="ada", form=FORM, headers=headers)["status"] == 403


def test_a_wrong_or_endless_form_starts_no_backfill(server: ApiServer) -> None:
    unknown = server.request("POST", "/news/coverage/backfill", user="ada", form={**FORM, "source": "typo"}, headers=OURS)
    assert (unknown["status"], "is not a followed source" in unknown["body"]) == (422, True)
    assert server.request("POST", "/news/coverage/backfill", user="ada", form={"source": "a" * 20_000}, headers=OURS)["status"] == 413


def test_a_form_of_ours_asks_for_the_backfill_of_the_gap_once(server: ApiServer) -> None:
    started = server.request("POST", "/news/coverage/backfill", user="ada", form=FORM, headers=OURS)
    assert started["status"] == 303, started["body"]
    shown = server.request("GET", started["headers"]["location"], user="ada")["body"]
    assert "The backfill is with Airflow" in shown
    runs = json.loads(server.request("GET", "/api/v2/dags/news_backfill/dagRuns", user="ada")["body"])["dag_runs"]
    (run,) = [run for run in runs if run["dag_run_id"].startswith("coverage__")]
    assert run["conf"] == {"first": "2026-11-18", "last": "2026-11-18", "sources": [SOURCE], "origins": ["sitemap", "pages"]}
    assert (run["state"], run["triggering_user_name"]) == ("queued", "ada")
    assert f"/dags/news_backfill/runs/{quote(run['dag_run_id'], safe='')}" in shown
    again = server.request("POST", "/news/coverage/backfill", user="ada", form=FORM, headers=OURS)
    assert (again["status"], "the same source, dates and origins" in again["body"]) == (409, True)


def test_a_tab_of_a_dag_or_run_leads_to_the_page_of_what_it_works_on(server: ApiServer) -> None:
    form = {"first": "2026-11-18", "last": "2026-11-18", "sources": [SOURCE], "origins": ["captures"]}
    for dag_id, run_id, conf in (("news_ingest", "hour", {"hour": "2026-11-18T03:00:00Z"}), ("news_backfill", "backfill", form)):
        run = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        post = {"method": "POST", "path": f"/api/v2/dags/{dag_id}/dagRuns", "user": "ada", "headers": {}, "json": run}
        assert server.ask(post)["status"] == 200
    backfill = BackfillRequest(date(2026, 11, 18), date(2026, 11, 18), (SOURCE,), ("captures",))
    expected = {
        "dag?dag=news_ingest": "/news/today",
        "dag?dag=news_publish": "/news/stories",
        "run?dag=news_ingest&run=hour": "/news/hours?hour=2026-11-18T03",
        "run?dag=news_backfill&run=backfill": f"/news/backfills/{backfill.id}",
        "asset?uri=x-news://extracted/published_date": "/news/sources",
    }
    for path, target in expected.items():
        got = server.request("GET", f"/news/airflow/{path}", user="vera")
        assert (got["status"], got["headers"].get("location")) == (303, target), path
    for path in ("dag?dag=another", "run?dag=news_ingest&run=none", "asset?uri=s3://another", "nothing"):
        assert server.request("GET", f"/news/airflow/{path}", user="vera")["status"] == 404, path
    assert server.request("GET", "/news/airflow/dag?dag=news_ingest", user=None)["status"] == 401


def test_airflow_lists_the_pages_in_its_menu_and_at_dags_and_runs(server: ApiServer) -> None:
    plugins = json.loads(server.request("GET", "/api/v2/plugins", user="ada")["body"])["plugins"]
    (listed,) = [plugin["external_views"] for plugin in plugins if plugin["name"] == "news"]
    assert [(view["destination"], view["href"], view["url_route"]) for view in listed[:3]] == [
        ("nav", "/news/today", "news"),
        ("dag", "/news/airflow/dag?dag={DAG_ID}", "news_dag"),
        ("dag_run", "/news/airflow/run?dag={DAG_ID}&run={RUN_ID}", "news_dag_run"),
    ]
