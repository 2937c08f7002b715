"""Draw the pictures of the documentation over the sample world: the README's table, and an answer to each ready question (`make docs`)."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from pipeline.cli.screens.records import top
from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.operations import lookups, stages
from pipeline.publishing.exports.charts import bar_chart
from pipeline.publishing.sql.database import open_database, run_query
from pipeline.publishing.sql.questions import QUESTIONS
from tests.integration.walking import StoppedClock
from tests.newsroom import Newsroom, World

DOCS = Path(__file__).resolve().parent
TOP_WIDTH = 120
"""Characters of the terminal that the README shows."""


def pictures(settings: Settings) -> dict[str, str]:
    """The SVG document of each picture over the lake of `settings`, by its path below docs/."""
    return {"top.svg": _top(settings), **_questions(Lake(settings.lake))}


def drawn() -> dict[str, str]:
    """The pictures that docs/ has, by their paths there."""
    files = [DOCS / "top.svg", *DOCS.glob("images/question-*.svg")]
    return {str(file.relative_to(DOCS)): file.read_text(encoding="utf-8") for file in files}


def _top(settings: Settings) -> str:
    """The table of `news top` as SVG, without the fonts that rich would have a reader's browser fetch."""
    with io.StringIO() as nowhere:
        console = Console(record=True, width=TOP_WIDTH, file=nowhere, markup=False, emoji=False)
        console.print(top(lookups.top(settings, limit=8), settings))
        svg = console.export_svg(title="news top", theme=MONOKAI, unique_id="top")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def _questions(lake: Lake) -> dict[str, str]:
    with open_database(lake) as connection:
        return {
            f"images/question-{one.name}.svg": bar_chart(run_query(connection, one.query).to_pylist(), one.chart, title=one.text)
            for one in QUESTIONS
        }


def _main() -> None:
    clock = StoppedClock()
    with tempfile.TemporaryDirectory() as folder, Newsroom(World.load(), now=clock.now()) as newsroom:
        settings = Settings.from_environment({**newsroom.environment, "NEWS_LAKE": f"{folder}/lake"})
        stages.run(settings, load_catalogue(settings.config), Interval.parse("2026-11-20T12"), live=True, clock=clock)
        made = pictures(settings)
    for path in drawn().keys() - made.keys():
        (DOCS / path).unlink()
    for path, svg in made.items():
        (DOCS / path).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    _main()
