"""Processes that answer questions: a JSON question a line on standard input, a JSON answer a line on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local_airflow import PROJECT


class ChildProcess:
    """A process that runs `module`; what it prints goes to `log`."""

    def __init__(self, module: str, *, log: Path, environment: Mapping[str, str]) -> None:
        self.log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env=environment,
                cwd=PROJECT,
                text=True,
            )

    def ask(self, question: object) -> Any:
        """The answer. Raises AssertionError with the end of the log when the process ended, and with the traceback when it failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the process of the tests ended:\n{self.log.read_text(errors='replace')[-4000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer

    def close(self) -> None:
        """End its input, and wait until it ends."""
        self._process.communicate(timeout=60)


@contextmanager
def answers_on_stdout() -> Iterator[Callable[[Callable[[dict[str, Any]], Any]], None]]:
    """In the child: a function that answers all questions with the given one. Whatever else is printed in between goes to the log."""
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:
        os.dup2(2, 1)

        def answer_all(answer: Callable[[dict[str, Any]], Any]) -> None:
            for line in sys.stdin:
                try:
                    given = answer(json.loads(line))
                except Exception:  # noqa: BLE001 - the parent shows it
                    given = {"error": traceback.format_exc()}
                answers.write(json.dumps(given, default=str) + "\n")

        yield answer_all
