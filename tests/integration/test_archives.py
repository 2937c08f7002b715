"""The origin `ccnews`: Common Crawl's files serve the sources that no earlier origin has, and are read in stretches that can be resumed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import TransientFetchError
from pipeline.core.models import CaptureReport, Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_record_at
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests import days
from tests.integration import walking
from tests.integration.conftest import FrozenClock
from tests.integration.past import HOUR, MINUTE, NOON, page, rss
from tests.integration.test_capture import ONE, TWO, manifest_of, source
from tests.integration.test_rebuild import files
from tests.newsroom import Newsroom, Status
from tests.newsroom.answers import message
from tests.newsroom.archives import CommonCrawl, NewsPage, Wayback

ELSEWHERE = "https://elsewhere.example"
KILLS = 2
ORIGINS = ["pages", "ccnews"]
Make = Callable[..., Catalogue]


def crawled(host: str, name: str, minutes: int, **extra: Any) -> NewsPage:
    """A page that was crawled five minutes after its publication, `minutes` after noon."""
    at = NOON + minutes * MINUTE
    return NewsPage(f"{host}/{name}", at + 5 * MINUTE, page(f"What was crawled at {host}/{name}", at), **extra)


@pytest.fixture
def crawl(room: Newsroom) -> CommonCrawl:
    """Two files of the hour, one of the next, one of another month."""
    crawl = CommonCrawl(room)
    mixed = [crawled(host, f"p{number}", 2 * number) for number in range(1, 9) for host in (ELSEWHERE, ONE)]
    crawl.add(
        NOON + MINUTE, [*mixed, crawled(ONE, "feed.xml", 3, content_type="application/xml"), crawled(ONE, "gone", 4, status="404 No")]
    )
    crawl.add(NOON + 31 * MINUTE, [crawled(TWO, "a", 40), crawled(ONE, "p1", 2), crawled(ONE, "late", 55)], number=2)
    crawl.add(NOON + 61 * MINUTE, [crawled(ONE, "next-hour", 70)], number=3)
    crawl.add(datetime(2026, 10, 18, 12, tzinfo=NOON.tzinfo), [crawled(ONE, "last-month", 0)])
    return crawl


@pytest.fixture
def own(settings: Settings, crawl: CommonCrawl) -> Settings:
    return settings.model_copy(update=crawl.settings)


@pytest.fixture
def catalogue(room: Newsroom, make_catalogue: Make) -> Catalogue:
    """Two sources whose feeds show the present only."""
    for host in (ONE, TWO):
        room.add_page(f"{host}/feed", "<rss version='2.0'><channel><title>F</title></channel></rss>", content_type="application/rss+xml")
    return make_catalogue([source(ONE), source(TWO)])


@pytest.fixture
def run(own: Settings, catalogue: Catalogue, clock: FrozenClock) -> Callable[..., stages.WalkReport]:
    def run(interval: Interval = HOUR, *, settings: Settings = own, **options: Any) -> stages.WalkReport:
        return stages.run(settings, catalogue, interval, live=False, clock=clock, **{"origins": ORIGINS, **options})

    return run


Run = Callable[..., stages.WalkReport]


def rows(settings: Settings, layer: str) -> list[dict[str, Any]]:
    return ds.dataset(f"{settings.lake}/{layer}", format="parquet").to_table().to_pylist()


def articles(settings: Settings) -> set[str]:
    return {row["webUrl"] for row in rows(settings, "articles")}


OF_THE_HOUR = {f"{ONE}/p{number}" for number in range(1, 9)} | {f"{ONE}/late", f"{TWO}/a"}


def names(reports: tuple[CaptureReport, ...]) -> list[str]:
    return [report.part for report in reports]


def test_the_files_of_the_hour_give_the_pages_of_our_domains(own: Settings, run: Run) -> None:
    report = run()
    parts = ["ccnews-20261118120100-00001-0", "ccnews-20261118123100-00002-0"]
    assert names(report.captures) == ["00", *parts]
    assert articles(own) == OF_THE_HOUR
    ended = {row["url"]: (row["outcome"], row["reason"]) for row in rows(own, "ledger") if row["kind"] == "page"}
    assert ended[f"{ONE}/gone"] == ("failed", "status")
    assert ended[f"{ONE}/feed.xml"] == ("rejected", "wrongType")
    assert not any(ELSEWHERE in url for url in ended)
    assert {row["via"] for row in rows(own, "extracted")} == {"ccnews"}
    assert not report.assessment.failed
    assert report.assessment.warnings == ()


def test_a_page_keeps_the_date_on_which_it_was_crawled(own: Settings, run: Run) -> None:
    run()
    part = Part(HOUR, "ccnews-20261118123100-00002-0")
    with Lake(own.lake).open(storage.captures_path(part)) as file:
        for one in manifest_of(own, part).pages:
            record = read_record_at(file, one.offset, max_body_bytes=100_000)
            assert record.url == one.entry.url
            assert record.at in (NOON + 45 * MINUTE, NOON + 60 * MINUTE)


def test_a_page_that_two_files_hold_is_taken_once(own: Settings, run: Run) -> None:
    run()
    ended = [row["outcome"] for row in rows(own, "ledger") if row["url"] == f"{ONE}/p1"]
    assert sorted(ended) == ["captured", "duplicate"]


def test_a_local_folder_will_do(own: Settings, run: Run, crawl: CommonCrawl, tmp_path: Path, room: Newsroom) -> None:
    crawl.save(tmp_path / "mirror")
    run(settings=own.model_copy(update={"ccnews": str(tmp_path / "mirror")}))
    assert articles(own) == OF_THE_HOUR
    assert not any(seen.host == "crawl.example" for seen in room.requests)


def test_an_article_outside_the_range_is_not_taken_in(own: Settings, run: Run, crawl: CommonCrawl) -> None:
    old = NewsPage(f"{TWO}/old", NOON + 50 * MINUTE, page("Of last year", NOON - timedelta(days=365)))
    crawl.add(NOON + 50 * MINUTE, [old], number=9)
    report = run()
    assert sum(one.rejected.get("outOfRange", 0) for one in report.extracts) == 1
    assert articles(own) == OF_THE_HOUR


def test_only_what_no_other_origin_has_is_looked_for(own: Settings, run: Run, room: Newsroom) -> None:
    items = "".join(
        f"<item><title>{name}</title><link>{ONE}/{name}</link><pubDate>Wed, 18 Nov 2026 {at}:00 GMT</pubDate></item>"
        for name, at in (("own", "12:30"), ("before", "11:30"))
    )
    room.add_page(f"{ONE}/feed", f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>")
    room.add_page(f"{ONE}/own", page("From its own feed", NOON + 30 * MINUTE))
    run()
    assert articles(own) == {f"{ONE}/own", f"{TWO}/a"}
    assert manifest_of(own, Part(HOUR, "00")).origins == {"one": "pages", "two": "ccnews"}


def test_a_source_that_the_files_do_not_hold_is_named(own: Settings, run: Run, crawl: CommonCrawl) -> None:
    assert run(Interval.parse("2026-11-18T13")).assessment.warnings == ("two: no origin reaches back to 2026-11-18T13",)
    assert run(Interval.parse("2026-11-18T20")).assessment.warnings == (
        "one: no origin reaches back to 2026-11-18T20",
        "two: no origin reaches back to 2026-11-18T20",
    )
    assert run(Interval.parse("2026-09-18T20")).assessment.warnings[0] == "one: no origin reaches back to 2026-09-18T20"


def test_the_listing_of_a_month_is_asked_for_once(run: Run, room: Newsroom) -> None:
    for hour in (12, 13, 14):
        run(Interval.parse(f"2026-11-18T{hour}"))
    assert sum(seen.path.endswith("warc.paths.gz") for seen in room.requests) == 1


@pytest.fixture
def small(own: Settings) -> Settings:
    """Settings with stretches of a few records."""
    return own.model_copy(update={"ccnews_chunk_bytes": 1500})


def test_a_file_is_read_in_stretches_that_end_where_a_record_does(small: Settings, run: Run, crawl: CommonCrawl) -> None:
    report = run(settings=small)
    first = [name for name in names(report.captures) if "-00001-" in name]
    assert len(first) > 3
    assert articles(small) == OF_THE_HOUR
    length = next(len(octets) for path, octets in crawl.files.items() if path.endswith("20261118120100-00001.warc.gz"))
    manifests = [manifest_of(small, Part(HOUR, name)) for name in first]
    ends = [one.goes_on or length for one in manifests]
    assert ends == sorted(ends)
    assert sum(outcome.bytes for one in manifests for outcome in one.outcomes if "#bytes=" in outcome.url) == length
    pages = [one.entry.url for manifest in manifests for one in manifest.pages]
    assert len(pages) == len(set(pages)) == 8


def test_a_half_read_file_goes_on_at_its_record(small: Settings, run: Run, crawl: CommonCrawl, room: Newsroom, tmp_path: Path) -> None:
    run(settings=small)
    whole = files(small.lake)
    other = small.model_copy(update={"lake": str(tmp_path / "other")})
    address = f"{crawl.root}/crawl-data/CC-NEWS/2026/11/CC-NEWS-20261118120100-00001.warc.gz"
    before = _break_after(room, address, requests=4)
    with pytest.raises(TransientFetchError):
        run(settings=other)
    committed = [part for part in Lake(other.lake).captured_parts(HOUR.key) if part.startswith("ccnews")]
    assert committed
    goes_on = max(manifest_of(other, Part(HOUR, name)).goes_on or 0 for name in committed)
    room.mount(f"{crawl.root}/crawl-data/", before)
    room.forget_requests()
    run(settings=other)
    starts = [int(seen.headers["range"][6:].partition("-")[0]) for seen in room.requests if seen.path.endswith("-00001.warc.gz")]
    assert min(starts) == goes_on
    assert files(other.lake) == whole


def _break_after(room: Newsroom, address: str, *, requests: int) -> Any:
    """Answer 503 after `requests` requests for the file at `address`; returns the function that answered before."""
    prefix = next(prefix for prefix in room._mounted if address.startswith(prefix))
    before, count = room._mounted[prefix], iter(range(1_000_000))

    def answer(url: str, asked: Any) -> Any:
        return message(503) if url == address and next(count) >= requests else before(url, asked)

    room.mount(prefix, answer)
    return before


def test_a_broken_record_is_an_outcome_and_the_rest_of_the_file_is_read(own: Settings, run: Run, crawl: CommonCrawl) -> None:
    path = next(path for path in crawl.files if path.endswith("-00001.warc.gz"))
    octets = bytearray(crawl.files[path])
    members = [place for place in range(len(octets)) if octets[place : place + 3] == b"\x1f\x8b\x08"]
    for place in range(members[8] + 20, members[8] + 60):
        octets[place] = 0
    crawl.files[path] = bytes(octets)
    run()
    broken = [row for row in rows(own, "ledger") if row["reason"] == "broken"]
    assert [row["url"] for row in broken] == [f"{crawl.root}/{path}#{members[8]}"]
    assert len(OF_THE_HOUR - articles(own)) == 1


def test_sources_that_are_left_later_have_the_files_read_for_them(own: Settings, run: Run) -> None:
    run(sources=["two"])
    assert articles(own) == {f"{TWO}/a"}
    run()
    assert articles(own) == OF_THE_HOUR
    parts = Lake(own.lake).captured_parts(HOUR.key)
    again = run()
    assert all(one.reused for one in again.captures)
    assert Lake(own.lake).captured_parts(HOUR.key) == parts


def test_a_refetch_reads_the_files_again_into_parts_of_its_own(own: Settings, run: Run) -> None:
    run()
    report = run(refetch="0badcafe")
    assert names(report.captures) == ["00-r0badcafe", "ccnews-20261118120100-00001-0-r0badcafe", "ccnews-20261118123100-00002-0-r0badcafe"]
    assert not any(one.reused for one in report.captures)
    assert articles(own) == OF_THE_HOUR


def test_a_file_that_is_not_there_is_passed_over(own: Settings, run: Run, room: Newsroom, crawl: CommonCrawl) -> None:
    room.misbehave(f"{crawl.root}/crawl-data/CC-NEWS/2026/11/CC-NEWS-20261118120100-00001.warc.gz", Status(403))
    assert run().assessment.warnings == ()
    assert articles(own) == {f"{TWO}/a", f"{ONE}/late", f"{ONE}/p1"}


@pytest.mark.parametrize("day", [days.DAY])
def test_killed_anywhere_a_past_hour_goes_on_to_the_same_bytes(
    room: Newsroom, small: Settings, crawl: CommonCrawl, make_catalogue: Make, tmp_path: Path, day: str
) -> None:
    three, four = "https://three.example", "https://four.example"
    wayback = Wayback(room)
    shown = [(f"{three}/{name}", NOON + minutes * MINUTE) for name, minutes in (("b", 20), ("a", 10), ("before", -10))]
    wayback.add(f"{three}/feed", NOON + timedelta(hours=2), rss(shown), content_type="application/rss+xml")
    for url, at in shown:
        wayback.add(url, at + MINUTE, page(f"Archived {url}", at))
    own = [(f"{four}/{name}", NOON + minutes * MINUTE) for name, minutes in (("later", 90), ("inside", 30), ("before", -30))]
    room.add_page(f"{four}/feed", rss(own[:1], older="?page=2"), content_type="application/rss+xml")
    room.add_page(f"{four}/feed?page=2", rss(own[1:]), content_type="application/rss+xml")
    room.add_page(f"{four}/inside", page("From the second page of a feed", own[1][1]))
    make_catalogue([source(host) for host in (ONE, TWO, three, four)])
    chosen = {"config": str(tmp_path / "catalogue"), "ccnews_chunk_bytes": 4000, "origins": (*small.origins, "ccnews")}
    options = {**small.model_dump(), **wayback.settings, **chosen}

    def walk(lake: Path, kill_at: int | None = None) -> tuple[int, int]:
        return walking.carry_out(walking.walk_back, {**options, "lake": str(lake)}, HOUR.key, kill_at=kill_at, patience_s=60)

    code, steps = walk(tmp_path / "whole")
    whole = files(str(tmp_path / "whole"))
    assert code == 0
    assert articles(small.model_copy(update={"lake": str(tmp_path / "whole")})) == OF_THE_HOUR | {
        f"{three}/a",
        f"{three}/b",
        f"{four}/inside",
    }
    for kill_at in days.sample_of(range(1, steps + 1), KILLS, day=day):
        lake = tmp_path / f"killed-{kill_at}"
        assert walk(lake, kill_at)[0] == -signal.SIGKILL, kill_at
        assert walk(lake)[0] == 0
        assert files(str(lake)) == whole, kill_at
