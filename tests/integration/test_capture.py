"""The capture stage over the newsroom: every URL ends in one outcome, the manifest is the commit, what was seen is not fetched again."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import CaptureReport, Interval, Part
from pipeline.core.schema import LEDGER
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_record_at, read_records
from pipeline.lake.manifests import Manifest, from_json
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.newsroom import Flaky, Newsroom, Reset, Slow, Status

HOUR = Interval(datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 20, 13, tzinfo=UTC))
NEXT = Interval(HOUR.end, HOUR.end + timedelta(hours=1))
PUBLISHED = "Fri, 20 Nov 2026 12:10:00 GMT"
ONE, TWO = "https://one.example", "https://two.example"


def article(title: str, *, image: str | None = None) -> str:
    picture = f'<meta property="og:image" content="{image}">' if image else ""
    text = " ".join(f"Sentence number {number} about {title} says something of its own." for number in range(12))
    return (
        f"<html><head><title>{title}</title>{picture}<meta property='og:title' content='{title}'>"
        f"<meta property='article:published_time' content='2026-11-20T12:10:00Z'></head>"
        f"<body><article><h1>{title}</h1><p>{text}</p></article></body></html>"
    )


def feed(*links: str, dates: dict[str, str] | None = None) -> str:
    items = "".join(
        f"<item><title>{link}</title><link>{link}</link><pubDate>{(dates or {}).get(link, PUBLISHED)}</pubDate></item>" for link in links
    )
    return f"<rss version='2.0'><channel><title>Feed</title>{items}</channel></rss>"


def source(host: str, **extra: Any) -> dict[str, Any]:
    return {"id": host.removeprefix("https://").split(".")[0], "name": host, "feeds": [f"{host}/feed"], "topic": "AI", "pace_s": 0, **extra}


@pytest.fixture
def world(room: Newsroom) -> Newsroom:
    """Two sources with two articles each."""
    for host in (ONE, TWO):
        for name in ("a", "b"):
            room.add_page(f"{host}/{name}", article(f"Story {name} of {host}"))
        room.add_page(f"{host}/feed", feed(f"{host}/a", f"{host}/b"), content_type="application/rss+xml")
    return room


@pytest.fixture
def catalogue(make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    return make_catalogue([source(ONE), source(TWO)])


@pytest.fixture
def capture(settings: Settings, catalogue: Catalogue, clock: FrozenClock) -> Callable[..., tuple[CaptureReport, Manifest]]:
    def run(interval: Interval = HOUR, *, live: bool = True, only_due: bool = False) -> tuple[CaptureReport, Manifest]:
        (part,) = stages.plan(settings, catalogue, interval)
        report = stages.capture(settings, catalogue, part, live=live, only_due=only_due, clock=clock)
        return report, manifest_of(settings, part)

    return run


Capture = Callable[..., tuple[CaptureReport, Manifest]]


def manifest_of(settings: Settings, part: Part) -> Manifest:
    path = storage.manifest_path(part)
    return from_json(Lake(settings.lake).read_bytes(path), path=path)


def endings(manifest: Manifest, kind: str = "page") -> dict[str, str]:
    return {
        outcome.url: outcome.verdict + (f" {outcome.reason}" if outcome.reason else "")
        for outcome in manifest.outcomes
        if outcome.kind == kind
    }


def test_each_url_ends_in_exactly_one_outcome(world: Newsroom, capture: Capture) -> None:
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/a", f"{ONE}/b", f"{ONE}/missing", f"{ONE}/a?utm_source=x", f"{TWO}/a", f"{ONE}/private"))
    world.add_page(f"{ONE}/robots.txt", "User-agent: *\nDisallow: /private", content_type="text/plain")
    report, manifest = capture()
    pages = [outcome.url for outcome in manifest.outcomes if outcome.kind == "page"]
    assert len(pages) == len(set(pages)) == 7
    assert endings(manifest) == {
        f"{ONE}/a": "captured",
        f"{ONE}/b": "captured",
        f"{ONE}/missing": "failed status",
        f"{ONE}/a?utm_source=x": "duplicate",
        f"{TWO}/a": "captured",
        f"{ONE}/private": "disallowed",
        f"{TWO}/b": "captured",
    }
    assert sum(number for name, number in report.counts.items() if name.startswith("page.")) == 7
    assert not report.failed_sources


def test_every_exchange_lies_where_the_manifest_says(world: Newsroom, settings: Settings, capture: Capture) -> None:
    _, manifest = capture()
    with Lake(settings.lake).open(storage.captures_path(Part(HOUR, "00"))) as file:
        for outcome in manifest.outcomes:
            assert outcome.offset is not None
            record = read_record_at(file, outcome.offset, max_body_bytes=10_000_000)
            assert (record.type, record.url) == ("response", outcome.url)
        file.seek(0)
        types = Counter(record.type for record in read_records(file, max_body_bytes=10_000_000))
    assert types == {"warcinfo": 1, "response": len(manifest.outcomes), "request": len(manifest.outcomes)}


def test_what_was_captured_is_not_asked_for_again(world: Newsroom, capture: Capture) -> None:
    capture()
    world.forget_requests()
    world.add_page(f"{ONE}/c", article("Story c"))
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/c", f"{ONE}/a", f"{ONE}/b"), content_type="application/rss+xml")
    _, manifest = capture(NEXT)
    assert [seen.path for seen in world.requests if seen.path not in ("/robots.txt", "/feed")] == ["/c"]
    assert endings(manifest) == {f"{ONE}/c": "captured", f"{ONE}/a": "duplicate", f"{ONE}/b": "duplicate"}


def test_an_unchanged_feed_is_a_revisit_record(world: Newsroom, settings: Settings, capture: Capture) -> None:
    capture()
    _, manifest = capture(NEXT)
    assert endings(manifest, "feed") == {f"{ONE}/feed": "notModified", f"{TWO}/feed": "notModified"}
    assert endings(manifest) == {}
    with Lake(settings.lake).open(storage.captures_path(Part(NEXT, "00"))) as file:
        assert sum(record.type == "revisit" for record in read_records(file, max_body_bytes=1_000_000)) == 2


def test_a_page_that_fails_for_now_is_tried_in_later_intervals(world: Newsroom, settings: Settings, capture: Capture) -> None:
    world.misbehave(f"{ONE}/a", Status(503))
    assert endings(capture()[1])[f"{ONE}/a"] == "failed status"
    world.misbehave(f"{ONE}/a", None)
    _, manifest = capture(NEXT)
    assert endings(manifest) == {f"{ONE}/a": "captured"}
    assert manifest.feeds[0].verdict == "notModified"


def test_a_page_that_keeps_failing_is_given_up(world: Newsroom, settings: Settings, capture: Capture) -> None:
    world.misbehave(f"{ONE}/a", Status(503))
    tried = 0
    for number in range(settings.max_attempts + 2):
        start = HOUR.start + timedelta(hours=number)
        tried += f"{ONE}/a" in endings(capture(Interval(start, start + timedelta(hours=1)))[1])
    assert tried == settings.max_attempts


def test_one_bad_source_costs_one_source(world: Newsroom, capture: Capture) -> None:
    world.misbehave(f"{ONE}/feed", Reset())
    report, manifest = capture()
    assert report.failed_sources == {"one": "reset"}
    assert endings(manifest) == {f"{TWO}/a": "captured", f"{TWO}/b": "captured"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [("<html><body>Please log in</body></html>", "notAFeed"), ("", "notAFeed"), ('{"items": 3}', "notAFeed")],
    ids=["html", "empty", "json"],
)
def test_what_is_no_feed_is_said_to_be_none(world: Newsroom, capture: Capture, body: str, reason: str) -> None:
    world.add_page(f"{ONE}/feed", body)
    report, manifest = capture()
    assert report.failed_sources == {"one": f"{reason} 200"}
    assert endings(manifest, "feed")[f"{ONE}/feed"] == f"rejected {reason}"


def test_a_slow_page_does_not_hold_the_others(world: Newsroom, capture: Capture) -> None:
    world.misbehave(f"{ONE}/a", Slow(first_byte_s=30))
    _, manifest = capture()
    assert endings(manifest)[f"{ONE}/a"] == "failed timeout"
    assert Counter(endings(manifest).values())["captured"] == 3


def test_a_flaky_feed_is_read(world: Newsroom, capture: Capture) -> None:
    world.misbehave(f"{ONE}/feed", Flaky(times=1))
    assert Counter(endings(capture()[1]).values()) == {"captured": 4}


def test_a_captured_interval_is_not_captured_again(world: Newsroom, capture: Capture) -> None:
    _, first = capture()
    world.forget_requests()
    report, again = capture()
    assert report.reused
    assert again == first
    assert world.requests == []


def test_a_past_interval_takes_only_what_it_dates(world: Newsroom, capture: Capture) -> None:
    dates = {f"{ONE}/a": "Fri, 20 Nov 2026 11:59:59 GMT"}
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/a", f"{ONE}/b", dates=dates), content_type="application/rss+xml")
    _, manifest = capture(live=False)
    assert endings(manifest)[f"{ONE}/a"] == "rejected outsideInterval"
    assert endings(manifest)[f"{ONE}/b"] == "captured"


def test_a_past_interval_hides_nothing_from_a_later_one(world: Newsroom, capture: Capture) -> None:
    dates = {f"{ONE}/a": "Fri, 20 Nov 2026 11:59:59 GMT"}
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/a", f"{ONE}/b", dates=dates), content_type="application/rss+xml")
    capture(live=False)
    _, manifest = capture(NEXT)
    assert endings(manifest)[f"{ONE}/a"] == "captured"
    assert endings(manifest)[f"{ONE}/b"] == "duplicate"


def test_the_lead_picture_is_measured_cached_and_asked_for_once(
    world: Newsroom, settings: Settings, catalogue: Catalogue, capture: Capture
) -> None:
    octets = io.BytesIO()
    Image.new("RGB", (640, 360), (10, 20, 30)).save(octets, "PNG")
    world.add_page(f"{ONE}/lead.png", octets.getvalue(), content_type="image/png")
    for name in ("a", "b"):
        world.add_page(f"{ONE}/{name}", article(f"Story {name}", image=f"{ONE}/lead.png"))
    capture()
    assert [seen.path for seen in world.requests].count("/lead.png") == 1
    stages.extract(settings, catalogue, Part(HOUR, "00"))
    rows = Lake(settings.lake).read_table(storage.extracted_path(Part(HOUR, "00"))).to_pylist()
    pictures = {row["originalUrl"]: row["images"] for row in rows}
    assert pictures[f"{ONE}/a"] == [{"url": f"{ONE}/lead.png", "width": 640, "height": 360, "isCached": True}]
    assert pictures[f"{TWO}/a"] == []
    assert len(list((Path(settings.lake) / "images").rglob("*.png"))) == 1


def test_the_ledger_adds_up_to_what_was_seen(world: Newsroom, settings: Settings, catalogue: Catalogue, capture: Capture) -> None:
    world.add_page(f"{ONE}/b", "<html><head></head><body></body></html>")
    _, manifest = capture()
    stages.extract(settings, catalogue, Part(HOUR, "00"))
    table = Lake(settings.lake).read_table(storage.ledger_path(Part(HOUR, "00")))
    assert table.schema.equals(LEDGER)
    assert table.num_rows == len(manifest.outcomes)
    ended = {row["url"]: (row["outcome"], row["reason"]) for row in table.to_pylist() if row["kind"] == "page"}
    assert ended[f"{ONE}/b"] == ("rejected", "noText")
    assert ended[f"{ONE}/a"] == ("captured", None)


def test_a_page_that_several_lists_name_is_captured_once_and_all_of_them_are_kept(
    world: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock
) -> None:
    world.add_page(
        f"{ONE}/news.xml",
        f"<urlset><url><loc>{ONE}/a?utm_source=map</loc><lastmod>2026-11-20</lastmod></url>"
        f"<url><loc>{ONE}/b</loc><lastmod>2026-11-20</lastmod></url></urlset>",
    )
    world.add_page(f"{TWO}/feed", feed(f"{ONE}/b"))
    sources = make_catalogue([source(ONE, sitemaps=[f"{ONE}/news.xml"]), source(TWO)])
    (part,) = stages.plan(settings, sources, HOUR)
    stages.capture(settings, sources, part, live=True, clock=clock)
    stages.extract(settings, sources, part)
    rows = Lake(settings.lake).read_table(storage.ledger_path(part)).to_pylist()
    listed = {row["url"]: (row["outcome"], row["via"], row["listedBy"]) for row in rows if row["kind"] == "page"}
    assert listed == {
        f"{ONE}/a": ("captured", "feed", [f"{ONE}/feed", f"{ONE}/news.xml"]),
        f"{ONE}/a?utm_source=map": ("duplicate", "sitemap", [f"{ONE}/feed", f"{ONE}/news.xml"]),
        f"{ONE}/b": ("captured", "feed", [f"{ONE}/feed", f"{ONE}/news.xml", f"{TWO}/feed"]),
    }


def test_what_answers_for_an_amp_page_without_being_one_is_none(
    world: Newsroom, capture: Callable[..., tuple[CaptureReport, Manifest]]
) -> None:
    for name, page in (("a", "<html amp><p>Short</p></html>"), ("b", article("Story b"))):
        world.add_page(f"{ONE}/{name}", article(f"Story {name}").replace("</head>", f"<link rel=amphtml href=/{name}/amp></head>"))
        world.add_page(f"{ONE}/{name}/amp", page)
    _, manifest = capture()
    found = {probe.url: probe.is_gone for page in manifest.pages if (probe := page.amp) is not None}
    assert found == {f"{ONE}/a/amp": False, f"{ONE}/b/amp": True}
