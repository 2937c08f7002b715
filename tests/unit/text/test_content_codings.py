"""Content codings, bounded, and as servers and archives get them wrong."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import sys
import zlib
from datetime import UTC, datetime

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.models import Answer, Exchange, Validators
from pipeline.lake.archives.warc import CaptureWriter, read_records
from pipeline.text.content_codings import codings_of, decode

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACK = {
    "br": functools.partial(brotli.compress, quality=5),
    "deflate": zlib.compress,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "zstd": zstd.compress,
}
CODINGS = sorted(PACK)
TEXT = b"Ein Satz, der sich wiederholt. " * 200
HTML = b"<html>" + TEXT


@pytest.mark.parametrize("coding", CODINGS)
def test_what_was_coded_is_decoded(coding: str) -> None:
    assert decode(PACK[coding](TEXT), [coding], limit=1_000_000) == TEXT


def test_several_codings_are_undone_last_first() -> None:
    assert decode(brotli.compress(zstd.compress(TEXT)), ["zstd", "br"], limit=1_000_000) == TEXT
    assert decode(gzip.compress(gzip.compress(TEXT)), ["gzip", "gzip"], limit=1_000_000) == TEXT


def test_deflate_without_the_format_of_zlib_is_decoded() -> None:
    assert decode(bare_deflate(TEXT), ["deflate"], limit=1_000_000) == TEXT


def test_all_members_of_a_gzip_body_are_read() -> None:
    members = b"".join(gzip.compress(TEXT[start : start + 1_000]) for start in range(0, len(TEXT), 1_000))
    assert decode(members + b"\0\0", ["gzip"], limit=1_000_000) == TEXT
    assert decode(members, ["gzip"], limit=1_500) == TEXT[:1_500]


@pytest.mark.parametrize("coding", [*CODINGS, "utf-8"])
def test_a_body_without_the_coding_that_is_named_is_taken_as_it_is(coding: str) -> None:
    assert decode(HTML, [coding], limit=1_000_000) == HTML
    assert decode(HTML, [coding], limit=10) == HTML[:10]


def test_a_body_that_is_coded_less_often_than_is_named_is_read() -> None:
    assert decode(gzip.compress(HTML), ["gzip", "gzip"], limit=1_000_000) == HTML


def test_gzip_that_no_coding_names_is_removed_from_text_alone() -> None:
    packed = gzip.compress(TEXT)
    assert decode(packed, [], limit=1_000_000, is_text=True) == TEXT
    assert decode(gzip.compress(packed), ["gzip"], limit=1_000_000, is_text=True) == TEXT
    assert decode(packed, [], limit=1_000_000) == packed


def test_more_codings_than_any_server_means_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 4"):
        decode(TEXT, ["gzip"] * 5, limit=1_000_000)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_cut_at_the_bound(coding: str) -> None:
    bomb = PACK[coding](bytes(200_000_000))
    assert len(bomb) < 300_000
    assert decode(bomb, [coding], limit=100_001) == bytes(100_001)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_that_was_cut_gives_what_came(coding: str) -> None:
    packed = PACK[coding](TEXT + bytes(range(256)) * 40)
    assert TEXT.startswith(decode(packed[: len(packed) // 2], [coding], limit=1_000_000)[:100])


@given(data=st.binary(min_size=1, max_size=200), coding=st.sampled_from(CODINGS))
def test_garbage_is_a_value_error_or_some_bytes(data: bytes, coding: str) -> None:
    with contextlib.suppress(ValueError):
        assert len(decode(data, [coding], limit=1_000, is_text=True)) <= 1_000


def test_the_header_names_codings_in_order() -> None:
    assert codings_of(" Zstd , br,identity") == ("zstd", "br")
    assert codings_of(None) == ()


@pytest.mark.parametrize("chunks", [0, 1, 7])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_coded_capture_is_read_again(coding: str, chunks: int) -> None:
    payload = PACK[coding](TEXT)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}\r\n"
    if chunks:
        size = len(payload) // chunks + 1
        pieces = [payload[start : start + size] for start in range(0, len(payload), size)]
        payload = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"
        head += "Transfer-Encoding: chunked\r\n"
    at = datetime(2026, 11, 20, tzinfo=UTC)
    octets = head.encode() + b"\r\n" + payload
    exchange = Exchange("https://one.example/", at, 200, "text/html", Validators(), b"GET / HTTP/1.1\r\n\r\n", octets, TEXT)
    file = io.BytesIO()
    CaptureWriter(file).write_answer(Answer(exchange.url, (exchange,)))
    file.seek(0)
    record = next(read_records(file, max_body_bytes=1_000_000))
    assert (record.body, record.problem) == (TEXT, None)
    file.seek(0)
    cut = next(read_records(file, max_body_bytes=1_000))
    assert (len(cut.body), cut.is_cut) == (1_000, True)
