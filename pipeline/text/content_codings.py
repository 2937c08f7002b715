"""Removes content codings (gzip, deflate, brotli, zstd) from a body within a bound, alike for live answers and WARC records. Pure.

Servers and archives break the rules: they encode twice, name a coding that the body does not have, or do not name the one it has.
"""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable, Sequence
from typing import Protocol

import brotli
from zlib_ng import zlib_ng

if sys.version_info >= (3, 14):  # the standard library has it from here on
    from compression import zstd
else:
    from backports import zstd

STEP = 1 << 16
"""Bytes that are decoded at a time, so that the bound is checked often. A plain choice."""
MAX_WINDOW = 8 * 1024 * 1024
"""RFC 9659: a zstd content coding uses no larger window, so that decoding needs no more memory."""
MAX_CODINGS = 4
"""Codings that are removed from one body. A plain choice: more are an attack."""
GZIP_START = b"\x1f\x8b\x08"
"""RFC 1952, section 2.3.1: the two magic octets and the only method, deflate."""
ZSTD_START = b"\x28\xb5\x2f\xfd"
_PLAIN_STARTS = (b"<", b"{", b"[", b"\xef\xbb\xbf")


def codings_of(header: str | None) -> tuple[str, ...]:
    """The codings of a Content-Encoding header in the order in which they were applied."""
    return tuple(coding for part in (header or "").lower().split(",") if (coding := part.strip()) and coding != "identity")


def decode(data: bytes, codings: Sequence[str], *, limit: int, is_text: bool = False) -> bytes:
    """`data` without its `codings`, at most `limit` bytes of it; from data that was cut, as much as it holds.

    A coding that is unknown, or that `data` does not have although it is named, counts as not applied. From text (`is_text`) gzip is
    removed even if no coding names it. Raises ValueError for broken data.
    """
    if len(codings) > MAX_CODINGS:
        raise ValueError(f"more than {MAX_CODINGS} content codings")
    for coding in reversed(codings):
        data = _DECODERS[coding](data, limit) if coding in _DECODERS else data[:limit]
    for _ in range(MAX_CODINGS - len(codings)):
        unpacked = _unnamed_gzip(data, limit) if is_text and data.startswith(GZIP_START) else b""
        if not unpacked:
            break
        data = unpacked
    return data


class _Decompressor(Protocol):
    eof: bool
    unconsumed_tail: bytes
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _from_gzip(data: bytes, limit: int) -> bytes:
    """The content of all members of a gzip file (RFC 1952, section 2.2); octets after the last member are left out."""
    if not data.startswith(GZIP_START):
        return data[:limit]
    output = bytearray()
    while data.startswith(GZIP_START) and len(output) < limit:
        member = zlib_ng.decompressobj(zlib.MAX_WBITS | 16)
        output += _inflated(member, data, limit - len(output))
        data = member.unused_data if member.eof else b""
    return bytes(output)


def _unnamed_gzip(data: bytes, limit: int) -> bytes:
    """What `data`, which begins like gzip, unpacks to; nothing where it is something else."""
    try:
        return _from_gzip(data, limit)
    except ValueError:
        return b""


def _from_deflate(data: bytes, limit: int) -> bytes:
    """RFC 9110, section 8.4.1.2: deflate within zlib's format; some servers send it bare."""
    try:
        return _inflated(zlib_ng.decompressobj(zlib.MAX_WBITS), data, limit)
    except ValueError:
        if data.lstrip().startswith(_PLAIN_STARTS):
            return data[:limit]
        return _inflated(zlib_ng.decompressobj(-zlib.MAX_WBITS), data, limit)


def _inflated(decompressor: _Decompressor, data: bytes, limit: int) -> bytes:
    try:
        return decompressor.decompress(data, max(limit, 1))[:limit]
    except (zlib.error, zlib_ng.error) as error:  # type: ignore[misc]
        raise ValueError(f"broken gzip or deflate: {error}") from error


def _from_brotli(data: bytes, limit: int) -> bytes:
    """Brotli (RFC 7932) has no magic octets: data that it cannot decode and that begins like text counts as not encoded."""
    decoder = brotli.Decompressor()
    output = bytearray()
    try:
        output += decoder.process(data, output_buffer_limit=STEP)
        while len(output) < limit and not decoder.is_finished():
            more = decoder.process(b"", output_buffer_limit=STEP)
            if not more and decoder.can_accept_more_data():
                break  # the data ends before its stream does
            output += more
    except brotli.error as error:
        if data.lstrip().startswith(_PLAIN_STARTS):
            return data[:limit]
        raise ValueError(f"broken brotli: {error}") from error
    return bytes(output[:limit])


def _from_zstd(data: bytes, limit: int) -> bytes:
    if not data.startswith(ZSTD_START) and data.lstrip().startswith(_PLAIN_STARTS):
        return data[:limit]
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW.bit_length() - 1}
    output = bytearray()
    try:
        with zstd.ZstdFile(io.BytesIO(data), options=options) as file:
            while len(output) < limit and (chunk := file.read1(STEP)):
                output += chunk
    except EOFError:
        pass  # the data ends before its stream does: the decoded part is kept
    except (zstd.ZstdError, OSError) as error:
        raise ValueError(f"broken zstd: {error}") from error
    return bytes(output[:limit])


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _from_gzip,
    "x-gzip": _from_gzip,
    "deflate": _from_deflate,
    "br": _from_brotli,
    "zstd": _from_zstd,
}
