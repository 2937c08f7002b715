"""Which files of Common Crawl's news data belong to an interval."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from pipeline.capture.past.news_files import NewsFile, files_of, listing_path
from pipeline.core.errors import FeedError
from pipeline.core.models import Interval

HOUR = Interval.parse("2026-11-18T12")


def path(stamp: str, number: str = "00042") -> str:
    return f"crawl-data/CC-NEWS/{stamp[:4]}/{stamp[4:6]}/CC-NEWS-{stamp}-{number}.warc.gz"


def of(*lines: str) -> tuple[NewsFile, ...]:
    return files_of(gzip.compress("\n".join(lines).encode()), HOUR, url="listing")


def test_an_hour_owns_the_files_that_were_begun_in_it() -> None:
    stamps = ("20261118115959", "20261118125959", "20261118120000", "20261118130000")
    assert [file.path for file in of(*map(path, stamps))] == [path("20261118120000"), path("20261118125959")]
    assert files_of(path("20261118123000").encode(), HOUR, url="listing")[0].began == datetime(2026, 11, 18, 12, 30, tzinfo=UTC)


def test_a_listing_is_a_month_s() -> None:
    assert listing_path(HOUR) == "crawl-data/CC-NEWS/2026/11/warc.paths.gz"


def test_the_parts_of_a_file_bear_its_name_without_a_dot() -> None:
    (file,) = of(path("20261118120000"))
    assert file.part_name(3) == "ccnews-20261118120000-00042-3"
    assert file.part_name(0, mark="-r0badcafe") == "ccnews-20261118120000-00042-0-r0badcafe"


def test_other_lines_are_passed_over_and_an_empty_listing_is_one() -> None:
    assert of("", path("20261118120000"), "crawl-data/CC-MAIN/x.warc.gz", "../" + path("20261118120001"), path("20261399120000")) == of(
        path("20261118120000")
    )
    assert of() == ()


@pytest.mark.parametrize(
    "body", [b"<html>Not found</html>", gzip.compress(b"nothing of the kind"), b"\x1f\x8bbroken"], ids=["page", "packed", "broken"]
)
def test_what_is_no_listing_is_refused(body: bytes) -> None:
    with pytest.raises(FeedError, match="listing"):
        files_of(body, HOUR, url="listing")
