"""Runs the `news` command in this process and returns its exit code and output."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from pipeline.cli import main


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


News = Callable[..., Said]


def say(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> Said:
    """Run the command; returns its exit code and output. Fails when a traceback is printed."""
    capsys.readouterr()
    try:
        code = main.main(list(arguments))
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return Said(code, captured.out, captured.err)


@contextmanager
def root_logger_kept() -> Iterator[None]:
    """Restore the handlers and level of the root logger, which the command changes."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
