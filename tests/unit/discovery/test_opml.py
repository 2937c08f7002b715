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
    ]


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


@pytest.mark.parametrize("data", [b"", b"<rss/>", b"plain text"])
def test_what_is_no_opml_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(FeedError, match=r"my\.opml"):
        read_opml(data, path="my.opml")
