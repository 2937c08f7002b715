"""What the command line shows of operations: plans, results, the completeness ledger, maintenance, findings. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from pipeline.cli.tables import make_table
from pipeline.cli.walk_screens import publishes
from pipeline.core.models import Difference
from pipeline.lake.erasures import ErasureRecord as Erasure
from pipeline.operations.backfill_plans import Plan
from pipeline.operations.backfill_records import BackfillRecord
from pipeline.operations.completeness import SourceDay
from pipeline.operations.doctor import Finding
from pipeline.operations.erasure_runs import ErasurePlan
from pipeline.operations.maintenance import Round
from pipeline.publishing.differences import describe

HOUR_KEY = re.compile(r"\d{4}-\d\d-\d\dT\d\d")
MANY = 31
"""Rows that are still read; more are summed up."""


NOT_KNOWN = "not known"


def plan(one: Plan) -> RenderableType:
    """A backfill's plan: what is there, what is to be captured and at what price, source by source."""
    asked = one.asked
    origins = ", ".join(one.origins)
    parts: list[RenderableType] = [
        Text(f"backfill {one.id}: published {asked.first} to {asked.last}, {one.intervals} hours, from {origins}", style="bold"),
        _pairs(
            ("captured already", f"{one.captured} hours, and {one.later_parts} parts of other hours that hold articles of these dates"),
            ("extracted again", f"{one.pages} pages in {_bytes(one.captures_bytes)} of captures, without a request"),
            ("to capture" + (" again" if asked.refetch else ""), f"{one.to_capture} hours"),
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
        parts.append(Text(f"no history in the ledger, so not in the figures: {names}", style="yellow"))
    parts += [Text(f"note: {note}") for note in one.notes]
    return Group(*parts)


def _time(one: Plan) -> str:
    return f"about {one.hours:g} hours at the polite pace" + (f", for {one.slowest_host}" if one.slowest_host else "")


def _disk(one: Plan) -> str:
    free = f", {_bytes(one.disk_free)} are free" if one.disk_free is not None else ""
    return (f"about {_bytes(one.bytes)} more" if one.is_known else NOT_KNOWN) + free


def result(record: BackfillRecord) -> RenderableType:
    """What a backfill did: the difference per published date, what was refused, what failed."""
    articles = sum(step.articles for step in record.steps.values())
    urls = sum(step.urls for step in record.steps.values())
    outside = f", {record.outside} articles outside the dates were left out" if record.outside else ""
    parts: list[RenderableType] = [
        Text(f"backfill {record.id}: {record.state}; {len(record.steps)} steps, {urls} URLs seen, {articles} articles{outside}"),
        differences(record.differences),
        Text(f"in all: {describe(record.change)}", style="bold"),
    ]
    if record.reason is not None:
        parts.append(Text(f"partitions were allowed to shrink: {record.reason}"))
    parts += [Text(why, style="red") for _, why in sorted(record.refused.items())]
    parts += [Text(f"{key}: {why}", style="red") for key, why in record.red.items()]
    parts += [Text(f"worth a look: {warning}", style="yellow") for warning in _grouped(record.warnings)[:MANY]]
    if record.refused:
        parts.append(Text("where that is right, the same command with --allow-shrink REASON; what was done is not done again"))
    return Group(*parts)


def erasure(one: ErasurePlan) -> RenderableType:
    """What the lake has of a provider, and what becomes of it."""
    counts = one.counts
    days = f"published {one.first} to {one.last}; {len(one.dates)} dates are built again" if one.first else "no published date"
    parts: list[RenderableType] = [
        Text(f"erase {one.domain}" + (", which was erased before: what is left or came since" if one.is_known else ""), style="bold"),
        _pairs(
            ("captures", f"{counts.captures} exchanges, {_bytes(counts.bytes)}, in {len(one.parts)} parts"),
            ("kept listings", f"{counts.documents}, those of others that name its pages included"),
            ("extracted", f"{counts.rows} rows"),
            ("ledger", f"{counts.ledger} rows"),
            ("published", f"{counts.records} records"),
            ("images", f"{counts.images}"),
            ("dates", days),
            ("sources", f"{', '.join(one.sources) or 'none of the catalogue'}; they are not asked any more"),
        ),
    ]
    return Group(*parts, Text("this cannot be undone" if counts else "there is nothing of it; nothing of it will be taken in"))


def erased(one: Erasure) -> RenderableType:
    """What an erasure did."""
    counts = one.counts
    return Text(
        f"erased {one.domain}: {counts.captures} exchanges, {counts.rows} rows, {counts.records} records, {counts.documents} listings; "
        f"{len(one.dates)} dates built without it; nothing of it is taken in any more"
    )


def differences(found: dict[date, Difference]) -> RenderableType:
    """A row for each published date that changed."""
    changed = {day: one for day, one in sorted(found.items()) if one.new or one.changed or one.vanished}
    view = make_table("date", "before", "after", "new", "changed", "vanished", "by field", numbers=(1, 2, 3, 4, 5))
    for day, one in changed.items():
        fields = ", ".join(f"{name} {count}" for name, count in one.fields.items())
        view.add_row(str(day), str(one.before), str(one.after), str(one.new), str(one.changed), str(one.vanished), fields)
    return Group(view, Text(f"{len(found)} published dates compared, {len(changed)} changed"))


def ledger(rows: Sequence[SourceDay]) -> RenderableType:
    """Completeness, a row for each day and source; the silent gaps below."""
    if not rows:
        return Text("the ledger has nothing on these days")
    view = make_table(
        "day", "source", "polls", "expected", "found", "fetched", "extracted", "published", "dropped", numbers=(3, 4, 5, 6, 7), spare=(2, 5)
    )
    for row in rows:
        expected = f"{row.expected:.0f}" if row.expected is not None else ""
        polls = f"{row.polls + row.failed_polls}" + (f" ({row.failed_polls} failed)" if row.failed_polls else "")
        dropped = ", ".join(f"{count} {reason}" for reason, count in row.dropped.items())
        figures = [str(number) for number in (row.found, row.fetched, row.extracted, row.published)]
        view.add_row(str(row.day), escape(row.source_id), polls, expected, *figures, dropped, style="red" if row.is_gap else None)
    gaps = [row.gap for row in rows if row.gap is not None]
    return Group(view, *(Text(f"silent: {gap}", style="red") for gap in gaps), Text(f"{len(gaps)} silent gaps"))


def maintained(done: Round) -> RenderableType:
    """What a daily round did."""
    looked, old, images = done.revisits, done.retention, done.images
    silent = f", {images.unnamed_rows} rows do not name their image: nothing was deleted" if images.unnamed_rows else ""
    return Group(
        Text(
            f"revisited {looked.asked} pages: {looked.unchanged} unchanged, {looked.changed} changed, {looked.gone} gone, "
            f"{looked.disallowed} disallowed, {looked.failed} failed{' (before: nothing was asked)' if looked.reused else ''}"
        ),
        publishes(done.publishes),
        Text(
            f"deleted the captures of {old.parts} parts ({_bytes(old.bytes)}) and {old.documents} listings; {old.waiting} wait for extract"
        ),
        Text(f"deleted {images.deleted} images ({_bytes(images.bytes)}), kept {images.kept}{silent}"),
        *(Text(f"silent: {gap}", style="red") for gap in done.gaps),
        Text(f"{len(done.gaps)} silent gaps in the last days"),
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


def _grouped(warnings: Sequence[str]) -> list[str]:
    """Warnings that differ in their hour only, as one."""
    hours: dict[str, list[str]] = {}
    for warning in warnings:
        text, _, hour = warning.rpartition(" ")
        is_hour = HOUR_KEY.fullmatch(hour) is not None
        hours.setdefault(text if is_hour else warning, []).extend([hour] if is_hour else [])
    return [
        f"{text} {found[0]}" + (f" and {len(found) - 1} more hours" if found[1:] else "") if found else text
        for text, found in hours.items()
    ]


def _sources(one: Plan) -> RenderableType:
    shown: Sequence[str] = ("source", "hours", "requests", "bytes", "disallowed", "history")
    view = make_table(*shown, numbers=(1, 2, 3, 4))
    for row in [row for row in one.sources if row.hours][:MANY]:
        known = row.requests is not None and row.bytes is not None
        view.add_row(
            escape(row.source_id),
            str(row.hours),
            str(row.requests) if known else "?",
            _bytes(row.bytes or 0) if known else "?",
            f"{row.disallowed_share:.0%}" if row.disallowed_share is not None else "",
            f"{row.days} day{'s' * (row.days > 1)}" if row.days else "none",
        )
    more = sum(1 for row in one.sources if row.hours) - MANY
    return Group(view, Text(f"and {more} more sources")) if more > 0 else view


def _archives(one: Plan) -> RenderableType:
    view = make_table("archive", "files", "requests", "bytes", "hours", "from", numbers=(1, 2, 3, 4))
    for cost in one.archives:
        figures = [str(cost.requests), _bytes(cost.bytes or 0), f"{cost.hours:g}"] if cost.requests is not None else ["?", "?", "?"]
        if cost.bytes is None:
            figures[1] = "?"
        view.add_row(cost.origin, str(len(cost.files)) if cost.files else "", *figures, escape(cost.basis))
    named = [path for cost in one.archives for path in cost.files]
    more = [Text(f"and {len(named) - MANY} more files")] if len(named) > MANY else []
    return Group(view, *(Text(f"  {path}") for path in named[:MANY]), *more)


def _pairs(*pairs: tuple[str, str]) -> RenderableType:
    view = make_table("", "")
    view.show_header = False
    for name, value in pairs:
        view.add_row(name, escape(value))
    return view


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1_000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1_000
    return f"{number:.1f} TB"
