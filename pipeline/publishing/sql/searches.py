"""Looks up records by words, and all rows of a URL in all tables. Returns rows of the tables and views."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.publishing.lookup import Row
from pipeline.publishing.sql.database import RowsNaming, open_database, open_tables, rows_naming, run_query
from pipeline.publishing.sql.table_files import table_files
from pipeline.text.urls import canonical_url

SPACED_SCRIPT = re.compile(r"[\u0000-\u10ff]+")
"""A word in a script that puts spaces between words; words in other scripts are also found inside of longer ones."""
EDGE = r"(^|$|[^\pL\pN])"
"""The beginning or end of a word, as RE2 writes it."""
FOUND_COLUMNS = (
    *("published_date", "webUrl", "title", "excerpt", "publishedDateTime", "providerName", "providerDomain", "topics"),
    *("quality", "heat", "published", "storyId", "language"),
)
VERSION_COLUMNS = (
    *("originalUrl", "webUrl", "title", "publishedDateTime", "publishedPrecision", "modifiedDateTime", "sourceId", "via", "capturedAt"),
    *("captureFile", "captureOffset", "payloadDigest", "vanishedAt", "movedTo"),
)


def search_records(
    lake: Lake,
    words: Sequence[str],
    *,
    days: int | None = None,
    topic: str | None = None,
    published_only: bool = False,
    limit: int = 20,
    columns: Sequence[str] = FOUND_COLUMNS,
) -> list[Row]:
    """The records that have all `words` in title, excerpt or text, whole words in any case and without accents; `columns` of `pages`.

    Those with all words in the title come first, then the hottest. A word with spaces is a phrase. `foundIn` names the first of title,
    excerpt and text that has all words; it is `together` when only all three together have them. With `days` only that many of the newest
    published dates are searched.
    """
    words = [word for word in words if word.strip()]
    if not words:
        return []
    places = {place: " and ".join(_has(place, number) for number in range(len(words))) for place in ("title", "excerpt", "text")}
    anywhere = " and ".join(f"({' or '.join(_has(place, number) for place in places)})" for number in range(len(words)))
    kept = [anywhere]
    if days is not None:
        kept.append("published_date > (select max(published_date) from lake.articles) - cast($days as integer)")
    if topic is not None:
        kept.append("list_contains(list_transform(topics, lambda t: lower(t)), lower($topic))")
    if published_only:
        kept.append("published")
    found_in = " ".join(f"when {every} then '{place}'" for place, every in places.items())
    query = f"""
        select {", ".join(columns)}, case {found_in} else 'together' end as foundIn
        from pages where {" and ".join(kept)}
        order by (foundIn = 'title') desc, heat desc, publishedDateTime desc, webUrl limit {int(limit)}"""
    parameters: dict[str, object] = {}
    parameters |= {"days": days} if days is not None else {}
    parameters |= {"topic": topic} if topic is not None else {}
    with open_database(lake) as connection:
        for number, word in enumerate(words):
            plain = run_query(connection, "select strip_accents(lower($word)) as word", parameters={"word": word})["word"][0].as_py()
            parameters[f"word{number}"] = _pattern(plain)
        return rows_of(run_query(connection, query, parameters=parameters))


def _has(place: str, number: int) -> str:
    return f"coalesce(regexp_matches(strip_accents(lower({place})), $word{number}), false)"


def _pattern(word: str) -> str:
    """A regular expression (RE2) for the word or phrase; a blank in it matches any blanks."""
    escaped = r"\s+".join(re.escape(part) for part in word.split())
    return f"{EDGE}{escaped}{EDGE}" if SPACED_SCRIPT.fullmatch(word) else escaped


@dataclass(frozen=True, slots=True)
class UrlHistory:
    """All rows of a URL: each time it was seen, each version of its page, its records.

    `seen` has rows of the view `ledger`, the oldest first; `versions` VERSION_COLUMNS of `lake.extracted`; `records` rows of `pages`
    without text.
    """

    url: str
    addresses: tuple[str, ...]
    """The URL, and the other URLs of its page."""
    seen: list[Row]
    versions: list[Row]
    records: list[Row]


URL_COLUMNS = {"extracted": ("webUrl", "originalUrl"), "ledger": ("url",), "articles": ("webUrl",), "explain": ("webUrl",)}
"""The columns of a table that name a page."""


def _date_folder(path: str) -> str:
    return path.split("/")[1]


def url_history(lake: Lake, url: str, *, paths: Mapping[str, Sequence[str]] | None = None) -> UrlHistory:
    """All rows of `url` and of the other URLs of its page. Raises ValueError when `url` is no URL.

    With `paths` only these files of each table are searched (`database.open_tables`). Each file is opened once for the columns with
    URLs, those of `explain` not at all: it has the same records as `articles`. Only the files that name the page are read by the queries.
    """
    known = {url, canonical_url(url)}
    files = {name: table_files(lake, name).paths if paths is None else tuple(paths.get(name, ())) for name in URL_COLUMNS}

    def rows_with(table: str, urls: Collection[str]) -> pa.Table:
        return rows_naming(lake, table, files[table], RowsNaming(URL_COLUMNS, frozenset(urls)))

    named = rows_with("extracted", known)
    addresses = sorted(known.union(*(named[column].to_pylist() for column in URL_COLUMNS["extracted"])))
    if len(addresses) > len(known):
        named = rows_with("extracted", addresses)
    found = {"extracted": named, "ledger": rows_with("ledger", addresses), "articles": rows_with("articles", addresses)}
    pruned = {name: sorted(set(table["path"].to_pylist())) for name, table in found.items()}
    dates = {_date_folder(path) for path in pruned["articles"]}
    pruned["explain"] = [path for path in files["explain"] if _date_folder(path) in dates]
    naming = RowsNaming(URL_COLUMNS, frozenset(addresses))
    with open_tables(lake, pruned, naming=naming, views=("articles", "pages", "ledger")) as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            return rows_of(run_query(connection, query, parameters={"urls": addresses}))

        columns = ", ".join(VERSION_COLUMNS)
        return UrlHistory(
            url=url,
            addresses=(url, *(address for address in addresses if address != url)),
            seen=rows('select * exclude (interval) from ledger where list_contains($urls, url) order by hour, "at", kind, url'),
            versions=rows(
                f"""select {columns} from lake.extracted where list_contains($urls, webUrl)
                order by capturedAt, captureFile, captureOffset, movedTo"""
            ),
            records=rows("select * exclude (text) from pages where list_contains($urls, webUrl) order by published_date"),
        )
