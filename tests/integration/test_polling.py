"""Which feeds a scheduled run asks: the state between runs stands in the manifests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import (
    HOUR,
    NEXT,
    ONE,
    PUBLISHED,
    TWO,
    Capture,
    article,
    capture,
    catalogue,
    endings,
    feed,
    manifest_of,
    source,
    world,
)
from tests.newsroom import Newsroom, RedirectTo, Status
from tests.newsroom.answers import Resource

__all__ = ["capture", "catalogue", "world"]
AN_HOUR = timedelta(hours=1)


def asked(room: Newsroom, path: str = "/feed") -> list[str]:
    return [seen.host for seen in room.requests if seen.path == path]


def later(interval: Interval, hours: int) -> Interval:
    return Interval(interval.start + hours * AN_HOUR, interval.end + hours * AN_HOUR)


def test_a_feed_that_is_not_due_is_not_asked_and_its_state_is_carried(world: Newsroom, capture: Capture) -> None:
    _, first = capture(only_due=True)
    world.forget_requests()
    report, manifest = capture(NEXT, only_due=True)
    assert world.requests == []
    assert all(state.is_carried for state in manifest.feeds)
    assert [state.seen for state in manifest.feeds] == [state.seen for state in first.feeds]
    assert not report.failed_sources
    assert endings(manifest, "feed") == {}


def test_a_run_by_hand_asks_all_feeds(world: Newsroom, capture: Capture) -> None:
    capture(only_due=True)
    world.forget_requests()
    capture(NEXT, only_due=False)
    assert len(asked(world)) == 2


def test_an_hour_later_the_feed_is_due(world: Newsroom, capture: Capture, clock: FrozenClock) -> None:
    capture(only_due=True)
    capture(NEXT, only_due=True)
    world.forget_requests()
    clock.moment += AN_HOUR
    _, manifest = capture(later(HOUR, 2), only_due=True)
    assert endings(manifest, "feed") == {f"{ONE}/feed": "notModified", f"{TWO}/feed": "notModified"}


def test_what_the_server_closed_is_waited_for_briefly_and_never_entered(world: Newsroom, capture: Capture, clock: FrozenClock) -> None:
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/a"), headers={"Cache-Control": "max-age=3700"})
    world.add_page(f"{TWO}/feed", feed(f"{TWO}/a"), headers={"Cache-Control": "max-age=14400"})
    capture(only_due=True)
    world.forget_requests()
    clock.moment += AN_HOUR
    capture(NEXT, only_due=True)
    assert asked(world) == ["one.example"]
    assert clock.slept[-1] == pytest.approx(100)


def test_a_failed_feed_that_is_not_asked_again_does_not_fail_its_source_again(world: Newsroom, capture: Capture) -> None:
    world.misbehave(f"{ONE}/feed", Status(429, retry_after="86400"))
    report, _ = capture(only_due=True)
    assert report.failed_sources == {"one": "status 429"}
    report, manifest = capture(NEXT, only_due=True)
    assert not report.failed_sources
    assert manifest.feeds[0].schedule.failures == 1


def test_what_is_pending_is_tried_although_its_feed_is_not_due(world: Newsroom, capture: Capture) -> None:
    world.misbehave(f"{ONE}/a", Status(500))
    capture(only_due=True)
    world.misbehave(f"{ONE}/a", None)
    _, manifest = capture(NEXT, only_due=True)
    assert endings(manifest) == {f"{ONE}/a": "captured"}


def test_validators_that_lie_are_found_by_a_check_and_not_sent_for_a_while(
    world: Newsroom, capture: Capture, clock: FrozenClock, settings: Settings, make_catalogue: Callable[..., Catalogue]
) -> None:
    lying = {"ETag": '"always"'}
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/a"), headers=lying)
    capture()
    world.add_page(f"{ONE}/b", article("Story b"))
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/b", f"{ONE}/a"), headers=lying)
    world.forget_requests()
    verdicts, number = [], 0
    while not verdicts or verdicts[-1] == "notModified":
        number += 1
        clock.moment += AN_HOUR
        _, manifest = capture(later(HOUR, number))
        verdicts.append(manifest.feeds[0].verdict)
    assert verdicts == ["notModified"] * 12 + ["captured"]
    assert endings(manifest)[f"{ONE}/b"] == "captured"
    capture(later(HOUR, number + 1))
    sent = ["if-none-match" in seen.headers for seen in world.requests if seen.path == "/feed" and seen.host == "one.example"]
    assert sent == [True] * 12 + [False, False]


def test_robots_txt_is_asked_for_once_a_day(world: Newsroom, capture: Capture, clock: FrozenClock) -> None:
    world.add_page(f"{ONE}/robots.txt", "User-agent: *\nDisallow: /private\nCrawl-delay: 3", content_type="text/plain")
    capture()
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/private", f"{ONE}/a"))
    world.forget_requests()
    clock.moment += AN_HOUR
    clock.slept.clear()
    _, manifest = capture(NEXT)
    assert asked(world, "/robots.txt") == []
    assert endings(manifest)[f"{ONE}/private"] == "disallowed"
    assert max(clock.slept, default=0) == 0  # one request to the host, and the delay stands between two
    clock.moment += 23 * AN_HOUR
    capture(later(HOUR, 24))
    assert sorted(asked(world, "/robots.txt")) == ["one.example", "two.example"]


def test_a_robots_txt_that_gave_no_answer_is_asked_for_again_in_the_next_hour(world: Newsroom, capture: Capture) -> None:
    world.misbehave(f"{ONE}/robots.txt", Status(500))
    assert capture()[0].failed_sources == {"one": "robotsUnavailable"}
    world.misbehave(f"{ONE}/robots.txt", None)
    assert not capture(NEXT)[0].failed_sources


def test_what_is_odd_about_feeds_is_in_the_report_and_in_the_assessment(world: Newsroom, capture: Capture, settings: Settings) -> None:
    world.misbehave(f"{TWO}/feed", RedirectTo(f"{ONE}/feed", status=301))
    report, _ = capture()
    assert [warning.split(" ", 2)[2] for warning in report.warnings] == [
        f"moved permanently to {ONE}/feed: write that URL into sources.yaml",
        f"the same feed as {ONE}/feed of one: both redirect to the same address",
    ]
    assessment = stages.assess_failures(settings, [report])
    assert assessment.warnings == report.warnings
    assert "moved permanently" in assessment.message


def test_checking_the_sources_says_what_is_odd(world: Newsroom, settings: Settings, catalogue: Catalogue) -> None:
    world.misbehave(f"{TWO}/feed", RedirectTo(f"{ONE}/feed", status=301))
    one, two = stages.check_feeds(settings, catalogue)
    assert (one.note, one.problem, two.problem) == (None, None, None)
    assert two.note is not None
    assert "moved permanently" in two.note
    assert "the same feed as" in two.note


@pytest.mark.parametrize("link", ["/a;jsessionid={0}", "/a?PHPSESSID={0}", "/a?token={0}"])
def test_a_page_whose_link_changes_at_each_poll_is_fetched_once(
    room: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], link: str
) -> None:
    catalogue = make_catalogue([source(ONE)])
    room.mount(f"{ONE}/a", lambda _url, _asked: Resource(article("Story").encode(), "text/html"))
    captured = 0
    for number, interval in enumerate((HOUR, NEXT)):
        address = f"{ONE}{link.format(f'5e55{number}')}"
        item = f"<item><title>Story</title><guid isPermaLink='false'>n-1</guid><link>{address}</link><pubDate>{PUBLISHED}</pubDate></item>"
        room.add_page(f"{ONE}/feed", f"<rss version='2.0'><channel>{item}</channel></rss>", content_type="application/rss+xml")
        (part,) = stages.plan(settings, catalogue, interval)
        stages.capture(settings, catalogue, part, live=True, clock=FrozenClock(interval.end))
        captured += len(manifest_of(settings, part).pages)
    assert captured == 1
    assert sum(one.path.startswith("/a") for one in room.requests) == 1
