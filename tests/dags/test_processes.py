"""Services end with everything they started, however their holder ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from deploy.local_airflow import COMMAND_ENVIRONMENT, PROJECT
from deploy.processes import is_alive, services, start, stop_all

FAMILY = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).wait()"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
HOLDER = """
import os, subprocess, sys, time
from pathlib import Path
from deploy.processes import start
folder = Path(sys.argv[1])
guard = subprocess.Popen([sys.executable, "-m", "deploy.guard", str(folder)], stdin=subprocess.PIPE, start_new_session=True)
start("family", [sys.executable, "-c", sys.argv[2]], folder=folder, environment=dict(os.environ))
print("ready", flush=True)
time.sleep(600)
"""


def test_an_airflow_command_reaches_the_installation_that_was_started(tmp_path: Path) -> None:
    code = "import sys, pathlib; from deploy import local; local.HOME = pathlib.Path(sys.argv[1]); sys.exit(local.airflow(sys.argv[2:]))"
    asked = [sys.executable, "-c", code, str(tmp_path), "config", "get-value", "core", "dags_folder"]
    said = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (1, "No Airflow was started here: `make up` starts one.\n")
    (tmp_path / COMMAND_ENVIRONMENT).write_text(json.dumps({"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__DAGS_FOLDER": "/of/this/one"}))
    said = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "/of/this/one"


def _within(seconds: float, is_so: object) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def _session(leader: int) -> list[int]:
    return [pid for pid in psutil.pids() if pid == leader or _sid(pid) == leader]


def _sid(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def test_stopping_a_service_stops_its_children(tmp_path: Path) -> None:
    service = start("family", [sys.executable, "-c", FAMILY], folder=tmp_path, environment=dict(os.environ))
    assert _within(20, lambda: len(_session(service.pid)) == 2)
    assert services(tmp_path) == [service]
    assert stop_all(tmp_path) == ["family"]
    assert not is_alive(service)
    assert services(tmp_path) == []


def test_a_service_that_ignores_its_signal_is_killed(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", STUBBORN]
    service = start("stubborn", argv, folder=tmp_path, environment=dict(os.environ), grace_s=0.3)
    assert _within(20, lambda: "ready" in Path(service.log).read_text())
    stop_all(tmp_path)
    assert not is_alive(service)


def test_stopping_twice_is_fine(tmp_path: Path) -> None:
    assert stop_all(tmp_path) == []


def test_services_end_when_their_holder_is_killed(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path), FAMILY], stdout=subprocess.PIPE, cwd=PROJECT)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"ready\n"
        (service,) = services(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert _within(20, lambda: not is_alive(service))
    assert _within(20, lambda: not list(tmp_path.glob("*.json")))
