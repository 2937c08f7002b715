"""Remove an erased provider from the captures, rows, ledger and manifest of one part; every other record keeps its offset.

A removed record is overwritten by a gzip member of the same length that holds an empty WARC record, in a new copy of the file that replaces
the old one. No offset changes, so everything that names one (manifests, rows, ledgers, revisits of other hours, sealed values) stays valid,
and the part can be read between any two writes. The manifest is written last: while it names the provider, the part is not finished.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import pyarrow as pa

from pipeline.core.models import Outcome, Part
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_records
from pipeline.lake.manifests import FeedState, Manifest, PageCapture, count_outcomes, to_json
from pipeline.lake.removals.erasures import ErasedDomains
from pipeline.lake.row_marks import digests_by_date, replace_rows
from pipeline.lake.scratch_folders import scratch_folder
from pipeline.lake.storage import Lake, Mark

EMPTY = b"WARC/1.1\r\nWARC-Type: metadata\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
"""The empty WARC record that replaces a removed one."""
CHUNK_BYTES = 1 << 20
"""Bytes copied or hashed at a time, so that memory stays small whatever the size of the captures."""
PAGE_KINDS = frozenset({"page", "image", "amp"})
"""Kinds of outcomes that belong to a page."""
_LOCATION = re.compile(rb"(?im)^location:[ \t]*(\S+)")


@dataclass(frozen=True, slots=True)
class ProviderTraces:
    """What a manifest shows of an erased provider in its part."""

    pages: tuple[PageCapture, ...]
    outcomes: tuple[Outcome, ...]
    listings: frozenset[str]
    """URLs of all feeds and sitemaps that list the provider's pages, whoever serves them: they contain titles and excerpts."""
    probes: frozenset[str]
    """URLs of images and AMP pages of the provider's pages, on any host, that no other page uses."""
    is_named: bool
    """Whether the manifest names the provider anywhere."""


def traces_of(manifest: Manifest, erased: ErasedDomains) -> ProviderTraces:
    """What `manifest` shows of the erased provider: pages, outcomes, listings, image and AMP URLs."""
    pages = tuple(page for page in manifest.pages if _is_theirs(page, erased))
    others = {probe.url for page in manifest.pages if not _is_theirs(page, erased) for probe in _probes(page)}
    probes = frozenset(probe.url for page in pages for probe in _probes(page)) - others
    outcomes = tuple(one for one in manifest.outcomes if erased.names(one.url) or (one.kind in PAGE_KINDS and one.url in probes))
    ways = [way for one in outcomes for way in one.listed_by] + [page.entry.listing for page in pages if page.entry.listing is not None]
    feeds = any(erased.names(state.url) or any(erased.holds(one.entry.url) for one in state.pending) for state in manifest.feeds)
    listed = any(erased.names(way) for one in manifest.outcomes for way in one.listed_by)
    is_named = bool(pages or outcomes or feeds or listed or any(erased.holds(page.url) for page in manifest.gone))
    return ProviderTraces(pages, outcomes, frozenset(ways), probes, is_named)


def redact_part(lake: Lake, part: Part, manifest: Manifest, erased: ErasedDomains, marks: Sequence[Mark]) -> None:
    """Remove the provider from every file of the part; `marks` are those of the part. Repeated after a kill, it gives the same bytes."""
    traces = traces_of(manifest, erased)
    cleared = _scrub_captures(lake, storage.captures_path(part), traces, erased)
    _scrub_extracted(lake, part, erased, cleared, marks)
    _scrub_ledger(lake, storage.ledger_path(part), traces, erased, cleared)
    digest = manifest.captures_sha256
    if lake.exists(storage.captures_path(part)):
        with lake.open(storage.captures_path(part)) as file:
            digest = _digest_of(file)
    lake.write_bytes(storage.manifest_path(part), to_json(_scrubbed(manifest, traces, erased, cleared, digest)))


def is_of_provider(row: Mapping[str, Any], erased: ErasedDomains) -> bool:
    """Whether a row of `extracted` or `articles` is the erased provider's, by its webUrl or originalUrl."""
    return erased.holds(row["webUrl"]) or erased.holds(row["originalUrl"])


def empty_member(length: int) -> bytes:
    """A gzip member of exactly `length` octets with an empty WARC record; a comment (RFC 1952, section 2.3.1) fills the rest.

    Raises ValueError when `length` is too small. No real record is that small.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(EMPTY) + packer.flush()
    tail = struct.pack("<II", zlib.crc32(EMPTY), len(EMPTY))
    room = length - 10 - 1 - len(body) - len(tail)
    if room < 0:
        raise ValueError(f"{length} octets are too few for a gzip member with an empty record")
    head = b"\x1f\x8b\x08\x10\x00\x00\x00\x00\x00\xff"  # a comment follows, no time, unknown system
    return head + b" " * room + b"\x00" + body + tail


def _scrub_captures(lake: Lake, path: str, traces: ProviderTraces, erased: ErasedDomains) -> frozenset[int]:
    """Overwrite the provider's records; returns the offsets of all overwritten records, those of earlier calls included."""
    if not lake.exists(path):
        return frozenset()
    probes = {probe.offset for page in traces.pages for probe in _probes(page) if probe.url in traces.probes and probe.offset is not None}
    offsets = {page.offset for page in traces.pages} | probes
    offsets |= {one.offset for one in traces.outcomes if one.offset is not None}
    with lake.open(path) as file:
        places, cleared, size = _places(file, traces, erased, offsets)
        if places:
            with scratch_folder("erase") as folder:
                with (folder / "captures.warc.gz").open("wb") as copy:
                    _copy(file, copy, places, size)
                lake.write_file(path, folder / "captures.warc.gz")
    return frozenset(cleared | {start for start, _ in places})


def _places(
    file: BinaryIO, traces: ProviderTraces, erased: ErasedDomains, offsets: Collection[int]
) -> tuple[list[tuple[int, int]], set[int], int]:
    """The [start, end) of each record to overwrite, the offsets of those overwritten by earlier calls, and the size of the file."""
    found: list[tuple[int, bool]] = []
    cleared: set[int] = set()
    last: tuple[str | None, bool] = (None, False)
    for record in read_records(file, max_body_bytes=1 << 16):
        goes = (
            record.offset in offsets
            or erased.names(record.url)
            or record.url in traces.listings
            or (record.type == "request" and last == (record.url, True))
            or _redirects_to_provider(record.block, erased)
        )
        if record.type == "metadata" and record.url is None:
            cleared.add(record.offset)
            goes = False
        found.append((record.offset, goes))
        last = (record.url, goes)
    file.seek(0, 2)
    size = file.tell()
    ends = [offset for offset, _ in found[1:]] + [size]
    return [(start, end) for (start, goes), end in zip(found, ends, strict=True) if goes], cleared, size


def _redirects_to_provider(block: bytes, erased: ErasedDomains) -> bool:
    """Whether the Location header of an answer names the provider."""
    match = _LOCATION.search(block.partition(b"\r\n\r\n")[0])
    return match is not None and erased.names(match[1].decode("utf-8", errors="replace"))


def _copy(file: BinaryIO, copy: BinaryIO, places: Iterable[tuple[int, int]], size: int) -> None:
    position = 0
    for start, end in [*places, (size, size)]:
        file.seek(position)
        while position < start:
            data = file.read(min(CHUNK_BYTES, start - position))
            copy.write(data)
            position += len(data)
        if end > start:
            copy.write(empty_member(end - start))
        position = end


def _scrub_extracted(lake: Lake, part: Part, erased: ErasedDomains, cleared: Collection[int], marks: Sequence[Mark]) -> None:
    """Remove the provider's rows from `extracted`; `cleared` are the offsets of overwritten records, `marks` the marks of the part."""
    path = storage.extracted_path(part)
    if not lake.exists(path):
        return
    table = lake.read_table(path)
    rows = table.to_pylist()
    captures = storage.captures_path(part)
    kept = [not is_of_provider(row, erased) and not (row["captureFile"] == captures and row["captureOffset"] in cleared) for row in rows]
    rest = table.filter(pa.array(kept, pa.bool_()))
    replace_rows(lake, part, None if all(kept) else rest, old={mark.path for mark in marks}, new=digests_by_date(rest))


def _scrub_ledger(lake: Lake, path: str, traces: ProviderTraces, erased: ErasedDomains, cleared: Collection[int]) -> None:
    if not lake.exists(path):
        return
    table = lake.read_table(path)
    rows = []
    for row in table.to_pylist():
        if erased.names(row["url"]) or (row["kind"] in PAGE_KINDS and (row["url"] in traces.probes or row["offset"] in cleared)):
            continue
        listed_by = [way for way in row["listedBy"] if not erased.names(way)]
        place = {"offset": None, "captureFile": None} if row["offset"] in cleared else {}
        rows.append({**row, "listedBy": listed_by, **place})
    after = pa.Table.from_pylist(rows, schema=table.schema)
    if not after.equals(table):
        lake.write_table(path, after)


def _scrubbed(manifest: Manifest, traces: ProviderTraces, erased: ErasedDomains, cleared: Collection[int], digest: str) -> Manifest:
    outcomes = tuple(
        replace(
            one,
            listed_by=tuple(way for way in one.listed_by if not erased.names(way)),
            offset=None if one.offset in cleared else one.offset,
        )
        for one in manifest.outcomes
        if not erased.names(one.url) and not (one.kind in PAGE_KINDS and (one.url in traces.probes or one.offset in cleared))
    )
    pages = tuple(_page(page, erased, cleared) for page in manifest.pages if not _is_theirs(page, erased) and page.offset not in cleared)
    return replace(
        manifest,
        captures_sha256=digest,
        counts=count_outcomes(outcomes),
        feeds=tuple(_feed(state, erased) for state in manifest.feeds if not erased.names(state.url)),
        pages=pages,
        outcomes=outcomes,
        gone=tuple(page for page in manifest.gone if not erased.holds(page.url)),
        declarations=tuple(one for one in manifest.declarations if not erased.names(one.url)),
    )


def _page(page: PageCapture, erased: ErasedDomains, cleared: Collection[int]) -> PageCapture:
    """A page of another provider without its listing, images and AMP page that are the erased provider's."""
    entry = replace(page.entry, listing=None) if erased.names(page.entry.listing) else page.entry
    images = tuple(probe for probe in page.images if not erased.names(probe.url) and probe.offset not in cleared)
    amp = page.amp if page.amp is None or not (erased.names(page.amp.url) or page.amp.offset in cleared) else None
    return replace(page, entry=entry, images=images, amp=amp)


def _feed(state: FeedState, erased: ErasedDomains) -> FeedState:
    pending = tuple(one for one in state.pending if not erased.holds(one.entry.url))
    return replace(state, pending=pending, moved_to=None if erased.names(state.moved_to) else state.moved_to)


def _is_theirs(page: PageCapture, erased: ErasedDomains) -> bool:
    return erased.holds(page.entry.url) or erased.names(page.entry.snapshot)


def _probes(page: PageCapture) -> tuple[Any, ...]:
    return (*page.images, *((page.amp,) if page.amp is not None else ()))


def _digest_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while data := file.read(CHUNK_BYTES):
        digest.update(data)
    return digest.hexdigest()
