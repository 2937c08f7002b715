"""The commands that write records for other programs and readers: digest, export. Imported only when one of them is run."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.cli.context import CommandContext
from pipeline.core import schema
from pipeline.core.errors import PermanentError
from pipeline.core.progress import one_step, steps
from pipeline.lake.storage import Lake
from pipeline.publishing.exports.digests import choose_digest, digest_text
from pipeline.publishing.exports.feeds import FeedHead, atom, rss
from pipeline.publishing.exports.front_matter import front_matter
from pipeline.publishing.exports.links import safe_link
from pipeline.publishing.exports.pages import digest_page, report_page
from pipeline.publishing.exports.tabular import csv_text, json_lines, json_text, plain_rows
from pipeline.publishing.sql.record_selection import RecordChoice, newest_date, select_records
from pipeline.text.counts import counted

Record = dict[str, Any]
SLUG_LENGTH = 60
"""Characters of a title in a file's name."""
COLUMNS = pa.schema([pa.field("published_date", pa.date32()), *schema.ARTICLES])


def digest(context: CommandContext) -> int:
    """`news digest`: the hottest published records of a day as a letter or a page."""
    options, lake = context.options, Lake(context.settings.lake)
    day = options.date or newest_date(lake)
    if day is None:
        raise PermanentError(f"{lake.uri} has no published records yet; `news run` or `news import FILE.warc.gz` publishes some")
    records = _records(context, RecordChoice(first=day, last=day, published_only=True))
    chosen = choose_digest(records, until=datetime.combine(day, time(), UTC) + timedelta(days=1))
    if options.json:
        text = json_text(chosen, indent=2) + "\n"
    else:
        text = digest_page(chosen, day=day) if options.format == "html" else digest_text(chosen, day=day)
    _write(text, options.output)
    return 0


def export(context: CommandContext) -> int:
    """`news export`: records in the chosen format, to the terminal, a file or a folder."""
    options = context.options
    if options.first is not None and options.last is not None and options.first > options.last:
        raise PermanentError(f"an export goes from the earlier date to the later, not from {options.first} to {options.last}")
    records = _records(context, RecordChoice(options.first, options.last, options.topic, options.story, options.published))
    if not records and options.story is not None:
        raise PermanentError(f"{options.story}: no record that was chosen belongs to a story with this id; `news stories` shows ids")
    if not records:
        context.warn_of_topic()
    if options.format == "frontmatter" and options.output is not None:
        files = _write_documents(records, options.output)
        context.show({"files": [str(file) for file in files]}, lambda: f"{counted(len(files), 'file')} in {options.output}")
        return 0
    form = "json" if options.json else options.format
    if form is None:
        raise PermanentError("name a format: --format frontmatter, json, jsonl, csv, rss, atom or html")
    make: dict[str, Callable[[Sequence[Record]], str]] = {
        "json": lambda rows: json_text(plain_rows(_table(rows)), indent=2) + "\n",
        "frontmatter": lambda rows: "".join(map(front_matter, rows)),
        "jsonl": lambda rows: json_lines(_table(rows)),
        "csv": lambda rows: csv_text(_table(rows)),
        "rss": lambda rows: rss(_head(context), _newest_first(rows)),
        "atom": lambda rows: atom(_head(context), _newest_first(rows)),
        "html": lambda rows: _report(context, rows),
    }
    _write(make[form](records), options.output)
    return 0


def _records(context: CommandContext, choice: RecordChoice) -> list[Record]:
    with one_step("querying the lake"):
        return select_records(Lake(context.settings.lake), choice, agreements=context.catalogue.rights.agreements)


def _table(rows: Sequence[Record]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=COLUMNS)


def _newest_first(rows: Sequence[Record]) -> list[Record]:
    return sorted(rows, key=lambda row: (row["publishedDateTime"], row["webUrl"]), reverse=True)


def _head(context: CommandContext) -> FeedHead:
    """The feed of what was chosen; its id is the same for the same choice."""
    options = context.options
    name = " ".join(filter(None, ["News", options.topic and f"on {options.topic}", options.story and f"of the story {options.story}"]))
    digest = hashlib.sha256(f"{options.topic}\n{options.story}\n{options.published}".encode()).hexdigest()[:32]
    link = safe_link(context.settings.contact)
    return FeedHead(name, f"urn:uuid:{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}", link)


def _report(context: CommandContext, rows: Sequence[Record]) -> str:
    options = context.options
    days = [row["published_date"] for row in rows]
    first, last = options.first or min(days, default=None), options.last or max(days, default=None)
    if first is None or last is None:
        raise PermanentError("the lake has no record for this report; widen --from, --to and --topic, or publish some with `news run`")
    topic = f"{options.topic}, {first.isoformat()} to {last.isoformat()}" if options.topic else None
    return report_page(rows, first=first, last=last, title=topic)


def _write_documents(records: Sequence[Record], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for record in steps(records, "writing files", total=len(records)):
        file = folder / _file_name(record["published_date"], record["title"], record["webUrl"])
        file.write_text(front_matter(record), encoding="utf-8", newline="")
        files.append(file)
    return files


def _file_name(day: date, title: str, url: str) -> str:
    """Date, the title's letters and a digest of the URL: titles may be equal, and name no other folder."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-")
    return "-".join(filter(None, [day.isoformat(), slug, hashlib.sha256(url.encode()).hexdigest()[:8]])) + ".md"


def _write(text: str, output: Path | None) -> None:
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8", newline="")
