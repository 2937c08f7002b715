"""What a picture's bytes say."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.extraction.images import measure_picture


def picture(format_: str, size: tuple[int, int] = (320, 240), **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (10, 20, 30)).save(buffer, format_, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("format_", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("GIF", "gif")])
def test_a_picture_has_sides_and_an_extension(format_: str, extension: str) -> None:
    assert measure_picture(picture(format_), max_pixels=1_000_000) == (320, 240, extension)


def test_a_turned_photograph_is_measured_as_it_is_shown() -> None:
    exif = Image.Exif()
    exif[274] = 6
    assert measure_picture(picture("JPEG", exif=exif), max_pixels=1_000_000) == (240, 320, "jpg")


def test_a_truncated_picture_still_has_its_header() -> None:
    assert measure_picture(picture("PNG", (900, 700))[:200], max_pixels=1_000_000) == (900, 700, "png")


@pytest.mark.parametrize(
    "data", [b"", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", b"<html>404</html>", b"GIF89a", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_has_no_size(data: bytes) -> None:
    assert measure_picture(data, max_pixels=1_000_000) is None


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    assert measure_picture(bomb, max_pixels=60_000_000) is None


def test_the_limit_is_inclusive() -> None:
    data = picture("PNG", (100, 100))
    assert measure_picture(data, max_pixels=10_000) == (100, 100, "png")
    assert measure_picture(data, max_pixels=9_999) is None


@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]), st.integers(0, 400), st.binary(max_size=30), st.integers(0, 400))
def test_no_broken_picture_raises(format_: str, position: int, noise: bytes, cut: int) -> None:
    data = picture(format_, (64, 48))
    measure_picture((data[:position] + noise + data[position + len(noise) :])[: max(cut, 20)], max_pixels=10**9)
