"""Fills the days before a captured hour with hours of their own articles, and builds the dates, as if each hour had been run.

The rows, ledger and manifest of one captured hour are the pattern of every older hour: times are shifted, and URLs, titles and texts are
written anew. Nothing is fetched or extracted, and captures are left out.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import HOUR, Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import Manifest, to_json
from pipeline.lake.row_marks import digests_by_date
from pipeline.lake.storage import Lake
from pipeline.operations import stages

SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
COMMON = (
    "the",
    "of",
    "and",
    "to",
    "in",
    "a",
    "is",
    "that",
    "for",
    "it",
    "was",
    "on",
    "are",
    "as",
    "with",
    "they",
    "at",
    "be",
    "this",
    "by",
)
VOCABULARY = [*COMMON, *(one + other for one in SYLLABLES for other in SYLLABLES)]
"""The commonest words first."""
CUMULATED = list(accumulate(1 / rank for rank in range(1, len(VOCABULARY) + 1)))
"""Weights of the words, summed up: the word of rank n is used a n-th as often as the first, as in languages (Zipf)."""
EVENT_HOURS = 24
"""Hours in which newsrooms report an event. With `EVENT_SHARE` and `PER_EVENT` plain choices, near what news sites do."""
EVENT_SHARE = 0.5
"""Share of the articles that report an event of the last `EVENT_HOURS`."""
PER_EVENT = 3.5
"""Articles about an event."""
EVENT_WORDS = 8
TITLE_WORDS = 9
TEXT_WORDS = 250
SENTENCE_WORDS = 14


@dataclass(frozen=True, slots=True)
class Reporter:
    """Writes articles for a world that has so many an hour. Articles about one event share words that few others have."""

    per_hour: float

    def write(self, chance: random.Random, at: datetime) -> tuple[str, str]:
        """Title and text of an article that is published at `at`."""
        event = self._event(chance, at) if chance.random() < EVENT_SHARE else self._words(chance, EVENT_WORDS)
        title = [*chance.sample(event, 4), *self._words(chance, TITLE_WORDS - 4)]
        text = [chance.choice(event) if chance.random() < 0.15 else word for word in self._words(chance, TEXT_WORDS)]
        sentences = [" ".join(text[start : start + SENTENCE_WORDS]).capitalize() for start in range(0, TEXT_WORDS, SENTENCE_WORDS)]
        return " ".join(title).capitalize(), ". ".join(sentences) + "."

    def _event(self, chance: random.Random, at: datetime) -> list[str]:
        """The words of an event that happened within `EVENT_HOURS` before `at`."""
        begun = int(at.timestamp()) // 3600 - chance.randrange(EVENT_HOURS)
        number = chance.randrange(max(1, round(self.per_hour * EVENT_SHARE / PER_EVENT)))
        return self._words(random.Random(f"event {begun} {number}"), EVENT_WORDS)

    def _words(self, chance: random.Random, number: int) -> list[str]:
        return chance.choices(VOCABULARY, cum_weights=CUMULATED, k=number)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A captured part: its manifest, and the ledger and rows of the articles that were published in its hour."""

    part: Part
    manifest: Manifest
    ledger: pa.Table
    rows: pa.Table


def read_pattern(lake: Lake, part: Part) -> Pattern:
    """The part as a pattern; the articles of earlier hours, which the first poll of a feed finds, are left out."""
    rows = lake.read_table(storage.extracted_path(part))
    rows = rows.filter(pc.greater_equal(rows["publishedDateTime"], pa.scalar(part.interval.start, rows["publishedDateTime"].type)))
    manifest, ledger = read_manifest(lake, part), lake.read_table(storage.ledger_path(part))
    kept = set(rows["originalUrl"].to_pylist())
    pages = {page.entry.url for page in manifest.pages} - kept
    return Pattern(
        part,
        replace(
            manifest,
            pages=tuple(page for page in manifest.pages if page.entry.url in kept),
            outcomes=tuple(outcome for outcome in manifest.outcomes if outcome.url not in pages),
        ),
        ledger.filter(pc.invert(pc.is_in(ledger["url"], pa.array(sorted(pages), pa.string())))),
        rows,
    )


def fill(folder: Path, pattern: Pattern, reporter: Reporter, *, hours_back: Iterable[int]) -> None:
    """Write the part of each hour that is so many hours before the pattern's: manifest, ledger, rows and marks."""
    lake = Lake(str(folder))
    for back in hours_back:
        part = Part(Interval.containing(pattern.part.interval.start - back * HOUR), pattern.part.name)
        rows = _written_anew(pattern.rows, part, reporter, back=back * HOUR)
        urls = dict(zip(pattern.rows["originalUrl"].to_pylist(), rows["originalUrl"].to_pylist(), strict=True))
        _write(folder, storage.manifest_path(part), to_json(_moved(pattern.manifest, part, urls, back=back * HOUR)))
        lake.write_table(storage.ledger_path(part), _moved_ledger(pattern.ledger, part, urls, back=back * HOUR))
        lake.write_table(storage.extracted_path(part), rows)
        for day, digest in digests_by_date(rows).items():
            _write(folder, storage.mark_path(day, part, digest=digest), b"")


def build_dates(settings: Settings, last: date, *, days: int) -> None:
    """Build the records of the `days` dates up to `last`, as the hours before left them."""
    dates = [last - timedelta(days=back) for back in range(days)]
    list(stages.publish_dates(settings, load_catalogue(settings.config), dates))


def copy_date(folder: Path, built: date, dates: Iterable[date]) -> None:
    """Copy the files of a built date to older dates, which no stage opens: only their number and size matter."""
    for day in dates:
        for path in (storage.articles_path, storage.explain_path, storage.stories_path):
            target = folder / path(day)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / path(built), target)


def linked_copy(lake: Path, target: Path) -> None:
    """A copy of a local lake that shares its files: these are replaced as a whole, never written to."""
    shutil.copytree(lake, target, copy_function=os.link)


def _written_anew(rows: pa.Table, part: Part, reporter: Reporter, *, back: timedelta) -> pa.Table:
    """The rows as other articles of the same publishers, `back` earlier."""
    shifted = {name: _earlier(rows[name], back) for name in ("publishedDateTime", "modifiedDateTime", "capturedAt")}
    published = [moment.astimezone(UTC) for moment in shifted["publishedDateTime"].to_pylist()]
    hosts = [url.rpartition("/")[0] for url in rows["webUrl"].to_pylist()]
    urls = [f"{host}/{moment:%Y%m%d%H%M%S}" for host, moment in zip(hosts, published, strict=True)]
    written = [reporter.write(random.Random(url), moment) for url, moment in zip(urls, published, strict=True)]
    new = {
        **shifted,
        "originalUrl": urls,
        "webUrl": urls,
        "title": [title for title, _ in written],
        "excerpt": [text.partition(".")[0] for _, text in written],
        "text": [text for _, text in written],
        "publishedLocalDate": [
            None if known is None else moment.date()
            for known, moment in zip(rows["publishedLocalDate"].to_pylist(), published, strict=True)
        ],
        "captureFile": [storage.captures_path(part)] * len(urls),
        "payloadDigest": [f"sha256:{hashlib.sha256(url.encode()).hexdigest()}" for url in urls],
    }
    return _with_columns(rows, new)


def _moved(manifest: Manifest, part: Part, urls: dict[str, str], *, back: timedelta) -> Manifest:
    """The manifest of `part` with the pages' other URLs, `back` earlier; feeds keep their state."""
    return replace(
        manifest,
        interval=part.interval.key,
        pages=tuple(replace(page, entry=replace(page.entry, url=urls[page.entry.url])) for page in manifest.pages),
        outcomes=tuple(
            replace(outcome, url=urls.get(outcome.url, outcome.url), at=None if outcome.at is None else outcome.at - back)
            for outcome in manifest.outcomes
        ),
        feeds=tuple(
            replace(feed, schedule=replace(feed.schedule, asked=feed.schedule.asked and feed.schedule.asked - back))
            for feed in manifest.feeds
        ),
    )


def _moved_ledger(ledger: pa.Table, part: Part, urls: dict[str, str], *, back: timedelta) -> pa.Table:
    own = storage.captures_path(part)
    files = [None if file is None else own for file in ledger["captureFile"].to_pylist()]
    new = {"url": [urls.get(url, url) for url in ledger["url"].to_pylist()], "at": _earlier(ledger["at"], back), "captureFile": files}
    return _with_columns(ledger, new)


def _with_columns(table: pa.Table, new: dict[str, object]) -> pa.Table:
    for name, values in new.items():
        index = table.schema.get_field_index(name)
        column = values if isinstance(values, pa.ChunkedArray) else pa.array(values, table.schema.field(name).type)
        table = table.set_column(index, table.schema.field(name), column)
    return table


def _earlier(moments: pa.ChunkedArray, back: timedelta) -> pa.ChunkedArray:
    return pc.subtract(moments, pa.scalar(back, pa.duration(moments.type.unit)))


def _write(folder: Path, path: str, data: bytes) -> None:
    """Write a file of a local lake, without waiting for the disk."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
