"""Feeds and sitemaps that take their reader minutes or all memory: each costs its own source, and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pebble.common import CONSTS

from pipeline.core.catalogue import Catalogue, load_catalogue
from pipeline.core.errors import FeedError, PermanentError
from pipeline.core.models import CaptureReport
from pipeline.core.settings import Settings
from pipeline.core.workers import BoundedReader
from pipeline.discovery.health.checks import check_sources
from pipeline.discovery.listings.readers import declared_feeds, read_feed, read_sitemap
from pipeline.discovery.subscriptions import add_site
from pipeline.lake.manifests import Manifest
from tests.integration.conftest import PAST_HOUR, REPOSITORY, FrozenClock
from tests.integration.test_capture import HOUR, ONE, TWO, Capture, capture, catalogue, endings, feed, source, world
from tests.integration.test_probes import ATTRIBUTES
from tests.newsroom import Newsroom

__all__ = ["capture", "catalogue", "world"]

URL = f"{ONE}/feed"
SMALL = feed(f"{ONE}/a").encode()
ENDLESS = b"<rss version='2.0'><channel><title>T</title><item>" + b"<a/>" * 1_000_000 + b"</item></channel></rss>"
"""feedparser takes a tenth of a millisecond for an element, whatever it is: these four megabytes take it more than a minute."""
WIDE = b"<urlset>" + b"<url/>" * 1_000_000 + b"</urlset>"
"""libxml2 takes more than a hundred bytes for an element: these six megabytes take more than a hundred."""


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CONSTS, "term_timeout", 0.1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"page_timeout_s": 1.5})


def titles(reader: BoundedReader, body: bytes) -> list[str | None]:
    return [entry.title for entry in read_feed(reader, body, url=URL, content_type="application/rss+xml", source_id="one").entries]


@pytest.fixture
def reader() -> Iterator[BoundedReader]:
    with BoundedReader(processes=1, timeout_s=1.5, max_bytes=1 << 25) as one:
        yield one


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (lambda reader: titles(reader, ENDLESS), "listingTimeout"),
        (lambda reader: declared_feeds(reader, ATTRIBUTES, url=ONE, content_type="text/html"), "listingTimeout"),
        (lambda reader: read_sitemap(reader, WIDE, url=URL, source_id="one"), "listingMemory"),
        (lambda reader: titles(reader, b"<html>Please log in"), "notAFeed"),
    ],
)
def test_what_overruns_its_bounds_is_refused_by_a_reason_and_the_next_one_is_read(
    reader: BoundedReader, read: Callable[[BoundedReader], Any], reason: str
) -> None:
    with pytest.raises(FeedError) as raised:
        read(reader)
    assert raised.value.reason == reason
    assert titles(reader, SMALL) == [f"{ONE}/a"]


def test_a_feed_that_cannot_be_read_costs_its_own_source(world: Newsroom, capture: Capture) -> None:
    world.add_page(URL, ENDLESS, content_type="application/rss+xml")
    report, manifest = capture(HOUR)
    assert endings(manifest, "feed") == {URL: "rejected listingTimeout", f"{TWO}/feed": "captured"}
    assert endings(manifest) == {f"{TWO}/a": "captured", f"{TWO}/b": "captured"}
    assert list(report.failed_sources) == ["one"]


def test_a_feed_that_cannot_be_read_is_said_to_who_checks(
    world: Newsroom, settings: Settings, catalogue: Catalogue, clock: FrozenClock
) -> None:
    world.add_page(URL, ENDLESS, content_type="application/rss+xml")
    broken, sound = check_sources(settings, catalogue, clock=clock)
    assert broken.problem is not None
    assert "listingTimeout" in broken.problem
    assert (sound.problem, sound.entries) == (None, 2)


def test_a_page_that_cannot_be_read_ends_the_search_for_its_feed(room: Newsroom, settings: Settings, clock: FrozenClock) -> None:
    room.add_page(f"{ONE}/", ATTRIBUTES.decode())
    with pytest.raises(PermanentError, match="listingTimeout"):
        add_site(settings, load_catalogue(REPOSITORY / "data"), f"{ONE}/", topic="Science", clock=clock)


def test_a_feed_of_the_past_that_cannot_be_read_says_why(
    room: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], take: Callable[..., tuple[CaptureReport, Manifest]]
) -> None:
    room.add_page(URL, ENDLESS, content_type="application/rss+xml")
    _, manifest = take(make_catalogue([source(ONE)]), PAST_HOUR, own=settings, origins=("pages",))
    assert endings(manifest, "feed") == {URL: "rejected listingTimeout"}
    assert manifest.unserved == ("one",)
