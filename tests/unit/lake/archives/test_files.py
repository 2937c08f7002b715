"""Archives in every packing give the same records, at their offsets too; traps and what is no archive are refused in plain words."""

from __future__ import annotations

import gzip
import io
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.core.errors import WarcError
from pipeline.core.models import Exchange, Validators
from pipeline.lake.archives.files import open_archive, warc_entries
from pipeline.lake.archives.warc import CaptureWriter, WarcRecord, read_records

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

AT = datetime(2026, 11, 20, 13, 0, 5, tzinfo=UTC)
PAGES = [f"<html><body>{'The harbour bridge is closed. ' * 30}{number}</body></html>".encode() for number in range(12)]
Pack = Callable[[list[bytes]], bytes]


def plain_records(number: int = 0) -> list[bytes]:
    """Records of six pages and their requests, uncompressed, one string each."""
    file = io.BytesIO()
    writer = CaptureWriter(file)
    offsets = []
    for place, body in enumerate(PAGES[6 * number : 6 * number + 6]):
        url = f"https://www.any.example/{number}/{place}"
        response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
        writer.write_exchange(Exchange(url, AT, 200, "text/html", Validators(), b"GET / HTTP/1.1\r\n\r\n", response, body))
        offsets.append(writer.offset)
    octets = file.getvalue()
    begins = [one.offset for one in read_records(io.BytesIO(octets), max_body_bytes=10)]
    return [gzip.decompress(octets[start:end]) for start, end in zip(begins, [*begins[1:], len(octets)], strict=True)]


def gz(records: list[bytes]) -> bytes:
    return b"".join(gzip.compress(one) for one in records)


def zst(records: list[bytes]) -> bytes:
    return b"".join(zstd.compress(one) for one in records)


def zst_with_dictionary(records: list[bytes], *, is_packed: bool = False) -> bytes:
    dictionary = zstd.train_dict([*records] * 4, 4_000)
    content = zstd.compress(dictionary.dict_content) if is_packed else dictionary.dict_content
    frame = b"\x5d\x2a\x4d\x18" + struct.pack("<L", len(content)) + content
    return frame + b"".join(zstd.compress(one, zstd_dict=dictionary) for one in records)


def zst_with_packed_dictionary(records: list[bytes]) -> bytes:
    return zst_with_dictionary(records, is_packed=True)


def zst_of_streams(records: list[bytes]) -> bytes:
    """Frames without their content's length, which a tool writes that does not know it beforehand."""
    frames = []
    for one in records:
        packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 1})
        frames.append(packer.compress(one[:100]) + packer.compress(one[100:]) + packer.flush())
    return b"".join(frames)


def saved(path: Path, octets: bytes) -> Path:
    path.write_bytes(octets)
    return path


def read(path: Path) -> list[WarcRecord]:
    with open_archive(path) as archive:
        return list(archive.records(max_body_bytes=1_000_000))


def zipped(path: Path, *files: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, octets in files:
            archive.writestr(name, octets)
    return path


def bodies(records: list[WarcRecord]) -> list[bytes]:
    return [one.body for one in records if one.type == "response"]


@pytest.mark.parametrize("pack", [b"".join, gz, zst, zst_with_dictionary, zst_with_packed_dictionary, zst_of_streams])
def test_every_packing_gives_the_same_records_at_their_offsets(tmp_path: Path, pack: Pack) -> None:
    path = saved(tmp_path / "a.warc", pack(plain_records()))
    records = read(path)
    assert bodies(records) == PAGES[:6]
    with open_archive(path) as archive:
        for one in reversed(records):
            assert archive.record_at(one.offset, max_body_bytes=1_000_000) == one
        with pytest.raises(WarcError):
            archive.record_at(path.stat().st_size, max_body_bytes=10)


@pytest.mark.parametrize("lead", [b"\r\n", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"  \r\n"])
@pytest.mark.parametrize("pack", [b"".join, gz, zst])
def test_blank_lines_before_the_first_record_are_passed_over(tmp_path: Path, pack: Pack, lead: bytes) -> None:
    first, *others = plain_records()
    path = saved(tmp_path / "a.warc", pack([lead + first, *others]))
    records = read(path)
    assert bodies(records) == PAGES[:6]
    with open_archive(path) as archive:
        assert archive.record_at(records[0].offset, max_body_bytes=1_000_000).body == PAGES[0]


def test_a_blank_line_in_a_gzip_member_of_its_own_is_passed_over(tmp_path: Path) -> None:
    assert bodies(read(saved(tmp_path / "a.warc.gz", gz([b"\r\n", *plain_records()])))) == PAGES[:6]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("pack", [b"".join, gz, zst])
def test_the_warc_files_of_a_wacz_are_one_sequence(tmp_path: Path, pack: Pack, method: int) -> None:
    files = [(f"archive/{number}.warc.gz", pack(plain_records(number))) for number in range(2)]
    path = zipped(tmp_path / "a.wacz", ("datapackage.json", b"{}"), *files, ("pages/pages.jsonl", b"{}"), method=method)
    records = read(path)
    assert bodies(records) == PAGES
    assert len({one.offset for one in records}) == len(records)
    with open_archive(path) as archive:
        for one in reversed(records):
            assert archive.record_at(one.offset, max_body_bytes=1_000_000) == one


def test_a_file_of_a_wacz_that_is_no_warc_costs_no_other_one(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.wacz", ("archive/0.warc.gz", b"<html>"), ("archive/1.warc.gz", gz(plain_records(1))))
    records = read(path)
    assert bodies(records) == PAGES[6:]
    assert (records[0].type, records[0].problem) == ("broken", "0.warc.gz is no WARC file")


@pytest.mark.parametrize("pack", [zst, zst_with_dictionary, zst_of_streams])
def test_damage_costs_its_frame_and_a_cut_file_is_named(tmp_path: Path, pack: Pack) -> None:
    octets = bytearray(pack(plain_records()))
    starts = [one.offset for one in read(saved(tmp_path / "whole", bytes(octets)))]
    octets[starts[4] + 8 : starts[4] + 40] = bytes(32)
    damaged = read(saved(tmp_path / "damaged", bytes(octets)))
    assert "broken" in {one.type for one in damaged}
    assert bodies(damaged)[-1] == PAGES[5]
    cut = read(saved(tmp_path / "cut", pack(plain_records())[:-20]))
    assert cut[-1].type == "broken"
    assert "frame has no end" in (cut[-1].problem or "")


def test_a_wrong_checksum_of_a_frame_is_damage(tmp_path: Path) -> None:
    octets = bytearray(zst_of_streams(plain_records()))
    octets[-1] ^= 1
    assert read(saved(tmp_path / "a.warc.zst", bytes(octets)))[-1].type == "broken"


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><html><title>Secret</title>", "it is an HTML page"),
        (b"\n <html lang=en><head>Secret x y z w", "it is an HTML page"),
        (b'<?xml version="1.0"?><opml>Secret a b c d</opml>', "it is an XML document"),
        (b'{"title": "Secret a b c d e f"}', "it is a JSON document"),
        (gzip.compress(b"<html>Secret a b c d e</html>", mtime=0), "it is an HTML page, compressed with gzip"),
        (b"%PDF-1.7 Secret", "it is a PDF document"),
        (b"BZh91AY&SY", "it is compressed with bzip2"),
        (b"\xfd7zXZ\x00", "it is compressed with xz"),
        (b"\x04\x22\x4d\x18Secret", "it is compressed with LZ4"),
        (b" CDX N b a m s k r M S V g\n", "an index of a web archive"),
        (b"HTTP/1.1 200 OK\r\n\r\nSecret", "answer of a server without a WARC header"),
        (b"Dear reader, this is the Secret of all", "no WARC or ARC record begins here"),
        (b"a" * 200_000 + b" Secret", "no WARC or ARC record begins here"),
        (b"\r\n" * 1_000, "not a WARC or ARC file"),
        (b"PK\x05\x06" + bytes(18), "a zip file without a WARC file"),
        (b"PK\x03\x04 Secret", "a damaged zip file"),
        (zstd.compress(b"Secret of a page that is no record"), "no WARC or ARC record begins here"),
        (b"\x5d\x2a\x4d\x18\xff\xff\xff\x7f", "its dictionary takes 2147483647 octets"),
        (b"\x5d\x2a\x4d\x18\x04\x00\x00\x00abcd", "its dictionary is damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_archive_is_named_for_what_it_is_without_a_word_of_it(tmp_path: Path, octets: bytes, words: str) -> None:
    path = saved(tmp_path / "given", octets)
    with pytest.raises(WarcError) as caught:
        read(path)
    assert words in str(caught.value)
    assert "Secret" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["../../etc/a.warc", "/etc/a.warc", "archive/../../a.warc.gz", "..\\a.warc", "C:/a.warc"])
def test_a_zip_file_with_a_name_that_leads_out_of_it_is_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.wacz", ("archive/0.warc.gz", gz(plain_records())), (name, b"x"))
    with pytest.raises(WarcError, match="leads out of it"):
        read(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.wacz", ("archive/0.warc", bytes(64 << 20)), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(WarcError, match=r"unpacks to \d+ times its size"):
        read(path)


def test_entries_that_overlap_a_strange_packing_and_encryption_are_refused(tmp_path: Path) -> None:
    entries = [zipfile.ZipInfo(f"archive/{number}.warc") for number in range(3)]
    for entry in entries:
        entry.compress_size = entry.file_size = 900
        entry.header_offset = 0
    with pytest.raises(WarcError, match="overlap"):
        warc_entries(entries, archive_bytes=1_000)
    with pytest.raises(WarcError, match="another way than deflate"):
        read(zipped(tmp_path / "a.wacz", ("archive/0.warc", plain_records()[0]), method=zipfile.ZIP_LZMA))
    entries[0].flag_bits = 1
    with pytest.raises(WarcError, match="encrypted"):
        warc_entries(entries[:1], archive_bytes=1_000)


def test_a_zip_file_with_an_endless_directory_is_refused(tmp_path: Path) -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65_000, 65_000, 200 << 20, 4, 0)
    with pytest.raises(WarcError, match="too many entries"):
        read(saved(tmp_path / "a.wacz", b"PK\x03\x04" + end))


def test_a_frame_that_promises_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    head = b"WARC/1.0\r\nWARC-Type: resource\r\nWARC-Target-URI: https://any.example/\r\nWARC-Date: 2026-11-20T12:00:00Z\r\n"
    packer = zstd.ZstdCompressor()
    length = 400 << 20
    pieces = [packer.compress(head + b"Content-Type: text/html\r\nContent-Length: %d\r\n\r\n" % length)]
    pieces += [packer.compress(bytes(1 << 20)) for _ in range(length >> 20)]
    pieces += [packer.compress(b"\r\n\r\n"), packer.flush()]
    path = saved(tmp_path / "bomb.warc.zst", b"".join(pieces))
    tracemalloc.start()
    with open_archive(path) as archive:
        (record,) = archive.records(max_body_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert record.is_cut
    assert peak < 16 << 20
