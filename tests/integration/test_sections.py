"""A site without feed and sitemap: its section page is followed hour by hour, and every command knows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from pipeline.core.catalogue import Catalogue, load_catalogue
from pipeline.core.errors import ConfigError
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import BackfillRequest
from pipeline.operations.source_repairs import apply_repairs, heal_sources
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, ONE, article, endings
from tests.integration.test_rebuild import files
from tests.newsroom import Newsroom, Status
from tests.newsroom.answers import Resource, redirect

FRONT = f"{ONE}/news/world"
SHOWN = 8
AN_HOUR = timedelta(hours=1)
FURNITURE = (
    "<header><nav><ul><li><a href='/news'>News</a></li><li><a href='/sport'>Sport</a></li>"
    "<li><a href='/about/how-we-report-the-news-every-day'>How we report the news to you</a></li></ul></nav></header>"
)
FOOT = "<footer><ul><li><a href='/terms-and-conditions-of-our-use'>Terms and conditions of the use of this site</a></li></ul></footer>"


class Site:
    """A news site with a page for its section and articles; an article a step, the newest `SHOWN` on the page."""

    def __init__(self, room: Newsroom, *, front: str = FRONT) -> None:
        self.newest, self.front = SHOWN, front
        self.room = room
        room.mount(front, self._section)
        for number in range(1, 40):
            room.add_page(self.url(number), article(f"Harbour bridge closes again, {number} boats wait"))
        for address in ("/sport", "/about/how-we-report-the-news-every-day", "/terms-and-conditions-of-our-use", "/author/jane"):
            room.add_page(f"{ONE}{address}", article("No news"))

    def url(self, number: int) -> str:
        return f"{ONE}/stories/{number}-harbour-bridge-closes-again"

    def _section(self, url: str, _asked: Mapping[str, str]) -> Resource:
        if url != self.front:
            return Resource(b"", "text/html", status=404)
        shown = range(self.newest, self.newest - SHOWN, -1)
        items = "".join(
            f"<li class='item-{place}'><a href='{self.url(number)}'><img src='/{number}.jpg'></a><h3><a href='{self.url(number)}'>"
            f"Harbour bridge closes again, {number} boats wait</a></h3><a href='/author/jane'>Jane Doe</a></li>"
            for place, number in enumerate(shown)
        )
        body = f"<html><body>{FURNITURE}<main><h1>World</h1><ul>{items}</ul></main>{FOOT}</body></html>".encode()
        return Resource(body, "text/html; charset=utf-8")


@pytest.fixture
def site(room: Newsroom) -> Site:
    return Site(room)


@pytest.fixture
def catalogue(make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    return make_catalogue([{"id": "one", "name": "One", "sections": [FRONT], "topic": "AI", "pace_s": 0}])


Walk = Callable[..., stages.WalkReport]


@pytest.fixture
def walk(settings: Settings, catalogue: Catalogue, clock: FrozenClock) -> Walk:
    def run(hour: int, *, own: Settings = settings) -> stages.WalkReport:
        clock.moment = HOUR.end + hour * AN_HOUR + timedelta(seconds=5)
        return stages.run(own, catalogue, later(hour), live=True, clock=clock)

    return run


def later(hours: int) -> Interval:
    return Interval(HOUR.start + hours * AN_HOUR, HOUR.end + hours * AN_HOUR)


def hours(site: Site, walk: Walk, *, count: int = 5, own: Settings | None = None) -> None:
    """Walk `count` hours; a new article appears in each but the first and the last."""
    for hour in range(count):
        site.newest = SHOWN + min(hour, count - 2)
        walk(hour, **({"own": own} if own is not None else {}))


def captured(settings: Settings, hour: int) -> list[str]:
    manifest = read_manifest(Lake(settings.lake), Part(later(hour), "00"))
    return [url for url, end in endings(manifest).items() if end == "captured"]


def test_articles_are_told_from_navigation_by_what_appears(site: Site, settings: Settings, walk: Walk) -> None:
    hours(site, walk)
    found = [captured(settings, hour) for hour in range(5)]
    assert found[0] == []
    assert sorted(found[1]) == sorted(site.url(number) for number in range(2, SHOWN + 2))
    assert found[2:] == [[site.url(SHOWN + 2)], [site.url(SHOWN + 3)], []]
    asked = Counter(seen.path for seen in site.room.requests)
    assert asked["/news/world"] == 5
    assert max(count for path, count in asked.items() if path.startswith("/stories/")) == 1
    assert not {path for path in asked if path.startswith(("/sport", "/about", "/terms", "/author"))}


def test_the_articles_are_published_and_every_table_names_the_section(site: Site, settings: Settings, walk: Walk) -> None:
    hours(site, walk)
    lake = Lake(settings.lake)
    ledger = [row for name in lake.captured_intervals() for row in _ledger(settings, name)]
    assert {row["outcome"] for row in ledger if row["kind"] == "section"} == {"captured", "notModified"}
    pages = [row for row in ledger if row["kind"] == "page"]
    assert {(row["via"], tuple(row["listedBy"])) for row in pages} == {("section", (FRONT,))}
    records = lake.read_table("articles/published_date=2026-11-20/articles.parquet").to_pylist()
    assert len(records) == SHOWN + 2
    explained = lake.read_table("explain/published_date=2026-11-20/explain.parquet").to_pylist()
    assert {row["via"] for row in explained} == {"section"}


def test_walking_the_hours_again_changes_no_byte_and_elsewhere_gives_the_same(
    site: Site, settings: Settings, walk: Walk, tmp_path: Path
) -> None:
    hours(site, walk)
    before = files(settings.lake)
    hours(site, walk)
    assert files(settings.lake) == before
    other = settings.model_copy(update={"lake": str(tmp_path / "other")})
    hours(site, walk, own=other)
    mine, theirs = ({path: body for path, body in files(lake).items() if "captures" in path} for lake in (settings.lake, other.lake))
    assert mine == theirs


def test_an_unchanged_section_page_is_not_sent_again_and_is_asked_more_rarely(site: Site, settings: Settings, walk: Walk) -> None:
    for hour in range(12):
        walk(hour)
    states = [read_manifest(Lake(settings.lake), Part(later(hour), "00")).feeds[0] for hour in range(12)]
    assert states[1].verdict == "notModified"
    assert states[-1].schedule.interval_s > 3_600
    assert states[-1].links == states[0].links


@pytest.mark.parametrize("answer", ["failing", "empty"])
def test_a_failing_or_an_empty_answer_forgets_nothing(site: Site, settings: Settings, walk: Walk, answer: str) -> None:
    walk(0)
    site.newest += 1
    walk(1)
    site.room.misbehave(FRONT, Status(503) if answer == "failing" else Status(200))
    walk(2)
    (state,) = read_manifest(Lake(settings.lake), Part(later(2), "00")).feeds
    assert (state.verdict, state.reason) == (("failed", "status") if answer == "failing" else ("rejected", state.reason))
    site.room.misbehave(FRONT, None)
    site.newest += 1
    walk(3)
    assert captured(settings, 3) == [site.url(site.newest)]


def test_the_check_of_sources_counts_the_links_that_may_be_articles(site: Site, settings: Settings, catalogue: Catalogue) -> None:
    (check,) = stages.check_feeds(settings, catalogue)
    assert (check.problem, check.status) == (None, 200)
    assert check.entries >= SHOWN
    assert "section page" in (check.note or "")
    site.room.mount(FRONT, lambda _url, _asked: Resource(b"<html><body><div id=app></div></body></html>", "text/html"))
    (check,) = stages.check_feeds(settings, catalogue)
    assert "not a section page" in (check.problem or "")


def test_a_backfill_over_hours_before_the_source_was_followed_says_that_nothing_reaches_back(
    site: Site, settings: Settings, catalogue: Catalogue, clock: FrozenClock
) -> None:
    asked = BackfillRequest(date(2026, 11, 18), date(2026, 11, 18), origins=("captures", "sitemap", "pages"))
    plan = plan_backfill(settings, catalogue, asked, now=clock.now())
    assert plan.sources[0].hours == 24
    report = stages.run(settings, catalogue, Interval.parse("2026-11-18T12"), live=False, clock=clock, origins=["sitemap", "pages"])
    assert any("no origin reaches back" in warning for one in report.captures for warning in one.warnings)


def test_hours_that_were_walked_are_rebuilt_from_their_captures(site: Site, settings: Settings, catalogue: Catalogue, walk: Walk) -> None:
    hours(site, walk)
    before = {path: body for path, body in files(settings.lake).items() if path.startswith("articles")}
    stages.run(settings, catalogue, later(1), live=False, clock=FrozenClock(HOUR.end + 30 * AN_HOUR), origins=["captures"])
    assert {path: body for path, body in files(settings.lake).items() if path.startswith("articles")} == before


def test_a_section_page_that_moved_is_healed(site: Site, settings: Settings, catalogue: Catalogue, walk: Walk, tmp_path: Path) -> None:
    hours(site, walk)
    moved = Site(site.room, front=f"{ONE}/world-news")
    moved.newest = site.newest
    site.room.mount(FRONT, lambda _url, _asked: redirect("/world-news", status=301))
    walk(5)
    own = settings.model_copy(update={"config": str(tmp_path / "catalogue")})
    healed = heal_sources(own, catalogue, clock=FrozenClock(HOUR.end + 6 * AN_HOUR))
    assert [repair.new for repair in healed.repairs] == [f"{ONE}/world-news"]
    apply_repairs(own, healed)
    assert load_catalogue(own.config).sources[0].sections == (f"{ONE}/world-news",)


def test_a_source_needs_something_that_lists_and_a_section_is_enough(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "catalogue/sources.yaml"
    path.write_text(yaml.safe_dump({"sources": [{"id": "one", "name": "One", "topic": "AI"}]}))
    with pytest.raises(ConfigError, match="a feed, a sitemap or a section page"):
        load_catalogue(path.parent)
    assert catalogue.sources[0].listings == (FRONT,)


def _ledger(settings: Settings, interval: Interval) -> list[dict[str, object]]:
    rows = []
    for name in Lake(settings.lake).captured_parts(interval.key):
        rows += Lake(settings.lake).read_table(storage.ledger_path(Part(interval, name))).to_pylist()
    return rows
