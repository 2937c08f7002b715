"""Servers that break the rules, met by the capture of an hour: each source ends in its own outcome, and the others go on."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import CaptureReport, Part
from pipeline.core.settings import Settings
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import Manifest
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, NEXT, ONE, TWO, article, endings, feed, source
from tests.newsroom import Interim, Newsroom, RawLocation, Status
from tests.newsroom.answers import Resource

Capture = Callable[..., tuple[CaptureReport, Manifest]]


@pytest.fixture
def world(room: Newsroom) -> Newsroom:
    for host in (ONE, TWO):
        for name in ("a", "b"):
            room.add_page(f"{host}/{name}", article(f"Story {name}"))
        room.add_page(f"{host}/feed", feed(f"{host}/a", f"{host}/b"), content_type="application/rss+xml")
    return room


@pytest.fixture
def capture(settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock) -> Capture:
    catalogue = make_catalogue([source(ONE), source(TWO)])

    def run(interval: object = HOUR) -> tuple[CaptureReport, Manifest]:
        (part,) = stages.plan(settings, catalogue, interval)  # type: ignore[arg-type]
        report = stages.capture(settings, catalogue, part, live=True, clock=clock)
        return report, read_manifest(Lake(settings.lake), Part(interval, part.name))  # type: ignore[arg-type]

    return run


@pytest.mark.parametrize("path", ["robots.txt", "feed", "a"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_for_an_hour_of_peace_is_left_alone_and_the_run_goes_on(
    world: Newsroom, capture: Capture, clock: FrozenClock, path: str, status: int
) -> None:
    world.misbehave(f"{ONE}/{path}", Status(status, retry_after="3600"))
    _, manifest = capture()
    assert sum(clock.slept) < 60
    asked = [seen.path for seen in world.requests if ONE.endswith(seen.host)]
    assert asked[-1] == f"/{path}"
    assert endings(manifest) == {f"{TWO}/a": "captured", f"{TWO}/b": "captured"} | (
        {f"{ONE}/a": "failed status", f"{ONE}/b": "failed rateLimited"} if path == "a" else {}
    )
    ending = {"robots.txt": "failed rateLimited", "feed": "failed status", "a": "captured"}
    assert endings(manifest, "feed") == {f"{ONE}/feed": ending[path], f"{TWO}/feed": "captured"}


@pytest.mark.parametrize("retry_after", ["Fri, 20 Nov 2026 14:30:00 GMT", "Friday, 20-Nov-26 14:30:00 GMT", "604800", "99999999999"])
@pytest.mark.parametrize("status", [429, 503])
def test_no_wish_for_peace_stops_the_run(
    world: Newsroom, capture: Capture, clock: FrozenClock, status: int, retry_after: str | None
) -> None:
    world.misbehave(f"{ONE}/robots.txt", Status(status, retry_after=retry_after))
    _, manifest = capture()
    assert sum(clock.slept) < 60
    assert endings(manifest) == {f"{TWO}/a": "captured", f"{TWO}/b": "captured"}
    assert endings(manifest, "feed")[f"{ONE}/feed"].startswith("failed ")


def test_a_robots_txt_answered_429_is_asked_again_the_next_hour(world: Newsroom, capture: Capture, clock: FrozenClock) -> None:
    world.misbehave(f"{ONE}/robots.txt", Status(429, retry_after="3600"))
    assert endings(capture()[1], "robots")[f"{ONE}/robots.txt"] == "failed status"
    world.misbehave(f"{ONE}/robots.txt", None)
    world.add_page(f"{ONE}/robots.txt", "User-agent: *\nDisallow: /a", content_type="text/plain")
    clock.moment += NEXT.start - HOUR.start
    assert endings(capture(NEXT)[1]) == {f"{ONE}/a": "disallowed", f"{ONE}/b": "captured"}


def test_a_feed_behind_early_hints_and_a_page_behind_a_raw_location_are_captured(world: Newsroom, capture: Capture) -> None:
    world.misbehave(f"{ONE}/feed", Interim())
    world.misbehave(f"{ONE}/a", RawLocation("/brücke ".encode()))
    world.add_page(f"{ONE}/brücke", article("Story a"))
    _, manifest = capture()
    assert endings(manifest, "feed") == {f"{ONE}/feed": "captured", f"{TWO}/feed": "captured"}
    assert set(endings(manifest).values()) == {"captured"}


@pytest.mark.parametrize("times", [1, 3, 16])
@pytest.mark.parametrize("path", ["robots.txt", "feed", "a"])
def test_interim_answers_are_passed_over_wherever_they_come(world: Newsroom, capture: Capture, path: str, times: int) -> None:
    world.add_page(f"{ONE}/robots.txt", "User-agent: *\nDisallow: /b", content_type="text/plain")
    world.misbehave(f"{ONE}/{path}", Interim((103, 100, 102, 199)[:times] if times < 16 else (103,) * 15))
    ends = endings(capture()[1])
    assert (ends[f"{ONE}/a"], ends[f"{ONE}/b"]) == ("captured", "disallowed")


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/brücke".encode(), "/br%C3%BCcke"),
        ("/brücke".encode("latin-1"), "/br%FCcke"),
        (b"/bridge \t ", "/bridge"),
        ("/橋?q=é".encode(), "/%E6%A9%8B?q=%C3%A9"),
        (b"/br%C3%BCcke", "/br%C3%BCcke"),
        (b"a b", "/a%20b"),
        (b"//one.example/bridge", "/bridge"),
        (b"?page=2", "/a?page=2"),
    ],
)
def test_a_location_is_asked_for_as_its_octets_say(world: Newsroom, capture: Capture, location: bytes, path: str) -> None:
    world.mount(f"{ONE}{path}", lambda _url, _asked: Resource(article("Story behind").encode(), "text/html"))
    world.misbehave(f"{ONE}/a", RawLocation(location))
    manifest = capture()[1]
    assert path in [seen.path for seen in world.requests if seen.host == "one.example"]
    assert endings(manifest)[f"{ONE}/a"] == "captured"


FEED = feed(f"{ONE}/a", f"{ONE}/b").encode()
HALF = len(FEED) // 2


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (None, gzip.compress(FEED)),
        (None, gzip.compress(FEED[:HALF]) + gzip.compress(FEED[HALF:])),
        ("gzip", gzip.compress(FEED[:HALF]) + gzip.compress(FEED[HALF:])),
        ("gzip", b"".join(gzip.compress(bytes([octet])) for octet in FEED)),
        ("x-gzip", gzip.compress(FEED)),
        ("GZip", gzip.compress(FEED)),
        ("gzip, gzip", gzip.compress(gzip.compress(FEED))),
        ("gzip", gzip.compress(gzip.compress(FEED))),
        ("gzip", gzip.compress(FEED) + bytes(512)),
        ("gzip", FEED),
        ("identity", gzip.compress(FEED)),
        ("none", FEED),
        ("deflate", zlib.compress(FEED)),
        ("deflate", zlib.compress(FEED)[2:-4]),
        ("gzip;q=1.0", gzip.compress(FEED)),
    ],
    ids=[
        *("unnamed", "unnamed-members", "members", "member-an-octet", "x-gzip", "capitals", "twice", "once-named-twice", "blanks-behind"),
        *("decoded", "identity", "none", "zlib", "deflate", "weight"),
    ],
)
def test_a_feed_is_read_whatever_its_server_does_with_gzip(world: Newsroom, capture: Capture, coding: str | None, packed: bytes) -> None:
    world.add_page(f"{ONE}/feed", packed, content_type="application/rss+xml", headers={"Content-Encoding": coding})
    manifest = capture()[1]
    assert endings(manifest, "feed")[f"{ONE}/feed"] == "captured"
    assert {url for url, end in endings(manifest).items() if end == "captured"} >= {f"{ONE}/a", f"{ONE}/b"}


@pytest.mark.parametrize("repeated", ["a", ". ", "@a.", "&lt;"])
def test_fields_of_a_hundred_kilobytes_hold_no_source(world: Newsroom, capture: Capture, repeated: str) -> None:
    long = repeated * (100_000 // len(repeated))
    fields = "".join(f"<{tag}>{long}</{tag}>" for tag in ("author", "description", "guid", "category"))
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/a", f"{ONE}/b").replace("</item>", f"{fields}</item>"), content_type="application/rss+xml")
    began = time.process_time()
    assert set(endings(capture()[1]).values()) == {"captured"}
    assert time.process_time() - began < 10
