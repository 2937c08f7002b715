"""Draw the pictures of the ready questions over the sample world: `python -m docs.question_pictures` writes them into docs/images."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.publishing.exports.charts import bar_chart
from pipeline.publishing.sql.database import open_database, run_query
from pipeline.publishing.sql.questions import QUESTIONS
from tests.integration.walking import StoppedClock
from tests.newsroom import Newsroom, World

IMAGES = Path(__file__).resolve().parent / "images"


def question_pictures(lake: Lake) -> dict[str, str]:
    """The SVG document of each ready question, by the name of its file."""
    with open_database(lake) as connection:
        return {
            f"question-{one.name}.svg": bar_chart(run_query(connection, one.query).to_pylist(), one.chart, title=one.text)
            for one in QUESTIONS
        }


def _main() -> None:
    clock = StoppedClock()
    with tempfile.TemporaryDirectory() as folder, Newsroom(World.load(), now=clock.now()) as newsroom:
        settings = Settings.from_environment({**newsroom.environment, "NEWS_LAKE": f"{folder}/lake"})
        stages.run(settings, load_catalogue(settings.config), Interval.parse("2026-11-20T12"), live=True, clock=clock)
        IMAGES.mkdir(exist_ok=True)
        for name, svg in question_pictures(Lake(settings.lake)).items():
            (IMAGES / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    _main()
