"""Following a site: its feed found, the catalogue's file kept in order; OPML in and out; sitemaps captured."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.cli.context import EXIT_RED
from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import ConfigError, PermanentError
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.discovery.subscriptions import add_site, export_opml, import_opml
from pipeline.operations import stages
from tests.integration.conftest import REPOSITORY, FrozenClock
from tests.integration.test_capture import HOUR, NEXT, ONE, TWO, article, endings, feed, manifest_of, source
from tests.newsroom import Newsroom

NEWS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("sources", "topics", "providers", "scoring"):
        shutil.copy(REPOSITORY / "data" / f"{name}.yaml", folder)
    return settings.model_copy(update={"config": str(folder)})


def home(*links: str) -> str:
    head = "".join(f'<link rel="alternate" type="application/rss+xml" href="{link}">' for link in links)
    return f"<html><head><title>Home</title>{head}</head><body><p>Welcome</p></body></html>"


def test_a_declared_feed_is_found_and_followed(room: Newsroom, settings: Settings, clock: FrozenClock) -> None:
    room.add_page(f"{ONE}/", home("/missing.xml", "/news.xml"))
    room.add_page(f"{ONE}/news.xml", feed(f"{ONE}/a"))
    before = Path(settings.config, "sources.yaml").read_text()
    added = add_site(settings, load_catalogue(settings.config), f"{ONE}/", topic="Science", clock=clock)
    assert added.source is not None
    after = Path(settings.config, "sources.yaml").read_text()
    assert after.startswith(before.rstrip("\n"))
    (new,) = (one for one in load_catalogue(settings.config).sources if one.id == "one")
    assert (new.feeds, new.topic, new.name) == ((f"{ONE}/news.xml",), "Science", "Feed")


def test_a_feed_at_the_usual_place_is_found(room: Newsroom, settings: Settings, clock: FrozenClock) -> None:
    room.add_page(f"{ONE}/", home())
    room.add_page(f"{ONE}/rss.xml", feed(f"{ONE}/a"))
    added = add_site(settings, load_catalogue(settings.config), f"{ONE}/", topic="Science", clock=clock)
    assert added.source is not None
    assert added.source.feeds == (f"{ONE}/rss.xml",)


def test_a_feed_that_is_followed_is_not_followed_twice(room: Newsroom, settings: Settings, clock: FrozenClock) -> None:
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/a"))
    add_site(settings, load_catalogue(settings.config), f"{ONE}/feed", topic="Science", clock=clock)
    again = add_site(settings, load_catalogue(settings.config), f"{ONE}/feed", topic="Science", clock=clock)
    assert again.source is None
    assert again.problem == "followed already as one"


def test_a_site_without_a_feed_and_an_unknown_topic_are_said_so(room: Newsroom, settings: Settings, clock: FrozenClock) -> None:
    room.add_page(f"{ONE}/", home())
    room.add_page(f"{TWO}/feed", feed(f"{TWO}/a"))
    with pytest.raises(PermanentError, match="no feed found"):
        add_site(settings, load_catalogue(settings.config), f"{ONE}/", topic="Science", clock=clock)
    with pytest.raises(ConfigError, match=r"not in topics\.yaml"):
        add_site(settings, load_catalogue(settings.config), f"{TWO}/feed", topic="Gardening", clock=clock)


def test_a_catalogue_that_cannot_take_another_line_stays_as_it_is(room: Newsroom, settings: Settings, clock: FrozenClock) -> None:
    path = Path(settings.config, "sources.yaml")
    path.write_text("sources: [{id: mine, name: Mine, feeds: ['https://mine.example/'], topic: AI}]\n")
    files = sorted(Path(settings.config).iterdir())
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/a"))
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        add_site(settings, load_catalogue(settings.config), f"{ONE}/feed", topic="Science", clock=clock)
    assert path.read_text().startswith("sources: [")
    assert sorted(Path(settings.config).iterdir()) == files


def test_an_exported_list_can_be_imported_by_someone_else(settings: Settings, tmp_path: Path) -> None:
    catalogue = load_catalogue(settings.config)
    path = tmp_path / "all.opml"
    path.write_bytes(export_opml(catalogue))
    Path(settings.config, "sources.yaml").write_text("sources:\n")
    with pytest.raises(ConfigError):
        load_catalogue(settings.config)
    Path(settings.config, "sources.yaml").write_text("sources:\n  - {id: mine, name: Mine, feeds: ['https://mine.example/'], topic: AI}\n")
    results = import_opml(settings, load_catalogue(settings.config), path, topic="World")
    assert all(added.source is not None for added in results)
    mine = {url: one.topic for one in load_catalogue(settings.config).sources for url in one.feeds}
    assert {url: one.topic for one in catalogue.enabled_sources for url in one.feeds}.items() <= mine.items()


def test_the_command_follows_the_subscriptions_of_other_programs(
    settings: Settings, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shared / "cases/intake/opml_in_the_wild.opml"
    assert main.main(["--config", settings.config, "sources", "import-opml", str(path), "--topic", "World"]) == 0
    urls = [url for one in load_catalogue(settings.config).sources for url in one.feeds if ".any.example" in url]
    assert len(urls) == 10
    assert "https://three.any.example/rss.aspx?tabid=8&moduleid=7&maxcount=25" in urls
    assert {"http://five.any.example/feed", "https://six.any.example/feed", "http://ten.any.example/feed"} <= set(urls)


def test_the_command_names_what_it_leaves_out_and_fails(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.opml"
    path.write_text(
        '<opml><body><outline text="A" xmlUrl="https://a.example/f"/><outline text="B" xmlUrl="gopher://b.example/f"/></body></opml>'
    )
    assert main.main(["--config", settings.config, "sources", "import-opml", str(path), "--topic", "World"]) == EXIT_RED
    shown = capsys.readouterr().out
    assert "gopher://b.example/f" in shown
    assert "no http or https URL" in " ".join(shown.split())
    assert any("https://a.example/f" in one.feeds for one in load_catalogue(settings.config).sources)


def test_the_command_prints_opml(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--config", settings.config, "sources", "export-opml"]) == 0
    assert capsys.readouterr().out.startswith("<?xml")


def test_a_news_sitemap_is_captured_like_a_feed(room: Newsroom, settings: Settings, make_catalogue: object, clock: FrozenClock) -> None:
    def url(name: str, date: str) -> str:
        return (
            f"<url><loc>{ONE}/{name}</loc><news:news><news:publication_date>{date}</news:publication_date>"
            f"<news:title>Title {name}</news:title></news:news></url>"
        )

    for name in ("a", "old"):
        room.add_page(f"{ONE}/{name}", article(f"Story {name}"))
    index = f"<sitemapindex {NEWS}><sitemap><loc>{ONE}/news.xml</loc><lastmod>2026-11-20</lastmod></sitemap>"
    index += f"<sitemap><loc>{ONE}/2019.xml</loc><lastmod>2019-12-31</lastmod></sitemap></sitemapindex>"
    room.add_page(f"{ONE}/sitemap.xml", index, content_type="application/xml")
    room.add_page(
        f"{ONE}/news.xml",
        f"<urlset {NEWS}>{url('a', '2026-11-20T11:00:00Z')}{url('old', '2026-10-01')}<url><loc>{ONE}/about</loc></url></urlset>",
        content_type="application/xml",
    )
    catalogue = make_catalogue([source(ONE, feeds=[], sitemaps=[f"{ONE}/sitemap.xml"])])  # type: ignore[operator]
    report = stages.capture(settings, catalogue, stages.plan(settings, catalogue, HOUR)[0], live=True, clock=clock)
    manifest = manifest_of(settings, Part(HOUR, "00"))
    assert not report.failed_sources
    assert endings(manifest) == {f"{ONE}/a": "captured"}
    assert endings(manifest, "sitemap") == {f"{ONE}/sitemap.xml": "captured", f"{ONE}/news.xml": "captured"}
    assert manifest.pages[0].entry.via == "sitemap"
    assert manifest.pages[0].entry.published is not None
    assert manifest.pages[0].entry.published.value == datetime(2026, 11, 20, 11, tzinfo=UTC)
    stages.capture(settings, catalogue, stages.plan(settings, catalogue, NEXT)[0], live=True, only_due=False, clock=clock)
    assert endings(manifest_of(settings, Part(NEXT, "00")), "sitemap")[f"{ONE}/sitemap.xml"] == "notModified"
