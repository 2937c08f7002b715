"""Turns articles and outcomes into Arrow tables and checks each against its schema in `pipeline.core.schema`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipeline.core import schema
from pipeline.core.errors import SchemaError
from pipeline.core.models import Article, Image, Outcome
from pipeline.core.rights import Rights


def extracted_table(articles: Iterable[Article], *, marked: Iterable[Mapping[str, Any]] = ()) -> pa.Table:
    """One row per article, ordered by publication time (undated last), then by web and original URL.

    `marked` are finished rows of the same schema: tombstones of pages that are gone or were published on another date.
    """
    rows: list[Mapping[str, Any]] = [*(_extracted_row(article) for article in articles), *marked]
    far = max((row["publishedDateTime"] for row in rows if row["publishedDateTime"] is not None), default=None)
    rows.sort(key=lambda row: (row["publishedDateTime"] is None, row["publishedDateTime"] or far, row["webUrl"], row["originalUrl"]))
    return checked_table(rows, schema.EXTRACTED, name="extracted")


def ledger_table(outcomes: Iterable[Outcome], *, capture_file: str) -> pa.Table:
    """One row per outcome, in the given order; `capture_file` is the path of the WARC file that the part's exchanges are in."""
    return checked_table([_ledger_row(outcome, capture_file) for outcome in outcomes], schema.LEDGER, name="ledger")


def checked_table(rows: Sequence[Mapping[str, Any]], contract: pa.Schema, *, name: str) -> pa.Table:
    """A table of `rows`, whose keys are the schema's columns. Raises SchemaError, naming the table `name`, when a row does not fit.

    A missing key is an error, because Arrow would write null for it: a new column would stay empty without a word.
    """
    columns = set(contract.names)
    for row in rows:
        if missing := columns - row.keys():
            raise SchemaError(f"{name}: a row has no value for {', '.join(sorted(missing))}, not even None")
    try:
        table = pa.Table.from_pylist(list(rows), schema=contract)
    except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError) as error:
        raise SchemaError(f"{name}: {error}") from error
    return schema.check_table(table, contract, name=name)


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of `table`, whose times are in UTC, as `Table.to_pylist` would give them.

    `to_pylist` imports pandas for a time with a zone, and `Table.cast` imports pyarrow.compute: each takes longer than everything else that
    a look-up of a record does.
    """
    naive = pa.schema([column.with_type(_without_zone(column.type)) for column in table.schema])
    timed = [name for name, before, after in zip(naive.names, table.schema.types, naive.types, strict=True) if before != after]
    columns = [
        pa.chunked_array([chunk.view(field.type) for chunk in column.chunks], field.type)
        for column, field in zip(table.columns, naive, strict=True)
    ]
    rows: list[dict[str, Any]] = pa.Table.from_arrays(columns, schema=naive).to_pylist()
    for row in rows:
        row.update({name: _in_utc(row[name]) for name in timed})
    return rows


def _without_zone(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp(kind.unit)
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_without_zone(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_zone(field.type)) for field in kind])
    return kind


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, list):
        return [_in_utc(one) for one in value]
    if isinstance(value, dict):
        return {name: _in_utc(one) for name, one in value.items()}
    return value


def image_row(image: Image) -> dict[str, Any]:
    """The image as a value of the column `images`."""
    return {"url": image.url, "width": image.width, "height": image.height, "isCached": image.is_cached}


def _extracted_row(article: Article) -> dict[str, Any]:
    return {
        "originalUrl": article.original_url,
        "webUrl": article.web_url,
        "title": article.title,
        "excerpt": article.excerpt,
        "text": article.text,
        "authors": list(article.authors),
        "publishedDateTime": article.published.value if article.published else None,
        "publishedPrecision": article.published.precision if article.published else None,
        "publishedLocalDate": article.published.local_day if article.published else None,
        "publishedOffset": _minutes(article.published.offset) if article.published else None,
        "modifiedDateTime": article.modified,
        "language": article.language,
        "providerName": article.provider_name,
        "providerDomain": article.provider_domain,
        "images": [image_row(image) for image in article.images],
        "ampWebUrl": article.amp_web_url,
        "type": article.type,
        "keywords": list(article.keywords),
        "isAccessibleForFree": article.is_accessible_for_free,
        "sourceId": article.source_id,
        "via": article.via,
        "capturedAt": article.capture.at,
        "captureFile": article.capture.file,
        "captureOffset": article.capture.offset,
        "payloadDigest": article.payload_digest,
        "vanishedAt": None,
        "movedTo": None,
        "imageFile": article.image_file,
        "provenance": sorted(article.provenance.items()),
        "alternatives": sorted(article.alternatives.items()),
        "rights": rights_row(article.rights),
        "confidence": asdict(article.confidence),
    }


def rights_row(rights: Rights | None) -> dict[str, Any] | None:
    """The rights as a value of the column `rights`; None without rights."""
    if rights is None:
        return None
    wishes = [{"wish": wish.wish, "value": wish.value, "place": wish.place, "at": wish.at} for wish in rights.wishes]
    return {"tdm": rights.tdm, "tdmPolicy": rights.tdm_policy, "license": rights.license, "wishes": wishes}


def _minutes(offset: timedelta | None) -> int | None:
    return None if offset is None else int(offset.total_seconds()) // 60


def _ledger_row(outcome: Outcome, capture_file: str) -> dict[str, Any]:
    return {
        "url": outcome.url,
        "kind": outcome.kind,
        "outcome": outcome.verdict,
        "reason": outcome.reason,
        "sourceId": outcome.source_id,
        "via": outcome.via,
        "listedBy": list(outcome.listed_by),
        "status": outcome.status,
        "bytes": outcome.bytes,
        "offset": outcome.offset,
        "at": outcome.at,
        "captureFile": capture_file if outcome.offset is not None else None,
    }
