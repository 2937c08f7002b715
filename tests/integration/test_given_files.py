"""Given WARC files as an origin: their records of the hour, of our sources, read in stretches; broken ones are outcomes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.capture.past.given_files import PAGE_RECORDS, given_paths, hours_with_records
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import ConfigError
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.archives.files import open_archive
from pipeline.lake.archives.warc import read_record_at, read_records
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import BackfillRequest
from pipeline.operations.backfill.runs import run_backfill
from pipeline.text.urls import registered_domain
from tests.integration.conftest import FrozenClock
from tests.integration.past import HOUR, MINUTE, NOON, page, rss
from tests.integration.test_archives import ELSEWHERE, Make, articles, crawled, names, rows
from tests.integration.test_capture import ONE, TWO, manifest_of, source
from tests.integration.test_import import repacked
from tests.integration.test_rebuild import files
from tests.newsroom import Newsroom
from tests.newsroom.archives import CommonCrawl, Wayback

DAY = date(2026, 11, 18)
ASKED = BackfillRequest(DAY, DAY, origins=("warc",))
OF_THE_HOUR = {f"{ONE}/p{number}" for number in range(1, 6)} | {f"{TWO}/a"}
LATER = FrozenClock(NOON + timedelta(days=5))


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A file with pages of three publishers, some of the next hour and one of another month."""
    crawl = CommonCrawl()
    mixed = [crawled(host, f"p{number}", 2 * number) for number in range(1, 6) for host in (ELSEWHERE, ONE)]
    other = [crawled(TWO, "a", 10), crawled(ONE, "next-hour", 61), crawled(ONE, "last-month", -60 * 24 * 31)]
    path = crawl.add(NOON, [*mixed, *other])
    (tmp_path / "given").mkdir()
    (tmp_path / "given/pages.warc.gz").write_bytes(crawl.files[path])
    return tmp_path / "given/pages.warc.gz"


@pytest.fixture
def own(settings: Settings, given: Path) -> Settings:
    return settings.model_copy(update={"warc": (str(given),)})


@pytest.fixture
def catalogue(make_catalogue: Make) -> Catalogue:
    return make_catalogue([source(ONE), source(TWO)])


@pytest.fixture
def run(own: Settings, catalogue: Catalogue) -> Callable[..., stages.WalkReport]:
    def run(interval: Interval = HOUR, *, settings: Settings = own, **options: object) -> stages.WalkReport:
        return stages.run(settings, catalogue, interval, live=False, clock=LATER, **{"origins": ["warc"], **options})

    return run


Run = Callable[..., stages.WalkReport]


def test_the_records_of_the_hour_are_taken_with_their_own_dates_and_nobody_is_asked(own: Settings, run: Run, room: Newsroom) -> None:
    report = run()
    (part,) = [name for name in names(report.captures) if name.startswith("warc-")]
    assert articles(own) == OF_THE_HOUR
    assert {row["via"] for row in rows(own, "extracted")} == {"warc"}
    with Lake(own.lake).open(storage.captures_path(Part(HOUR, part))) as file:
        for one in manifest_of(own, Part(HOUR, part)).pages:
            record = read_record_at(file, one.offset, max_body_bytes=100_000)
            assert record.url == one.entry.url
            assert record.at is not None
            assert HOUR.holds(record.at)
    assert room.requests == []


def test_records_outside_the_range_are_counted_and_not_taken(own: Settings, run: Run) -> None:
    report = run()
    assert report.assessment.warnings == (f"{own.warc[0]}: 1 of 8 records of these sources dated outside 2026-11-17 to 2026-11-19",)
    assert not any("last-month" in row["url"] for row in rows(own, "ledger"))


def test_a_folder_or_a_pattern_will_do_and_a_name_that_leads_nowhere_is_refused(given: Path, own: Settings, run: Run) -> None:
    assert given_paths([str(given.parent), str(given)]) == given_paths([str(given.parent / "*.gz")]) == (given,)
    with pytest.raises(ConfigError, match="matches no WARC file"):
        given_paths([str(given.parent / "none*")])
    with pytest.raises(ConfigError, match="--warc FILE"):
        run(settings=own.model_copy(update={"warc": ()}))


def test_only_what_no_earlier_origin_has_is_taken_from_files(own: Settings, run: Run, room: Newsroom) -> None:
    room.add_page(f"{ONE}/feed", rss([(f"{ONE}/own", NOON + 30 * MINUTE), (f"{ONE}/before", NOON - 30 * MINUTE)]))
    room.add_page(f"{ONE}/own", page("From its own feed", NOON + 30 * MINUTE))
    run(origins=["pages", "warc"])
    assert articles(own) == {f"{ONE}/own", f"{TWO}/a"}


def test_what_a_file_lacks_is_looked_for_elsewhere_later(own: Settings, run: Run, room: Newsroom) -> None:
    later = Interval.parse("2026-11-18T13")
    at = NOON + 90 * MINUTE
    assert run(later).assessment.warnings[0] == "two: no origin reaches back to 2026-11-18T13"
    room.add_page(f"{TWO}/feed", rss([(f"{TWO}/found", at), (f"{TWO}/before", NOON)]))
    room.add_page(f"{TWO}/found", page("Found in the feed", at))
    report = run(later, origins=["pages"])
    assert {name for name in names(report.captures) if name.isdigit()} == {"00", "01"}
    assert articles(own) == {f"{ONE}/next-hour", f"{TWO}/found"}


def test_an_hour_is_read_in_stretches_and_goes_on_at_its_record(own: Settings, run: Run, tmp_path: Path) -> None:
    small = own.model_copy(update={"ccnews_chunk_bytes": 1500})
    report = run(settings=small)
    parts = [name for name in names(report.captures) if name.startswith("warc-")]
    assert len(parts) > 2
    assert articles(small) == OF_THE_HOUR
    whole = files(small.lake)
    for name in parts[2:]:  # as a kill behind the second stretch leaves it
        shutil.rmtree(Path(small.lake, storage.raw_folder(Part(HOUR, name))))
    assert [one.reused for one in run(settings=small).captures if one.part in parts] == [True, True, *[False] * len(parts[2:])]
    assert files(small.lake) == whole


def test_a_backfill_names_its_files_goes_on_and_says_what_they_hold_besides(settings: Settings, given: Path, catalogue: Catalogue) -> None:
    asked = replace(ASKED, warc=(str(given),))
    assert asked.id != ASKED.id
    record = run_backfill(settings, catalogue, plan_backfill(settings, catalogue, asked, now=LATER.now()), clock=LATER)
    assert record.state == "done"
    assert articles(settings) == OF_THE_HOUR | {f"{ONE}/next-hour"}
    assert f"{given}: 1 of 8 records of these sources dated outside 2026-11-18 to 2026-11-18" in record.warnings
    before = {name: digest for name, digest in files(settings.lake).items() if not name.startswith("backfills/")}
    run_backfill(settings, catalogue, plan_backfill(settings, catalogue, asked, now=LATER.now()), clock=LATER)
    assert {name: digest for name, digest in files(settings.lake).items() if not name.startswith("backfills/")} == before


def test_a_broken_record_is_an_outcome_and_the_rest_of_the_file_is_read(own: Settings, run: Run, given: Path) -> None:
    octets = bytearray(given.read_bytes())
    members = [place for place in range(len(octets)) if octets[place : place + 3] == b"\x1f\x8b\x08"]
    octets[members[8] + 20 : members[8] + 60] = bytes(40)
    given.write_bytes(bytes(octets))
    run()
    assert [row["url"] for row in rows(own, "ledger") if row["reason"] == "broken"] == [f"{given}#{members[8]}"]
    assert len(OF_THE_HOUR - articles(own)) == 1


def test_every_page_of_real_files_is_found_at_its_place(shared: Path, tmp_path: Path) -> None:
    """The index of each file, broken ones included, leads to the same records as reading the file from its start."""
    lake, found, broken = Lake(str(tmp_path / "lake")), 0, 0
    for path in given_paths([str(shared / "corpora/warc")]):
        with path.open("rb") as file:
            records = list(read_records(file, max_body_bytes=1_000_000, keep_members=True))
        pages = [one for one in records if one.type in PAGE_RECORDS and one.at is not None and (one.url or "").startswith("http")]
        domains = {registered_domain(one.url or "") for one in pages}
        for hour in sorted({Interval.containing(one.at) for one in pages if one.at is not None}):
            (share,) = hours_with_records(lake, [path], hour, domains)
            with open_archive(path) as archive:
                read = [one for one in share.records(archive, 0, max_body_bytes=1_000_000) if one.type != "broken"]
            assert read == [one for one in pages if one.at is not None and hour.holds(one.at)]
            found, broken = found + len(read), broken + len(share.broken)
    assert found > 20
    assert broken > 0


@pytest.mark.parametrize("packing", ["wacz", "warc.zst"])
def test_a_wacz_and_a_file_of_frames_serve_an_hour_as_a_warc_file_does(
    own: Settings, run: Run, given: Path, tmp_path: Path, packing: str
) -> None:
    path = repacked(given, tmp_path / f"other.{packing}")
    other = own.model_copy(update={"lake": str(tmp_path / "other"), "warc": (str(path),)})
    run()
    run(settings=other)
    assert articles(other) == articles(own) == OF_THE_HOUR
    same = ("originalUrl", "title", "text", "publishedDateTime", "payloadDigest", "captureTime")
    mine, theirs = ([{name: row.get(name) for name in same} for row in rows(one, "extracted")] for one in (own, other))
    assert mine == theirs


def test_the_plan_says_which_files_how_many_bytes_and_what_is_known_of_them(own: Settings, catalogue: Catalogue, given: Path) -> None:
    (cost,) = plan_backfill(own, catalogue, ASKED, now=LATER.now()).archives
    assert (cost.origin, cost.requests, cost.bytes, cost.files) == ("warc", 0, given.stat().st_size, (str(given),))
    assert "to scan first" in cost.basis
    assert not Path(own.lake).exists()
    stages.run(own, catalogue, HOUR, live=False, clock=LATER, origins=["warc"])
    (cost,) = plan_backfill(own, catalogue, ASKED, now=LATER.now()).archives
    assert cost.basis == f"{given}: 7 of 8 records of these sources in the range"


def test_the_plan_counts_the_news_files_of_a_folder_and_knows_nothing_of_a_web_archive(
    settings: Settings, catalogue: Catalogue, tmp_path: Path, room: Newsroom
) -> None:
    crawl = CommonCrawl()
    path = crawl.add(NOON, [crawled(ONE, "a", 1)])
    crawl.add(NOON + timedelta(days=3), [crawled(ONE, "b", 1)], number=2)
    crawl.save(tmp_path / "news")
    own = settings.model_copy(update={"ccnews": str(tmp_path / "news")})
    asked = replace(ASKED, origins=("wayback", "ccnews"))
    wayback, ccnews = plan_backfill(own, catalogue, asked, now=LATER.now()).archives
    assert (ccnews.requests, ccnews.bytes, ccnews.files) == (0, len(crawl.files[path]), (path,))
    assert wayback.requests is None
    assert wayback.basis.startswith("unknown until asked: one, two, at most ")
    assert room.requests == []


def test_the_plan_counts_the_snapshots_of_kept_listings(settings: Settings, catalogue: Catalogue, room: Newsroom) -> None:
    wayback = Wayback(room)
    own = settings.model_copy(update=wayback.settings)
    for number in range(4):
        wayback.add(f"{ONE}/p{number}", NOON + number * MINUTE, page(f"Archived {number}", NOON))
    stages.run(own, catalogue, HOUR, live=False, clock=LATER, origins=["wayback"])
    room.forget_requests()
    (cost,) = plan_backfill(own, catalogue, replace(ASKED, origins=("wayback",), refetch=True), now=LATER.now()).archives
    assert (cost.requests, cost.basis) == (4, "2 sources by a kept listing")
    assert room.requests == []
