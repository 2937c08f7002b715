"""A past interval from an archive of the web that speaks the CDX API: its snapshots of the source's feeds and pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_record_at
from pipeline.lake.storage import Lake
from tests.integration.past import HOUR, MINUTE, NOON, Make, Take, asked, captured, every, inside, page, put, rss
from tests.integration.test_capture import ONE, TWO, endings, source
from tests.newsroom import Newsroom
from tests.newsroom.archives import Wayback

RSS = "application/rss+xml"


def test_snapshots_of_a_feed_give_each_page_as_it_was_first_seen(
    room: Newsroom, wayback: Wayback, archive: Settings, make_catalogue: Make, take: Take
) -> None:
    entries = every(timedelta(minutes=20), start=NOON - timedelta(hours=5), end=NOON + timedelta(hours=5))
    for hour in range(-3, 5):
        at = NOON + timedelta(hours=hour, minutes=5)
        shown = [one for one in entries if one[1] <= at][:10]
        wayback.add(f"{ONE}/feed", at, rss(shown), content_type=RSS)
    for url, at in entries:
        wayback.add(url, at - MINUTE, page("Not published yet", at))
        wayback.add(url, at + 7 * MINUTE, page(f"As first seen: {url[-4:]}", at))
        wayback.add(url, at + timedelta(days=1), page("Rewritten", at))
    report, manifest = take(make_catalogue([source(ONE)]), own=archive, origins=["wayback"])
    assert captured(manifest) == inside(entries)
    assert (manifest.origins, report.warnings) == ({"one": "wayback"}, ())
    with Lake(archive.lake).open(storage.captures_path(Part(HOUR, "00"))) as file:
        for one in manifest.pages:
            record = read_record_at(file, one.offset, max_body_bytes=100_000)
            published = dict(entries)[one.entry.url]
            assert (record.url, record.at) == (one.entry.url, published + 7 * MINUTE)
            assert b"As first seen" in record.body
            assert one.entry.via == "wayback"
    assert not any(seen.host == "one.example" and seen.path != "/robots.txt" for seen in room.requests)


def test_a_page_without_a_snapshot_is_asked_of_its_publisher(
    room: Newsroom, wayback: Wayback, archive: Settings, make_catalogue: Make, take: Take
) -> None:
    entries = [(f"{ONE}/b", NOON + 10 * MINUTE), (f"{ONE}/a", NOON - 10 * MINUTE)]
    wayback.add(f"{ONE}/feed", NOON + timedelta(hours=2), rss(entries), content_type=RSS)
    put(room, entries)
    _, manifest = take(make_catalogue([source(ONE)]), own=archive, origins=["wayback"])
    assert captured(manifest) == {f"{ONE}/b"}
    assert asked(room)["/b"] == 1


def test_the_last_hour_of_a_day_is_told_by_the_next_day_s_snapshot(
    wayback: Wayback, archive: Settings, make_catalogue: Make, take: Take
) -> None:
    midnight = datetime(2026, 11, 19, tzinfo=UTC)
    entries = [(f"{ONE}/late", midnight - MINUTE), (f"{ONE}/before", midnight - 70 * MINUTE)]
    wayback.add(f"{ONE}/feed", midnight + 3 * MINUTE, rss(entries), content_type=RSS)
    wayback.add(f"{ONE}/late", midnight + 4 * MINUTE, page("Just before midnight", midnight - MINUTE))
    _, manifest = take(make_catalogue([source(ONE)]), Interval.parse("2026-11-18T23"), own=archive, origins=["wayback"])
    assert captured(manifest) == {f"{ONE}/late"}


def test_archived_pages_of_the_host_are_taken_where_no_feed_was_archived(
    room: Newsroom, wayback: Wayback, archive: Settings, make_catalogue: Make, take: Take
) -> None:
    catalogue = make_catalogue([source(ONE)])
    for minutes in (-30, 10, 50, 90):
        wayback.add(f"{ONE}/p{minutes}", NOON + minutes * MINUTE, page(f"Page of {minutes}", NOON))
    wayback.add(f"{ONE}/", NOON + 20 * MINUTE, page("The front page", NOON))
    wayback.add(f"{ONE}/logo.png", NOON + 20 * MINUTE, "not html", content_type="image/png")
    wayback.add(f"{ONE}/gone", NOON + 20 * MINUTE, "gone", status=404)
    wayback.add(f"{TWO}/p10", NOON + 10 * MINUTE, page("Another host's", NOON))
    _, manifest = take(catalogue, own=archive, origins=["wayback"])
    assert captured(manifest) == set(endings(manifest)) == {f"{ONE}/p10", f"{ONE}/p50"}
    _, empty = take(catalogue, Interval.parse("2026-11-18T20"), own=archive, origins=["wayback"])
    assert (empty.origins, captured(empty)) == ({"one": "wayback"}, set())
    _, nothing = take(catalogue, Interval.parse("2026-11-17T20"), own=archive, origins=["wayback"])
    assert nothing.unserved == ("one",)


def test_long_answers_of_the_archive_are_read_to_their_end(
    room: Newsroom, wayback: Wayback, archive: Settings, make_catalogue: Make, take: Take
) -> None:
    wayback.most_rows = 4
    for number in range(30):
        wayback.add(f"{ONE}/p{number:02d}", NOON + number * MINUTE, page(f"Page {number}", NOON))
    _, manifest = take(make_catalogue([source(ONE)]), own=archive, origins=["wayback"])
    assert len(captured(manifest)) == 30
    assert len(endings(manifest, "listing")) == 2 + 8
