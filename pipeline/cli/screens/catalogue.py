"""Screens of the catalogue: sources, checks of their feeds, repairs, copied files. Pure: builds rich renderables, prints nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.cli.screens.tables import make_table, minute
from pipeline.discovery.health.findings import network_problem
from pipeline.text.counts import counted

if TYPE_CHECKING:
    from pipeline.core.catalogue import Source
    from pipeline.discovery.health.checks import FeedCheck
    from pipeline.discovery.subscriptions import AddedSource
    from pipeline.operations.source_repairs import HealedSources


def feed_checks(results: Sequence[FeedCheck]) -> RenderableType:
    """One row per feed with its status, entries and finding; only one sentence when no host could be reached."""
    unreached = {urlsplit(poll.url).netloc: poll.unreached for poll in results if poll.unreached is not None}
    offline = network_problem(unreached) if all(poll.unreached for poll in results) else None
    if offline is not None:
        return Text(f"{offline[0].upper()}{offline[1:]}. Nothing is known of the {counted(len(results), 'feed')}.", style="red")
    table = make_table("source", "status", "entries", "newest (UTC)", "finding", numbers=(1, 2))
    for poll in results:
        finding = Text(poll.problem, style="red") if poll.problem else Text(poll.note or "ok")
        newest = minute(poll.newest) if poll.newest else ""
        table.add_row(poll.source_id, str(poll.status or ""), str(poll.entries), newest, finding)
    bad = sum(1 for poll in results if poll.problem)
    return Group(table, Text(f"{counted(len(results), 'feed')} asked, {bad} with a problem"))


def sources(catalogue_sources: Iterable[Source]) -> RenderableType:
    """One row per source with its topic, pace and feeds."""
    table = make_table("id", "name", "topic", "pace (s)", "feeds", numbers=(3,), spare=(3,))
    for source in catalogue_sources:
        name = source.name if source.enabled else f"{source.name} (not followed)"
        table.add_row(source.id, name, source.topic, f"{source.pace_s:g}", "\n".join(source.listings))
    return table


def added_sources(results: Sequence[AddedSource]) -> RenderableType:
    """One row per feed: the source it is followed as, or why it is not followed."""
    table = make_table("feed", "source", "finding")
    for one in results:
        table.add_row(
            one.url,
            one.source.id if one.source else "",
            f"followed as {one.source.name}" if one.source else one.problem or "",
        )
    return table


def listing_repairs(found: HealedSources, *, is_applied: bool) -> RenderableType:
    """One row per broken listing with the proposed replacement and its evidence, then the change of sources.yaml as a diff."""
    if not found.repairs:
        return Text("The lake shows no feed that moved, is gone, blocked or silent; `news sources check` asks each feed.")
    table = make_table("source", "listing", "problem", "proposed", "evidence")
    for repair in found.repairs:
        proposed = Text(repair.new, style="green") if repair.new else Text("nothing")
        table.add_row(repair.source_id, repair.old, repair.problem, proposed, "\n".join(repair.evidence))
    if not found.diff:
        return Group(table, Text("No change of sources.yaml is proposed."))
    lines = Text(found.diff)
    lines.highlight_regex(r"(?m)^\+.*$", "green")
    lines.highlight_regex(r"(?m)^-.*$", "red")
    ending = "Written to sources.yaml." if is_applied else "Nothing was written; `news sources heal --apply` writes it."
    return Group(table, lines, Text(ending))


def copied_files(files: Sequence[Path]) -> RenderableType:
    """The files of a new catalogue, and the command that uses it."""
    folder = files[0].parent
    return Group(
        *(Text(str(file)) for file in files), Text(f"Edit them, then run: news --config {folder} doctor (or set NEWS_CONFIG={folder})")
    )
