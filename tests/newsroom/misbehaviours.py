"""The ways in which a server can be bad, each named after what it does; `Newsroom.misbehave` puts one at a URL.

Where a page stands at the URL, `Slow`, `Truncated`, `Flaky` and `WrongCharset` spoil that page; where none does, a small one. An
`Exchange` raises `Gone` as soon as the client hangs up or the server closes, so none of them outlives its reader.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tests.newsroom.answers import Answer, Resource, message, redirect

BLOCK_BYTES = 1 << 20


class Gone(Exception):  # noqa: N818 - not an error: the reader left
    """The other side closed the connection, or the server is closing."""


class Exchange(Protocol):
    """One request that waits for its answer."""

    url: str
    number: int
    """1 for the first request to this URL since it misbehaves."""

    def real(self) -> Answer:
        """What a well-behaved server would say."""

    def of(self, resource: Resource) -> Answer:
        """What a well-behaved server would say if `resource` stood here."""

    def begin(self, status: int) -> None:
        """Write the request down as answered with `status`; 0 where no status goes out."""

    def send(self, octets: bytes) -> None: ...

    def pause(self, seconds: float) -> None: ...

    def finish(self, answer: Answer) -> None:
        """`begin` and `send` in one; the connection stays open for the next request."""

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""


class Misbehaviour(Protocol):
    def play(self, exchange: Exchange) -> None:
        """Answer the request, badly. The connection is closed afterwards unless `exchange.finish` was called."""


@dataclass(frozen=True, slots=True)
class Slow:
    """A wait before the first byte, then a byte at a time, headers included."""

    first_byte_s: float = 0.0
    between_bytes_s: float = 0.0

    def play(self, exchange: Exchange) -> None:
        answer = exchange.real().with_headers(connection="close")
        exchange.begin(answer.status)
        exchange.pause(self.first_byte_s)
        if not self.between_bytes_s:
            exchange.send(answer.wire)
            return
        for value in answer.wire:
            exchange.send(bytes([value]))
            exchange.pause(self.between_bytes_s)


@dataclass(frozen=True, slots=True)
class Truncated:
    """Content-Length promises the whole body; the connection closes after `after_bytes` of it."""

    after_bytes: int

    def play(self, exchange: Exchange) -> None:
        answer = exchange.real()
        exchange.begin(answer.status)
        if self.after_bytes >= len(answer.body):
            answer = answer.with_headers(content_length=str(self.after_bytes + 1))
        exchange.send(answer.head + answer.body[: self.after_bytes])


@dataclass(frozen=True, slots=True)
class LastChunkMissing:
    """The whole body in chunks (RFC 9112, section 7.1); the connection closes without the last one, which has no octets."""

    chunk_bytes: int = 100

    def play(self, exchange: Exchange) -> None:
        answer = exchange.real()
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
        exchange.begin(answer.status)
        exchange.send(Answer(answer.status, headers | {"Transfer-Encoding": "chunked", "Connection": "close"}).head)
        for start in range(0, len(answer.body), self.chunk_bytes):
            chunk = answer.body[start : start + self.chunk_bytes]
            exchange.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))


@dataclass(frozen=True, slots=True)
class Endless:
    """A body without length that goes on until the client hangs up."""

    content_type: str = "text/html; charset=utf-8"
    pause_s: float = 0.0
    """Between pieces of 16 KiB."""

    def play(self, exchange: Exchange) -> None:
        head = exchange.of(Resource(b"", self.content_type))
        headers = {name: value for name, value in head.headers.items() if name not in ("Content-Length", "ETag")}
        exchange.begin(200)
        exchange.send(Answer(200, headers | {"Connection": "close"}).head + b"<!doctype html><html><body>\n")
        piece = b"<p>And so on, and so forth.</p>\n" * 512
        while True:
            exchange.send(piece)
            exchange.pause(self.pause_s)


@dataclass(frozen=True, slots=True)
class Status:
    """A bare status; `retry_after` goes out verbatim (seconds or an HTTP-date, RFC 9110, section 10.2.3)."""

    status: int
    retry_after: str | None = None

    def play(self, exchange: Exchange) -> None:
        exchange.finish(exchange.of(message(self.status, headers={"Retry-After": self.retry_after})))


@dataclass(frozen=True, slots=True)
class Flaky:
    """`status` for the first `times` requests, then the page itself."""

    times: int = 1
    status: int = 503

    def play(self, exchange: Exchange) -> None:
        failing = exchange.number <= self.times
        exchange.finish(exchange.of(message(self.status)) if failing else exchange.real())


@dataclass(frozen=True, slots=True)
class WrongCharset:
    """The Content-Type header declares a charset that the bytes are not in."""

    declared: str

    def play(self, exchange: Exchange) -> None:
        answer = exchange.real()
        media_type = answer.headers.get("Content-Type", "text/html").partition(";")[0]
        exchange.finish(answer.with_headers(content_type=f"{media_type}; charset={self.declared}"))


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """A redirect to any URL, absolute or relative; sent verbatim."""

    url: str
    status: int = 302

    def play(self, exchange: Exchange) -> None:
        exchange.finish(exchange.of(redirect(self.url, status=self.status)))


@dataclass(frozen=True, slots=True)
class RawLocation:
    """A redirect whose Location header holds these octets."""

    location: bytes

    def play(self, exchange: Exchange) -> None:
        exchange.begin(302)
        exchange.send(b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + self.location + b"\r\n\r\n")


@dataclass(frozen=True, slots=True)
class Interim:
    """Interim answers (RFC 9110, section 15.2) before the final one: 103 Early Hints with a link, others bare."""

    statuses: tuple[int, ...] = (103,)

    def play(self, exchange: Exchange) -> None:
        answer = exchange.real().with_headers(connection="close")
        exchange.begin(answer.status)
        for status in self.statuses:
            link = b"Link: </style.css>; rel=preload\r\n" if status == 103 else b""
            exchange.send(f"HTTP/1.1 {status} Interim\r\n".encode() + link + b"\r\n")
        exchange.send(answer.wire)


@dataclass(frozen=True, slots=True)
class RedirectLoop:
    """A redirect to itself."""

    def play(self, exchange: Exchange) -> None:
        exchange.finish(exchange.of(redirect(exchange.url, status=302)))


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset without an answer."""

    def play(self, exchange: Exchange) -> None:
        exchange.begin(0)
        exchange.reset()


@dataclass(frozen=True, slots=True)
class GzipBomb:
    """A small gzip body that decodes to `decoded_bytes` blanks: a thousandth of them goes over the wire."""

    decoded_bytes: int
    content_type: str = "text/html; charset=utf-8"

    def play(self, exchange: Exchange) -> None:
        coding = {"Content-Encoding": "gzip", "Content-Length": None, "ETag": None, "Connection": "close"}
        exchange.begin(200)
        exchange.send(exchange.of(Resource(b"", self.content_type, headers=coding)).head)
        for piece in _blanks(self.decoded_bytes):
            exchange.send(piece)


@dataclass(frozen=True, slots=True)
class HugeHeaders:
    """A header section far beyond what any client should take."""

    lines: int = 1000
    line_bytes: int = 1000

    def play(self, exchange: Exchange) -> None:
        exchange.begin(200)
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n")
        for number in range(self.lines):
            name = f"X-Filler-{number}: ".encode()
            exchange.send(name + b"x" * max(0, self.line_bytes - len(name) - 2) + b"\r\n")
        exchange.send(b"Content-Length: 0\r\n\r\n")


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that are not HTTP."""

    def play(self, exchange: Exchange) -> None:
        exchange.begin(0)
        exchange.send(b"\x00\x16\x03 220 this is no web server\r\n\xff\xfe\xfd\r\n\r\n")


def _blanks(decoded_bytes: int) -> Iterator[bytes]:
    """A gzip file (RFC 1952) of blanks, piece by piece: one deflated block, repeated, costs nothing to make."""
    check = 0
    blank = b" " * BLOCK_BYTES
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    for _ in range(decoded_bytes // BLOCK_BYTES):
        yield block
        check = zlib.crc32(blank, check)
    rest = b" " * (decoded_bytes % BLOCK_BYTES)
    tail = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    yield tail.compress(rest) + tail.flush()
    yield zlib.crc32(rest, check).to_bytes(4, "little") + (decoded_bytes % (1 << 32)).to_bytes(4, "little")
