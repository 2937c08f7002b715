"""The sample news world is whole: sizes, feeds, pages, pictures, and the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest
from PIL import Image

from pipeline.core.catalogue import load_catalogue
from tests.newsroom import Newsroom, World, pictures
from tests.newsroom.client import Got, get
from tests.newsroom.world import SAMPLE

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def room(world: World) -> Iterator[Newsroom]:
    with Newsroom(world) as room:
        yield room


def test_the_world_has_the_size_that_its_readme_states(world: World) -> None:
    readme = " ".join((SAMPLE / "README.md").read_text(encoding="utf-8").split())
    articles = list(world.articles)
    assert f"74 articles, {len(world.stories)} stories" in readme
    assert len(articles) == 74
    assert len(world.publishers) == 10


def test_every_story_is_told_by_several_publishers_within_four_days(world: World) -> None:
    dates = {site.url(article): article.published for site, article in world.articles}
    for story, urls in world.stories.items():
        hosts = {urlsplit(url).hostname for url in urls}
        assert 2 <= len(hosts) == len(urls) <= 5, story
        told = [dates[url] for url in urls]
        assert all(NOW - timedelta(days=4) < moment < NOW for moment in told if moment is not None), story


def test_the_articles_are_as_long_as_news_is(world: World) -> None:
    for site, article in world.articles:
        if not (article.paywall or article.missing):
            assert 100 <= article.words <= 300, site.url(article)


def test_the_catalogue_of_the_sample_loads_and_names_every_feed(world: World) -> None:
    named = {feed for source in load_catalogue(world.catalogue).sources for feed in source.feeds}
    assert named == {site.root + feed.path for site in world.publishers for feed in site.feeds}


def test_every_url_of_the_world_is_served(room: Newsroom) -> None:
    for url, resource in room.world.resources.items():
        assert get(room, url).status == resource.status, url


def test_feeds_parse_and_list_their_articles(room: Newsroom) -> None:
    for site in room.world.publishers:
        for feed in site.feeds:
            if feed.kind == "json":
                continue
            answer = get(room, site.root + feed.path)
            parsed = feedparser.parse(BytesIO(answer.body), response_headers={"content-type": answer.headers["Content-Type"]})
            assert bool(parsed.bozo) is feed.ill_formed, (site.name, parsed.get("bozo_exception"))
            expected = site.newest_first(feed.section)
            assert [entry.link for entry in parsed.entries] == [site.entry_url(article) for article in expected]
            assert [entry.title for entry in parsed.entries] == [article.title for article in expected]


def test_json_feeds_list_their_articles(room: Newsroom) -> None:
    sites = [site for site in room.world.publishers if site.feeds[0].kind == "json"]
    assert len(sites) == 2
    for site in sites:
        feed = json.loads(get(room, site.root + site.feeds[0].path).body)
        assert [item["url"] for item in feed["items"]] == [site.entry_url(article) for article in site.newest_first()]


def test_every_entry_leads_to_its_page_but_the_one_that_is_gone(room: Newsroom) -> None:
    for site, article in room.world.articles:
        answer = get(room, site.entry_url(article))
        if article.link is not None:
            assert (answer.status, answer.headers["Location"]) == (301, site.url(article))
            answer = get(room, site.url(article))
        assert answer.status == (404 if article.missing else 200)
        if not article.missing:
            assert f'<link rel="canonical" href="{site.url(article)}">' in answer.body.decode(site.charset)


def test_pictures_have_the_sizes_that_their_pages_declare(room: Newsroom) -> None:
    for site, article in room.world.articles:
        url = site.picture_url(article)
        if url is None or article.picture is None:
            continue
        answer = get(room, url)
        with Image.open(BytesIO(answer.body)) as picture:
            assert (picture.size, picture.get_format_mimetype()) == (
                (article.picture.width, article.picture.height),
                answer.headers["Content-Type"],
            )


def test_amp_pages_are_linked_both_ways(room: Newsroom) -> None:
    linked = 0
    for site, article in room.world.articles:
        amp = site.amp_url(article)
        if amp is not None:
            assert f'<link rel="amphtml" href="{amp}">' in get(room, site.url(article)).body.decode()
            assert f'<link rel="canonical" href="{site.url(article)}">' in get(room, amp).body.decode()
            linked += 1
    assert linked >= 20


def test_the_russian_pages_declare_their_charset_in_the_page_only(room: Newsroom) -> None:
    site = next(site for site in room.world.publishers if site.language == "ru")
    answer = get(room, site.url(site.articles[0]))
    assert answer.headers["Content-Type"] == "text/html"
    assert b"charset=windows-1251" in answer.body
    assert site.articles[0].title in answer.body.decode("windows-1251")


def test_two_newsrooms_at_the_same_time_give_identical_bytes(tmp_path: Path) -> None:
    def everything() -> list[Got]:
        pictures.draw.cache_clear()
        folder = tmp_path / str(len(list(tmp_path.iterdir())))  # another name for it, so that it is read anew
        folder.symlink_to(SAMPLE)
        with Newsroom(World.load(folder), now=NOW) as room:
            return [get(room, url, Accept_Encoding="gzip") for url in room.world.resources]

    first = everything()
    assert first == everything()
    assert {got.headers["Date"] for got in first} == {"Fri, 20 Nov 2026 13:00:00 GMT"}
