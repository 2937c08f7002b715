"""What is an erased provider's, and the record that is kept of it."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import ConfigError, SchemaError
from pipeline.lake.archives.warc import read_record_at
from pipeline.lake.removals.erasures import ErasedDomains, ErasureCounts, ErasureRecord, from_json, provider_domain, sum_counts, to_json
from pipeline.operations.redaction import EMPTY, empty_member

ERASED = ErasedDomains(frozenset({"one.example", "blog.two.example"}))


@pytest.mark.parametrize(
    "url", ["https://one.example/a", "http://WWW.One.example:8080/", "https://a.b.one.example./x", "https://blog.two.example/"]
)
def test_a_provider_s_hosts_are_its_domain_and_all_below(url: str) -> None:
    assert ERASED.holds(url)


@pytest.mark.parametrize(
    "url", ["https://two.example/a", "https://notone.example/", "https://one.example.org/", "mailto:a@one.example", "", None]
)
def test_others_are_others(url: str | None) -> None:
    assert not ERASED.holds(url)
    assert not ErasedDomains().holds(url)


@pytest.mark.parametrize(
    "address",
    [
        "https://archive.example/web/20261118120000id_/https://one.example/feed",
        "https://archive.example/cdx?url=https%3A%2F%2Fone.example%2Ffeed&output=json",
        "https://archive.example/cdx?url=one.example&matchType=host",
    ],
)
def test_an_archive_s_address_names_the_provider_whose_page_it_is(address: str) -> None:
    assert ERASED.names(address)
    assert not ERASED.holds(address)
    assert not ERASED.names(address.replace("one.example", "three.example"))


def test_addresses_are_taken_out_of_texts() -> None:
    text = '["https://one.example/a-title", "https://two.example/b"] first of them https://www.one.example/c. Then'
    assert ERASED.without(text) == '["(erased)", "https://two.example/b"] first of them (erased) Then'


def test_a_provider_is_a_domain_below_a_public_suffix() -> None:
    assert provider_domain("News.Example.co.uk") == "news.example.co.uk"
    assert provider_domain("https://www.example.com/about") == "www.example.com"
    for wrong in ("co.uk", "com", "", "a b.example"):
        with pytest.raises(ConfigError, match="not the domain of a provider"):
            provider_domain(wrong)


def test_a_record_travels_through_json_and_counts_add_up() -> None:
    record = ErasureRecord(
        "one.example", "asked by letter", datetime(2026, 11, 20, tzinfo=UTC), ErasureCounts(3, 100), (date(2026, 11, 20),)
    )
    assert from_json(to_json(record), path="x") == record
    assert sum_counts(ErasureCounts(1, 2, 3), ErasureCounts(10, 20, 30, 40)) == ErasureCounts(11, 22, 33, 40)
    assert not ErasureCounts()
    with pytest.raises(SchemaError, match="not the record of an erasure"):
        from_json(b"{}", path="x")


@given(st.integers(100, 3_000))
def test_a_filler_is_a_gzip_member_of_any_length_with_an_empty_record(length: int) -> None:
    member = empty_member(length)
    assert len(member) == length
    assert gzip.decompress(member) == EMPTY
    record = read_record_at(io.BytesIO(member + member), length, max_body_bytes=10)
    assert (record.type, record.url, record.body, record.problem) == ("metadata", None, b"", None)


def test_a_filler_needs_some_room() -> None:
    with pytest.raises(ValueError, match="too few"):
        empty_member(50)
