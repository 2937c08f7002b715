"""How an archive of the web is asked, and what its answers say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.cdx import CdxAnswer, Snapshot, day_span, query_address, read_rows, snapshot_address, snapshot_time
from pipeline.core.errors import FeedError

NAMES = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
ENDPOINT = "https://web.archive.org/cdx/search/cdx"
START, END = day_span(datetime(2026, 11, 18, tzinfo=UTC).date())


def row(timestamp: str, original: str = "https://a.example/") -> list[str]:
    return ["example,a)/", timestamp, original, "text/html", "200", "DIGEST", "123"]


def read(*lines: object) -> CdxAnswer:
    return read_rows(json.dumps(lines).encode(), url=ENDPOINT)


def asked(address: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(address).query)


def test_the_snapshots_of_a_day_are_asked_for_without_repetitions() -> None:
    assert asked(query_address(ENDPOINT, "https://a.example/feed?x=1", start=START, end=END)) == [
        ("url", "https://a.example/feed?x=1"),
        ("output", "json"),
        ("from", "20261118000000"),
        ("to", "20261118235959"),
        ("filter", "statuscode:200"),
        ("collapse", "digest"),
        ("limit", "5000"),
        ("showResumeKey", "true"),
    ]


def test_the_pages_of_a_host_are_asked_for_once_each() -> None:
    given_ = asked(
        query_address(ENDPOINT, "a.example", start=START, end=END, is_host=True, mime="text/html", resume_key="com%2Ca%29%2F+2026")
    )
    assert ("matchType", "host") in given_
    assert ("collapse", "urlkey") in given_
    assert [value for name, value in given_ if name == "filter"] == ["statuscode:200", "mimetype:text/html"]
    assert given_[-1] == ("resumeKey", "com,a)/ 2026")


def test_rows_are_read_by_their_names() -> None:
    one = Snapshot("https://a.example/", datetime(2026, 11, 18, 12, 5, 1, tzinfo=UTC))
    assert read(NAMES, row("20261118120501")) == CdxAnswer((one,))
    assert read(["original", "timestamp"], ["https://a.example/", "20261118120501"]) == CdxAnswer((one,))


def test_the_last_line_leads_to_the_next_answer() -> None:
    rows = read(NAMES, row("20261118120501"), [], ["example%2Ca%29%2F+20261118120502"])
    assert (len(rows.snapshots), rows.resume_key) == (1, "example%2Ca%29%2F+20261118120502")


def test_an_archive_without_snapshots_answers_with_nothing() -> None:
    assert read() == read_rows(b"", url=ENDPOINT) == CdxAnswer(())


def test_a_row_that_tells_no_time_costs_that_row() -> None:
    rows = read(
        NAMES, row("2026111812"), row("20261399000000"), row("20261118120501", "ftp://a.example/"), row("20261118120501"), ["short"]
    )
    assert len(rows.snapshots) == 1


@pytest.mark.parametrize("body", [b"<html>Blocked</html>", b'{"error": 1}', b"[1, 2]", b'[["a", "b"], ["1", "2"]]', b"\xff"])
def test_what_is_no_answer_is_refused_by_its_address(body: bytes) -> None:
    with pytest.raises(FeedError, match="cdx/search"):
        read_rows(body, url=ENDPOINT)


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
)
def test_json_of_any_shape_is_an_answer_or_refused(value: object) -> None:
    try:
        rows = read_rows(json.dumps(value).encode(), url=ENDPOINT)
    except FeedError:
        return
    assert all(snapshot.at.tzinfo is not None for snapshot in rows.snapshots)


def test_a_snapshot_s_address_tells_its_time_again() -> None:
    one = Snapshot("https://a.example/x?y=1", datetime(2026, 11, 18, 12, 5, 1, tzinfo=UTC))
    address = snapshot_address("https://web.archive.org/web", one)
    assert address == "https://web.archive.org/web/20261118120501id_/https://a.example/x?y=1"
    assert snapshot_time(address) == one.at
    assert snapshot_time("https://web.archive.org/web/20261118120501/http://a.example/") == one.at
    assert snapshot_time("https://a.example/20261118120501/x") is None


def test_a_number_of_thousands_of_digits_is_no_answer() -> None:
    with pytest.raises(FeedError, match="not an answer of a CDX server"):
        read_rows(b"1" * 10_000, url="https://archive.example/cdx")
