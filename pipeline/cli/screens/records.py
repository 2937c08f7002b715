"""Screens of published records: the hottest, one explained, stories, sealed values. Pure: builds rich renderables, prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.cli.screens.tables import make_table, minute, second
from pipeline.publishing.explanations import explained_terms, record_fields
from pipeline.text.counts import counted
from pipeline.text.urls import without_credentials

if TYPE_CHECKING:
    from pipeline.core.catalogue import Scoring
    from pipeline.core.settings import Settings
    from pipeline.operations.lookups import UrlFate
    from pipeline.publishing.lookup import ExplainedRecord, OpenedSeal, Row, StoryTimeline


def top(rows: Sequence[Row], settings: Settings, *, is_chosen: bool = False) -> RenderableType:
    """One row per record; when there is none, how to fill the lake, or that none is as the user has chosen."""
    if not rows and is_chosen:
        return Text("no record of these dates is as chosen; `news top` without --topic and --published shows all, --days more dates")
    if not rows:
        return _empty_lake(settings)
    table = make_table("heat", "quality", "", "when (UTC)", "provider", "related", "title", numbers=(0, 1, 5), spare=(1, 5))
    for row in rows:
        table.add_row(
            str(row["heat"]),
            str(row["quality"]),
            "published" if row["published"] else "",
            minute(row["publishedDateTime"]),
            row["provider"]["name"],
            str(len(row["related"])),
            row["title"],
        )
    return table


def _empty_lake(settings: Settings) -> Text:
    return Text(
        f"{without_credentials(settings.lake)} has no published records yet; `news run` or `news import FILE.warc.gz` publishes some."
    )


def search_results(rows: Sequence[Row], settings: Settings, *, is_filled: bool) -> RenderableType:
    """The records that a search found, and their number; `is_filled` says whether the lake has any records."""
    if not rows:
        return Text("no record that was searched has all these words") if is_filled else _empty_lake(settings)
    table = make_table("heat", "when (UTC)", "provider", "words in", "title", "url", numbers=(0,), spare=(3, 5))
    for row in rows:
        moment = minute(row["publishedDateTime"])
        table.add_row(str(row["heat"]), moment, row["providerName"], row["foundIn"], row["title"], row["webUrl"])
    return Group(table, Text(counted(len(rows), "record")))


def why(fate: UrlFate) -> RenderableType:
    """What became of a URL: the sentences, then each time it was seen and each version of its article."""
    history = fate.history
    seen = make_table("hour", "for", "outcome", "reason", "source", "via", "status", numbers=(6,))
    for row in history.seen:
        reason, source, via = (row[name] or "" for name in ("reason", "sourceId", "via"))
        seen.add_row(f"{row['hour']:%Y-%m-%dT%H}", row["kind"], row["outcome"], reason, source, via, str(row["status"] or ""))
    versions = make_table("captured (UTC)", "published (UTC)", "", "title", "digest", spare=(4,))
    for row in history.versions:
        state = "gone" if row["vanishedAt"] else "moved to another date" if row["movedTo"] else ""
        published = minute(row["publishedDateTime"]) if row["publishedDateTime"] else "no date"
        versions.add_row(minute(row["capturedAt"]), published, state, row["title"], row["payloadDigest"].removeprefix("sha256:")[:12])
    others = [Text(f"also at {address}") for address in history.addresses[1:]]
    tables = [table for table, rows in ((seen, history.seen), (versions, history.versions)) if rows]
    return Group(Text(history.url, style="bold"), *others, *(Text(sentence) for sentence in fate.sentences), *tables)


def record(found: ExplainedRecord, scoring: Scoring) -> RenderableType:
    """One record: each field with where it was taken from, the terms of its quality, its story."""
    return Group(_fields(found), Text(""), _quality(found, scoring), Text(""), _story(found))


def _fields(found: ExplainedRecord) -> Table:
    table = make_table("field", "value", "sure", "taken from", "and not", numbers=(2,))
    for field in record_fields(found.article, found.extracted):
        table.add_row(field.name, field.value, _percent(field.confidence), field.taken_from, field.lost)
    for wish in ((found.extracted or {}).get("rights") or {}).get("wishes") or []:
        table.add_row(f"rights: {wish['wish']}", wish["value"] or "", "", f"{wish['place']}, {second(wish['at'])}")
    if found.explain.get("vanishedAt") is not None:
        table.add_row("vanished", second(found.explain["vanishedAt"]), "", "the publisher answered that the page is gone")
    capture = f"{found.explain['captureFile']} at {found.explain['captureOffset']}, {second(found.explain['capturedAt'])}"
    table.add_row("capture", capture, "", f"{found.explain['via']} {found.explain['sourceId'] or ''}".strip())
    return table


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _quality(found: ExplainedRecord, scoring: Scoring) -> Table:
    explain = found.explain
    table = make_table("points", "for", numbers=(0,))
    for term in explained_terms(explain):
        table.add_row(f"{term.points:+d}", f"{term.meaning}: {term.detail}" if term.detail else term.meaning)
    table.add_row(str(explain["quality"]), "quality")
    if explain["heatRelated"]:
        table.add_row(f"{explain['heatRelated']:+d}", counted(len(found.article["related"]), "related article"))
    if explain["heat"] < 0:
        table.add_row(str(explain["heat"]), f"heat: its story is represented by {explain['leadUrl']}")
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
            minute(other["publishedDateTime"]),
            other["provider"]["name"],
            other["title"] + lead,
        )
    return Group(Text(f"story {explain['storyId']}{', which it leads' if explain['isLead'] else ''}"), table)


def story(timeline: StoryTimeline) -> RenderableType:
    """The articles of a story by time: lead, copies, articles that split from another story, and the similarity of each to the record."""
    explain = timeline.explain
    if explain["storyId"] is None:
        return Text(f"It stands alone: no other article reports its story.{_split_from(explain, before=' It was ')}")
    similarity = {link["webUrl"]: link["similarity"] for link in explain["links"]}
    table = make_table("when (UTC)", "similarity", "quality", "", "provider", "title", numbers=(1, 2))
    for article, reason in timeline.members:
        url = article["webUrl"]
        alike = similarity.get(url)
        what = "lead" if url == explain["leadUrl"] else ""
        if reason["duplicateOf"] is not None:
            what = f"{what} copy ({reason['duplicateMethod']} {reason['duplicateSimilarity']:.2f})".strip()
        what = ", ".join(filter(None, [what, _split_from(reason)]))
        table.add_row(
            minute(article["publishedDateTime"]),
            "asked for" if url == timeline.url else f"{alike:.2f}" if alike is not None else "",
            str(article["quality"]),
            what,
            article["provider"]["name"],
            article["title"],
        )
    copies = sum(reason["duplicateOf"] is not None for _, reason in timeline.members)
    absorbed = f"; absorbed {', '.join(explain['absorbedStoryIds'])}" if explain["absorbedStoryIds"] else ""
    sizes = (
        counted(explain["storySize"], "article"),
        counted(explain["storyNewsrooms"], "newsroom"),
        counted(copies, "copy", "copies"),
    )
    heading = f"story {explain['storyId']}: {', '.join(sizes)}{absorbed}"
    return Group(Text(heading), table)


def stories(rows: Sequence[Row], settings: Settings, *, is_filled: bool) -> RenderableType:
    """One row per story; `is_filled` says whether the lake has any records."""
    if not rows:
        sentence = "no story of this day is as chosen; `news stories --date DATE` shows another day, `news top` the hottest records"
        return Text(sentence) if is_filled else _empty_lake(settings)
    names = ("heat", "newsrooms", "articles", "copies", "first (UTC)", "last (UTC)", "topics", "title", "story")
    table = make_table(*names, numbers=(0, 1, 2, 3), spare=(3, 5, 6))
    for row in rows:
        numbers = (str(row[name]) for name in ("heat", "newsrooms", "size", "copies"))
        table.add_row(
            *numbers, minute(row["firstReport"]), minute(row["lastReport"]), ", ".join(row["topics"]), row["title"], row["storyId"]
        )
    return Group(table, Text(f"{counted(len(rows), 'story', 'stories')}; `news story ID` shows the articles of one"))


def _split_from(explain: Row, *, before: str = "") -> str:
    return f"{before}split from {', '.join(explain['splitFromStoryIds'])}" if explain["splitFromStoryIds"] else ""


def private_values(result: OpenedSeal) -> RenderableType:
    """The sealed values of a record, and the id of the key that opened them."""
    table = make_table("name", "value")
    for name, value in result.private.items():
        table.add_row(name, str(value))
    return Group(table, Text(f"opened by key {result.key_id}"))
