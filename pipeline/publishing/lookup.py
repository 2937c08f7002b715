"""Reading what was published: the hottest records, one record with everything known about it, a sealed part opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow.dataset as ds

from pipeline.core import schema
from pipeline.core.errors import PermanentError
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.publishing.sealing import Sealer
from pipeline.text.urls import canonical_url

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExplainedRecord:
    """One published record with its explanation and the extracted row it was made from (None when that is gone)."""

    published_date: date
    article: Row
    explain: Row
    extracted: Row | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A sealed part: what it holds, and the fingerprint of the key that opened it."""

    private: dict[str, object]
    key_id: str


def hottest(lake: Lake, *, days: int, limit: int, published_only: bool = False) -> list[Row]:
    """The records with the highest heat among the newest `days` published dates, ties by quality, then time, then webUrl."""
    dates = lake.published_dates()
    if not dates:
        return []
    first = dates[-1] - timedelta(days=days - 1)
    rows: list[Row] = []
    for day in dates:
        if day >= first:
            rows.extend(lake.read_table(storage.articles_path(day)).to_pylist())
    wanted = [row for row in rows if row["published"] or not published_only]
    wanted.sort(key=lambda row: (-row["heat"], -row["quality"], row["publishedDateTime"], row["webUrl"]))
    return wanted[:limit]


def find(lake: Lake, url: str) -> ExplainedRecord:
    """The record whose webUrl or originalUrl is `url`, newest published date first. Raises PermanentError when there is none."""
    wanted = {url}
    try:
        wanted.add(canonical_url(url))
    except ValueError as error:
        raise PermanentError(f"{url}: not a URL: {error}") from error
    names = sorted(wanted)
    is_it = ds.field("webUrl").isin(names) | ds.field("originalUrl").isin(names)
    for day in reversed(lake.published_dates()):
        rows = lake.read_rows([storage.articles_path(day)], is_it, schema.ARTICLES).to_pylist()
        if rows:
            return _explained(lake, day, rows[0])
    raise PermanentError(f"{url}: no published record has this webUrl or originalUrl in {lake.uri}")


@dataclass(frozen=True, slots=True)
class Told:
    """A story as the record at `url` has it: its members with their explanations, in the order of publication."""

    url: str
    explain: Row
    """That of the record asked for."""
    members: tuple[tuple[Row, Row], ...]


def tell(lake: Lake, url: str) -> Told:
    """The story of the record whose webUrl or originalUrl is `url`. Raises PermanentError when there is no such record."""
    found = find(lake, url)
    days = sorted({found.published_date, *(other["publishedDateTime"].date() for other in found.article["related"])})
    is_member = ds.field("webUrl").isin([found.article["webUrl"], *(other["webUrl"] for other in found.article["related"])])
    members = []
    for day in set(days) & set(lake.published_dates()):
        articles = lake.read_rows([storage.articles_path(day)], is_member, schema.ARTICLES).to_pylist()
        reasons = lake.read_rows([storage.explain_path(day)], is_member, schema.EXPLAIN).to_pylist()
        members += list(zip(articles, reasons, strict=True))
    members.sort(key=lambda member: (member[0]["publishedDateTime"], member[0]["webUrl"]))
    return Told(found.article["webUrl"], found.explain, tuple(members))


def open_sealed(blob: str, *, web_url: str, keys: Sequence[str]) -> Opened:
    """Open a record's `secured`. Raises SealError when no key opens it, ConfigError when a key is malformed or there is none."""
    sealer = Sealer(keys)
    private, index = sealer.open(blob, web_url=web_url)
    return Opened(private=private, key_id=sealer.key_ids[index])


def _explained(lake: Lake, day: date, article: Row) -> ExplainedRecord:
    this = ds.field("webUrl") == article["webUrl"]
    explain: Row = lake.read_rows([storage.explain_path(day)], this, schema.EXPLAIN).to_pylist()[0]
    capture = (ds.field("captureFile") == explain["captureFile"]) & (ds.field("captureOffset") == explain["captureOffset"])
    path = storage.extracted_path(storage.part_of_capture(explain["captureFile"]))
    extracted = lake.read_rows([path] if lake.exists(path) else [], capture, schema.EXTRACTED).to_pylist()
    return ExplainedRecord(day, article, explain, next((row for row in extracted if row["movedTo"] is None), None))
