"""Draw the README's picture: `python docs/picture.py LAKE > docs/top.svg`, LAKE being what `make run` filled."""

from __future__ import annotations

import io
import re
import sys

from rich.console import Console
from rich.terminal_theme import MONOKAI

from pipeline.cli.screens.records import top
from pipeline.core.settings import Settings
from pipeline.operations import lookups

WIDTH = 120


def picture(lake: str) -> str:
    """The table of `news top` as SVG, without the fonts that rich would have a reader's browser fetch."""
    settings = Settings(lake=lake)
    with io.StringIO() as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, markup=False, emoji=False)
        console.print(top(lookups.top(settings, limit=8), settings))
        svg = console.export_svg(title="news top", theme=MONOKAI, unique_id="top")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    sys.stdout.write(picture(sys.argv[1]))
