"""The files in deploy/ for many machines: they parse, agree with the versions that are pinned, and hold no secret."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import local
from deploy.scaled_airflow import WORKER_BYTES, WORKER_SLOTS
from pipeline.core.settings import ENVIRONMENT_PREFIX, VERSION, Settings
from tests.conftest import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
FILES = ("Dockerfile", "compose.yaml", "compose.env.example", "helm-values.yaml", "init.sh")
AIRFLOW = re.search(r"^apache-airflow==(\S+)$", (REPOSITORY / "constraints.txt").read_text(), re.MULTILINE)


@pytest.fixture
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.fixture
def helm() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())


def test_the_compose_file_is_one_by_its_specification() -> None:
    pytest.importorskip("check_jsonschema", reason="the extra `dev` installs check-jsonschema, which holds the specification")
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_images_are_those_of_the_pinned_airflow_and_of_this_version(compose: dict[str, Any], helm: dict[str, Any]) -> None:
    assert AIRFLOW is not None
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert re.findall(r"^FROM (\S+)$", dockerfile, re.MULTILINE) == [f"apache/airflow:slim-{AIRFLOW[1]}-python3.11"]
    assert helm["airflowVersion"] == AIRFLOW[1]
    ours = {service["image"] for service in compose["services"].values() if "build" in service}
    assert ours == {f"{helm['images']['airflow']['repository']}:{helm['images']['airflow']['tag']}"} == {f"news-pipeline:{VERSION}"}
    assert f"-t news-pipeline:{VERSION} ." in dockerfile
    assert all(re.search(r":[^:]*\d", service["image"]) for service in compose["services"].values())


def test_the_image_is_installed_from_the_pinned_versions_and_does_not_run_as_root() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    (options, extra) = re.findall(r"^RUN pip install (.*) \"/opt/news-pipeline\[(\w+)\]\"$", dockerfile, re.MULTILINE)[0]
    assert "-c /opt/news-pipeline/constraints.txt" in options
    assert extra in tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert re.findall(r"^USER (\d+)$", dockerfile, re.MULTILINE)[-1] != "0"
    copied = {path for line in re.findall(r"^COPY (.*)$", dockerfile, re.MULTILINE) for path in line.split()[:-1] if path[0] != "-"}
    assert [path for path in copied if not (REPOSITORY / path).exists()] == []
    let_in = set(re.findall(r"^!(.*)$", (REPOSITORY / ".dockerignore").read_text(), re.MULTILINE))
    assert copied == let_in


def test_every_variable_of_ours_is_a_setting() -> None:
    named = {name for file in FILES for name in re.findall(rf"\b{ENVIRONMENT_PREFIX}[A-Z_]+", (DEPLOY / file).read_text())}
    assert len(named) >= 3
    assert [name for name in sorted(named) if name.removeprefix(ENVIRONMENT_PREFIX).lower() not in Settings.model_fields] == []


def test_every_secret_is_a_variable_that_must_be_set(compose: dict[str, Any]) -> None:
    example = (DEPLOY / "compose.env.example").read_text()
    asked = set(re.findall(r"\$\{(\w+):\?\}", (DEPLOY / "compose.yaml").read_text()))
    assert asked == set(re.findall(r"^(\w+)=$", example, re.MULTILINE))
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY|KEY_|AUTH$|_URL|BACKEND|SQL_ALCHEMY_CONN|SEALING", name) and not value.startswith(
                "http://"
            ):
                assert re.search(r"\$\{\w+:\?\}", value), name


def test_every_service_that_runs_says_whether_it_is_healthy_and_waits_for_the_first_step(compose: dict[str, Any]) -> None:
    services = compose["services"]
    ours = {name: service for name, service in services.items() if "build" in service and name != "init"}
    assert set(ours) == {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert all(service["depends_on"] == {"init": {"condition": "service_completed_successfully"}} for service in ours.values())
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["init"]
    assert set(services["init"]["depends_on"]) == set(services) - set(ours) - {"init"}


def test_the_first_step_makes_the_pool_that_the_dags_name() -> None:
    script = (DEPLOY / "init.sh").read_text()
    pools = {pool for file in (REPOSITORY / "dags").glob("*.py") for pool in re.findall(r'pool="(\w+)"', file.read_text())}
    assert pools == set(re.findall(r"airflow pools set (\w+) ", script)) == {"fetch"}
    assert subprocess.run(["bash", "-n", str(DEPLOY / "init.sh")], check=False).returncode == 0


def test_the_command_of_the_started_airflow_says_where_one_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = DEPLOY / "airflow"
    assert script.stat().st_mode & 0o111
    assert "-m deploy airflow" in script.read_text()
    monkeypatch.setattr(local, "HOME", tmp_path)
    assert local.airflow(["dags", "list"]) == 1
    assert "`make up` starts one" in capsys.readouterr().err


def test_a_worker_has_as_many_slots_and_as_much_memory_wherever_it_is_started(compose: dict[str, Any], helm: dict[str, Any]) -> None:
    assert compose["services"]["worker"]["environment"]["AIRFLOW__CELERY__WORKER_CONCURRENCY"] == str(WORKER_SLOTS)
    assert helm["config"]["celery"]["worker_concurrency"] == WORKER_SLOTS
    assert helm["workers"]["resources"]["limits"]["memory"] == f"{WORKER_BYTES >> 30}Gi"
