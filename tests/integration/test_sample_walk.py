"""The sample news world after one walk: every oddity ends as a reader of the Parquet would expect."""

from __future__ import annotations

from collections import Counter
from typing import Any

import duckdb
import polars
import pyarrow.dataset as ds
import pytest

from pipeline.core.schema import ARTICLES, EXPLAIN
from pipeline.operations import stages
from tests.integration.conftest import SampleWalk
from tests.newsroom import World

Rows = dict[str, dict[str, Any]]


def rows_of(sample: SampleWalk, layer: str, key: str = "webUrl") -> Rows:
    table = ds.dataset(f"{sample.settings.lake}/{layer}", format="parquet").to_table()
    return {row[key]: row for row in table.to_pylist()}


@pytest.fixture
def articles(sample: SampleWalk) -> Rows:
    return rows_of(sample, "articles")


@pytest.fixture
def pages(sample: SampleWalk) -> dict[str, tuple[str, str | None]]:
    """The outcome and reason of each page, by its URL."""
    table = ds.dataset(f"{sample.settings.lake}/ledger", format="parquet").to_table()
    return {row["url"]: (row["outcome"], row["reason"]) for row in table.to_pylist() if row["kind"] == "page"}


def one(rows: dict[str, Any], part: str) -> Any:
    """The only value whose key holds `part`."""
    (found,) = (value for url, value in rows.items() if part in url)
    return found


def test_every_source_answered_and_every_url_has_one_outcome(sample: SampleWalk, pages: dict[str, tuple[str, str | None]]) -> None:
    assert not sample.report.assessment.failed
    assert Counter(outcome for outcome, _ in pages.values()) == {"captured": 70, "rejected": 2, "failed": 1, "disallowed": 1}
    assert one(pages, "the-page-that-went-away") == ("failed", "status")
    assert one(pages, "five-machine-learning-stocks") == ("disallowed", None)
    assert one(pages, "garden-show-winners") == ("rejected", "noDate")
    assert one(pages, "halden-recall-costs") == ("rejected", "paywall")


def test_the_tables_have_the_contract_s_columns(sample: SampleWalk) -> None:
    for layer, contract in (("articles", ARTICLES), ("explain", EXPLAIN)):
        assert ds.dataset(f"{sample.settings.lake}/{layer}", format="parquet").schema.equals(contract)
    for report in sample.report.publishes:
        counts = stages.check(sample.settings, sample.catalogue, report.published_date)
        assert counts["articles"] == report.articles


def test_no_url_stands_on_two_dates(sample: SampleWalk, articles: Rows) -> None:
    assert len(articles) == sum(report.articles for report in sample.report.publishes)


def test_the_parquet_opens_in_duckdb_and_polars(sample: SampleWalk, articles: Rows) -> None:
    pattern = f"{sample.settings.lake}/articles/*/articles.parquet"
    hottest = duckdb.sql(f"select title, provider.name, len(related) from '{pattern}' order by heat desc, webUrl limit 1").fetchall()
    assert hottest[0][2] >= 2
    assert polars.scan_parquet(pattern).select(polars.len()).collect().item() == len(articles)


def test_stories_bring_together_what_several_publishers_report(articles: Rows) -> None:
    told = {url: story for story, urls in World.load().stories.items() for url in urls if url in articles}
    leads = [row for row in articles.values() if row["related"] and row["heat"] >= 0]
    assert len(leads) >= 12
    links = [(row["webUrl"], other["webUrl"]) for row in articles.values() for other in row["related"]]
    right = sum(told.get(one) is not None and told.get(one) == told.get(other) for one, other in links)
    wanted = sum(len(urls) * (len(urls) - 1) for urls in World.load().stories.values())
    assert right >= 0.98 * len(links), "precision comes first: a wrong link hides a good article"
    assert right >= 0.95 * wanted


def test_pages_in_windows_1251_are_read(articles: Rows) -> None:
    russian = [row for url, row in articles.items() if "zaton" in url]
    assert len(russian) == 5
    assert all(any("а" <= letter <= "я" for letter in row["title"]) for row in russian)
    assert not any("Ð" in row["title"] + (row["excerpt"] or "") for row in russian)


def test_mojibake_is_repaired(articles: Rows) -> None:
    row = one(articles, "sole-trader-graphite-heater")
    assert "â" not in row["title"] + row["excerpt"]


def test_tracking_parameters_are_gone_and_the_discovered_url_is_kept(articles: Rows) -> None:
    assert not any("utm_" in url or "fbclid" in url for url in articles)
    assert any("utm_" in row["originalUrl"] for row in articles.values())
    assert "fbclid" in one(articles, "orrin-baltmere-merger-math")["originalUrl"]


def test_a_redirect_leads_to_the_article(articles: Rows) -> None:
    assert any("/r/" in row["originalUrl"] and "/r/" not in row["webUrl"] for row in articles.values())


def test_logos_and_small_pictures_lead_no_record(articles: Rows) -> None:
    assert not any("logo" in image["url"] for row in articles.values() for image in row["images"])
    assert not one(articles, "tin-prices-after-the-flood")["images"], "the logo is all that this page has"
    assert one(articles, "repair-score-printers")["images"] == []
    assert all(image["isCached"] and min(image["width"], image["height"]) > 200 for row in articles.values() for image in row["images"])


def test_a_video_is_called_one(articles: Rows) -> None:
    assert {row["type"] for url, row in articles.items() if "halcyon-landing-video" in url} == {"video"}
    assert Counter(row["type"] for row in articles.values())["video"] == 1


def test_amp_pages_come_with_their_cache_url(articles: Rows) -> None:
    with_amp = [row for row in articles.values() if row["ampWebUrl"]]
    assert len(with_amp) > 15
    assert all(row["cdnAmpWebUrl"].startswith("https://") and ".cdn.ampproject.org/c/s/" in row["cdnAmpWebUrl"] for row in with_amp)


def test_every_record_is_sealed_and_each_seal_is_its_own(articles: Rows) -> None:
    assert len({row["secured"] for row in articles.values()}) == len(articles)
