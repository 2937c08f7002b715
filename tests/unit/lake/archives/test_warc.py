"""Captures as WARC/1.1: byte-exact there and back, digests that others verify, and files of any origin."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from pipeline.core.errors import WarcError
from pipeline.core.models import Answer, Exchange, Validators
from pipeline.lake.archives.warc import (
    NOT_MODIFIED,
    SAME_PAYLOAD,
    CaptureWriter,
    WarcRecord,
    capture_of,
    packed_copy,
    read_record_at,
    read_records,
    validators_of,
)

URL = "https://www.any.example/page?x=1"
AT = datetime(2026, 11, 20, 13, 0, 5, 123456, tzinfo=UTC)
BODY = "<html><body>Žluťoučký kůň</body></html>".encode()
REQUEST = b"GET /page?x=1 HTTP/1.1\r\nHost: www.any.example\r\nUser-Agent: news-pipeline/0\r\n\r\n"


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html; charset=utf-8", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def exchange(octets: bytes, *, status: int = 200, url: str = URL, at: datetime = AT) -> Exchange:
    return Exchange(url, at, status, "text/html", Validators(), REQUEST, octets, b"")


PLAIN = exchange(response(BODY, f"Content-Length: {len(BODY)}"))


def write(*exchanges: Exchange) -> bytes:
    file = io.BytesIO()
    writer = CaptureWriter(file)
    for one in exchanges:
        writer.write_exchange(one)
    return file.getvalue()


def read(octets: bytes, *, max_body_bytes: int = 1_000_000) -> list[WarcRecord]:
    return list(read_records(io.BytesIO(octets), max_body_bytes=max_body_bytes))


def test_response_and_request_are_read_back_byte_for_byte() -> None:
    answered, asked = read(write(PLAIN))
    assert (answered.type, answered.url, answered.at, answered.offset, answered.status) == ("response", URL, AT, 0, 200)
    assert answered.content_type == "text/html; charset=utf-8"
    assert (answered.block, answered.body) == (PLAIN.response, BODY)
    assert (asked.type, asked.url, asked.block) == ("request", URL, REQUEST)
    assert not answered.is_cut
    assert answered.problem is None


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("Content-Encoding: gzip", gzip.compress),
        ("Content-Encoding: deflate", zlib.compress),
        ("Transfer-Encoding: chunked", lambda body: b"".join(b"%x\r\n%b\r\n" % (len(body), body) for body in (body[:10], body[10:], b""))),
    ],
    ids=["gzip", "deflate", "chunked"],
)
def test_the_wire_is_kept_and_the_codings_are_removed_on_reading(coding: str, encode: object) -> None:
    octets = response(encode(BODY), coding)  # type: ignore[operator]
    record = read(write(exchange(octets)))[0]
    assert record.block == octets
    assert record.body == BODY


def test_each_record_is_read_at_its_offset_alone() -> None:
    file = io.BytesIO()
    writer = CaptureWriter(file)
    writer.write_info(at=AT, software="news-pipeline/0")
    offsets = [writer.write_exchange(exchange(response(b"%d" % number), url=f"{URL}{number}")) for number in range(5)]
    assert len(set(offsets)) == 5
    for number in (3, 0, 4):
        record = read_record_at(file, offsets[number], max_body_bytes=100)
        assert (record.url, record.body, record.offset) == (f"{URL}{number}", b"%d" % number, offsets[number])
    with pytest.raises(WarcError):
        read_record_at(file, offsets[1] + 1, max_body_bytes=100)
    with pytest.raises(WarcError, match="no record begins at offset"):
        read_record_at(file, len(file.getvalue()), max_body_bytes=100)


def test_files_are_joined_by_appending() -> None:
    first, second = write(PLAIN), write(exchange(response(b"two"), url=f"{URL}2"))
    joined = read(first + second)
    assert [record.url for record in joined] == [URL, URL, f"{URL}2", f"{URL}2"]
    assert joined[2].offset == len(first)


def test_equal_exchanges_give_equal_bytes() -> None:
    assert write(PLAIN) == write(PLAIN)
    assert write(PLAIN) == write(replace(PLAIN, at=AT.astimezone(timezone(timedelta(hours=9)))))
    ids = [record.rec_headers["WARC-Record-ID"] for record in ArchiveIterator(io.BytesIO(write(PLAIN, exchange(response(b"other")))))]
    assert len(set(ids)) == 3, "equal requests share their id, other records do not"


def test_an_answer_is_written_hop_by_hop_and_its_last_response_is_found() -> None:
    hop = exchange(response(b"", f"Location: {URL}", status="301 Moved"), status=301, url="https://www.any.example/old")
    file = io.BytesIO()
    offset = CaptureWriter(file).write_answer(Answer("https://www.any.example/old", (hop, PLAIN)))
    assert offset is not None
    assert read_record_at(file, offset, max_body_bytes=1000).body == BODY
    assert [record.status for record in read(file.getvalue()) if record.type == "response"] == [301, 200]
    assert CaptureWriter(io.BytesIO()).write_answer(Answer(URL)) is None


def test_a_304_is_a_revisit_with_its_profile_and_without_a_payload() -> None:
    octets = response(b"", 'ETag: "x"', status="304 Not Modified")
    raw = next(iter(ArchiveIterator(io.BytesIO(write(exchange(octets, status=304))))))
    assert raw.rec_type == "revisit"
    assert raw.rec_headers["WARC-Profile"] == NOT_MODIFIED
    assert raw.rec_headers["WARC-Payload-Digest"] is None
    record = read(write(exchange(octets, status=304)))[0]
    assert (record.type, record.status, record.body, record.block) == ("revisit", 304, b"", octets)


def test_the_headers_are_those_the_standard_asks_for() -> None:
    raws = list(ArchiveIterator(io.BytesIO(write(PLAIN)), no_record_parse=True))
    answered, asked = (dict(raw.rec_headers.headers) for raw in raws)
    assert raws[0].rec_headers.protocol == "WARC/1.1"
    assert answered["WARC-Date"] == "2026-11-20T13:00:05.123456Z"
    assert answered["Content-Type"] == "application/http; msgtype=response"
    assert answered["Content-Length"] == str(len(PLAIN.response))
    assert asked["Content-Type"] == "application/http; msgtype=request"
    assert asked["WARC-Concurrent-To"] == answered["WARC-Record-ID"]
    identity = f"response {answered['WARC-Target-URI']} {answered['WARC-Date']} {answered['WARC-Block-Digest']}"
    assert answered["WARC-Record-ID"] == f"<urn:uuid:{uuid5(NAMESPACE_URL, identity)}>"
    for name, octets in (("WARC-Block-Digest", PLAIN.response), ("WARC-Payload-Digest", BODY)):
        algorithm, _, digest = answered[name].partition(":")
        assert algorithm == "sha256"
        assert base64.b32decode(digest) == hashlib.sha256(octets).digest()


def test_every_digest_is_verified_by_warcios_own_checker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "captures.warc.gz"
    packed = exchange(response(gzip.compress(BODY, mtime=0), "Content-Encoding: gzip"), url=f"{URL}&gzip")
    unchanged = exchange(response(b"", status="304 Not Modified"), status=304, url=f"{URL}&again")
    path.write_bytes(write(PLAIN, packed, unchanged, exchange(b"HTTP/1.1 200 OK\r\n\r\n", url=f"{URL}&empty")))
    assert verdict(path) == 0
    spoilt = gzip.decompress(path.read_bytes()).replace("Žluťoučký".encode(), b"Zlutoucky----", 1)
    path.write_bytes(spoilt)
    assert verdict(path) != 0, "the checker does look"
    capsys.readouterr()


def verdict(path: Path) -> int:
    class Command:
        inputs = [str(path)]  # noqa: RUF012  what warcio's command line hands over
        verbose = False

    checker = Checker(Command())
    checker.process_all()
    return int(checker.exit_value)


def test_an_oversize_body_is_cut_and_the_next_record_still_reads() -> None:
    octets = write(exchange(response(b"x" * 500_000)), PLAIN)
    cut, _, whole, _ = read(octets, max_body_bytes=1_000)
    assert (len(cut.body), cut.is_cut, cut.status) == (1_000, True, 200)
    assert (whole.body, whole.is_cut, whole.url) == (BODY, False, URL)


def test_a_decompression_bomb_costs_no_memory() -> None:
    packed = gzip.compress(b" " * 50_000_000)
    (record, _) = read(write(exchange(response(packed, "Content-Encoding: gzip"))), max_body_bytes=100_000)
    assert len(record.body) == 100_000
    assert record.is_cut


def test_a_body_of_exactly_the_bound_is_not_cut() -> None:
    (record, _) = read(write(exchange(response(b"x" * 1_000))), max_body_bytes=1_000)
    assert (len(record.body), record.is_cut) == (1_000, False)


def test_a_copy_of_a_record_is_read_like_the_original() -> None:
    original = read(write(exchange(response(gzip.compress(BODY, mtime=0), "Content-Encoding: gzip"))))[0]
    file = io.BytesIO()
    offset = CaptureWriter(file).write_copy(original)
    copy = read_record_at(file, offset, max_body_bytes=1_000_000)
    assert replace(copy, offset=0) == replace(original, offset=0)


def test_a_copy_of_a_resource_gets_the_answer_it_stands_for() -> None:
    resource = WarcRecord("resource", URL, AT, 0, None, "text/html", BODY, BODY)
    file = io.BytesIO()
    CaptureWriter(file).write_copy(resource)
    (copy,) = read(file.getvalue())
    assert (copy.type, copy.status, copy.content_type, copy.body) == ("response", 200, "text/html", BODY)


def foreign(number: int, kind: str = "response", body: bytes = PLAIN.response) -> bytes:
    """A record as another crawler writes it, without compression."""
    fields = {
        "WARC-Type": kind,
        "WARC-Target-URI": f"{URL}{number}",
        "WARC-Date": "2026-11-20T13:00:05Z",
        "WARC-Record-ID": f"<urn:uuid:00000000-0000-4000-8000-{number:012}>",
        "WARC-IP-Address": "192.0.2.7",
        "Content-Type": "application/http; msgtype=response" if kind == "response" else "text/html",
        "Content-Length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"WARC/1.0\r\n{head}\r\n".encode() + body + b"\r\n\r\n"


def captures_of(octets: bytes) -> list[tuple[WarcRecord, bytes]]:
    records = read_records(io.BytesIO(octets), max_body_bytes=100_000, keep_members=True)
    return [(record, capture_of(record)) for record in records if record.type != "broken"]


def test_a_record_with_a_gzip_member_of_its_own_is_kept_octet_for_octet() -> None:
    members = [gzip.compress(foreign(number), compresslevel=9, mtime=number) for number in range(3)]
    found = captures_of(b"".join(members))
    assert [capture for _, capture in found] == members
    (again,) = read(members[1])
    assert replace(again, offset=0) == replace(found[1][0], offset=0, member=None)


ARC = b"https://any.example/arc 192.0.2.7 20261120130005 text/html %d\n" % len(PLAIN.response) + PLAIN.response + b"\n"
SMALL = (
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/\r\nWARC-Date: 2026-11-20T13:00:05Z\r\n"
    b"Content-Length: 20\r\n\r\nHTTP/1.1 200 OK\r\n\r\na\r\n\r\n"
)


@pytest.mark.parametrize(
    "octets",
    [
        foreign(1) + foreign(2),
        gzip.compress(foreign(1) + foreign(2), mtime=0),
        gzip.compress(foreign(1, "resource", BODY), mtime=0),
        gzip.compress(ARC, mtime=0),
        gzip.compress(SMALL, mtime=0),
        gzip.compress(foreign(1, body=response(b"x" * 95_000, "X-Filler: " + "x" * 9_000)), 0, mtime=0) * 2,
    ],
    ids=["not compressed", "one member for all", "a resource", "ARC", "too small to be overwritten", "longer than a body may be"],
)
def test_any_other_record_is_packed_anew(octets: bytes) -> None:
    found = captures_of(octets)
    assert [capture for _, capture in found] == [packed_copy(record) for record, _ in found]
    for record, capture in found:
        (again,) = read(capture)
        assert (again.type, again.url, again.at, again.status or 200, again.body) == ("response", record.url, record.at, 200, record.body)


@pytest.mark.parametrize("lacking", [{"url": None}, {"at": None}])
def test_a_record_without_url_or_date_is_no_capture(lacking: dict[str, None]) -> None:
    record = WarcRecord("response", URL, AT, 0, 200, "text/html", BODY, PLAIN.response)
    with pytest.raises(ValueError, match="without URL or date"):
        CaptureWriter(io.BytesIO()).write_copy(replace(record, **lacking))  # type: ignore[arg-type]


@pytest.mark.parametrize("octets", [b"Dear reader,", b"\x00" * 100, b"PK\x03\x04", gzip.compress(b"Dear reader,"), b"WARC/9"], ids=range(5))
def test_what_is_no_warc_is_refused(octets: bytes) -> None:
    with pytest.raises(WarcError, match="not a WARC or ARC file"):
        read(octets)


def test_an_empty_file_has_no_records() -> None:
    assert read(b"") == []


def pages(count: int) -> list[bytes]:
    """Records of responses alone, small ones stored and large ones compressed, a gzip member each."""
    words = [b"%d %s" % (number, hashlib.sha256(b"%d" % number).hexdigest().encode()) for number in range(400)]
    bodies = [b" ".join(words[number * 5 : number * 5 + (300 if number % 2 else 3)]) for number in range(count)]
    files = [write(exchange(response(body), url=f"{URL}{number}")) for number, body in enumerate(bodies)]
    return [file[: len(file) - len(request_of(file))] for file in files]


def request_of(file: bytes) -> bytes:
    return file[read(file)[1].offset :]


MEMBERS = pages(5)


@settings(deadline=None)
@given(st.integers(0, sum(map(len, MEMBERS)) - 1))
def test_a_file_that_breaks_off_gives_what_came_before_and_says_so(length: int) -> None:
    ends = [sum(map(len, MEMBERS[: number + 1])) for number in range(len(MEMBERS))]
    whole = sum(end <= length for end in ends)
    try:
        records = read(b"".join(MEMBERS)[:length])
    except WarcError:
        assert whole == 0
        return
    assert [record.url for record in records[:whole]] == [f"{URL}{number}" for number in range(whole)]
    is_cut = length not in (0, *ends)
    assert [record.type for record in records[whole:]] == ["broken"] * is_cut


@settings(deadline=None, max_examples=300)
@given(data=st.data(), number=st.integers(1, len(MEMBERS) - 2), damage=st.binary(min_size=1, max_size=40))
def test_a_damaged_record_costs_no_other_one(data: st.DataObject, number: int, damage: bytes) -> None:
    """One member between others is overwritten at any place; where that changes nothing that is read, it is read."""
    place = data.draw(st.integers(0, len(MEMBERS[number]) - 1))
    spoilt = bytearray(MEMBERS[number])
    spoilt[place : place + len(damage)] = damage[: len(spoilt) - place]
    records = read(b"".join([*MEMBERS[:number], bytes(spoilt), *MEMBERS[number + 1 :]]))
    sound = read(b"".join(MEMBERS))
    assert [record for record in records if record.offset != sound[number].offset] == sound[:number] + sound[number + 1 :]
    (hit,) = [record for record in records if record.offset == sound[number].offset]
    assert hit.type == "broken" or hit == sound[number]


def test_damage_that_looks_like_a_frame_of_zstandard_costs_no_other_record() -> None:
    spoilt = MEMBERS[1][:1] + b"\x28\xb5\x2f\xfd" + MEMBERS[1][5:]
    records = read(b"".join([MEMBERS[0], spoilt, *MEMBERS[2:]]))
    assert [record.type for record in records] == ["response", "broken", "response", "response", "response"]


def test_a_broken_coding_is_the_records_problem_and_not_the_files() -> None:
    spoilt = bytearray(gzip.compress(BODY * 50))
    spoilt[20:40] = b"\x00" * 20
    records = read(write(exchange(response(bytes(spoilt), "Content-Encoding: gzip")), PLAIN))
    assert records[0].problem is not None or records[0].body != BODY * 50
    assert records[2].body == BODY


@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=50), st.sampled_from([200, 304, 404, 500])), min_size=1, max_size=5))
def test_whatever_the_wire_held_is_read_back_at_its_offset(answers: list[tuple[bytes, int]]) -> None:
    file = io.BytesIO()
    writer = CaptureWriter(file)
    written = [
        (writer.write_exchange(exchange(octets, status=status)), octets)
        for body, status in answers
        for octets in [response(body if status != 304 else b"", f"Content-Length: {len(body)}", status=f"{status} X")]
    ]
    for offset, octets in written:
        record = read_record_at(file, offset, max_body_bytes=1_000)
        assert record.block == octets
        assert record.body == octets.partition(b"\r\n\r\n")[2]


def test_an_unchanged_page_leaves_a_revisit_without_its_payload() -> None:
    moved = exchange(response(b"", "Location: /page", status="301 Moved Permanently"), status=301, url="https://any.example/old")
    file = io.BytesIO()
    offset = CaptureWriter(file).write_unchanged(Answer("https://any.example/old", (moved, PLAIN)))
    assert offset is not None
    assert [record.type for record in read(file.getvalue())] == ["response", "request", "revisit", "request"]
    revisit = read_record_at(file, offset, max_body_bytes=100)
    assert (revisit.url, revisit.body) == (URL, b"")
    file.seek(offset)
    headers = next(iter(ArchiveIterator(file))).rec_headers
    digest = base64.b32encode(hashlib.sha256(BODY).digest()).decode()
    assert (headers["WARC-Profile"], headers["WARC-Payload-Digest"]) == (SAME_PAYLOAD, f"sha256:{digest}")


def test_validators_are_read_back_as_the_server_sent_them() -> None:
    file = io.BytesIO(write(exchange(response(BODY, 'ETag: W/"a:b"', "last-modified: Fri, 20 Nov 2026 11:00:00 GMT"))))
    assert validators_of(read_record_at(file, 0, max_body_bytes=1)) == Validators('W/"a:b"', "Fri, 20 Nov 2026 11:00:00 GMT")
    assert validators_of(read(write(PLAIN))[0]) == Validators()


def test_files_of_many_origins_are_read_to_their_end_or_refused(shared: Path) -> None:
    folder = shared / "corpora" / "warc"
    names = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    assert names
    read_files = refused = 0
    for path in sorted(folder.iterdir()):
        if path.suffix == ".jsonl":
            continue
        try:
            with path.open("rb") as file:
                records = list(read_records(file, max_body_bytes=1_000_000))
            read_files += 1
            assert records
        except WarcError:
            refused += 1
    assert (read_files, refused) == (34, 2)  # the two are lz4, which no WARC standard names
