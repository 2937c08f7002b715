"""Selects the records of an export by dates, topic and story, without the excerpts and pictures that their publishers refuse."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipeline.core import schema
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.publishing.exports.permissions import permitted_record
from pipeline.publishing.lookup import Row
from pipeline.publishing.sql.database import open_database, run_query

if TYPE_CHECKING:
    import duckdb

COLUMNS = ("published_date", *schema.ARTICLES.names)
OF_STORY = "storyId = $story or list_contains(absorbedStoryIds, $story)"


@dataclass(frozen=True, slots=True)
class RecordChoice:
    """The conditions on the records; dates are inclusive, None is no condition."""

    first: date | None = None
    last: date | None = None
    topic: str | None = None
    """A topic; its case does not matter."""
    story: str | None = None
    """The story's id, or that of a story which it absorbed."""
    published_only: bool = False


def select_records(lake: Lake, choice: RecordChoice, *, agreements: Collection[str] = ()) -> list[Row]:
    """The chosen rows of `articles` with their `published_date`, ordered by time of publication and webUrl.

    Excerpts and pictures that publishers refuse are left out, except those of the registered domains in `agreements`.
    """
    conditions: dict[str, tuple[str, object]] = {
        "first": ("published_date >= $first", choice.first),
        "last": ("published_date <= $last", choice.last),
        "topic": ("list_contains(list_transform(topics, lambda t: lower(t)), lower($topic))", choice.topic),
        "story": (f"webUrl in (select webUrl from lake.explain where {OF_STORY})", choice.story),
    }
    wanted = {name: (text, value) for name, (text, value) in conditions.items() if value is not None}
    where = " and ".join([*(text for text, _ in wanted.values()), "published" if choice.published_only else "true"])
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    query = f"select {columns} from articles where {where} order by publishedDateTime, webUrl"
    parameters = {name: value for name, (_, value) in wanted.items()}
    with open_database(lake) as connection:
        records = rows_of(run_query(connection, query, parameters=parameters))
        refused = _refusals(connection, agreements)
    return [permitted_record(record, refused) for record in records]


def newest_date(lake: Lake) -> date | None:
    """The newest published date; None for a lake without any."""
    dates = lake.published_dates()
    return dates[-1] if dates else None


def _refusals(connection: duckdb.DuckDBPyConnection, agreements: Collection[str]) -> dict[str, list[str]]:
    rows = run_query(connection, "select webUrl, providerDomain, refused from extracted where len(refused) > 0").to_pylist()
    return {row["webUrl"]: row["refused"] for row in rows if row["providerDomain"] not in agreements}
