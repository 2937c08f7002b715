"""Writes and reads WARC/1.1 (ISO 28500:2017); no other module knows the format.

Writes `response`, `revisit` (for a 304, profile server-not-modified) and `request` records whose blocks are the octets of the wire, each
record a gzip member of its own, so that a record can be read at its offset and files can be joined by appending. Record ids are
derived from content, so equal exchanges give equal bytes. Reads WARC and ARC files of any origin through warcio, plain or compressed with
gzip or Zstandard.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from typing import BinaryIO
from uuid import NAMESPACE_URL

from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from zlib_ng import zlib_ng

from pipeline.core.errors import WarcError
from pipeline.core.models import Answer, Exchange, Validators
from pipeline.lake.archives.gzip_members import GZIP, GZIP_ERROR, WarcRecordIterator
from pipeline.lake.archives.zstd_frames import FRAME_START, ZSTD_ERROR, ZstdOctets
from pipeline.text.content_codings import codings_of, decode

NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
SAME_PAYLOAD = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
CHUNK = 1 << 16
"""Bytes read at a time. A plain choice."""
WRITE_BUFFER = 1 << 18
"""Buffer in bytes of a file that `CaptureWriter` writes to. A plain choice: it holds several records."""
LEVEL = 4
"""Compression level of zlib-ng: real pages (147 kB on average) take 3 % more space than at zlib's default 6, and a third of the time."""
SMALL = 1 << 10
"""Records below this size, most requests, are stored uncompressed: a compressor saves 130 bytes and costs a twentieth of a fetch in
`bench/fetch.py`."""
MEMBER_HEAD = 1 << 10
"""Octets of a gzip member that are decompressed to see whether it begins with a WARC record."""
MIN_MEMBER = 1 << 8
"""Octets below which the gzip member of another file is packed again, with more headers: an erasure must fit into its place."""
_STARTS = re.compile(rb"\x1f\x8b\x08|" + re.escape(FRAME_START) + rb"|(?<=\r\n\r\n)(WARC/1\.[01]\r\n)")
TEXT_TYPES = ("text/", "application/xhtml+xml", "application/xml")
"""Content types that are never compressed formats: gzip in such a payload is a content coding that the header does not name."""
_SAYS_WHAT = (ArchiveLoadFailed, EOFError, OSError, zlib.error, GZIP_ERROR, ZSTD_ERROR, zipfile.BadZipFile)
BROKEN = (*_SAYS_WHAT, ValueError, AttributeError, TypeError, KeyError, IndexError)
"""The exceptions that warcio raises for damaged files. The texts of the last five may quote what was read, and are not shown."""


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """One record that was read. `body` is the payload without transfer and content codings, cut at `max_body_bytes`."""

    type: str
    url: str | None
    at: datetime | None
    offset: int
    status: int | None
    content_type: str | None
    body: bytes
    block: bytes
    """HTTP header and payload as stored (a `resource` record has no header), cut like `body`."""
    is_cut: bool = False
    problem: str | None = None
    """Why the record could not be read or decoded, None when it could."""
    member: bytes | None = None
    """The gzip member of this record alone; None when it shares one, has none, or `keep_members` is false."""


class CaptureWriter:
    """Writes exchanges to a binary file that nothing else writes to; `offset` is that of the next record.

    Dozens of threads capture in parallel, and after each call that releases the interpreter's lock a thread waits for all others. So a
    record is compressed by one call, offsets are counted here, and the file should be opened with a large buffer (`WRITE_BUFFER`).
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offset = file.tell()

    @property
    def offset(self) -> int:
        """Offset of the next record."""
        return self._offset

    def write_info(self, *, at: datetime, software: str) -> None:
        """Write the `warcinfo` record that begins a file; `software` is its writer."""
        block = f"software: {software}\r\nformat: WARC File Format 1.1\r\n".encode()
        self._write("warcinfo", None, at, block, "application/warc-fields", [])

    def write_answer(self, answer: Answer) -> int | None:
        """Write all exchanges of `answer`; returns the offset of the last response, None without an exchange."""
        offset = None
        for exchange in answer.exchanges:
            offset = self.write_exchange(exchange)
        return offset

    def write_exchange(self, exchange: Exchange) -> int:
        """Write the response, or a revisit for a 304, and its request; returns the offset of the first."""
        offset = self.offset
        extra = [("WARC-Payload-Digest", _digest(_payload(exchange.response)))]
        kind = "response"
        if exchange.status == 304:
            kind, extra = "revisit", [("WARC-Profile", NOT_MODIFIED)]
        record_id = self._write(kind, exchange.url, exchange.at, exchange.response, "application/http; msgtype=response", extra)
        concurrent = [("WARC-Concurrent-To", record_id)]
        self._write("request", exchange.url, exchange.at, exchange.request, "application/http; msgtype=request", concurrent)
        return offset

    def write_unchanged(self, answer: Answer) -> int | None:
        """Write `answer`, its last response as a `revisit` record because an earlier capture has its payload (ISO 28500, section 6.7.2)."""
        offset = self.write_answer(replace(answer, exchanges=answer.exchanges[:-1]))
        if answer.final is None:
            return offset
        final = answer.final
        offset = self.offset
        head = final.response.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        extra = [("WARC-Profile", SAME_PAYLOAD), ("WARC-Payload-Digest", _digest(_payload(final.response)))]
        record_id = self._write("revisit", final.url, final.at, head, "application/http; msgtype=response", extra)
        concurrent = [("WARC-Concurrent-To", record_id)]
        self._write("request", final.url, final.at, final.request, "application/http; msgtype=request", concurrent)
        return offset

    def write_response(self, url: str, at: datetime, response: bytes, *, source: str) -> int:
        """Write the response for `url` that an archive keeps at the URL `source` (header WARC-Source-URI); returns its offset."""
        offset = self.offset
        extra = [("WARC-Source-URI", source), ("WARC-Payload-Digest", _digest(_payload(response)))]
        self._write("response", url, at, response, "application/http; msgtype=response", extra)
        return offset

    def write_copy(self, record: WarcRecord) -> int:
        """Write a record of another file as `capture_of` packs it; returns its offset here. Raises ValueError as `capture_of` does."""
        return self.write_member(capture_of(record))

    def write_member(self, member: bytes) -> int:
        """Write a record that is a gzip member; returns its offset."""
        offset = self._offset
        self._file.write(member)
        self._offset += len(member)
        return offset

    def _write(self, kind: str, url: str | None, at: datetime, block: bytes, content_type: str, extra: list[tuple[str, str]]) -> str:
        record_id, member = _packed(kind, url, at, block, content_type, extra)
        self.write_member(member)
        return record_id


def packed_copy(record: WarcRecord) -> bytes:
    """A record of another file as a `response` record with the same URL and date: one gzip member, equal for equal records.

    Can run in threads: digests and compression, nearly all of its time, release the interpreter's lock. Raises ValueError for a
    record without URL or date.
    """
    if record.url is None or record.at is None:
        raise ValueError("a record without URL or date cannot be a capture")
    block = record.block
    if record.status is None:  # a `resource` record holds the payload alone: a header is put before it
        block = f"HTTP/1.1 200 OK\r\nContent-Type: {record.content_type}\r\n\r\n".encode() + block
    extra = [("WARC-Payload-Digest", _digest(_payload(block)))]
    return _packed("response", record.url, record.at, block, "application/http; msgtype=response", extra)[1]


def capture_of(record: WarcRecord) -> bytes:
    """A record of another file as a gzip member: its own member unchanged if it has one, else that of `packed_copy`.

    Raises ValueError as `packed_copy` does.
    """
    member = record.member
    if record.type == "response" and member is not None and len(member) >= MIN_MEMBER and _is_member(member[:MEMBER_HEAD]):
        return member
    return packed_copy(record)


def _packed(kind: str, url: str | None, at: datetime, block: bytes, content_type: str, extra: list[tuple[str, str]]) -> tuple[str, bytes]:
    """A record's id and its gzip member."""
    date = f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    digest = _digest(block)  # the digest of the block, without which verifying readers skip the record
    record_id = _urn(f"{kind} {url} {date} {digest}")
    headers = [("WARC-Type", kind), ("WARC-Record-ID", record_id), ("WARC-Date", date)]
    if url is not None:
        headers.append(("WARC-Target-URI", url))
    headers += [*extra, ("WARC-Block-Digest", digest), ("Content-Type", content_type)]
    headers.append(("Content-Length", str(len(block))))
    head = "WARC/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    data = head.encode() + block + b"\r\n\r\n"
    return record_id, zlib_ng.compress(data, LEVEL if len(data) > SMALL else 0, GZIP)


def read_records(file: BinaryIO, *, max_body_bytes: int, keep_members: bool = False) -> Iterator[WarcRecord]:
    """Every record of a WARC or ARC file (gzipped or not), in order, each body cut at `max_body_bytes`.

    With `keep_members` each has its gzip member, unless that is longer than `max_body_bytes`.

    A record that cannot be decoded has a `problem`. Raises WarcError when not even the first record can be read. Damage after it
    gives a record of type `broken`, and reading continues at the next record that can be found.
    """
    seen, last = 0, -1
    keep_bytes = max_body_bytes if keep_members else 0
    archive, offset = WarcRecordIterator(file, keep_bytes=keep_bytes), 0
    is_zstd = isinstance(archive.octets, ZstdOctets)
    while True:
        try:
            offset = archive.offset
            raw = next(archive, None)
            if raw is None:
                archive.verify()
                return
            offset = archive.offset
            record = _read(raw, offset=offset, max_body_bytes=max_body_bytes)
            member = archive.verify()
            record = replace(record, member=member) if keep_members else record
        except BROKEN as error:
            if not seen:
                raise WarcError(f"not a WARC or ARC file: {_in_one_line(error)}") from error
            # a file that is one gzip member has no place to go on from
            following = _next_start(file, offset + 1, is_zstd=is_zstd) if offset > last else None
            problem = f"the {'file breaks off' if following is None else 'record is broken'}: {_in_one_line(error)}"
            yield WarcRecord("broken", None, None, offset, None, None, b"", b"", problem=problem)
            if following is None:
                return
            last = following - 1
            file.seek(following)
            archive = WarcRecordIterator(file, keep_bytes=keep_bytes)
            continue
        seen, last = seen + 1, record.offset
        yield record


def _in_one_line(error: Exception) -> str:
    if not isinstance(error, _SAYS_WHAT):
        return "a header cannot be read"
    return " ".join(ascii(str(error))[1:-1].replace("\\n", " ").split())[:200]


def _next_start(file: BinaryIO, offset: int, *, is_zstd: bool) -> int | None:
    """The next offset from `offset` on at which a gzip member or a frame begins, or a record after two empty lines; None without one.

    A frame begins only in a file of frames, whose four octets may be damage in any other; what follows it is too long to be looked at.
    """
    if not file.seekable():
        return None
    file.seek(offset)
    window, start = b"", offset
    while chunk := file.read(CHUNK):
        window += chunk
        for match in _STARTS.finditer(window):
            if match[1] is not None:
                return start + match.start(1)
            head = window[match.start() : match.start() + MEMBER_HEAD]
            if (is_zstd and head.startswith(FRAME_START)) or _is_member(head):
                return start + match.start()
        kept = min(len(window), MEMBER_HEAD)  # a member that begins at the end of the window is complete in the next one
        start, window = start + len(window) - kept, window[-kept:]
    return None


def _is_member(data: bytes) -> bool:
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, 16).startswith(b"WARC/")
    return False


def read_record_at(file: BinaryIO, offset: int, *, max_body_bytes: int, keep_member: bool = False) -> WarcRecord:
    """The record that starts at `offset`, as `read_records` gives it. Raises WarcError when there is no record."""
    file.seek(offset)
    for record in read_records(file, max_body_bytes=max_body_bytes, keep_members=keep_member):
        return record
    raise WarcError(f"no record begins at offset {offset}")


def validators_of(record: WarcRecord) -> Validators:
    """ETag and Last-Modified of a captured response, for a conditional GET."""
    headers = BytesHeaderParser().parsebytes(record.block.partition(b"\r\n")[2])
    return Validators(etag=headers["ETag"], last_modified=headers["Last-Modified"])


def header_fields(record: WarcRecord, names: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Name and value of the captured answer's header fields in `names` (lower case), in the order of the answer."""
    head = record.block.partition(b"\r\n\r\n")[0].partition(b"\r\n")[2]
    if record.status is None or not any(name.encode() in head.lower() for name in names):
        return ()  # faster than any parser
    fields = BytesHeaderParser().parsebytes(head).items()
    return tuple((name.lower(), str(value).strip()) for name, value in fields if name.lower() in names)


def _read(raw: ArcWarcRecord, *, offset: int, max_body_bytes: int) -> WarcRecord:
    headers = raw.rec_headers
    http = raw.http_headers
    payload = raw.raw_stream.read(max_body_bytes + 1)
    is_cut = len(payload) > max_body_bytes
    while raw.raw_stream.read(CHUNK):  # up to the end of the record, where the next one starts
        continue
    raw.raw_stream = io.BytesIO(payload)
    problem: str | None = None
    body = b""
    try:
        body = _content(raw, payload, limit=max_body_bytes + 1)
        is_cut = is_cut or len(body) > max_body_bytes
    except (zlib.error, OSError, ValueError, EOFError) as error:
        problem = f"the content coding is broken: {error}"
    status = http.get_statuscode() if http is not None else ""
    return WarcRecord(
        type=raw.rec_type or "unknown",
        url=headers.get_header("WARC-Target-URI"),
        at=_moment(headers.get_header("WARC-Date")),
        offset=offset,
        status=int(status) if status.isdigit() else None,
        content_type=http.get_header("Content-Type") if http is not None else raw.content_type,
        body=body[:max_body_bytes],
        block=(http.to_bytes() if http is not None else b"") + payload,
        is_cut=is_cut,
        problem=problem,
    )


def _content(raw: ArcWarcRecord, payload: bytes, *, limit: int) -> bytes:
    """The payload without its transfer and content codings, at most `limit` octets of it. Raises ValueError for a broken coding."""
    http = raw.http_headers
    if http is None:
        return payload[:limit]
    if (http.get_header("Transfer-Encoding") or "").lower() == "chunked":
        payload = _joined_chunks(payload)
    declared = (http.get_header("Content-Type") or "").lower()
    codings = codings_of(http.get_header("Content-Encoding"))
    return decode(payload, codings, limit=limit, is_text=declared.startswith(TEXT_TYPES))


def _joined_chunks(payload: bytes) -> bytes:
    """A chunked payload with its chunks joined; unchanged when it has no chunks, because an archive joined them."""
    reader = ChunkedDataReader(io.BytesIO(payload))
    return b"".join(iter(lambda: bytes(reader.read(CHUNK)), b""))


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _payload(response: bytes) -> bytes:
    """The octets after the header block."""
    return response.partition(b"\r\n\r\n")[2]


def _digest(data: bytes) -> str:
    """A labelled digest as WARC writes it (ISO 28500, section 5.8): SHA-256 in base 32."""
    return f"sha256:{base64.b32encode(hashlib.sha256(data).digest()).decode()}"


def _urn(name: str) -> str:
    """The URN of uuid.uuid5(NAMESPACE_URL, name), RFC 9562, section 5.5; uuid's own classes take over twice as long."""
    octets = bytearray(hashlib.sha1(NAMESPACE_URL.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x50
    octets[8] = octets[8] & 0x3F | 0x80
    text = octets.hex()
    return f"<urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}>"
