"""A page read once: encoding, parsing, and what its head declares."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.models import Entry
from pipeline.extraction.lead_images import lead_images, pixels
from pipeline.extraction.pages import Page, amp_link, read_page

URL = "https://www.kestrel.example/2026/10/01/story"


def page(head: str = "", body: str = "<p>x</p>", *, url: str = URL) -> Page:
    html = f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>"
    return read_page(html.encode(), url=url, content_type="text/html; charset=utf-8")


def json_ld(value: object) -> str:
    return f"<script type='application/ld+json'>{json.dumps(value)}</script>"


def entry(image: str | None = None) -> Entry:
    return Entry(url=URL, source_id="kestrel", via="feed", image=image)


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        ("<html><title>žluťoučký</title>".encode(), "text/html; charset=iso-8859-1", "utf-8"),
        ("<html><title>Новости дня и ночи</title>".encode("cp1251"), "text/html; charset=windows-1251", "cp1251"),
        (b"<html><meta charset=windows-1251><title>" + "Новости дня".encode("cp1251"), "text/html", "cp1251"),
        (b"<html><meta http-equiv=content-type content='text/html; charset=euc-kr'><title>" + "뉴스 제목".encode("cp949"), None, "cp949"),
        ("\ufeff<html><title>news</title>".encode("utf-16-le"), "text/html", "utf-16-le"),
        (b"\xef\xbb\xbf<html><title>news</title>", "text/html; charset=latin1", "utf-8"),
        ("<html><title>caf\u00e9</title>".encode("cp1252"), "text/html; charset=no-such-thing", None),
        (b"<html><meta charset=hex><title>news</title>", "text/html", "utf-8"),
    ],
)
def test_the_encoding_is_that_of_the_bytes_whatever_is_declared(body: bytes, content_type: str | None, encoding: str | None) -> None:
    read = read_page(body, url=URL, content_type=content_type)
    assert read.is_html
    if encoding:
        assert read.encoding == encoding
    assert "\ufffd" not in read.title_tag


def test_windows_1251_under_a_wrong_header_is_read_as_the_page_says() -> None:
    text = "<html><meta charset='windows-1251'><title>Новости</title><p>" + "Правительство приняло решение о бюджете на год. " * 20
    read = read_page(text.encode("cp1251"), url=URL, content_type="text/html; charset=iso-8859-1")
    assert read.title_tag == "Новости"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/html"),
        (b"%PDF-1.7 ...", "text/html"),
        (b"\x89PNG\r\n\x1a\n", None),
        (b'{"a": 1}', "application/json"),
        (b"<?xml version='1.0'?><rss><channel/></rss>", "application/rss+xml"),
        (b"<?xml version='1.0'?><rss><channel><title>x</title></channel></rss>", "text/html"),
        (b"just words", None),
    ],
)
def test_what_is_no_html_is_said_to_be_none(body: bytes, content_type: str | None) -> None:
    assert not read_page(body, url=URL, content_type=content_type).is_html


def test_canonical_and_amp_links_are_absolute() -> None:
    read = page("<base href='https://www.kestrel.example/base/'><link rel='canonical' href='../a'><link rel=amphtml href='/a.amp'>")
    assert read.canonical == "https://www.kestrel.example/a"
    assert amp_link(read) == "https://www.kestrel.example/a.amp"


def test_an_amp_address_is_never_guessed() -> None:
    assert amp_link(page()) is None
    assert amp_link(page("<link rel=amphtml href='javascript:x'>")) is None


@pytest.mark.parametrize(
    "block",
    [
        '{"@type":"NewsArticle","headline":"Found",}',
        '<!-- {"@type":"NewsArticle","headline":"Found"} -->',
        '//<![CDATA[\n{"@type":"NewsArticle","headline":"Found"}\n//]]>',
        '{"@type":"NewsArticle","headline":"Found"};',
        '{"@type":"NewsArticle","description":"a\nb","headline":"Found"}',
        '{"@type":"NewsArticle","description":"it\\\'s","headline":"Found"}',
        '[{"@type":"NewsArticle","headline":"Found"}]',
        '{"@graph":[{"@type":["NewsArticle","Thing"],"headline":"Found"}]}',
        '{"@type":"WebPage","mainEntity":{"@type":"NewsArticle","headline":"Found"}}',
        '{"@type":"NewsArticle","headline":"Found"}{"@type":"WebSite"}',
        '{"@type":"NewsArticle","headline":"Found","datePublished":"2026-10-01", broken',
        '{"@type":"http://schema.org/NewsArticle","headline":"Found"}',
    ],
)
def test_json_ld_is_read_as_it_is_really_written(block: str) -> None:
    read = page(f"<script type='application/ld+json'>{block}</script>")
    assert [article["headline"] for article in read.articles] == ["Found"]


def test_the_article_of_another_page_is_not_this_pages_own() -> None:
    other = {"@type": "NewsArticle", "headline": "Other", "url": "https://www.kestrel.example/other"}
    own = {"@type": "NewsArticle", "headline": "Own", "mainEntityOfPage": {"@id": URL}}
    assert [article["headline"] for article in page(json_ld([other, own])).articles] == ["Own"]


def test_lead_images_are_ranked_and_counted_once() -> None:
    head = (
        json_ld({"@type": "NewsArticle", "headline": "x", "image": {"@type": "ImageObject", "url": "/lead.jpg"}})
        + "<meta property='og:image' content='https://www.kestrel.example/lead.jpg'>"
        + "<meta property='og:image:width' content='1200'><meta property='og:image:height' content='630'>"
        + "<meta name='twitter:image' content='https://cdn.kestrel.example/tw.jpg?a=1&amp;amp;b=2'>"
    )
    found = lead_images(page(head), entry("https://www.kestrel.example/feed.jpg"))
    assert [(image.url, image.width, image.height, image.source) for image in found] == [
        ("https://www.kestrel.example/lead.jpg", 1200, 630, "jsonld.image"),
        ("https://cdn.kestrel.example/tw.jpg?a=1&b=2", None, None, "twitter.image"),
        ("https://www.kestrel.example/feed.jpg", None, None, "feed.image"),
    ]


@pytest.mark.parametrize(
    "address",
    [
        "/assets/logo.png", "/img/kestrel-logo-square.jpg", "/close-btn.png", "/img/default.jpg", "/og-image.png", "/social-share.png",
        "/1x1.gif", "/spacer.gif", "/favicon.ico", "/lead.svg", "https://sb.scorecardresearch.com/p?c1=2", "data:image/png;base64,AA",
        "/placeholder.jpg", "/default-news.jpg", "/icons/rss-icon.png", "https://secure.gravatar.com/avatar/1.jpg", "/no-image.jpg",
    ],
)  # fmt: skip
def test_logos_buttons_trackers_and_defaults_are_left_out(address: str) -> None:
    assert lead_images(page(f"<meta property='og:image' content='{address}'>"), None) == ()


@pytest.mark.parametrize(
    "address", ["/lead.jpg", "/google-reveals-its-new-logo-for-android.jpg", "/a_default_0.jpg", "/iconic-bridge.jpg", "/img?id=7"]
)
def test_pictures_are_kept(address: str) -> None:
    assert [image.url for image in lead_images(page(f"<meta property='og:image' content='{address}'>"), None)] == [
        "https://www.kestrel.example" + address
    ]


def test_the_publishers_logo_is_no_lead_image_whatever_it_is_called() -> None:
    article = {
        "@type": "NewsArticle",
        "headline": "x",
        "image": "https://a.example/pic.jpg",
        "publisher": {"logo": {"url": "https://a.example/pic.jpg"}},
    }
    assert lead_images(page(json_ld(article)), None) == ()


def test_the_articles_own_pictures_come_after_the_declared_ones_and_small_ones_never() -> None:
    own = "<img src='/tiny.jpg' width=80 height=60><img data-src='/own.jpg' width=640 height='400px'>"
    body = f"<article><h1>T</h1>{own}</article><img src='/far.jpg'>"
    found = lead_images(page("<meta property='og:image' content='/declared.jpg'>", body), None)
    assert [image.url.rpartition("/")[2] for image in found] == ["declared.jpg", "own.jpg"]
    assert (found[1].width, found[1].height) == (640, 400)


def test_at_most_five_candidates_are_named() -> None:
    head = "".join(f"<meta property='og:image' content='/{number}.jpg'>" for number in range(9))
    assert len(lead_images(page(head), None)) == 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [("640", 640), ("640px", 640), (640, 640), ("100%", None), ("0", None), ({"value": 9}, 9), (None, None), (True, None)],
)
def test_declared_sides_are_read_in_pixels(value: object, expected: int | None) -> None:
    assert pixels(value) == expected


@settings(deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([None, "text/html", "text/html; charset=utf-16", "image/png", ";;=", "text/html; charset=\udcff"]),
)
def test_no_bytes_raise(body: bytes, content_type: str | None) -> None:
    for data in (body, b"<html><head><title>" + body, b"<script type='application/ld+json'>" + body + b"</script><p>", b"\xff\xfe" + body):
        read = read_page(data, url=URL, content_type=content_type)
        lead_images(read, entry())
        amp_link(read)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@type", "@id", "@graph", "image", "url", "logo", "author", "name", "publisher", "width", "headline"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(_JSON, st.integers(0, 300))
def test_no_json_ld_raises_whole_or_cut_off(value: object, cut: int) -> None:
    block = json.dumps(value).replace("</", "<\\/")
    for text in (block, block[:cut]):
        read = page(f"<script type='application/ld+json'>{text}</script>")
        lead_images(read, entry())


def titled(body: str, head: str = "") -> Page:
    html = f"<html><head><title>The owls are back | Kestrel</title>{head}</head><body>{body}</body></html>"
    return read_page(html.encode(), url="https://www.kestrel.example/owls", content_type="text/html")


@pytest.mark.parametrize(
    "body",
    [
        "<nav><h1>The owls are back</h1></nav><h2 id='x'>The owls are back</h2>",
        "<ol class='breadcrumbs'><li><h1>The owls are back</h1></li></ol><h2 id='x'>The owls are back</h2>",
        "<h1>Kestrel</h1><h2 id='x'>The owls are back</h2><h2>More</h2>",
        "<h1>Navigation</h1><h1 id='x'>The owls are back</h1>",
        "<h2>Menu</h2><h1 id='x'>Owls again</h1>",
    ],
)
def test_the_heading_is_the_one_that_says_the_title(body: str) -> None:
    found = titled(body).heading
    assert found is not None
    assert found.get("id") == "x"


def test_a_thumbnail_gives_way_to_the_same_picture_in_full() -> None:
    thumb, full = "https://www.kestrel.example/up/thumbs/400x400/owl.jpg", "https://www.kestrel.example/up/owl.jpg"
    read = titled("", f"<meta property='og:image' content='{thumb}'><meta name='thumbnail' content='{full}'>")
    assert [image.url for image in lead_images(read, None)] == [full, thumb]


def test_a_still_picture_comes_before_a_gif_of_the_same_place() -> None:
    names = ("owl.gif", "owl-large.jpg")
    read = titled("", "".join(f"<meta property='og:image' content='https://www.kestrel.example/{name}'>" for name in names))
    assert [image.url.rpartition("/")[2] for image in lead_images(read, None)] == ["owl-large.jpg", "owl.gif"]


@pytest.mark.parametrize("address", ["https:", "#top", "{{ image }}", "${image}", "null", "/img/undefined"])
def test_a_templates_placeholder_for_a_missing_picture_is_no_picture(address: str) -> None:
    assert lead_images(page(f"<meta property='og:image' content='{address}'>"), None) == ()


@pytest.mark.parametrize(
    "attributes",
    [
        "srcset='/a-320.jpg 320w, /a-1280.jpg 1280w, /a-640.jpg 640w'",
        "src='data:image/gif;base64,R0' data-srcset='/a-1280.jpg 2x,/a-320.jpg'",
        "srcset=' /a-1280.jpg '",
        "srcset='/w_320,h_2/a-320.jpg 320w,/w_1280,h_8/a-1280.jpg 1280w,'",
    ],
)
def test_a_picture_that_names_its_sizes_only_is_taken_in_the_largest(attributes: str) -> None:
    (found,) = lead_images(page("", f"<article><h1>x</h1><img {attributes}></article>"), None)
    assert found.url.endswith("/a-1280.jpg")


def test_json_ld_may_call_its_pictures_a_list() -> None:
    node = {"@type": "NewsArticle", "headline": "x", "image": {"@list": [{"@type": "ImageObject", "url": "https://x.example/a.jpg"}]}}
    (found,) = lead_images(page(f"<script type='application/ld+json'>{json.dumps(node)}</script>"), None)
    assert found.url == "https://x.example/a.jpg"


@pytest.mark.parametrize("markup", ["itemprop='headline'", 'ITEMPROP="headline"', "itemprop=headline", "ItemProp = headline"])
def test_an_attribute_is_mentioned_however_it_is_written(markup: str) -> None:
    assert list(page(body=f"<p {markup}>Owls</p>").properties) == ["headline"]
    assert page(body="<p>Owls</p>").properties == {}


def test_a_page_in_two_bytes_a_character_mentions_what_its_text_has() -> None:
    html = "<html><body><p itemprop='headline'>Owls</p></body></html>"
    assert list(read_page(b"\xff\xfe" + html.encode("utf-16-le"), url=URL, content_type="text/html").properties) == ["headline"]
