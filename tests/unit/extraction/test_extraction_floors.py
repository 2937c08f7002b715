"""What extraction must reach on the pages of the sample world, whose truth is the world itself.

The figures on real pages are in docs/benchmarks.md; these floors hold where those pages are not at hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pipeline.core.models import Article, CaptureRef, Entry
from pipeline.extraction.articles import build_article
from pipeline.extraction.pages import read_page
from pipeline.text.plain_text import letters_only
from tests.newsroom import World
from tests.newsroom.model import Article as Told

CAPTURE = CaptureRef("raw/x.warc.gz", 0, datetime(2026, 11, 20, 13, tzinfo=UTC))
Pairs = list[tuple[Told, Article]]


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    """Each whole article of the world, as told and as extracted from its page alone."""
    return list(_pairs(World.load()))


def _pairs(world: World) -> Iterator[tuple[Told, Article]]:
    for site, told in world.articles:
        if told.missing or told.paywall:
            continue
        url = site.url(told)
        resource = world.resources[url]
        page = read_page(resource.octets, url=url, content_type=resource.content_type)
        found = build_article(page, entry=Entry(url=url, source_id=None, via="warc"), capture=CAPTURE, payload_digest="")
        assert isinstance(found, Article), (url, found)
        yield told, found


def word_f1(one: str, other: str) -> float:
    ours, theirs = Counter(one.lower().split()), Counter(other.lower().split())
    common = (ours & theirs).total()
    return 2 * common / (ours.total() + theirs.total())


def share(right: list[bool]) -> float:
    return sum(right) / len(right)


def test_texts_are_whole_and_clean(pairs: Pairs) -> None:
    assert len(pairs) > 60
    assert sum(word_f1(found.text or "", told.body) for told, found in pairs) / len(pairs) >= 0.95


def test_titles_are_the_publishers(pairs: Pairs) -> None:
    assert share([letters_only(found.title) == letters_only(told.title) for told, found in pairs]) >= 0.95


def test_dates_are_right_to_the_minute_and_none_is_wrong(pairs: Pairs) -> None:
    dated = [(told.published, found.published) for told, found in pairs if told.published is not None and found.published is not None]
    assert len(dated) >= 0.95 * sum(told.published is not None for told, _ in pairs)
    assert share([abs((found.value - told).total_seconds()) < 86_400 for told, found in dated]) == 1
    exact = [abs((found.value - told).total_seconds()) < 60 for told, found in dated if found.precision != "day"]
    assert share(exact) >= 0.9, "seven pages of one site give a local time and no zone; only their feed tells it"


def test_authors_are_the_people_who_wrote_it(pairs: Pairs) -> None:
    assert share([set(found.authors) == set(told.authors) for told, found in pairs if told.authors]) >= 0.9
