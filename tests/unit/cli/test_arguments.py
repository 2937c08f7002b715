"""Each command of the command line is carried out by a function that is there."""

from __future__ import annotations

import argparse
import importlib
import shlex
from collections.abc import Iterator

import pytest

from pipeline.cli.arguments import make_parser


def commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The `module:function` of every command below `parser`."""
    if (command := parser.get_default("command")) is not None:
        yield command
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from commands(sub)


def test_each_command_names_a_function_that_is_there() -> None:
    named = list(commands(make_parser()))
    assert len(named) == len(set(named)) >= 20
    for command in named:
        module, _, name = command.partition(":")
        assert callable(getattr(importlib.import_module(f"pipeline.cli.commands.{module}"), name)), command


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("top --days 0", "not a number above 0: '0'"),
        ("top --days 99999999999", "more than 3,660"),
        ("search word --limit 99999999999999999999", "more than 1,000,000"),
        (f"stories --limit {'9' * 5_000}", "more than 1,000,000"),
        ("ledger --until 0001-01-01", "not in the years 1900 to 2199"),
        ("digest --date 9999-12-31", "not in the years 1900 to 2199"),
        ("run --interval 9999-12-31T23", "--interval"),
        ("extract 1899-12-31T23", "not in the years 1900 to 2199"),
        ("publish --into there --as-of 0001-01-01T00:00+05:00", "not in the years 1900 to 2199"),
        ("erase a.example --reason ''", "the reason is empty"),
        ("backfill --from 2026-11-18 --to 2026-11-18 --allow-shrink ' '", "the reason is empty"),
    ],
)
def test_a_value_that_no_command_can_count_with_is_refused(capsys: pytest.CaptureFixture[str], line: str, message: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        make_parser().parse_args(shlex.split(line))
    assert message in capsys.readouterr().err
