"""What an article and its site are called."""

from __future__ import annotations

import json

import pytest

from pipeline.core.models import Entry
from pipeline.extraction.metadata.titles import find_site_name, find_title
from pipeline.extraction.pages import Page, read_page

URL = "https://www.kestrel.example/story"


def page(head: str = "", body: str = "<p>x</p>") -> Page:
    html = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
    return read_page(html.encode(), url=URL, content_type="text/html")


def called(read: Page, entry: Entry | None = None) -> str | None:
    named = find_title(read, entry)
    return named.text if named else None


NODE = {"@type": "NewsArticle", "headline": "x", "publisher": {"name": "Kestrel Ltd"}}
PUBLISHER = f"<script type='application/ld+json'>{json.dumps(NODE)}</script>"
SITE = "<meta property='og:site_name' content='The Kestrel'>"


@pytest.mark.parametrize(
    "tag",
    [
        "Owls return to the city | The Kestrel",
        "Owls return to the city - The Kestrel",
        "The Kestrel: Owls return to the city",
        "Owls return to the city – kestrel.example",
        "Owls return to the city | Science | The Kestrel",
        "Owls return to the city :: The Kestrel",
        "Owls   return\nto the city",
    ],
)
def test_the_sites_name_and_section_are_taken_off_a_title(tag: str) -> None:
    assert called(page(f"{SITE}<title>{tag}</title>", "<p>Owls return to the city</p>")) == "Owls return to the city"


def test_a_dash_inside_a_title_stays() -> None:
    head = f"{SITE}<meta property='og:title' content='Owls - and other birds - return | The Kestrel'>"
    assert called(page(head)) == "Owls - and other birds - return"


def test_the_heading_is_the_title_when_a_declaration_agrees() -> None:
    head = "<meta property='og:title' content='Owls return to city parks'><title>Owls return to city parks | Kestrel</title>"
    assert called(page(head, "<h1>Owls come to city parks again</h1>")) == "Owls come to city parks again"


def test_a_label_in_the_heading_gives_way_to_the_declared_title() -> None:
    head = "<title>Owls return to city parks | Kestrel</title>"
    read = page(head, "<h1><span>Sponsored by </span>Owls return to city parks</h1>")
    assert called(read) in {"Owls return to city parks", "Sponsored by Owls return to city parks"}
    assert called(
        page("<meta property='og:title' content='Owls return to city parks'>" + head, "<h1>Nature: Owls return to city parks</h1>")
    ) == ("Owls return to city parks")


def test_the_sites_own_heading_is_no_title() -> None:
    head = f"{SITE}<title>Owls return to the city | The Kestrel</title>"
    assert called(page(head, "<h1>The Kestrel</h1><p>Owls return to the city</p>")) == "Owls return to the city"


def test_entities_and_mojibake_in_a_title_are_undone() -> None:
    head = "<meta property='og:title' content='Tom &amp;amp; Jerryâ€™s tour'>"
    assert called(page(head)) == "Tom & Jerry’s tour"


def test_the_feed_names_what_the_page_does_not() -> None:
    assert called(page(), Entry(url=URL, source_id=None, via="feed", title="Owls return")) == "Owls return"


def test_a_page_without_any_title_has_none() -> None:
    assert called(page()) is None


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (SITE, "The Kestrel"),
        ("<meta property='og:site_name' content='kestrel.example'><meta name='application-name' content='Kestrel Daily'>", "Kestrel Daily"),
        ("<meta property='og:site_name' content='kestrel.example'>", "kestrel.example"),
        (PUBLISHER + SITE, "Kestrel Ltd"),
        ("", None),
    ],
)
def test_a_sites_name_is_no_bare_domain_when_a_name_can_be_had(head: str, name: str | None) -> None:
    found = find_site_name(page(head), None)
    assert (found.text if found else None) == name


def test_the_feeds_title_names_the_site_last() -> None:
    entry = Entry(url=URL, source_id=None, via="feed", publisher="Kestrel Feed")
    assert find_site_name(page(), entry) == ("Kestrel Feed", "feed.publisher")


def test_a_title_about_a_tag_keeps_it_and_formatting_that_was_escaped_twice_goes() -> None:
    told = "How to use the &lt;script&gt; tag"
    assert called(page(f"<title>{told} | The Kestrel</title>{SITE}", f"<h1>{told}</h1><p>x</p>")) == "How to use the <script> tag"
    assert called(page(f"<meta property='og:title' content='{told}'>")) == "How to use the <script> tag"
    assert called(page("<title>x</title>", "<h1>Owls &lt;em&gt;return&lt;/em&gt; to the city</h1>")) == "Owls return to the city"


@pytest.mark.parametrize(
    "inside",
    ["<script>var x = 1;</script>", "<style>.a {}</style>", "<svg><title>Icon</title></svg>", "<noscript><img alt=x>Picture</noscript>"],
)
def test_what_a_heading_holds_and_nobody_reads_is_none_of_the_title(inside: str) -> None:
    assert (
        called(page("<title>Owls return to the city | Kestrel</title>", f"<h1>{inside}Owls return to the city</h1>"))
        == "Owls return to the city"
    )


@pytest.mark.parametrize("value", ["null", "undefined", "{{ article.title }}", "%title%", "[object Object]"])
def test_what_a_program_leaves_where_it_has_no_value_is_no_title_and_no_site_name(value: str) -> None:
    head = f"<title>Owls return</title><meta property='og:title' content='{value}'><meta property='og:site_name' content='{value}'>"
    read = page(head)
    assert called(read) == "Owls return"
    assert find_site_name(read, None) is None


def test_a_title_that_was_cut_off_gives_way_to_the_whole_one() -> None:
    head = f"{SITE}<meta property='og:title' content='Owls return to the...'><title>Owls return to the city | The Kestrel</title>"
    assert called(page(head)) == "Owls return to the city"
    assert called(page("<meta property='og:title' content='And then...'><title>Owls return</title>")) == "And then..."


def test_a_site_that_gives_its_address_for_its_name_has_the_name_of_its_host() -> None:
    named = find_site_name(page("<meta property='og:site_name' content='https://www.kestrel.example'>"), None)
    assert named is not None
    assert named.text == "kestrel.example"


@pytest.mark.parametrize(
    ("line", "name"),
    [("Copyright (c) 2017 The Kestrel", "The Kestrel"), ("© 2019-2026 The Kestrel", "The Kestrel"), ("© 2017", None)],
)
def test_a_line_of_copyright_names_its_holder(line: str, name: str | None) -> None:
    named = find_site_name(page(f"<meta name=copyright content='{line}'>"), None)
    assert (named.text if named else None) == name


@pytest.mark.parametrize("title", ["Booking.com: Brussels opens inquiry into hotel fees", "Node.js: security fixes for all versions"])
def test_a_subject_that_looks_like_a_domain_stays(title: str) -> None:
    assert (
        called(page(f"<title>{title} | The Kestrel</title><meta property='og:title' content='{title}'>{SITE}", f"<h1>{title}</h1>"))
        == title
    )


@pytest.mark.parametrize(
    "heading",
    [
        "<h2>Lamps burn all night</h2>",
        "<div class='Heading'>Lamps burn all night</div>",
        "<div class='rightmenu'><a id='post1_TitleUrl' href='/1'>Lamps burn all night</a></div>",
        "<p align=center><big><font color=blue>Lamps burn all night</font></big></p>",
    ],
)
def test_a_page_that_declares_no_title_has_the_text_that_is_set_off_like_one(heading: str) -> None:
    assert called(page(body=f"{heading}<p>The lamps of the valley burn all night, and nobody in it knows who lights them.</p>")) == (
        "Lamps burn all night"
    )


@pytest.mark.parametrize("bar", ["ㅣ", "│", "❘"])
def test_a_sites_name_behind_a_letter_that_looks_like_a_bar_goes(bar: str) -> None:
    head = f"<title>Lamps burn all night{bar}Kestrel</title><meta property='og:site_name' content='Kestrel'>"
    assert called(page(head)) == "Lamps burn all night"
