"""OPML in and out."""

from __future__ import annotations

import pytest

from pipeline.core.catalogue import Source
from pipeline.core.errors import FeedError
from pipeline.discovery.opml import read_opml, write_opml

DOCUMENT = b"""<?xml version="1.0"?><opml version="1.0"><head><title>Mine</title></head><body>
<outline text="Science"><outline text="One &amp; all" type="rss" xmlUrl="https://one.example/feed" htmlUrl="https://one.example/"/>
<outline text="Deeper"><outline title="Two" xmlURL="https://two.example/feed"/></outline></outline>
<outline text="A note without a feed"/><outline type="link" xmlUrl="ftp://three.example/feed"/>
<outline type="rss" text="One again" xmlUrl="https://one.example/feed"/></body></opml>"""


def test_outlines_come_with_their_folders_each_feed_once() -> None:
    assert [(one.url, one.title, one.folders) for one in read_opml(DOCUMENT, path="my.opml")] == [
        ("https://one.example/feed", "One & all", ("Science",)),
        ("https://two.example/feed", "Two", ("Science", "Deeper")),
        ("ftp://three.example/feed", "ftp://three.example/feed", ()),
    ]


@pytest.mark.parametrize(
    ("attributes", "url"),
    [
        ('type="rss" xmlUrl="https://a.example/f?x=1&y=2&amp;z=3"', "https://a.example/f?x=1&y=2&z=3"),
        ('xmlUrl="feed://a.example/f"', "http://a.example/f"),
        ('xmlUrl="feed:https://a.example/f"', "https://a.example/f"),
        ('xmlUrl="feed://https://a.example/f"', "https://a.example/f"),
        ('xmlUrl="HTTPS://A.example/F"', "https://a.example/F"),
        ('type="application/rss+xml" xmlUrl="https://a.example/f"', "https://a.example/f"),
        ('type="link" xmlUrl="https://a.example/f"', "https://a.example/f"),
        ('type="atom10" XMLURL=" https://a.example/f "', "https://a.example/f"),
        ('type="rss" url="https://a.example/f"', "https://a.example/f"),
    ],
)
def test_subscriptions_are_read_as_other_programs_write_them(attributes: str, url: str) -> None:
    (outline,) = read_opml(f'<opml><body><outline text="A" {attributes}/></body></opml>'.encode(), path="my.opml")
    assert (outline.url, outline.title, outline.problem) == (url, "A", None)


@pytest.mark.parametrize(
    ("attributes", "url", "problem"),
    [
        ('xmlUrl="ftp://a.example/f"', "ftp://a.example/f", "no http or https URL"),
        ('xmlUrl="a.example/f"', "a.example/f", "no http or https URL"),
        ('type="include" url="https://a.example/list.opml"', "https://a.example/list.opml", "type include has no feed address"),
        ('type="rss" htmlUrl="https://a.example/"', "https://a.example/", "has no feed address"),
    ],
)
def test_what_cannot_be_followed_is_named_with_its_reason(attributes: str, url: str, problem: str) -> None:
    (outline,) = read_opml(f'<opml><body><outline text="A" {attributes}/></body></opml>'.encode(), path="my.opml")
    assert outline.url == url
    assert problem in (outline.problem or "")


@pytest.mark.parametrize(
    "document", ["<opml><opml><body>{}</body></opml></opml>", "<o:opml><o:body>{}</o:body></o:opml>", "<OPML><BODY>{}</BODY></OPML>"]
)
def test_elements_are_told_by_their_local_names(document: str) -> None:
    outline = '<outline text="A" xmlUrl="https://a.example/f"/>'
    assert [one.url for one in read_opml(document.format(outline).encode(), path="my.opml")] == ["https://a.example/f"]


def test_what_is_written_is_read_again() -> None:
    sources = [
        Source(id="one", name="One & all", feeds=("https://one.example/feed",), topic="Science"),
        Source(id="two", name="Zwei", feeds=("https://two.example/a", "https://two.example/b"), topic="World"),
    ]
    outlines = read_opml(write_opml(sources, title="Ours"), path="ours.opml")
    assert [(one.url, one.title, one.folders) for one in outlines] == [
        ("https://one.example/feed", "One & all", ("Science",)),
        ("https://two.example/a", "Zwei", ("World",)),
        ("https://two.example/b", "Zwei", ("World",)),
    ]


@pytest.mark.parametrize(
    ("outlines", "urls"),
    [
        ('<outline text="The "Sun" today" xmlUrl="https://a.example/f"/><outline text="B" xmlUrl="https://b.example/f"/>', "ab"),
        ('<outline text=A xmlUrl="https://a.example/f"/><outline text="B" xmlUrl="https://b.example/f"/>', "ab"),
        ("<outline text='It's' xmlUrl='https://a.example/f'/><outline text='B' xmlUrl='https://b.example/f'/>", "ab"),
        ('<outline text="A" text="A" xmlUrl="https://a.example/f"/><outline text="B" xmlUrl="https://b.example/f"/>', "ab"),
        ('<!-- <outline text="A" xmlUrl="https://a.example/f"/> --><outline text="B" xmlUrl="https://b.example/f"/>', "b"),
        ('<outline text="A" xmlUrl="//a.example/f"/><outline text="B" xmlUrl="https://b.example/f', "a"),
    ],
)
def test_no_subscription_is_dropped_for_a_title_that_breaks_its_outline(outlines: str, urls: str) -> None:
    found = read_opml(f"<opml><body>{outlines}</body></opml>".encode(), path="my.opml")
    assert {one.url for one in found if one.problem is None} == {f"https://{name}.example/f" for name in urls}


def test_an_ampersand_that_was_escaped_twice_is_one() -> None:
    (outline,) = read_opml(b'<opml><body><outline xmlUrl="https://a.example/f?x=1&amp;amp;y=2"/></body></opml>', path="my.opml")
    assert outline.url == "https://a.example/f?x=1&y=2"


def test_a_name_and_a_password_are_neither_used_nor_shown() -> None:
    (outline,) = read_opml(b'<opml><body><outline xmlUrl="https://me:secret@a.example/f"/></body></opml>', path="my.opml")
    assert (outline.url, outline.problem) == ("https://a.example/f", "its address holds a name and a password")
    assert "secret" not in repr(outline)


def test_an_outline_with_an_empty_address_is_named_by_its_title() -> None:
    (outline,) = read_opml(b'<opml><body><outline text="Alpha" type="rss" xmlUrl=""/></body></opml>', path="my.opml")
    assert (outline.url, outline.problem) == ("Alpha", "an outline of type rss has no feed address")


@pytest.mark.parametrize("data", [b"", b"<rss/>", b"plain text"])
def test_what_is_no_opml_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(FeedError, match=r"my\.opml"):
        read_opml(data, path="my.opml")
