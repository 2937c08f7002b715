"""The manifest: JSON and back without loss, equal bytes for equal manifests, and what it remembers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import SchemaError
from pipeline.core.models import Entry, Moment, Outcome, Validators
from pipeline.lake.manifests import FeedState, Manifest, PageCapture, Pending, Probe, count_outcomes, from_json, to_json
from pipeline.text.urls import url_digest

AT = datetime(2026, 11, 20, 12, 10, 5, 123456, tzinfo=UTC)
A, B, C = (f"https://any.example/{name}" for name in "abc")
ENTRY = Entry(
    url=A,
    source_id="one",
    via="feed",
    title="Žluťoučký “kůň” \u2028 </script>",
    excerpt="…",
    published=Moment(AT, "second"),
    modified=Moment(AT.replace(microsecond=0), "day"),
    authors=("Ann Other", "Bo"),
    language="cs",
    image=f"{A}.jpg",
    keywords=("x",),
    publisher="Any",
)
OUTCOMES = (
    Outcome(url=A, kind="page", verdict="captured", source_id="one", via="feed", status=200, bytes=12, offset=0, at=AT),
    Outcome(url=B, kind="page", verdict="failed", reason="status", status=503),
    Outcome(url=f"{A}.jpg", kind="image", verdict="captured", offset=3),
)
MANIFEST = Manifest(
    interval="2026-11-20T12",
    part="00",
    software="news-pipeline/0",
    sources=("one", "two"),
    captures_bytes=100,
    captures_sha256="ab" * 32,
    counts=count_outcomes(OUTCOMES),
    feeds=(
        FeedState(
            source_id="one",
            url="https://any.example/feed",
            verdict="captured",
            status=200,
            moved_to="https://any.example/new",
            validators=Validators(etag='W/"x\\"y"', last_modified="Fri, 20 Nov 2026 12:00:00 GMT"),
            seen=(url_digest(A), url_digest(B)),
            pending=(Pending(replace(ENTRY, url=B), 2),),
        ),
        FeedState("two", "https://two.example/feed", "failed", reason="timeout"),
    ),
    pages=(PageCapture(ENTRY, 7, (Probe(f"{A}.jpg", 3), Probe(f"{A}.png", None, is_gone=True)), Probe(f"{A}/amp", None)),),
    outcomes=OUTCOMES,
)


def test_a_manifest_is_read_back_as_it_was_written() -> None:
    assert from_json(to_json(MANIFEST), path="x") == MANIFEST


def test_equal_manifests_give_equal_bytes() -> None:
    again = from_json(to_json(MANIFEST), path="x")
    assert to_json(again) == to_json(MANIFEST)


def test_a_manifest_is_json_that_people_can_read() -> None:
    octets = to_json(MANIFEST)
    assert octets.endswith(b"}\n")
    data = json.loads(octets)
    assert (data["interval"], data["format"]) == ("2026-11-20T12", 1)
    assert data["feeds"][0]["validators"]["etag"] == 'W/"x\\"y"'
    assert data["outcomes"][0]["at"] == "2026-11-20T12:10:05.123456Z"
    assert "validators" not in data["feeds"][1], "defaults are left out"


def test_seen_is_what_was_captured_or_listed_and_does_not_wait() -> None:
    assert MANIFEST.seen == {url_digest(A)}
    listed = replace(MANIFEST.feeds[0], seen=(url_digest(B), url_digest(C)), pending=())
    assert replace(MANIFEST, feeds=(listed,)).seen == {url_digest(A), url_digest(B), url_digest(C)}


def test_a_captured_page_is_seen_under_every_spelling() -> None:
    page = replace(MANIFEST.pages[0], entry=replace(ENTRY, url=f"{A}?utm_source=feed#top"))
    assert url_digest(A) in replace(MANIFEST, pages=(page,)).seen


def test_outcomes_are_counted_by_kind_and_verdict_in_alphabetical_order() -> None:
    assert list(count_outcomes(OUTCOMES).items()) == [("image.captured", 1), ("page.captured", 1), ("page.failed", 1)]
    assert count_outcomes([]) == {}


@pytest.mark.parametrize(
    ("octets", "where"),
    [
        (b"", ""),
        (b"not json", ""),
        (b"[]", ""),
        (b"{}", "interval"),
        (to_json(MANIFEST)[:-20], ""),
        (to_json(MANIFEST).replace(b'"captures_bytes": 100', b'"captures_bytes": "many"'), "captures_bytes"),
        (to_json(MANIFEST).replace(b'"verdict": "failed"', b'"verdict": "lost"'), "verdict"),
        (to_json(MANIFEST).replace(b'"offset": 7', b'"offset": null'), "pages.0.offset"),
    ],
)
def test_what_is_no_manifest_is_refused_by_path_and_place(octets: bytes, where: str) -> None:
    with pytest.raises(SchemaError, match=r"raw/x/manifest\.json: not a manifest") as caught:
        from_json(octets, path="raw/x/manifest.json")
    assert where in str(caught.value)


def test_a_manifest_of_another_format_is_refused() -> None:
    with pytest.raises(SchemaError, match="format"):
        from_json(to_json(replace(MANIFEST, format=99)), path="x")


@pytest.mark.parametrize("offset", [None, timedelta(0), timedelta(hours=-5), timedelta(hours=5, minutes=45)])
def test_what_is_known_of_a_publisher_s_clock_outlives_the_manifest(offset: timedelta | None) -> None:
    moment = Moment(AT, "second", AT.date(), offset)
    (page,) = MANIFEST.pages
    read = from_json(to_json(replace(MANIFEST, pages=(replace(page, entry=replace(page.entry, published=moment)),))), path="x")
    found = read.pages[0].entry.published
    assert found is not None
    assert (found.value, found.local_day, found.offset) == (moment.value, moment.local_day, offset)


def test_a_time_of_a_manifest_that_tells_no_clock_was_stated_in_utc() -> None:
    octets = to_json(MANIFEST)
    assert set(json.loads(octets)["pages"][0]["entry"]["published"]) == {"value", "precision"}
    read = from_json(octets, path="x").pages[0].entry.published
    assert read is not None
    assert read.offset == timedelta(0)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
maybe = st.none() | text
numbers = st.integers(0, 2**60)
instants = st.datetimes(timezones=st.just(UTC))


def some(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, max_size=2).map(tuple)


entries = st.builds(
    Entry,
    url=text.map(lambda path: f"https://any.example/{len(path)}"),
    source_id=maybe,
    via=st.just("feed"),
    title=maybe,
    published=st.none() | instants.map(lambda value: Moment(value, "minute")),
    authors=some(text),
)
probes = st.builds(Probe, url=text, offset=st.none() | numbers, is_gone=st.booleans())
feeds = st.builds(
    FeedState,
    source_id=text,
    url=text,
    verdict=st.sampled_from(["captured", "failed"]),
    reason=maybe,
    status=st.none() | st.integers(100, 599),
    moved_to=maybe,
    validators=st.builds(Validators, etag=maybe, last_modified=maybe),
    seen=some(text),
    pending=some(st.builds(Pending, entries, st.integers(0, 9))),
)
manifests = st.builds(
    Manifest,
    interval=text,
    part=text,
    software=text,
    sources=some(text),
    captures_bytes=numbers,
    captures_sha256=text,
    counts=st.dictionaries(text, st.integers(), max_size=3),
    feeds=some(feeds),
    pages=some(st.builds(PageCapture, entries, numbers, some(probes), st.none() | probes)),
    outcomes=some(st.builds(Outcome, url=text, kind=st.just("page"), verdict=st.just("captured"), at=st.none() | instants)),
    format=st.just(1),
)


@settings(deadline=None, max_examples=50)
@given(manifests)
def test_any_manifest_is_read_back_as_it_was_written(manifest: Manifest) -> None:
    octets = to_json(manifest)
    assert from_json(octets, path="x") == manifest
    assert to_json(from_json(octets, path="x")) == octets
