"""Brotli and zstd, bounded."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from datetime import UTC, datetime

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.models import Answer, Exchange, Validators
from pipeline.lake.content_codings import CODINGS, codings_of, decode
from pipeline.lake.warc import CaptureWriter, read_records

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACK = {"br": functools.partial(brotli.compress, quality=5), "zstd": zstd.compress}
TEXT = b"Ein Satz, der sich wiederholt. " * 200


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_what_was_coded_is_decoded(coding: str) -> None:
    assert decode(PACK[coding](TEXT), [coding], limit=1_000_000) == TEXT


def test_several_codings_are_undone_last_first() -> None:
    assert decode(brotli.compress(zstd.compress(TEXT)), ["zstd", "br"], limit=1_000_000) == TEXT


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_a_bomb_is_cut_at_the_bound(coding: str) -> None:
    bomb = PACK[coding](bytes(200_000_000))
    assert len(bomb) < 50_000
    assert decode(bomb, [coding], limit=100_001) == bytes(100_001)


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_a_body_that_was_cut_gives_what_came(coding: str) -> None:
    packed = PACK[coding](TEXT + bytes(range(256)) * 40)
    assert TEXT.startswith(decode(packed[: len(packed) // 2], [coding], limit=1_000_000)[:100])


@given(data=st.binary(min_size=1, max_size=200), coding=st.sampled_from(sorted(CODINGS)))
def test_garbage_is_a_value_error_or_some_bytes(data: bytes, coding: str) -> None:
    with contextlib.suppress(ValueError):
        assert len(decode(data, [coding], limit=1_000)) <= 1_000


def test_the_header_names_codings_in_order() -> None:
    assert codings_of(" Zstd , br,identity") == ("zstd", "br")
    assert codings_of(None) == ()


@pytest.mark.parametrize("is_chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_a_coded_capture_is_read_again(coding: str, is_chunked: bool) -> None:
    payload = PACK[coding](TEXT)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}\r\n"
    if is_chunked:
        payload = f"{len(payload):x}\r\n".encode() + payload + b"\r\n0\r\n\r\n"
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
