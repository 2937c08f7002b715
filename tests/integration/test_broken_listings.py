"""Feeds and sitemaps that break the rules of their formats, captured from the newsroom and shown by `sources check`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Validators
from pipeline.core.settings import Settings
from pipeline.discovery.health.checks import check_sources
from pipeline.lake.manifests import Manifest
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, ONE, PUBLISHED, article, endings, manifest_of, source
from tests.newsroom import Newsroom, Truncated
from tests.newsroom.misbehaviours import LastChunkMissing, Misbehaviour

NEWS = "<news:news><news:publication_date>2026-11-20T12:10:00Z</news:publication_date><news:title>{}</news:title></news:news>"


def page(address: str, title: str = "Harbour") -> str:
    return f"<url><loc>{address}</loc>{NEWS.format(title)}</url>"


def item(address: str, title: str = "Harbour") -> str:
    return f"<item><title>{title}</title><link>{address}</link><pubDate>{PUBLISHED}</pubDate></item>"


@pytest.fixture
def capture(room: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock) -> Callable[..., Manifest]:
    """Capture a source whose feed or sitemap is the given document and whose pages all exist; `sources check` must read it too."""

    def run(
        document: str | bytes, *, kind: str = "feed", content_type: str = "application/xml", misbehaviour: Misbehaviour | None = None
    ) -> Manifest:
        address = f"{ONE}/{kind}"
        for name in ("a", "b", "c"):
            for query in ("", "?x=1&y=2"):
                room.add_page(f"{ONE}/{name}{query}", article(f"Story {name}"))
        identity = {"Content-Encoding": None} if isinstance(misbehaviour, Truncated) else None  # so that its bytes are the document's
        room.add_page(address, document, content_type=content_type, headers=identity)
        room.misbehave(address, misbehaviour)
        catalogue = make_catalogue([source(ONE, **({"feeds": [address]} if kind == "feed" else {"feeds": [], "sitemaps": [address]}))])
        (check,) = check_sources(settings, catalogue, clock=clock)
        assert check.problem is None
        (part,) = stages.plan(settings, catalogue, HOUR)
        report = stages.capture(settings, catalogue, part, live=True, clock=clock)
        assert not report.failed_sources
        return manifest_of(settings, part)

    return run


Capture = Callable[..., Manifest]


def test_a_bare_ampersand_costs_no_url_of_a_sitemap_its_query(capture: Capture) -> None:
    pages = page(f"{ONE}/a?x=1&amp;y=2") + page(f"{ONE}/b?x=1&y=2") + page(f"{ONE}/c?x=1&amp;y=2")
    manifest = capture(f"<urlset>{pages}</urlset>", kind="sitemap")
    assert endings(manifest) == {f"{ONE}/{name}?x=1&y=2": "captured" for name in "abc"}


@pytest.mark.parametrize(
    "document",
    [
        "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{}</urlset>",
        "<urlset><urlset>{}</urlset></urlset>",
        "<sm:urlset>{}</sm:urlset>",
        "<URLSET>{}</URLSET>",
    ],
)
def test_a_sitemap_is_read_by_the_local_names_of_its_elements(capture: Capture, document: str) -> None:
    manifest = capture(document.format(page(f"HTTPS{ONE.removeprefix('https')}/a")), kind="sitemap")
    assert set(endings(manifest).values()) == {"captured"}
    assert [one.entry.title for one in manifest.pages] == ["Harbour"]


@pytest.mark.parametrize(
    "document",
    [
        "<rss version='2.0'><channel><title>T</title>{}<dc:date>2026-11-20</dc:date></channel></rss>",
        "<rss version='2.0'><rss version='2.0'><channel>{}</channel></rss></rss>",
        "<x:rss version='2.0'><x:channel>{}</x:channel></x:rss>",
    ],
)
def test_a_feed_is_read_by_the_local_names_of_its_elements(capture: Capture, document: str) -> None:
    manifest = capture(document.format(item(f"HTTPS{ONE.removeprefix('https')}/a")))
    assert set(endings(manifest).values()) == {"captured"}
    assert [one.entry.title for one in manifest.pages] == ["Harbour"]


def test_an_atom_feed_with_an_undeclared_prefix_is_read(capture: Capture) -> None:
    entry = (
        f"<atom:entry><atom:title>T</atom:title><atom:link href='{ONE}/a'/><atom:updated>2026-11-20T12:10:00Z</atom:updated></atom:entry>"
    )
    assert endings(capture(f"<atom:feed>{entry}</atom:feed>")) == {f"{ONE}/a": "captured"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_half_a_character_costs_its_title_one_character_and_no_other_entry(capture: Capture, encoding: str) -> None:
    document = f"<rss version='2.0'><channel>{item(f'{ONE}/a', 'Cup &#55356; won')}{item(f'{ONE}/b', 'Größe')}</channel></rss>"
    manifest = capture(document.encode(encoding))
    assert [one.entry.title for one in manifest.pages] == ["Cup \N{REPLACEMENT CHARACTER} won", "Größe"]


def test_the_shared_feed_with_halves_of_characters_keeps_its_other_entry(room: Newsroom, capture: Capture, shared: Path) -> None:
    for name in ("cup", "quay"):
        room.add_page(f"https://www.any.example/{name}", article(name))
    manifest = capture((shared / "cases/intake/feed_surrogate_references.xml").read_bytes())
    titles = [one.entry.title or "" for one in manifest.pages]
    assert titles[0].startswith("Cup won by the town's team \N{REPLACEMENT CHARACTER}")
    assert titles[1] == "Harbour board votes on the quay"


def test_a_json_feed_with_raw_control_characters_in_its_strings_is_read(room: Newsroom, capture: Capture, shared: Path) -> None:
    room.add_page("https://www.any.example/a", article("Harbour"))
    document = (shared / "cases/intake/feed_newline_in_string.json").read_bytes()
    manifest = capture(document, content_type="application/feed+json")
    assert [one.entry.title for one in manifest.pages] == ["Harbour board votes"]


def test_a_json_feed_that_breaks_off_keeps_its_complete_items(capture: Capture) -> None:
    items = [{"id": name, "url": f"{ONE}/{name}", "title": name} for name in "abc"]
    whole = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items})
    manifest = capture(whole[: whole.index('"title": "c"')], content_type="application/feed+json")
    assert endings(manifest) == {f"{ONE}/a": "captured", f"{ONE}/b": "captured"}


WHOLE = f"<rss version='2.0'><channel><title>T</title>{item(f'{ONE}/a')}{item(f'{ONE}/b')}{item(f'{ONE}/c')}</channel></rss>"


def test_a_feed_that_is_complete_but_for_its_last_chunk_is_taken_with_a_warning(capture: Capture, caplog: pytest.LogCaptureFixture) -> None:
    manifest = capture(WHOLE, misbehaviour=LastChunkMissing())
    assert endings(manifest) == {f"{ONE}/{name}": "captured" for name in "abc"}
    assert endings(manifest, "feed") == {f"{ONE}/feed": "captured truncated"}
    assert "broke off; 3 entries taken" in caplog.text
    assert manifest.feeds[0].validators == Validators()


@pytest.mark.parametrize("kind", ["feed", "sitemap"])
def test_a_listing_that_breaks_off_gives_its_complete_entries(capture: Capture, kind: str) -> None:
    document = WHOLE if kind == "feed" else f"<urlset>{page(f'{ONE}/a')}{page(f'{ONE}/b')}{page(f'{ONE}/c')}</urlset>"
    manifest = capture(document, kind=kind, misbehaviour=Truncated(document.index(f"{ONE}/c") + len(ONE) + 1))
    assert endings(manifest) == {f"{ONE}/a": "captured", f"{ONE}/b": "captured"}


def test_an_answer_that_breaks_off_before_an_entry_ends_is_a_failed_poll(
    room: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock
) -> None:
    room.add_page(f"{ONE}/feed", WHOLE, content_type="application/rss+xml", headers={"Content-Encoding": None})
    room.misbehave(f"{ONE}/feed", Truncated(WHOLE.index("</item>")))
    catalogue = make_catalogue([source(ONE)])
    (part,) = stages.plan(settings, catalogue, HOUR)
    report = stages.capture(settings, catalogue, part, live=True, clock=clock)
    assert report.failed_sources == {"one": "truncated 200"}
