"""Start and stop services, each in a session of its own, so that stopping a service stops every process it started.

A service is started in a new session (setsid) and its pid file is written at once. Any process can stop all services of a folder of pid
files, even after the process that started them died; `make down` and `deploy.guard` do so. Processes are never looked up by name.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

GRACE_S = 10.0
"""Seconds that a service may take to end after its signal. Measured: api-server 2 s, scheduler 3 s, PostgreSQL 1 s."""

_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
"""The services that this process started, by pid, so that they are reaped after their end."""

ORPHANS_S = 1.0
"""Seconds that the other processes of a session may take to end after their leader. A plain choice."""


class ServiceError(RuntimeError):
    """A service did not start; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Service:
    """A process that leads a session; `created`, its start time, distinguishes it from a later process with the same pid."""

    name: str
    pid: int
    created: float
    log: str
    stop_signal: int
    grace_s: float = GRACE_S


def start(
    name: str,
    argv: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    stop_signal: signal.Signals = signal.SIGTERM,
    user: str | None = None,
    grace_s: float = GRACE_S,
) -> Service:
    """Start `argv` in a session of its own with its output in `folder/NAME.log`, and write its pid file in place of an earlier one."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, user=user, start_new_session=True
        )
    _CHILDREN[process.pid] = process
    service = Service(name, process.pid, psutil.Process(process.pid).create_time(), str(log), stop_signal, grace_s)
    known = list(folder.glob("*.json"))
    file = next((path for path in known if path.stem.partition("-")[2] == name), folder / f"{len(known):02d}-{name}.json")
    file.write_text(json.dumps(asdict(service)))
    return service


def services(folder: Path) -> list[Service]:
    """The services of `folder` with a living process, in the order of their start."""
    found = [Service(**json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
    return [service for service in found if _session(service)]


def is_alive(service: Service) -> bool:
    """Whether the leading process of the service runs."""
    try:
        process = psutil.Process(service.pid)
        return process.create_time() == service.created and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop_all(folder: Path) -> list[str]:
    """Stop every service of `folder`, the last started first, with all processes of its session; returns the names of those that ran."""
    stopped = []
    for path in sorted(folder.glob("*.json"), reverse=True):
        service = Service(**json.loads(path.read_text()))
        if _session(service):
            _stop(service)
            stopped.append(service.name)
        path.unlink()
    return stopped


def kill(service: Service, sent: signal.Signals = signal.SIGKILL) -> None:
    """Send the signal to the leading process, and SIGKILL to all processes of the session, as when a machine goes down."""
    for process in _session(service):
        if process.pid == service.pid or sent == signal.SIGKILL:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sent)


def end_session(service: Service) -> None:
    """Kill what is left of the session of an ended service, and collect its exit status if this process started it."""
    kill(service)
    _reap(service)


def bound_memory(service: Service, most_bytes: int) -> None:
    """Let the service and the processes that it starts from now on allocate at most so many bytes of private memory each (RLIMIT_DATA)."""
    resource.prlimit(service.pid, resource.RLIMIT_DATA, (most_bytes, most_bytes))


def _reap(service: Service) -> None:
    if own := _CHILDREN.pop(service.pid, None):
        own.wait()


def tail(service: Service, *, lines: int = 15) -> str:
    """The last `lines` lines of the service's log."""
    return "\n".join(Path(service.log).read_text(errors="replace").splitlines()[-lines:])


def free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_near(port: int) -> int:
    """`port` when nothing listens on it, else any free loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return free_port()
    return port


def _stop(service: Service) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(service.pid, service.stop_signal)
    _wait(lambda: not is_alive(service), service.grace_s)
    _wait(lambda: not _session(service), ORPHANS_S)
    for process in _session(service):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _wait(lambda: not _session(service), GRACE_S)
    _reap(service)


def _wait(is_so: Callable[[], bool], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)


def _session(service: Service) -> list[psutil.Process]:
    """The living processes of the service's session; the kernel reuses a session id only when no process of it lives."""
    return [process for process in _members(service.pid) if process.create_time() >= service.created]


def _members(session: int) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                yield process
