"""Content codings that warcio decodes without a bound or not at all: brotli (RFC 7932) and zstd (RFC 8878). Pure."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import brotli

if sys.version_info >= (3, 14):  # the standard library has it from here on
    from compression import zstd
else:
    from backports import zstd

CODINGS = frozenset({"br", "zstd"})
STEP = 1 << 16
MAX_WINDOW = 8 * 1024 * 1024
"""RFC 9659: a zstd content coding uses no larger window, so that decoding needs no more memory."""


def codings_of(header: str | None) -> tuple[str, ...]:
    """The codings of a Content-Encoding header in the order in which they were applied."""
    return tuple(coding for part in (header or "").lower().split(",") if (coding := part.strip()) and coding != "identity")


def decode(data: bytes, codings: Sequence[str], *, limit: int) -> bytes:
    """`data` without its `codings` (of `CODINGS`), at most `limit` bytes of it. Raises ValueError for what is not so coded."""
    for coding in reversed(codings):
        data = _from_brotli(data, limit) if coding == "br" else _from_zstd(data, limit)
    return data


def _from_brotli(data: bytes, limit: int) -> bytes:
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
        raise ValueError(f"broken brotli: {error}") from error
    return bytes(output[:limit])


def _from_zstd(data: bytes, limit: int) -> bytes:
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW.bit_length() - 1}
    output = bytearray()
    try:
        with zstd.ZstdFile(io.BytesIO(data), options=options) as file:
            while len(output) < limit and (chunk := file.read1(STEP)):
                output += chunk
    except EOFError:
        pass  # the data ends before its stream does: what came is kept
    except (zstd.ZstdError, OSError) as error:
        raise ValueError(f"broken zstd: {error}") from error
    return bytes(output[:limit])
