"""Screens of the walk: captures, imports, extracts, published dates. Pure: builds rich renderables, prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.cli.screens.tables import make_table
from pipeline.lake.storage import Lake
from pipeline.publishing.differences import describe
from pipeline.text.counts import counted

if TYPE_CHECKING:
    from pipeline.capture.imports import ImportReport
    from pipeline.core.models import ExtractReport, PublishReport
    from pipeline.core.settings import Settings
    from pipeline.operations.stages import WalkReport

MANY_DATES = 31
"""Published dates that are shown one by one. A plain choice: a month fits on a screen."""


def walk(report: WalkReport, settings: Settings) -> RenderableType:
    """What each stage of a walk did, and where the published files are."""
    parts: list[RenderableType] = []
    for capture in report.captures:
        counts = ", ".join(f"{number} {name}" for name, number in capture.counts.items())
        again = " (captured before; no request was sent)" if capture.reused else ""
        parts.append(Text(f"captured {capture.interval} part {capture.part}: {counts}{again}"))
    parts += [extracts(report.extracts), publishes(report.publishes)]
    if report.captures:
        parts.append(Text(report.assessment.message))
    return Group(*parts, _where(settings))


def imports(reports: Sequence[ImportReport], report: WalkReport, settings: Settings) -> RenderableType:
    """One row per imported file, then what the walk made of them."""
    table = make_table("file", "intervals", "outcomes", "other records", "problem", numbers=(1, 3))
    for one in reports:
        counts = ", ".join(f"{number} {name}" for name, number in one.counts.items()) or "none"
        again = " (imported before)" if one.is_known else ""
        table.add_row(one.file, str(len(one.parts)), counts + again, str(one.other_records), one.problem or "")
    return Group(table, walk(report, settings))


def extracts(reports: Sequence[ExtractReport]) -> RenderableType:
    """One line: extracted articles, and rejected pages by reason."""
    articles = sum(report.articles for report in reports)
    rejected: dict[str, int] = {}
    for report in reports:
        for reason, number in report.rejected.items():
            rejected[reason] = rejected.get(reason, 0) + number
    reasons = f", rejected {', '.join(f'{number} {reason}' for reason, number in sorted(rejected.items()))}" if rejected else ""
    return Text(f"extracted {counted(articles, 'article')}{reasons}")


def publishes(reports: Sequence[PublishReport]) -> RenderableType:
    """One row per published date; above `MANY_DATES` only the sums."""
    rebuilt = sum(report.rebuilt for report in reports)
    summary = Text(f"{counted(len(reports), 'published date')}, {rebuilt} built, {len(reports) - rebuilt} unchanged")
    if len(reports) > MANY_DATES:
        return Group(summary, Text(f"{counted(sum(report.articles for report in reports), 'article')} in all"))
    table = make_table("date", "articles", "published", "stories", "difference", "final from", numbers=(1, 2, 3))
    for report in reports:
        stories = str(report.stories) if report.rebuilt else ""
        table.add_row(
            str(report.published_date),
            str(report.articles),
            str(report.published),
            stories,
            describe(report.difference) if report.rebuilt else "unchanged",
            str(report.final_from.date()) if report.final_from is not None else "",
        )
    return Group(summary, table)


def _where(settings: Settings) -> Text:
    return Text(f"Parquet: {Lake(settings.lake).location('articles')}/published_date=*/articles.parquet")
