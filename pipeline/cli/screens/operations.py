"""Screens of the operator's commands: plans, results, completeness, maintenance, checks. Pure: builds rich renderables, prints nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.cli.screens.tables import make_table
from pipeline.cli.screens.walk import publishes
from pipeline.core.models import Difference
from pipeline.lake.removals.erasures import ErasureRecord as Erasure
from pipeline.operations.backfill.plans import BackfillPlan
from pipeline.operations.backfill.records import BackfillRecord
from pipeline.operations.completeness import SourceDay
from pipeline.operations.doctor import CheckResult
from pipeline.operations.erasure_runs import ErasurePlan
from pipeline.operations.maintenance import MaintenanceReport
from pipeline.publishing.differences import describe
from pipeline.text.counts import counted

HOUR_KEY = re.compile(r"\d{4}-\d\d-\d\dT\d\d")
MANY = 31
"""Rows that a screen shows; the others are only counted. A plain choice: a month of days fits."""
NOT_KNOWN = "unknown"


def backfill_plan(one: BackfillPlan) -> RenderableType:
    """The plan of a backfill: what is captured already, what will be captured, and the estimated cost by source and archive."""
    asked = one.asked
    origins = ", ".join(one.origins)
    parts: list[RenderableType] = [
        Text(f"backfill {one.id}: published {asked.first} to {asked.last}, {counted(one.intervals, 'hour')}, from {origins}", style="bold"),
        _pairs(
            (
                "captured already",
                f"{counted(one.captured, 'hour')}, and {counted(one.later_parts, 'part')} of other hours with articles of these dates",
            ),
            ("extracted again", f"{counted(one.pages, 'page')} in {_bytes(one.captures_bytes)} of captures, without a request"),
            ("to capture" + (" again" if asked.refetch else ""), counted(one.to_capture, "hour")),
            ("requests", f"about {one.requests}" if one.is_known else NOT_KNOWN),
            ("bytes", f"about {_bytes(one.bytes)}" if one.is_known else NOT_KNOWN),
            ("time", _time(one) if one.is_known else NOT_KNOWN),
            ("disallowed", f"{one.disallowed_share:.1%} of the pages" if one.disallowed_share is not None else NOT_KNOWN),
            ("disk", _disk(one)),
        ),
    ]
    if one.to_capture:
        parts.append(_sources(one))
    if one.archives:
        parts.append(_archives(one))
    if one.without_history:
        names = ", ".join(one.without_history)
        parts.append(Text(f"not in the estimates, because the ledger has no day of them: {names}", style="yellow"))
    parts += [Text(f"note: {note}") for note in one.notes]
    return Group(*parts)


def _time(one: BackfillPlan) -> str:
    return f"about {one.hours:g} h at the polite pace" + (f", for {one.slowest_host}" if one.slowest_host else "")


def _disk(one: BackfillPlan) -> str:
    free = f", {_bytes(one.disk_free)} free" if one.disk_free is not None else ""
    return (f"about {_bytes(one.bytes)} more" if one.is_known else NOT_KNOWN) + free


def backfill_result(record: BackfillRecord) -> RenderableType:
    """The result of a backfill: the difference per published date, refused dates, failed hours, warnings."""
    articles = sum(step.articles for step in record.steps.values())
    urls = sum(step.urls for step in record.steps.values())
    outside = f", {counted(record.outside, 'article')} outside the dates left out" if record.outside else ""
    steps = counted(len(record.steps), "step")
    parts: list[RenderableType] = [
        Text(f"backfill {record.id}: {record.state}; {steps}, {counted(urls, 'URL')} seen, {counted(articles, 'article')}{outside}"),
        differences(record.differences),
        Text(f"in all: {describe(record.total_difference)}", style="bold"),
    ]
    if record.reason is not None:
        parts.append(Text(f"partitions were allowed to shrink because: {record.reason}"))
    parts += [Text(why, style="red") for _, why in sorted(record.refused.items())]
    parts += [Text(f"{key}: {why}", style="red") for key, why in record.red.items()]
    parts += [Text(f"warning: {warning}", style="yellow") for warning in _grouped(record.warnings)[:MANY]]
    if record.refused:
        parts.append(Text("if that is right, repeat the command with --allow-shrink REASON; finished steps are not repeated"))
    return Group(*parts)


def erasure_plan(one: ErasurePlan) -> RenderableType:
    """The plan of an erasure: what the lake holds of the provider, and which dates are built again."""
    counts = one.counts
    days = f"published {one.first} to {one.last}; {counted(len(one.dates), 'date')} to build again" if one.first else "no published date"
    parts: list[RenderableType] = [
        Text(
            f"erase {one.domain}" + (", erased before: the plan holds what is left or was added since" if one.is_known else ""),
            style="bold",
        ),
        _pairs(
            ("captures", f"{counted(counts.captures, 'exchange')}, {_bytes(counts.bytes)}, in {counted(len(one.parts), 'part')}"),
            ("kept listings", f"{counts.documents}, including those of others that list its pages"),
            ("extracted", counted(counts.rows, "row")),
            ("ledger", counted(counts.ledger, "row")),
            ("published", counted(counts.records, "record")),
            ("images", str(counts.images)),
            ("dates", days),
            ("sources", f"{', '.join(one.sources)}; not asked any more" if one.sources else "none in the catalogue"),
        ),
    ]
    return Group(*parts, Text("this cannot be undone" if counts else "the lake holds nothing of it; from now on nothing of it is captured"))


def erasure_result(one: Erasure) -> RenderableType:
    """The result of an erasure: what was deleted, and the dates built without the provider."""
    counts = one.counts
    gone = [(counts.captures, "exchange"), (counts.rows, "row"), (counts.records, "record"), (counts.documents, "listing")]
    return Text(
        f"erased {one.domain}: {', '.join(counted(*pair) for pair in gone)}; "
        f"{counted(len(one.dates), 'date')} built without it; nothing of it is captured any more"
    )


def differences(found: dict[date, Difference]) -> RenderableType:
    """One row per published date that changed, and the number of dates compared."""
    changed = {day: one for day, one in sorted(found.items()) if one.new or one.changed or one.vanished}
    view = make_table("date", "before", "after", "new", "changed", "vanished", "by field", numbers=(1, 2, 3, 4, 5))
    for day, one in changed.items():
        fields = ", ".join(f"{name} {count}" for name, count in one.fields.items())
        view.add_row(str(day), str(one.before), str(one.after), str(one.new), str(one.changed), str(one.vanished), fields)
    return Group(view, Text(f"{counted(len(found), 'published date')} compared, {len(changed)} changed"))


def completeness(rows: Sequence[SourceDay]) -> RenderableType:
    """One row per day and source with its pages from found to published; below, one sentence per silent gap."""
    if not rows:
        return Text("the ledger has no row on these days")
    view = make_table(
        "day",
        "source",
        "polls",
        "expected",
        "found",
        "fetched",
        "extracted",
        "published",
        "dropped",
        numbers=(3, 4, 5, 6, 7),
        spare=(2, 5, 6),
    )
    for row in rows:
        expected = f"{row.expected:.0f}" if row.expected is not None else ""
        polls = f"{row.polls + row.failed_polls}" + (f" ({row.failed_polls} failed)" if row.failed_polls else "")
        dropped = ", ".join(f"{count} {reason}" for reason, count in row.dropped.items())
        figures = [str(number) for number in (row.found, row.fetched, row.extracted, row.published)]
        view.add_row(str(row.day), row.source_id, polls, expected, *figures, dropped, style="red" if row.is_gap else None)
    gaps = [row.gap for row in rows if row.gap is not None]
    return Group(view, *(Text(f"silent source: {gap}", style="red") for gap in gaps), Text(counted(len(gaps), "silent gap")))


def maintenance_result(done: MaintenanceReport) -> RenderableType:
    """What each step of the daily maintenance did, and the silent gaps of the last days."""
    looked, old, images = done.revisits, done.retention, done.images
    unnamed = counted(images.unnamed_rows, "row does", "rows do")
    unsafe = f"; nothing was deleted, because {unnamed} not name the cached image" if images.unnamed_rows else ""
    return Group(
        Text(
            f"revisited {counted(looked.asked, 'page')}: {looked.unchanged} unchanged, {looked.changed} changed, {looked.gone} gone, "
            f"{looked.disallowed} disallowed, {looked.failed} failed{' (by an earlier call; no request was sent)' if looked.reused else ''}"
        ),
        publishes(done.publishes),
        Text(
            f"deleted the captures of {counted(old.parts, 'part')} ({_bytes(old.bytes)}) and {counted(old.documents, 'listing')}; "
            f"{counted(old.waiting, 'old part')} kept until extracted"
        ),
        Text(f"deleted {counted(images.deleted, 'image')} ({_bytes(images.bytes)}), kept {images.kept}{unsafe}"),
        *(Text(f"silent source: {gap}", style="red") for gap in done.gaps),
        Text(f"{counted(len(done.gaps), 'silent gap')} in the last days"),
    )


def check_results(results: Sequence[CheckResult]) -> RenderableType:
    """One row per check; problems are red."""
    table = make_table("", "what", "finding", "advice")
    area = ""
    for finding in results:
        style = "red" if finding.is_problem else None
        table.add_row(
            finding.area if finding.area != area else "", finding.name, Text(finding.value, style=style or ""), finding.advice or ""
        )
        area = finding.area
    return table


def _grouped(warnings: Sequence[str]) -> list[str]:
    """The warnings, those that differ only in the hour at their end joined to one."""
    hours: dict[str, list[str]] = {}
    for warning in warnings:
        text, _, hour = warning.rpartition(" ")
        is_hour = HOUR_KEY.fullmatch(hour) is not None
        hours.setdefault(text if is_hour else warning, []).extend([hour] if is_hour else [])
    return [
        f"{text} {found[0]}" + (f" and {counted(len(found) - 1, 'more hour')}" if found[1:] else "") if found else text
        for text, found in hours.items()
    ]


def _sources(one: BackfillPlan) -> RenderableType:
    shown: Sequence[str] = ("source", "hours", "requests", "bytes", "disallowed", "history")
    view = make_table(*shown, numbers=(1, 2, 3, 4))
    for row in [row for row in one.sources if row.hours][:MANY]:
        known = row.requests is not None and row.bytes is not None
        view.add_row(
            row.source_id,
            str(row.hours),
            str(row.requests) if known else "?",
            _bytes(row.bytes or 0) if known else "?",
            f"{row.disallowed_share:.0%}" if row.disallowed_share is not None else "",
            counted(row.days, "day") if row.days else "none",
        )
    more = sum(1 for row in one.sources if row.hours) - MANY
    return Group(view, Text(f"and {counted(more, 'more source')}")) if more > 0 else view


def _archives(one: BackfillPlan) -> RenderableType:
    view = make_table("archive", "files", "requests", "bytes", "hours", "basis", numbers=(1, 2, 3, 4))
    for cost in one.archives:
        figures = [str(cost.requests), _bytes(cost.bytes or 0), f"{cost.hours:g}"] if cost.requests is not None else ["?", "?", "?"]
        if cost.bytes is None:
            figures[1] = "?"
        view.add_row(cost.origin, str(len(cost.files)) if cost.files else "", *figures, cost.basis)
    named = [path for cost in one.archives for path in cost.files]
    more = [Text(f"and {counted(len(named) - MANY, 'more file')}")] if len(named) > MANY else []
    return Group(view, *(Text(f"  {path}") for path in named[:MANY]), *more)


def _pairs(*pairs: tuple[str, str]) -> RenderableType:
    view = make_table("", "")
    view.show_header = False
    for name, value in pairs:
        view.add_row(name, value)
    return view


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1_000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1_000
    return f"{number:.1f} TB"
