"""Feed documents to entries."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import FeedError
from pipeline.core.models import Entry, Moment
from pipeline.discovery.listings.feeds import Feed, read_feed

URL = "https://www.any.example/news/feed.xml"


def read(text: str | bytes, *, content_type: str | None = "application/xml") -> Feed:
    body = text.encode() if isinstance(text, str) else text
    return read_feed(body, url=URL, content_type=content_type, source_id="any")


def rss(*items: str, head: str = "<title>Any News</title>") -> str:
    entries = "".join(f"<item>{item}</item>" for item in items)
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'"
        " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:content='http://purl.org/rss/1.0/modules/content/'"
        f" xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'><channel>{head}{entries}</channel></rss>"
    )


def atom(*entries: str) -> str:
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f"<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'><title>Any News</title>{inside}</feed>"


def json_feed(*items: dict[str, Any], **head: Any) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Any News", "items": items, **head})


def one(text: str | bytes) -> Entry:
    (entry,) = read(text).entries
    return entry


LINK = "<link>https://www.any.example/a</link>"
ATOM_LINK = "<link href='https://www.any.example/a'/>"
SECOND = Moment(datetime(2026, 11, 20, 12, 10, 5, tzinfo=UTC), "second")
MINUTE = Moment(datetime(2026, 11, 20, 12, 10, tzinfo=UTC), "minute")
DAY = Moment(datetime(2026, 11, 20, tzinfo=UTC), "day")

RSS_DOCUMENT = rss(
    f"<title>Ships &amp;amp; <![CDATA[<i>harbours</i>]]></title>{LINK}<description>&lt;p&gt;Two ships met.&lt;/p&gt;</description>"
    "<pubDate>Fri, 20 Nov 2026 13:10:05 +0100</pubDate><dc:creator>Ann Other</dc:creator><category>Sea</category><category>Trade</category>"
    "<media:content url='/lead.jpg' medium='image' width='800' height='450'/>",
    head="<title>Any &amp; News</title><language>en-gb</language>",
)
ATOM_DOCUMENT = atom(
    f"<title type='html'>Ships &amp;amp; &lt;i>harbours&lt;/i></title>{ATOM_LINK}<summary>Two ships met.</summary>"
    "<published>2026-11-20T12:10:05Z</published><updated>2026-11-20T13:00:00Z</updated><author><name>Ann Other</name></author>"
    "<category term='Sea'/><category term='Trade'/><link rel='enclosure' type='image/jpeg' href='/lead.jpg'/>"
)
RDF_DOCUMENT = (
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
    "<channel rdf:about='https://www.any.example/'><title>Any News</title></channel><item rdf:about='https://www.any.example/a'>"
    f"<title>Ships &amp; harbours</title>{LINK}<description>Two ships met.</description><dc:date>2026-11-20T13:10:05+01:00</dc:date>"
    "<dc:creator>Ann Other</dc:creator><dc:subject>Sea</dc:subject></item></rdf:RDF>"
)
JSON_DOCUMENT = json_feed(
    {
        "id": "1",
        "url": "https://www.any.example/a",
        "title": "Ships & <i>harbours</i>",
        "content_html": "<p>Two ships met.</p>",
        "date_published": "2026-11-20T13:10:05+01:00",
        "date_modified": "2026-11-20T13:00:00Z",
        "authors": [{"name": "Ann Other"}],
        "tags": ["Sea", "Trade"],
        "image": "/lead.jpg",
    },
    language="en",
)


@pytest.mark.parametrize("document", [RSS_DOCUMENT, ATOM_DOCUMENT, RDF_DOCUMENT, JSON_DOCUMENT], ids=["rss", "atom", "rdf", "json"])
def test_every_kind_of_feed_gives_the_same_entry(document: str) -> None:
    entry = one(document)
    assert (entry.url, entry.source_id, entry.via) == ("https://www.any.example/a", "any", "feed")
    assert entry.title == "Ships & harbours"
    assert entry.excerpt == "Two ships met."
    assert entry.published == SECOND
    assert entry.authors == ("Ann Other",)
    assert entry.keywords[:1] == ("Sea",)
    assert entry.publisher in ("Any News", "Any & News")
    if document is not RDF_DOCUMENT:
        assert entry.image == "https://www.any.example/lead.jpg"
        assert entry.keywords == ("Sea", "Trade")
        assert (entry.language or "")[:2] == "en"


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<link>https://www.any.example/a</link>", "https://www.any.example/a"),
        ("<link> \n https://www.any.example/a \n </link>", "https://www.any.example/a"),
        ("<link>/a</link>", "https://www.any.example/a"),
        ("<link>a</link>", "https://www.any.example/news/a"),
        ("<link>//other.example/a</link>", "https://other.example/a"),
        ("<link>https://www.any.example/a?x=1&amp;y=2</link>", "https://www.any.example/a?x=1&y=2"),
        ("<guid>https://www.any.example/a</guid>", "https://www.any.example/a"),
        ("<guid isPermaLink='false'>https://www.any.example/a</guid>", "https://www.any.example/a"),
        ("<link></link><guid>https://www.any.example/a</guid>", "https://www.any.example/a"),
        (
            "<link>https://feeds.other.example/~r/1</link><feedburner:origLink>https://www.any.example/a</feedburner:origLink>",
            "https://www.any.example/a",
        ),
        ("<title>No link</title>", None),
        ("<guid>tag:any,2026:1</guid>", None),
        ("<link>javascript:void(0)</link>", None),
        ("<link>mailto:news@any.example</link>", None),
        ("<link>file:///etc/passwd</link>", None),
    ],
)
def test_an_rss_item_leads_to_its_page_or_nowhere(item: str, url: str | None) -> None:
    feed = read(rss(item))
    assert [entry.url for entry in feed.entries] == ([url] if url else [])
    assert feed.unlinked == (0 if url else 1)


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ("<link href='https://www.any.example/a'/>", "https://www.any.example/a"),
        ("<link rel='self' href='/self'/><link rel='alternate' href='/a'/>", "https://www.any.example/a"),
        ("<link rel='enclosure' href='/x.mp3'/><link href='/a'/><link rel='replies' href='/r'/>", "https://www.any.example/a"),
        ("<id>https://www.any.example/a</id>", "https://www.any.example/a"),
        ("<id>urn:uuid:1</id>", None),
    ],
)
def test_an_atom_entry_leads_to_its_alternate(links: str, url: str | None) -> None:
    assert [entry.url for entry in read(atom(links)).entries] == ([url] if url else [])


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ({"url": "https://www.any.example/a"}, "https://www.any.example/a"),
        ({"url": "a"}, "https://www.any.example/news/a"),
        ({"external_url": "https://other.example/a"}, "https://other.example/a"),
        ({"id": "https://www.any.example/a"}, "https://www.any.example/a"),
        ({"id": "17"}, None),
        ({"id": 17}, None),
        ({"url": 5}, None),
        ({"url": ["https://www.any.example/a"]}, None),
        ({"url": "javascript:void(0)"}, None),
        ({}, None),
    ],
)
def test_a_json_item_leads_to_its_page_or_nowhere(item: dict[str, Any], url: str | None) -> None:
    assert [entry.url for entry in read(json_feed(item)).entries] == ([url] if url else [])


def test_a_url_stands_once_and_the_first_entry_wins() -> None:
    feed = read(rss(f"<title>First</title>{LINK}", f"<title>Second</title>{LINK}", "<link>/b</link>"))
    assert [(entry.url, entry.title) for entry in feed.entries] == [
        ("https://www.any.example/a", "First"),
        ("https://www.any.example/b", None),
    ]


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("Fri, 20 Nov 2026 12:10:05 GMT", SECOND),
        ("Fri, 20 Nov 2026 07:10:05 EST", SECOND),
        ("Fri, 20 Nov 2026 13:10:05 CET", SECOND),
        ("20 Nov 2026 12:10:05 +0000", SECOND),
        ("2026-11-20T13:10:05+01:00", SECOND),
        ("2026-11-20T12:10:05.678Z", SECOND),
        ("2026-11-20 12:10:05", SECOND),
        ("ven, 20 nov 2026 13:10:05 +0100", SECOND),
        ("Fri, Nov 20 2026 12:10:05 PM", SECOND),
        ("1795176605", SECOND),
        ("2026-11-20T12:10Z", MINUTE),
        ("20/11/2026 12:10", MINUTE),
        ("11/20/2026 12:10", MINUTE),
        ("20.11.2026 12:10", MINUTE),
        ("2026-11-20", DAY),
        ("20 Nov 2026", DAY),
        ("November 20, 2026", DAY),
        ("vendredi 20 novembre 2026", DAY),
        ("Fri, 20 Nov 2026 00:00:00 GMT", DAY),
        ("Fri, 20 Nov 2026 00:00:00 -0800", DAY),
        ("5/6/2026 12:10", None),
        ("Wed, 30 Nov -0001 00:00:00 +0000", None),
        ("Fri, 32 Nov 2026 12:10:05 GMT", None),
        ("today", None),
        ("", None),
    ],
)
def test_a_date_is_read_as_its_publisher_writes_it_or_not_at_all(stated: str, moment: Moment | None) -> None:
    assert one(rss(f"{LINK}<pubDate>{stated}</pubDate>")).published == moment
    assert one(json_feed({"url": "/a", "date_published": stated})).published == moment


@pytest.mark.parametrize(
    ("document", "older"),
    [
        (rss(head="<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='?paged=2'/>"), "?paged=2"),
        (atom().replace("</title>", "</title><link rel='prev-archive' href='/2026/10.atom'/>", 1), "/2026/10.atom"),
        (json_feed(next_url="/feed.json?page=2"), "/feed.json?page=2"),
        (rss(), None),
        (json_feed(next_url=7), None),
    ],
)
def test_a_feed_says_where_its_earlier_entries_stand(document: str, older: str | None) -> None:
    """RFC 5005, sections 3 and 4; JSON Feed 1.1, `next_url`."""
    assert read(document).older == (None if older is None else urljoin(URL, older))


def test_atoms_updated_stands_for_a_missing_published() -> None:
    entry = one(atom(f"{ATOM_LINK}<updated>2026-11-20T12:10:05Z</updated>"))
    assert (entry.published, entry.modified) == (SECOND, SECOND)


def test_a_publication_date_is_not_taken_for_a_change() -> None:
    entry = one(rss(f"{LINK}<pubDate>Fri, 20 Nov 2026 12:10:05 GMT</pubDate>"))
    assert (entry.published, entry.modified) == (SECOND, None)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;", "One two"),
        ("<![CDATA[<b>Bold</b>ly &amp; so on]]>", "Boldly & so on"),
        ("H&lt;sub&gt;2&lt;/sub&gt;O and CO&lt;sub&gt;2&lt;/sub&gt;", "H2O and CO2"),
        ("<![CDATA[Safe <script>evil('<p>')</script>words<style>p { }</style>]]>", "Safe words"),
        ("<![CDATA[Words <!-- more --> behind]]>", "Words behind"),
        ("5 &lt; 6", "5 < 6"),
        ("Graphyteâ„¢", "Graphyte™"),
        ("&lt;img src='x.png'&gt;", None),
        ("", None),
    ],
)
def test_markup_becomes_one_line_of_text(markup: str, text: str | None) -> None:
    entry = one(rss(f"{LINK}<title>{markup}</title><description>{markup}</description>"))
    assert (entry.title, entry.excerpt) == (text, text)


def test_a_full_text_in_the_feed_makes_an_excerpt_of_at_most_350_characters() -> None:
    excerpt = one(rss(f"{LINK}<content:encoded><![CDATA[<p>{'Many words follow. ' * 100}</p>]]></content:encoded>")).excerpt
    assert excerpt is not None
    assert 200 < len(excerpt) <= 350
    assert excerpt.endswith("…")


@pytest.mark.parametrize(
    ("media", "image"),
    [
        ("<media:content url='/a.jpg' medium='image'/>", "/a.jpg"),
        ("<media:content url='/a.jpg' type='image/jpeg'/>", "/a.jpg"),
        ("<media:content url='/a.mp4' type='video/mp4'/>", None),
        ("<media:content url='/a.mp4' medium='video'/><media:thumbnail url='/t.jpg'/>", "/t.jpg"),
        ("<media:group><media:content url='/a.jpg' medium='image'/></media:group>", "/a.jpg"),
        ("<enclosure url='/a.png' type='image/png' length='1'/>", "/a.png"),
        ("<enclosure url='/a.mp3' type='audio/mpeg' length='1'/>", None),
        ("<media:thumbnail url='/t.jpg'/>", "/t.jpg"),
        ("<media:content medium='image'/>", None),
    ],
)
def test_a_picture_is_taken_from_media_and_enclosures(media: str, image: str | None) -> None:
    assert one(rss(LINK + media)).image == (f"https://www.any.example{image}" if image else None)


CZECH = f"<rss version='2.0'><channel><item><title>Žluťoučký kůň</title>{LINK}</item></channel></rss>"


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "iso-8859-2", "windows-1250"])
def test_the_xml_declaration_names_the_charset(charset: str) -> None:
    document = f"<?xml version='1.0' encoding='{charset}'?>{CZECH}"
    for content_type in (None, "application/rss+xml"):
        assert read(document.encode(charset), content_type=content_type).entries[0].title == "Žluťoučký kůň"


def test_the_http_header_names_the_charset() -> None:
    assert read(CZECH.encode("windows-1250"), content_type="application/xml; charset=windows-1250").entries[0].title == "Žluťoučký kůň"


@pytest.mark.parametrize("content_type", [None, "text/html", "text/plain; charset=utf-8", "application/octet-stream", "nonsense"])
def test_the_declared_type_does_not_make_a_feed_ill_formed(content_type: str | None) -> None:
    feed = read(rss(LINK), content_type=content_type)
    assert len(feed.entries) == 1
    assert feed.ill_formed is None


def test_an_ill_formed_feed_is_read_and_said_to_be_so() -> None:
    feed = read(rss(f"<title>Ships & harbours \x0b</title>{LINK}"))
    assert [entry.url for entry in feed.entries] == ["https://www.any.example/a"]
    assert feed.ill_formed


def test_a_feed_without_entries_is_a_feed() -> None:
    for document in (rss(), atom(), json_feed()):
        feed = read(document)
        assert feed.entries == ()
        assert feed.title == "Any News"


@pytest.mark.parametrize(
    "document",
    [
        "",
        " ",
        "Please log in",
        "<html><head><title>Log in</title></head><body><p>Please</p></body></html>",
        "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>https://a.example/</loc></url></urlset>",
        "<opml version='2.0'><body><outline xmlUrl='https://a.example/feed'/></body></opml>",
        "{}",
        '{"items": []}',
        '{"version": "https://jsonfeed.org/version/1.1"}',
        '{"version": "https://jsonfeed.org/version/1.1", "items": {}}',
        '{"version": 1, "items": []}',
        '{"version": "https://jsonfeed.org/version/1.1", "items": [',
        '{"a":' * 5_000,
        b"\x1f\x8b\x08\x00rest",
        b"\x00\x01\x02\xff",
        b"{\xff\xfe}",
    ],
    ids=range(16),
)
def test_what_is_no_feed_is_refused_by_its_url(document: str | bytes) -> None:
    with pytest.raises(FeedError, match=re.escape(URL)) as caught:
        read(document)
    assert "Content-type" not in str(caught.value)


def test_entities_are_neither_expanded_without_end_nor_read_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not tell")
    bomb = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10 if number else "ha"}">' for number in range(12))
    for declaration, use in ((bomb, "&e11;"), (f'<!ENTITY x SYSTEM "file://{secret}">', "&x;")):
        document = f"<!DOCTYPE rss [{declaration}]>" + CZECH.replace("Žluťoučký", use)
        try:
            title = read(document).entries[0].title or ""
        except FeedError:
            title = ""
        assert len(title) < 1_000
        assert "do not tell" not in title


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda some: st.lists(some, max_size=3)
                    | st.dictionaries(st.sampled_from(["url", "id", "title", "authors", "author", "name", "tags", "image", "summary",
                                                       "date_published", "language", "x"]), some, max_size=6)))  # fmt: skip
def test_json_of_any_shape_is_a_feed_or_a_feed_error(value: Any) -> None:
    for document in (
        value,
        {"version": "https://jsonfeed.org/version/1", "items": value},
        {"version": "https://jsonfeed.org/version/1", "items": [value]},
    ):
        try:
            read(json.dumps(document))
        except FeedError:
            continue


@settings(deadline=None)
@given(st.integers(0, len(RSS_DOCUMENT)), st.integers(0, 40), st.binary(max_size=4))
def test_a_spoilt_document_is_a_feed_or_a_feed_error(at: int, length: int, instead: bytes) -> None:
    octets = RSS_DOCUMENT.encode()
    try:
        read(octets[:at] + instead + octets[at + length :])
    except FeedError:
        return
