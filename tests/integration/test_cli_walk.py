"""`news run`, `sources check`, `extract` and `publish`: reports, exit codes, and what is said of sources that fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.lake import storage
from pipeline.lake.storage import Lake
from tests.integration.articles import PAGES, page, warc
from tests.integration.commands import News
from tests.integration.conftest import KEY, OTHER_KEY
from tests.integration.test_capture import ONE, TWO, article, feed, source
from tests.newsroom import Newsroom, Status


@pytest.fixture
def world(room: Newsroom, make_catalogue: Callable[..., Any], tmp_path: Path) -> dict[str, str]:
    """Two sources, the second without a feed; the variables that lead to them."""
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/a"), content_type="application/rss+xml")
    room.add_page(f"{ONE}/a", article("The harbour bridge is closed"))
    room.misbehave(f"{TWO}/feed", Status(404))
    make_catalogue([source(ONE), source(TWO)])
    return {**room.environment, "NEWS_CONFIG": str(tmp_path / "catalogue"), "NEWS_LAKE": str(tmp_path / "fresh")}


def test_run_walks_an_hour_from_feeds_to_records(news: News, world: dict[str, str], tmp_path: Path) -> None:
    said = news("run", "--interval", "2026-11-20T12", "--live", "--json", **world)
    assert said.code == 0
    (capture,) = said.json["captures"]
    assert capture["failed_sources"] == {"two": "status 404"}
    assert said.json["assessment"]["is_red"] is False
    assert Lake(str(tmp_path / "fresh")).exists(storage.articles_path(date(2026, 11, 20)))
    said = news("run", "--interval", "2026-11-20T12", **world)
    shown = " ".join(said.out.split())  # lines are broken by their length
    assert "captured before; no request was sent" in shown
    assert "1 of 2 sources failed (two: status 404)" in shown


def test_a_run_whose_sources_fail_is_3(news: News, world: dict[str, str]) -> None:
    said = news("run", "--interval", "2026-11-20T12", "--live", **world, NEWS_TOLERATED_FAILURES="0.4")
    assert said.code == 3
    assert "two: status 404" in said.out


def test_sources_check_is_3_when_a_feed_cannot_be_read(news: News, world: dict[str, str], room: Newsroom) -> None:
    said = news("sources", "check", "--json", **world)
    assert said.code == 3
    good, bad = said.json
    assert (good["sourceId"], good["entries"], good["problem"]) == ("one", 1, None)
    assert (bad["sourceId"], bad["status"]) == ("two", 404)
    assert not Path(world["NEWS_LAKE"]).exists(), "nothing is written"
    room.misbehave(f"{TWO}/feed", None)
    room.add_page(f"{TWO}/feed", feed(), content_type="application/rss+xml")
    assert news("sources", "check", **world).code == 0


def test_extract_runs_again_over_what_was_captured(news: News) -> None:
    (report,) = news("extract", "2026-11-20T12", "--json").json
    assert (report["articles"], report["rejected"]) == (12, {})
    said = news("extract", "2026-11-20T13", "--json")
    assert (said.code, said.json) == (1, [])
    assert said.err == "news: the lake has no captures of 2026-11-20T13, so there is nothing to extract\n"


def test_publish_builds_what_changed_and_says_so(news: News) -> None:
    (report,) = news("publish", "--json").json
    assert (report["published_date"], report["articles"], report["rebuilt"]) == ("2026-11-20", 12, False)
    (report,) = news("publish", "2026-11-20", "--json", NEWS_SEALING_KEYS=OTHER_KEY).json
    assert report["rebuilt"]
    assert "built" in news("publish", NEWS_SEALING_KEYS=KEY).out


def test_publish_of_a_date_without_articles_writes_nothing(news: News, tmp_path: Path) -> None:
    said = news("publish", "2020-01-01")
    assert said.code == 1
    assert "no article published on 2020-01-01" in said.err
    assert not (tmp_path / "lake/articles/published_date=2020-01-01").exists()


def test_a_shrinking_partition_is_1_until_it_is_allowed(news: News, tmp_path: Path) -> None:
    moved = warc(
        tmp_path / "moved.warc.gz",
        datetime(2026, 11, 25, 12, tzinfo=UTC),
        *(page(f"p{number}", day=date(2026, 11, 21)) for number in range(4)),
    )
    said = news("import", str(moved))
    assert said.code == 1
    assert "news publish 2026-11-20 --allow-shrink" in said.err
    assert news("publish", "2026-11-20", "--allow-shrink", "--json").json[0]["articles"] == 8


def test_a_lake_that_does_not_answer_is_75(news: News, tmp_path: Path) -> None:
    path = warc(tmp_path / "a.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *PAGES)
    said = news("import", str(path), NEWS_LAKE="/proc/lake")
    assert said.code == 75
    assert "the lake did not answer" in said.err
