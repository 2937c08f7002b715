"""Editorial terms of quality: the degrees of single titles, and how well they separate kinds of articles of the shared data."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.catalogue import EditorialConstants, QualityConstants
from pipeline.publishing.scoring.editorial import clickbait_degree, is_stock_picture, promotion_degree, thinness_degree
from pipeline.publishing.scoring.laws import EditorialDegrees, quality_parts
from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    "title",
    [
        "Global Widget Market Size, Share, Growth Report 2031",
        "Smart Pump Market to Reach USD 12 Billion by 2030, CAGR of 7.1%",
        "Acme Announces Third Quarter Results (PR Newswire)",
    ],
)
def test_market_reports_and_press_releases_are_promotion(title: str) -> None:
    assert promotion_degree(title, None, "any.example") == 1.0


@pytest.mark.parametrize("title", ["Stocks fall as oil market panics", "Fire destroys night market", "Report: minister knew of the leak"])
def test_news_about_markets_and_reports_is_none(title: str) -> None:
    assert promotion_degree(title, "The minister said so on Monday.", "any.example") == 0.0


def test_a_wire_that_sells_releases_and_a_text_that_names_one_are_promotion() -> None:
    assert promotion_degree("Acme opens a plant", None, "prnewswire.com") == 1.0
    assert promotion_degree("Acme opens a plant", "OSLO, Nov. 3 /PRNewswire/ -- Acme opened a plant.", "any.example") == 1.0


@pytest.mark.parametrize(
    "title",
    ["17 Things You Will Totally Understand If You Own A Cat", "Which Disney Princess Are You?", "You Won't Believe What Happens Next!"],
)
def test_a_title_that_promises_is_clickbait(title: str) -> None:
    assert clickbait_degree(title) > 0.5


@pytest.mark.parametrize("title", ["12 killed as bus leaves road in Peru", "Why the bank raised its rate", "NVIDIA to open plant in Ohio"])
def test_one_cue_alone_is_hardly_clickbait(title: str) -> None:
    assert clickbait_degree(title) < 0.25


@pytest.mark.parametrize(
    "title",
    [
        "Secret elite agenda leaked",
        "Senator admits plot",
        "Teacher caught with goat",
        "Man sues river",
        "The “miracle” of the lake",
    ],
)
def test_a_title_that_stirs_up_is_somewhat_clickbait(title: str) -> None:
    assert 0.2 < clickbait_degree(title) <= 0.8


def test_a_quotation_with_its_speaker_is_no_cue() -> None:
    assert clickbait_degree("“The dike will hold”, says mayor") == 0


def test_a_text_is_thin_by_its_words() -> None:
    assert [thinness_degree(text, words=4) for text in (None, "", "one two", "one two three four five")] == [1.0, 1.0, 0.5, 0.0]


def test_a_logo_is_known_by_its_address() -> None:
    assert is_stock_picture("https://a.example/img/logo.png")
    assert is_stock_picture("https://a.example/default-image.jpg?x=1")
    assert not is_stock_picture("https://logo.example/img/flood-in-town.jpg")
    assert not is_stock_picture("https://a.example/catalogology.jpg")


def test_a_photo_in_a_folder_that_a_site_calls_its_default_is_no_stock_picture() -> None:
    assert not is_stock_picture("https://a.example/sites/default/files/2026-11/flood-in-town.jpg")
    assert not is_stock_picture("https://a.example/uploads/default/original/1X/f630a159.jpeg")
    assert is_stock_picture("https://a.example/content/logos/social.png")
    assert is_stock_picture("https://a.example/sites/default/files/og-image_0.png")
    assert is_stock_picture("https://a.example/ctw/sitelogo300x300.png")


@pytest.mark.parametrize("title", ["Why the dikes held", "How a village saved its mill", "Is the bridge safe?"])
def test_a_question_is_no_clickbait(title: str) -> None:
    assert clickbait_degree(title) == 0


@given(st.text(), st.none() | st.text(), st.text())
def test_every_share_is_between_nothing_and_all(title: str, text: str | None, domain: str) -> None:
    assert 0 <= promotion_degree(title, text, domain) <= 1
    assert 0 <= clickbait_degree(title) <= 1
    assert 0 <= thinness_degree(text, words=10) <= 1


def test_the_shipped_editorial_file_switches_every_term_on_and_the_shipped_scoring_none() -> None:
    shipped = EditorialConstants.model_validate(yaml.safe_load((REPOSITORY / "data" / "editorial.yaml").read_text()))
    terms = ("promotion", "clickbait", "thin", "stock_picture", "copied", "reliability")
    assert all(getattr(shipped, name) != 0 for name in terms)
    scoring = yaml.safe_load((REPOSITORY / "data" / "scoring.yaml").read_text())
    assert scoring["editorial"] == {}
    assert scoring["editorialFile"] is None
    assert all(getattr(EditorialConstants(), name) == 0 for name in terms)


SHIPPED = EditorialConstants.model_validate(yaml.safe_load((REPOSITORY / "data" / "editorial.yaml").read_text()))


def quality(row: dict[str, Any]) -> int:
    """The quality of a title and its excerpt with the shipped editorial.yaml, without the domain and before the floor."""
    parts = quality_parts(
        title=row["title"],
        has_image=True,
        has_amp=False,
        provider_weight=0,
        topics=1,
        keyword_hits=0,
        is_featured_video=False,
        constants=QualityConstants(),
        degrees=EditorialDegrees(
            promotion=promotion_degree(row["title"], row.get("excerpt"), ""), clickbait=clickbait_degree(row["title"])
        ),
        editorial=SHIPPED,
    )
    return parts.total - parts.floor


def auc(good: list[dict[str, Any]], bad: list[dict[str, Any]]) -> float:
    """The probability that a good article has a higher quality than a bad one."""
    from scipy.stats import rankdata  # takes 2 s: not every process that collects the tests runs this one

    ranks = rankdata([quality(row) for row in (*good, *bad)])
    return float((ranks[: len(good)].sum() - len(good) * (len(good) + 1) / 2) / (len(good) * len(bad)))


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_headlines_of_news_stand_before_clickbait(shared: Path) -> None:
    rows = read(shared / "corpora" / "quality" / "clickbait16k.jsonl.gz")
    assert auc([row for row in rows if not row["clickbait"]], [row for row in rows if row["clickbait"]]) >= 0.9


def test_news_stands_before_press_releases_told_by_their_words_alone(shared: Path) -> None:
    rows = read(shared / "corpora" / "origin" / "quality_eval.jsonl.gz")
    sold = [row for row in rows if row["domain"] in {"prnewswire.com", "openpr.com", "globenewswire.com", "businesswire.com"}]
    news = [row for row in rows if row["domain"] in {"reuters.com", "nytimes.com", "theguardian.com", "nbcnews.com", "cnet.com"}]
    assert len(sold) > 200
    assert len(news) > 200
    assert auc(news, sold) > 0.75
