"""The context that every command of `news` is given, and the exit codes that it may return."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pipeline.core.models import Interval
from pipeline.text.control_characters import escape_controls, show_controls

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.core.catalogue import Catalogue, Scoring
    from pipeline.core.settings import Settings

EXIT_FAILED, EXIT_USAGE, EXIT_RED, EXIT_TRANSIENT, EXIT_INTERRUPTED, EXIT_PIPE = 1, 2, 3, 75, 130, 141
"""The meaning of each is in the docstring of `pipeline.cli.main`."""


@dataclass(frozen=True, slots=True)
class CommandContext:
    """Settings, console and parsed options of one command."""

    settings: Settings
    console: Console
    options: argparse.Namespace

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of the settings, loaded from its files at each call. Raises ConfigError."""
        from pipeline.core.catalogue import load_catalogue

        return load_catalogue(self.settings.config)

    @property
    def scoring(self) -> Scoring:
        """The catalogue's scoring alone, which takes a fraction of the catalogue's time. Raises ConfigError."""
        from pipeline.core.catalogue import load_scoring

        return load_scoring(self.settings.config)

    def warn_of_topic(self) -> None:
        """Say on stderr when the catalogue has no topic as that of the options; for a command that found nothing."""
        from pipeline.core.catalogue import unknown_topic

        if self.options.topic is not None and (fault := unknown_topic(self.catalogue, self.options.topic)):
            print(f"news: {show_controls(fault)}", file=sys.stderr)

    def show(self, value: Any, screen: Callable[[], Any]) -> None:
        """Print `value` as JSON with --json, else the renderable that `screen` builds."""
        if self.options.json:
            text = json.dumps(value, default=_jsonable, indent=2, ensure_ascii=False)
            print(escape_controls(text))
        else:
            self.console.print(screen())


def _jsonable(value: Any) -> Any:
    if isinstance(value, Interval):
        return value.key
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {_own_name(field.name): getattr(value, field.name) for field in fields(value)}
    return str(value)


def _own_name(field: str) -> str:
    """The column that tables have for the field, such as `sourceId` for `source_id`; else the field's name."""
    from pipeline.core import schema

    column = re.sub(r"_(\w)", lambda letter: letter[1].upper(), field)
    return column if any(column in table.names for table in schema.TABLES.values()) else field
