"""Airflow's API server with its plugins, without a port: a JSON request a line on stdin, a JSON answer a line on stdout."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

HEAVY = ("pandas", "numpy", "pyarrow", "duckdb", "lxml", "jinja2.environment", "pipeline", "news_airflow.web", "fastapi")


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever Airflow prints goes to the log
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
        for line in sys.stdin:
            question = json.loads(line)
            if "imports" in question:
                answers.write(json.dumps({"by_plugin": by_plugin, "by_pages": sorted(set(sys.modules) - before)}) + "\n")
                continue
            headers = dict(question["headers"])
            if user := question["user"]:
                passwords = json.loads(Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]).read_text())
                login = client.post("/auth/token", json={"username": user, "password": passwords[user]})
                client.cookies.clear()
                headers |= {"Cookie": f"_token={login.json()['access_token']}"}
            got = client.request(question["method"], question["path"], headers=headers, data=question["form"])
            client.cookies.clear()
            answers.write(json.dumps(_shown(got)) + "\n")


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
