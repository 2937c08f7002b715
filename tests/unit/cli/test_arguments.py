"""Each command of the command line is carried out by a function that is there."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator

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
