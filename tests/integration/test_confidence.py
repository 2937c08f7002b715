"""Doubtful articles on the product's own way: held back by a setting, named in the ledger, restored by publishing alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, ONE, TWO, article, feed, source
from tests.integration.test_rights import extracted, outcomes, records
from tests.newsroom import Newsroom

DOUBTED, SURE = f"{ONE}/a", f"{TWO}/a"


@pytest.fixture
def catalogue(room: Newsroom, make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    """Two sources with one article each; the titles that the first one's page states contradict each other."""
    other = "<head><meta property='og:title' content='Another thing'><meta name='twitter:title' content='And a third one'>"
    room.add_page(DOUBTED, article("Story of one").replace("<head>", other))
    room.add_page(SURE, article("Story of two"))
    for host in (ONE, TWO):
        room.add_page(f"{host}/feed", feed(f"{host}/a"), content_type="application/rss+xml")
    return make_catalogue([source(ONE), source(TWO)])


@pytest.fixture
def strict(settings: Settings, catalogue: Catalogue, clock: FrozenClock) -> Settings:
    """Run the hour without a minimum; returns the settings with a minimum for titles that only the second article reaches."""
    stages.run(settings, catalogue, HOUR, live=True, clock=clock)
    return settings.model_copy(update={"min_confidence_title": extracted(settings)[SURE]["confidence"]["title"]})


def test_by_default_nothing_is_held_back_and_every_row_says_how_sure_it_is(strict: Settings, settings: Settings) -> None:
    rows = extracted(settings)
    assert records(settings) == {DOUBTED, SURE}
    assert rows[DOUBTED]["confidence"]["title"] < rows[SURE]["confidence"]["title"] < 1
    assert set(rows[SURE]["confidence"]) == {"title", "text", "published", "authors", "image", "article"}


def test_a_doubtful_article_is_held_back_and_the_ledger_says_so(strict: Settings, settings: Settings, catalogue: Catalogue) -> None:
    (part,) = [Part(HOUR, name) for name in Lake(settings.lake).captured_parts(HOUR.key)]
    report = stages.extract(strict, catalogue, part)
    assert (report.articles, report.rejected) == (1, {"doubtful": 1})
    assert outcomes(settings) == {DOUBTED: "rejected doubtful", SURE: "captured"}
    (day,) = Lake(settings.lake).published_dates()
    stages.publish(strict, catalogue, day)
    assert records(settings) == {SURE}
    assert extracted(settings)[DOUBTED]["text"]


def test_another_minimum_withdraws_and_restores_records_by_publishing_alone(
    strict: Settings, settings: Settings, catalogue: Catalogue
) -> None:
    lake = Lake(settings.lake)
    (day,) = lake.published_dates()
    before = lake.read_bytes(storage.articles_path(day))
    report = stages.publish(strict, catalogue, day)
    assert report.rebuilt
    assert report.difference.vanished_urls == (DOUBTED,)
    assert not stages.publish(strict, catalogue, day).rebuilt
    stages.check(strict, catalogue, day)
    assert stages.publish(settings, catalogue, day).rebuilt
    assert lake.read_bytes(storage.articles_path(day)) == before
