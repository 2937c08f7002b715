"""What the command line shows: values to tables and texts. Pure: nothing is printed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipeline.capture.imports import ImportReport
from pipeline.core import schema
from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.models import ExtractReport, PublishReport
from pipeline.core.settings import Settings
from pipeline.discovery.source_checks import FeedCheck
from pipeline.discovery.subscriptions import AddedSource
from pipeline.lake.storage import Lake
from pipeline.operations.doctor import Finding
from pipeline.operations.stages import WalkReport
from pipeline.publishing.differences import sentence
from pipeline.publishing.lookup import ExplainedRecord, Opened, Row, Told
from pipeline.text.urls import without_credentials

QUALITY_TERMS = {
    "qualityImage": "a lead image",
    "qualityAmp": "an AMP page",
    "qualityProvider": "the provider's weight",
    "qualityTopics": "topics",
    "qualityKeywords": "keywords in the title",
    "qualityVideo": "a video of a topic's own source",
    "qualityTitleLength": "a long title",
    "qualityPromotion": "a market report or press release",
    "qualityClickbait": "a clickbait title",
    "qualityThin": "little text",
    "qualityStockPicture": "a picture that is a logo or a default",
    "qualityCopied": "copied text",
    "qualityReliability": "the provider's reliability",
    "qualityFloor": "never below 0",
}


def top(rows: Sequence[Row], settings: Settings) -> RenderableType:
    """The hottest records; a hint instead when the lake is empty."""
    if not rows:
        return Text(f"Nothing is published in {without_credentials(settings.lake)} yet: `news run` or `news import FILE.warc.gz` fills it.")
    table = make_table("heat", "quality", "", "when (UTC)", "provider", "related", "title", numbers=(0, 1, 5))
    for row in rows:
        table.add_row(
            str(row["heat"]),
            str(row["quality"]),
            "published" if row["published"] else "",
            _minute(row["publishedDateTime"]),
            escape(row["provider"]["name"]),
            str(len(row["related"])),
            escape(row["title"]),
        )
    return table


def walk(report: WalkReport, settings: Settings) -> RenderableType:
    parts: list[RenderableType] = []
    for capture in report.captures:
        counts = ", ".join(f"{number} {name}" for name, number in capture.counts.items())
        again = " (captured before, nothing fetched)" if capture.reused else ""
        parts.append(Text(f"captured {capture.interval} part {capture.part}: {counts}{again}"))
    parts += [extracts(report.extracts), publishes(report.publishes)]
    if report.captures:
        parts.append(Text(report.judgement.message))
    return Group(*parts, _where(settings))


def imports(reports: Sequence[ImportReport], report: WalkReport, settings: Settings) -> RenderableType:
    table = make_table("file", "intervals", "outcomes", "other records", "problem", numbers=(1, 3))
    for one in reports:
        counts = ", ".join(f"{number} {name}" for name, number in one.counts.items()) or "none"
        again = " (imported before)" if one.is_known else ""
        table.add_row(escape(one.file), str(len(one.parts)), counts + again, str(one.other_records), escape(one.problem or ""))
    return Group(table, walk(report, settings))


def extracts(reports: Sequence[ExtractReport]) -> RenderableType:
    articles = sum(report.articles for report in reports)
    rejected: dict[str, int] = {}
    for report in reports:
        for reason, number in report.rejected.items():
            rejected[reason] = rejected.get(reason, 0) + number
    reasons = f", rejected {', '.join(f'{number} {reason}' for reason, number in sorted(rejected.items()))}" if rejected else ""
    return Text(f"extracted {articles} articles{reasons}")


def publishes(reports: Sequence[PublishReport]) -> RenderableType:
    """A row per published date; only sums where there are many."""
    rebuilt = sum(report.rebuilt for report in reports)
    summary = Text(f"{len(reports)} published dates, {rebuilt} built, {len(reports) - rebuilt} unchanged")
    if len(reports) > 31:
        return Group(summary, Text(f"{sum(report.articles for report in reports)} articles in all"))
    table = make_table("date", "articles", "published", "stories", "difference", "final from", numbers=(1, 2, 3))
    for report in reports:
        stories = str(report.stories) if report.rebuilt else ""
        table.add_row(
            str(report.published_date),
            str(report.articles),
            str(report.published),
            stories,
            sentence(report.difference) if report.rebuilt else "unchanged",
            str(report.final_from.date()) if report.final_from is not None else "",
        )
    return Group(summary, table)


def record(found: ExplainedRecord, catalogue: Catalogue) -> RenderableType:
    """One record: fields with their sources, the sum of its quality, its story."""
    return Group(_fields(found), Text(""), _quality(found, catalogue), Text(""), _story(found))


def _fields(found: ExplainedRecord) -> Table:
    article, extracted = found.article, found.extracted or {}
    provenance = dict(extracted.get("provenance") or [])
    alternatives = dict(extracted.get("alternatives") or [])
    table = make_table("field", "value", "taken from", "and not")
    shown = {
        "title": article["title"],
        "excerpt": article["excerpt"],
        "publishedDateTime": f"{_second(article['publishedDateTime'])} (to the {extracted.get('publishedPrecision') or '?'})",
        "webUrl": article["webUrl"],
        "originalUrl": article["originalUrl"],
        "ampWebUrl": article["ampWebUrl"],
        "type": article["type"],
        "provider": f"{article['provider']['name']} ({article['provider']['domain']})",
        "topics": ", ".join(article["topics"]),
        "images": "; ".join(f"{image['url']} {image['width']}x{image['height']}" for image in article["images"]),
        "authors": ", ".join(extracted.get("authors") or []),
        "modifiedDateTime": _second(extracted["modifiedDateTime"]) if extracted.get("modifiedDateTime") else None,
        "language": extracted.get("language"),
        "keywords": ", ".join(extracted.get("keywords") or []),
        "isAccessibleForFree": _yes_or_no(extracted.get("isAccessibleForFree")),
        "text": f"{len(extracted['text'])} characters" if extracted.get("text") else None,
    }
    names = {"provider": "providerName", "publishedDateTime": "publishedDateTime"}
    for name, value in shown.items():
        key = names.get(name, name)
        table.add_row(name, escape(str(value)) if value else "", provenance.get(key, ""), escape(alternatives.get(key, "")))
    if found.explain.get("vanishedAt") is not None:
        table.add_row("vanished", _second(found.explain["vanishedAt"]), "its publisher says that it is gone")
    capture = f"{found.explain['captureFile']} at {found.explain['captureOffset']}, {_second(found.explain['capturedAt'])}"
    table.add_row("capture", capture, f"{found.explain['via']} {found.explain['sourceId'] or ''}".strip())
    return table


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _quality(found: ExplainedRecord, catalogue: Catalogue) -> Table:
    explain, scoring = found.explain, catalogue.scoring
    table = make_table("points", "for", numbers=(0,))
    for column, meaning in QUALITY_TERMS.items():
        if explain[column]:
            detail = ""
            if column == "qualityKeywords":
                detail = ": " + ", ".join(f"{hit['keyword']} ({hit['topic']})" for hit in explain["keywords"])
            if column == "qualityProvider" and explain["providerList"]:
                detail = f" ({explain['providerList']})"
            table.add_row(f"{explain[column]:+d}", meaning + detail)
    table.add_row(str(explain["quality"]), "quality")
    if explain["heatRelated"]:
        table.add_row(f"{explain['heatRelated']:+d}", f"{len(found.article['related'])} related articles")
    if explain["heat"] < 0:
        table.add_row(str(explain["heat"]), f"heat: {explain['leadUrl']} stands for its story")
    else:
        table.add_row(
            str(explain["heat"]), f"heat; published from {scoring.published_heat}: {'yes' if found.article['published'] else 'no'}"
        )
    return table


def _story(found: ExplainedRecord) -> RenderableType:
    explain = found.explain
    if explain["storyId"] is None:
        return Text("It stands alone: no other article reports its story.")
    similarity = {link["webUrl"]: link["similarity"] for link in explain["links"]}
    table = make_table("similarity", "quality", "when (UTC)", "provider", "title", numbers=(0, 1))
    for other in found.article["related"]:
        alike = similarity.get(other["webUrl"])
        lead = " (lead)" if other["webUrl"] == explain["leadUrl"] else ""
        table.add_row(
            f"{alike:.2f}" if alike is not None else "",
            str(other["quality"]),
            _minute(other["publishedDateTime"]),
            escape(other["provider"]["name"]),
            escape(other["title"]) + lead,
        )
    return Group(Text(f"story {explain['storyId']}{', which it leads' if explain['isLead'] else ''}"), table)


def story(told: Told) -> RenderableType:
    """A story's timeline: who reported, who copied, who came from another story, how alike each is to the record asked for."""
    explain = told.explain
    if explain["storyId"] is None:
        return Text(f"It stands alone: no other article reports its story.{_split_from(explain, before=' It was ')}")
    similarity = {link["webUrl"]: link["similarity"] for link in explain["links"]}
    table = make_table("when (UTC)", "similarity", "quality", "", "provider", "title", numbers=(1, 2))
    for article, reason in told.members:
        url = article["webUrl"]
        alike = similarity.get(url)
        what = "lead" if url == explain["leadUrl"] else ""
        if reason["duplicateOf"] is not None:
            what = f"{what} copy ({reason['duplicateMethod']} {reason['duplicateSimilarity']:.2f})".strip()
        what = ", ".join(filter(None, [what, _split_from(reason)]))
        table.add_row(
            _minute(article["publishedDateTime"]),
            "asked for" if url == told.url else f"{alike:.2f}" if alike is not None else "",
            str(article["quality"]),
            what,
            escape(article["provider"]["name"]),
            escape(article["title"]),
        )
    copies = sum(reason["duplicateOf"] is not None for _, reason in told.members)
    absorbed = f"; absorbed {', '.join(explain['absorbedStoryIds'])}" if explain["absorbedStoryIds"] else ""
    heading = (
        f"story {explain['storyId']}: {explain['storySize']} articles, {explain['storyNewsrooms']} newsrooms, {copies} copies{absorbed}"
    )
    return Group(Text(heading), table)


def _split_from(explain: Row, *, before: str = "") -> str:
    return f"{before}split from {', '.join(explain['splitFromStoryIds'])}" if explain["splitFromStoryIds"] else ""


def opened(result: Opened) -> RenderableType:
    table = make_table("name", "value")
    for name, value in result.private.items():
        table.add_row(name, escape(str(value)))
    return Group(table, Text(f"opened by key {result.key_id}"))


def polls(results: Sequence[FeedCheck]) -> RenderableType:
    table = make_table("source", "status", "entries", "newest (UTC)", "finding", numbers=(1, 2))
    for poll in results:
        finding = Text(poll.problem, style="red") if poll.problem else Text(poll.note or "ok")
        newest = _minute(poll.newest) if poll.newest else ""
        table.add_row(poll.source_id, str(poll.status or ""), str(poll.entries), newest, finding)
    bad = sum(1 for poll in results if poll.problem)
    return Group(table, Text(f"{len(results)} feeds asked, {bad} with a problem"))


def sources(catalogue_sources: Iterable[Source]) -> RenderableType:
    table = make_table("id", "name", "topic", "pace (s)", "feeds", numbers=(3,))
    for source in catalogue_sources:
        name = source.name if source.enabled else f"{source.name} (not followed)"
        table.add_row(source.id, escape(name), source.topic, f"{source.pace_s:g}", "\n".join(source.listings))
    return table


def added(results: Sequence[AddedSource]) -> RenderableType:
    table = make_table("feed", "source", "finding")
    for one in results:
        table.add_row(
            escape(one.url),
            one.source.id if one.source else "",
            escape(f"followed as {one.source.name}" if one.source else one.problem or ""),
        )
    return table


def copied(files: Sequence[Path]) -> RenderableType:
    """The files of a new catalogue, and how it is used."""
    folder = files[0].parent
    return Group(
        *(Text(str(file)) for file in files), Text(f"Edit them, then: news --config {folder} doctor (or set NEWS_CONFIG={folder})")
    )


def findings(results: Sequence[Finding]) -> RenderableType:
    table = make_table("", "what", "finding", "advice")
    area = ""
    for finding in results:
        style = "red" if finding.is_problem else None
        table.add_row(
            finding.area if finding.area != area else "", finding.name, Text(finding.value, style=style or ""), finding.advice or ""
        )
        area = finding.area
    return table


def dictionary() -> str:
    """The data dictionary in Markdown, from the contract."""
    lines = ["# Data dictionary", "", "Made from `pipeline/core/schema.py` by `news dictionary`. Times are UTC.", ""]
    for name, contract in schema.TABLES.items():
        lines += [f"## {name}", "", "| column | type | null | meaning |", "|---|---|---|---|"]
        for column in contract:
            meaning = (column.metadata or {})[b"meaning"].decode().replace("|", "\\|")
            kind = str(column.type).replace(" not null", "")
            lines.append(f"| `{column.name}` | `{kind}` | {'yes' if column.nullable else 'no'} | {meaning} |")
        lines.append("")
    return "\n".join(lines)


def _where(settings: Settings) -> Text:
    return Text(f"Parquet: {Lake(settings.lake).location('articles')}/published_date=*/articles.parquet")


def make_table(*columns: str, numbers: Sequence[int] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        is_short = number in numbers or column == "when (UTC)"
        table.add_column(column, justify="right" if number in numbers else "left", overflow="fold", no_wrap=is_short)
    return table


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _second(moment: Any) -> str:
    return str(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
