"""One part's captures, rows and manifest without an erased provider, every other byte where it was.

A record that goes is overwritten, in a new copy of the file that replaces the old one, by a gzip member of the same length that holds an
empty record. So no offset changes: manifests, rows, ledgers, revisits of other hours and sealed parts that name a place stay right, and
between any two writes the part can be read. The manifest is written last: as long as it names the provider, the part is not done.
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
from pipeline.lake.erasures import Erased
from pipeline.lake.manifests import FeedState, Manifest, PageCapture, count_outcomes, to_json
from pipeline.lake.row_marks import digests_by_date, replace_rows
from pipeline.lake.scratch_folders import scratch_folder
from pipeline.lake.storage import Lake, Mark
from pipeline.lake.warc import read_records

EMPTY = b"WARC/1.1\r\nWARC-Type: metadata\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
"""What stands where a record was."""
CHUNK = 1 << 20
OF_PAGES = frozenset({"page", "image", "amp"})
_LOCATION = re.compile(rb"(?im)^location:[ \t]*(\S+)")


@dataclass(frozen=True, slots=True)
class Traces:
    """What of a part, by its manifest, is an erased provider's."""

    pages: tuple[PageCapture, ...]
    outcomes: tuple[Outcome, ...]
    listings: frozenset[str]
    """Feeds and sitemaps, of whomever, that list its pages: they tell titles and beginnings."""
    probes: frozenset[str]
    """Addresses of its pages' pictures and AMP pages, wherever they lie."""
    is_named: bool


def traces_of(manifest: Manifest, erased: Erased) -> Traces:
    pages = tuple(page for page in manifest.pages if _is_theirs(page, erased))
    others = {probe.url for page in manifest.pages if not _is_theirs(page, erased) for probe in _probes(page)}
    probes = frozenset(probe.url for page in pages for probe in _probes(page)) - others
    outcomes = tuple(one for one in manifest.outcomes if erased.names(one.url) or (one.kind in OF_PAGES and one.url in probes))
    ways = [way for one in outcomes for way in one.listed_by] + [page.entry.listing for page in pages if page.entry.listing is not None]
    feeds = any(erased.names(state.url) or any(erased.holds(one.entry.url) for one in state.pending) for state in manifest.feeds)
    listed = any(erased.names(way) for one in manifest.outcomes for way in one.listed_by)
    is_named = bool(pages or outcomes or feeds or listed or any(erased.holds(page.url) for page in manifest.gone))
    return Traces(pages, outcomes, frozenset(ways), probes, is_named)


def scrub_part(lake: Lake, part: Part, manifest: Manifest, erased: Erased, marks: Sequence[Mark]) -> None:
    """Take the provider out of the part; `marks` are the part's. Called again after a kill, it ends in the same bytes."""
    traces = traces_of(manifest, erased)
    cleared = _scrub_captures(lake, storage.captures_path(part), traces, erased)
    _scrub_extracted(lake, part, erased, cleared, marks)
    _scrub_ledger(lake, storage.ledger_path(part), traces, erased, cleared)
    digest = manifest.captures_sha256
    if lake.exists(storage.captures_path(part)):
        with lake.open(storage.captures_path(part)) as file:
            digest = _digest_of(file)
    lake.write_bytes(storage.manifest_path(part), to_json(_scrubbed(manifest, traces, erased, cleared, digest)))


def is_theirs(row: Mapping[str, Any], erased: Erased) -> bool:
    """Whether a row of `extracted` or `articles` is the provider's."""
    return erased.holds(row["webUrl"]) or erased.holds(row["originalUrl"])


def filler(length: int) -> bytes:
    """A gzip member of `length` octets that holds an empty record; the room is taken by a comment (RFC 1952, section 2.3.1).

    Raises ValueError when `length` is too small for one, which no record's is.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(EMPTY) + packer.flush()
    tail = struct.pack("<II", zlib.crc32(EMPTY), len(EMPTY))
    room = length - 10 - 1 - len(body) - len(tail)
    if room < 0:
        raise ValueError(f"{length} octets are too few for a record")
    head = b"\x1f\x8b\x08\x10\x00\x00\x00\x00\x00\xff"  # a comment follows, no time, unknown system
    return head + b" " * room + b"\x00" + body + tail


def _scrub_captures(lake: Lake, path: str, traces: Traces, erased: Erased) -> frozenset[int]:
    """Overwrite the provider's records; the offsets where records went, now or in an earlier call."""
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


def _places(file: BinaryIO, traces: Traces, erased: Erased, offsets: Collection[int]) -> tuple[list[tuple[int, int]], set[int], int]:
    """Where records lie that are to go, as [start, end); the offsets of those that went before; the file's size."""
    found: list[tuple[int, bool]] = []
    cleared: set[int] = set()
    last: tuple[str | None, bool] = (None, False)
    for record in read_records(file, max_body_bytes=1 << 16):
        goes = (
            record.offset in offsets
            or erased.names(record.url)
            or record.url in traces.listings
            or (record.type == "request" and last == (record.url, True))
            or _leads_there(record.block, erased)
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


def _leads_there(block: bytes, erased: Erased) -> bool:
    """Whether an answer redirects to the provider."""
    match = _LOCATION.search(block.partition(b"\r\n\r\n")[0])
    return match is not None and erased.names(match[1].decode("utf-8", errors="replace"))


def _copy(file: BinaryIO, copy: BinaryIO, places: Iterable[tuple[int, int]], size: int) -> None:
    position = 0
    for start, end in [*places, (size, size)]:
        file.seek(position)
        while position < start:
            data = file.read(min(CHUNK, start - position))
            copy.write(data)
            position += len(data)
        if end > start:
            copy.write(filler(end - start))
        position = end


def _scrub_extracted(lake: Lake, part: Part, erased: Erased, cleared: Collection[int], marks: Sequence[Mark]) -> None:
    """Take the provider's rows out of `extracted`; `cleared` are the offsets of its records, `marks` the part's."""
    path = storage.extracted_path(part)
    if not lake.exists(path):
        return
    table = lake.read_table(path)
    rows = table.to_pylist()
    captures = storage.captures_path(part)
    kept = [not is_theirs(row, erased) and not (row["captureFile"] == captures and row["captureOffset"] in cleared) for row in rows]
    rest = table.filter(pa.array(kept, pa.bool_()))
    replace_rows(lake, part, None if all(kept) else rest, old={mark.path for mark in marks}, new=digests_by_date(rest))


def _scrub_ledger(lake: Lake, path: str, traces: Traces, erased: Erased, cleared: Collection[int]) -> None:
    if not lake.exists(path):
        return
    table = lake.read_table(path)
    rows = []
    for row in table.to_pylist():
        if erased.names(row["url"]) or (row["kind"] in OF_PAGES and (row["url"] in traces.probes or row["offset"] in cleared)):
            continue
        listed_by = [way for way in row["listedBy"] if not erased.names(way)]
        rows.append({**row, "listedBy": listed_by, "offset": None if row["offset"] in cleared else row["offset"]})
    after = pa.Table.from_pylist(rows, schema=table.schema)
    if not after.equals(table):
        lake.write_table(path, after)


def _scrubbed(manifest: Manifest, traces: Traces, erased: Erased, cleared: Collection[int], digest: str) -> Manifest:
    outcomes = tuple(
        replace(
            one,
            listed_by=tuple(way for way in one.listed_by if not erased.names(way)),
            offset=None if one.offset in cleared else one.offset,
        )
        for one in manifest.outcomes
        if not erased.names(one.url) and not (one.kind in OF_PAGES and (one.url in traces.probes or one.offset in cleared))
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


def _page(page: PageCapture, erased: Erased, cleared: Collection[int]) -> PageCapture:
    """Another's page, without what leads to the provider."""
    entry = replace(page.entry, listing=None) if erased.names(page.entry.listing) else page.entry
    images = tuple(probe for probe in page.images if not erased.names(probe.url) and probe.offset not in cleared)
    amp = page.amp if page.amp is None or not (erased.names(page.amp.url) or page.amp.offset in cleared) else None
    return replace(page, entry=entry, images=images, amp=amp)


def _feed(state: FeedState, erased: Erased) -> FeedState:
    pending = tuple(one for one in state.pending if not erased.holds(one.entry.url))
    return replace(state, pending=pending, moved_to=None if erased.names(state.moved_to) else state.moved_to)


def _is_theirs(page: PageCapture, erased: Erased) -> bool:
    return erased.holds(page.entry.url) or erased.names(page.entry.snapshot)


def _probes(page: PageCapture) -> tuple[Any, ...]:
    return (*page.images, *((page.amp,) if page.amp is not None else ()))


def _digest_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while data := file.read(CHUNK):
        digest.update(data)
    return digest.hexdigest()
