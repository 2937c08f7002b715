"""The process of `test_pages.ApiServer`: Airflow's API server with its plugins, without a port."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.dags.children import answers_on_stdout

HEAVY = ("pandas", "numpy", "pyarrow", "duckdb", "lxml", "jinja2.environment", "pipeline", "news_airflow.web", "fastapi")


def main() -> None:
    with answers_on_stdout() as answer_all:
        by_plugin = _imports_of_the_plugin()
        from airflow.api_fastapi.app import create_app
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.dag_processing.dagbag import sync_bag_to_db
        from starlette.testclient import TestClient

        from deploy import dag_runs

        dag_runs.prepare()
        DagBundlesManager().sync_bundles_to_db()
        sync_bag_to_db(dag_runs.load_dags(), "dags-folder", None)
        before = set(sys.modules)
        with TestClient(create_app(apps="core"), base_url="http://testserver", follow_redirects=False) as client:

            def answer(question: dict[str, Any]) -> dict[str, Any]:
                if "imports" in question:
                    return {"by_plugin": by_plugin, "by_pages": sorted(set(sys.modules) - before)}
                return _requested(client, question)

            answer_all(answer)


def _requested(client: Any, question: dict[str, Any]) -> dict[str, Any]:
    headers = dict(question["headers"])
    if user := question["user"]:
        passwords = json.loads(Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]).read_text())
        login = client.post("/auth/token", json={"username": user, "password": passwords[user]})
        client.cookies.clear()
        headers |= {"Cookie": f"_token={login.json()['access_token']}"}
    body = {"json": question["json"]} if "json" in question else {"data": question["form"]}
    got = client.request(question["method"], question["path"], headers=headers, **body)
    client.cookies.clear()
    return _shown(got)


def _shown(got: Any) -> dict[str, Any]:
    return {"status": got.status_code, "headers": {name.lower(): value for name, value in got.headers.items()}, "body": got.text}


def _imports_of_the_plugin() -> list[str]:
    """What importing the plugin imports beyond what every process of Airflow has."""
    import airflow.plugins_manager
    import airflow.sdk  # noqa: F401  what every task process has

    before = set(sys.modules)
    import news_airflow.plugin  # noqa: F401

    return sorted(name for name in set(sys.modules) - before if name.startswith(HEAVY))


if __name__ == "__main__":
    main()
