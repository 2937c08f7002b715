"""Looks up records: the hottest, one with its explanation, a story, the stories of a day; opens sealed values.

Returns rows of the tables unchanged, as dicts with one key per column, because the command line shows rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from pipeline.core import schema
from pipeline.core.errors import PermanentError
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.text.urls import canonical_url

Row = dict[str, Any]
"""A row of a table, one key per column."""


@dataclass(frozen=True, slots=True)
class ExplainedRecord:
    """One record with its row of `explain` and the row of `extracted` that it was made from (None when that row is gone)."""

    published_date: date
    article: Row
    explain: Row
    extracted: Row | None


@dataclass(frozen=True, slots=True)
class OpenedSeal:
    """The sealed values of a record, and the fingerprint of the key that opened them."""

    private: dict[str, object]
    key_id: str


def hottest_records(lake: Lake, *, days: int, limit: int, published_only: bool = False, topic: str | None = None) -> list[Row]:
    """The records with the highest heat among the newest `days` published dates, ties by quality, then time, then webUrl.

    With `topic`, whose case does not matter, only records that have it.
    """
    dates = lake.published_dates()
    if not dates:
        return []
    first = dates[-1] - timedelta(days=days - 1)
    rows: list[Row] = []
    for day in dates:
        if day >= first:
            rows.extend(rows_of(lake.read_table(storage.articles_path(day))))
    wanted = [row for row in rows if (row["published"] or not published_only) and (topic is None or _has_topic(row, topic))]
    wanted.sort(key=lambda row: (-row["heat"], -row["quality"], row["publishedDateTime"], row["webUrl"]))
    return wanted[:limit]


def _has_topic(row: Row, topic: str) -> bool:
    return topic.casefold() in (name.casefold() for name in row["topics"])


def find_record(lake: Lake, url: str, *, days: Sequence[date] | None = None) -> ExplainedRecord:
    """The record whose webUrl or originalUrl is `url`, newest published date first. Raises PermanentError when there is none.

    With `days`, only these published dates are searched.
    """
    wanted = {url}
    try:
        wanted.add(canonical_url(url))
    except ValueError as error:
        raise PermanentError(f"{url}: not a URL: {error}") from error
    for day in reversed(lake.published_dates() if days is None else sorted(set(days) & set(lake.published_dates()))):
        rows = _select(lake, storage.articles_path(day), schema.ARTICLES, {"webUrl": wanted, "originalUrl": wanted}, any)
        if rows:
            return _explained(lake, day, rows[0])
    raise PermanentError(f"{url}: no record in {lake.uri} has this webUrl or originalUrl")


@dataclass(frozen=True, slots=True)
class StoryTimeline:
    """The members of the story of the record at `url`, each with its row of `explain`, in the order of publication."""

    url: str
    explain: Row
    """The row of the record at `url`."""
    members: tuple[tuple[Row, Row], ...]


def stories_of_day(
    lake: Lake, day: date | None, *, window: timedelta, topic: str | None = None, min_newsrooms: int = 1, limit: int | None = None
) -> list[Row]:
    """The stories with an article of the UTC day (None: of the newest published date): rows of `stories`, the hottest first.

    `window` is the longest time between the first and the last article of a story, so that only the tables of these dates are read. With
    `topic`, whose case does not matter, only stories that have it. Raises PermanentError for a date whose stories are not built.
    """
    dates = lake.published_dates(first=None if day is None else day - window)
    if day is None and dates:
        day = dates[-1]
    rows = [row for first in dates if day is not None and day - window <= first <= day for row in _first_reported(lake, first)]
    wanted = [
        row
        for row in rows
        if any(member["publishedDateTime"].date() == day for member in row["members"])
        and row["newsrooms"] >= min_newsrooms
        and (topic is None or _has_topic(row, topic))
    ]
    wanted.sort(key=lambda row: (-row["heat"], -row["newsrooms"], -row["size"], row["firstReport"], row["storyId"]))
    return wanted[:limit]


def _first_reported(lake: Lake, day: date) -> list[Row]:
    try:
        return rows_of(lake.read_table(storage.stories_path(day)))
    except FileNotFoundError as error:
        raise PermanentError(f"the stories of {day} are not built yet; `news publish {day}` builds them") from error


STORY_ID = re.compile(r"[0-9a-f]{16}", re.IGNORECASE)


def find_story(lake: Lake, url_or_id: str) -> StoryTimeline:
    """The story with this id, or of the record with this webUrl or originalUrl. Raises PermanentError when there is none.

    An id that another story absorbed leads to that story.
    """
    is_id = STORY_ID.fullmatch(url_or_id) is not None
    if not is_id and "://" not in url_or_id:
        raise PermanentError(f"{url_or_id!r} is neither a URL nor a story's id, 16 hexadecimal digits as `news stories` shows them")
    url = _member_of(lake, url_or_id.lower()) if is_id else url_or_id
    found = find_record(lake, url)
    days = sorted({found.published_date, *(other["publishedDateTime"].date() for other in found.article["related"])})
    wanted = {"webUrl": {found.article["webUrl"], *(other["webUrl"] for other in found.article["related"])}}
    members = []
    for day in set(days) & set(lake.published_dates()):
        articles = _select(lake, storage.articles_path(day), schema.ARTICLES, wanted, any)
        reasons = _select(lake, storage.explain_path(day), schema.EXPLAIN, wanted, any)
        members += list(zip(articles, reasons, strict=True))
    members.sort(key=lambda member: (member[0]["publishedDateTime"], member[0]["webUrl"]))
    return StoryTimeline(found.article["webUrl"], found.explain, tuple(members))


def _member_of(lake: Lake, story_id: str) -> str:
    """The webUrl of a record of the story, one of the newest date that has any."""
    for day in reversed(lake.published_dates()):
        rows = rows_of(lake.read_table(storage.explain_path(day), columns=["webUrl", "storyId", "absorbedStoryIds"]))
        found = [row["webUrl"] for row in rows if story_id == row["storyId"] or story_id in row["absorbedStoryIds"]]
        if found:
            return str(found[0])
    raise PermanentError(f"{story_id}: no record in {lake.uri} belongs to a story with this id")


def open_sealed(blob: str, *, web_url: str, keys: Sequence[str]) -> OpenedSeal:
    """Open a record's `secured`. Raises SealError when no key opens it, ConfigError when a key is malformed or there is none."""
    from pipeline.publishing.sealing import Sealer  # with it comes cryptography, which the other look-ups do without

    sealer = Sealer(keys)
    private, index = sealer.open(blob, web_url=web_url)
    return OpenedSeal(private=private, key_id=sealer.key_ids[index])


def _explained(lake: Lake, day: date, article: Row) -> ExplainedRecord:
    explain = _select(lake, storage.explain_path(day), schema.EXPLAIN, {"webUrl": {article["webUrl"]}}, any)[0]
    capture = {"captureFile": {explain["captureFile"]}, "captureOffset": {explain["captureOffset"]}}
    path = storage.extracted_path(storage.part_of_capture(explain["captureFile"]))
    extracted = _select(lake, path, schema.EXTRACTED, capture, all) if lake.exists(path) else []
    return ExplainedRecord(day, article, explain, next((row for row in extracted if row["movedTo"] is None), None))


def _select(
    lake: Lake, path: str, contract: pa.Schema, wanted: Mapping[str, Set[Any]], combine: Callable[[Iterable[bool]], bool]
) -> list[Row]:
    """The rows of a Parquet file with `any` or `all` of the `wanted` values by column; a column of `contract` that it lacks is None.

    Written with lists, because Arrow's filters and empty tables import pandas, which takes as long as the rest of the command.
    """
    keys = rows_of(lake.read_table(path, columns=list(wanted)))
    places = [place for place, key in enumerate(keys) if combine(key[name] in values for name, values in wanted.items())]
    if not places:
        return []
    table = lake.read_table(path)
    rows = [rows_of(table.slice(place, 1))[0] for place in places]
    return [{name: row.get(name) for name in contract.names} for row in rows]
