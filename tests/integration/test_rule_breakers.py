"""Servers that break the rules, met by the capture of an hour: each source ends in its own outcome, and the others go on."""

from __future__ import annotations

import gzip
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


def test_a_feed_that_is_gzip_without_a_word_of_it_is_read(world: Newsroom, capture: Capture) -> None:
    packed = gzip.compress(feed(f"{ONE}/a", f"{ONE}/b").encode())
    world.add_page(f"{ONE}/feed", packed, content_type="application/rss+xml", headers={"Content-Encoding": None})
    assert set(endings(capture()[1]).values()) == {"captured"}
