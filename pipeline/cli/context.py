"""The context that every command of `news` is given, and the exit codes that it may return."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pipeline.core.models import Interval
from pipeline.text.control_characters import escape_controls

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
        return asdict(value)
    return str(value)
