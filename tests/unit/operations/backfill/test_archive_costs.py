"""What archives will be asked for, as far as anything is at hand."""

from __future__ import annotations

from pipeline.core.settings import Settings
from pipeline.operations.backfill.archive_costs import (
    NEWS_FILE_BYTES,
    GivenFileEvidence,
    NewsFilesEvidence,
    SourceEvidence,
    ccnews_cost,
    warc_cost,
    wayback_cost,
)

SETTINGS = Settings(archive_pace_s=3, max_entries_per_source=10, history_pages=5)


def test_a_kept_listing_tells_how_many_pages_a_web_archive_has() -> None:
    cost = wayback_cost([SourceEvidence("one", hours=24, days=1, feeds=1, listed=40, snapshots=6, usual_bytes=1_000.0)], SETTINGS)
    assert (cost.requests, cost.bytes) == (6 + 40, 40_000)
    assert cost.hours == round(46 * 3 / 3_600, 2)
    assert cost.basis == "1 source by a kept listing"


def test_without_one_the_rhythm_of_the_source_does() -> None:
    cost = wayback_cost([SourceEvidence("one", hours=48, days=2, feeds=2, usual_pages=30.0)], SETTINGS)
    assert cost.requests == 3 * 2 + 48 * 2 + 60 * 2  # listings, feed documents, two for each page
    assert cost.bytes is None
    assert cost.basis == "1 source by the source's rhythm"


def test_a_source_of_which_nothing_is_known_is_named_with_its_bound() -> None:
    unknown = SourceEvidence("two", hours=2, days=1, feeds=1)
    cost = wayback_cost([unknown], SETTINGS)
    assert (cost.requests, cost.hours) == (None, None)
    assert cost.basis == "unknown until asked: two, at most 70 requests by the settings"
    both = wayback_cost([SourceEvidence("one", hours=24, days=1, feeds=1, listed=4, snapshots=0), unknown], SETTINGS)
    assert both.requests == 4
    assert both.basis.startswith("1 source by a kept listing; unknown until asked: two")


def test_no_more_pages_are_counted_than_the_settings_take() -> None:
    assert wayback_cost([SourceEvidence("one", hours=1, days=1, feeds=1, listed=4_000, snapshots=0)], SETTINGS).requests == 10


def test_news_files_are_counted_with_their_sizes_or_as_a_gibibyte() -> None:
    local = ccnews_cost(NewsFilesEvidence({"a": 100, "b": 200}), SETTINGS, is_remote=False, block_bytes=64)
    assert (local.requests, local.bytes, local.hours, local.files) == (0, 300, 0.0, ("a", "b"))
    remote = ccnews_cost(NewsFilesEvidence({"a": None}), SETTINGS, is_remote=True, block_bytes=2**24)
    assert (remote.requests, remote.bytes) == (64, NEWS_FILE_BYTES)
    assert "1 GiB assumed for each" in remote.basis
    unlisted = ccnews_cost(NewsFilesEvidence({}, unlisted_hours=2), SETTINGS, is_remote=True, block_bytes=2**24)
    assert (unlisted.requests, unlisted.bytes) == (128, 2 * NEWS_FILE_BYTES)
    assert unlisted.basis == "2 hours without a kept listing, one file of 1 GiB assumed for each"


def test_given_files_cost_their_reading_and_say_what_they_hold_when_it_is_known() -> None:
    cost = warc_cost([GivenFileEvidence("a.warc", 100, records=9, inside=4), GivenFileEvidence("b.warc", 50)])
    assert (cost.requests, cost.bytes, cost.files) == (0, 150, ("a.warc", "b.warc"))
    assert cost.basis == "a.warc: 4 of 9 records of these sources in the range; 1 file to scan first, the dates inside are unknown"
