"""Feeds that attack their reader, and feeds whose server lies about their characters."""

from __future__ import annotations

import time

import pytest

from pipeline.core.errors import FeedError
from pipeline.discovery.listings.feeds import MAX_DEPTH, read_feed

ITEM = "<item><title>{}</title><link>https://one.example/a</link></item>"


def rss(content: str, *, prolog: str = "") -> str:
    return f"<?xml version='1.0'?>{prolog}<rss version='2.0'><channel><title>T</title>{content}</channel></rss>"


def read(body: bytes, content_type: str = "application/rss+xml") -> list[str | None]:
    return [entry.title for entry in read_feed(body, url="https://one.example/feed", content_type=content_type, source_id="one").entries]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_that_hold_others_are_refused(encoding: str) -> None:
    entities = "".join(f"<!ENTITY e{n + 1} '{f'&e{n};' * 10}'>" for n in range(9))
    bomb = rss(ITEM.format("&e9;"), prolog=f"<!DOCTYPE rss [<!ENTITY e0 'ha'>{entities}]>")
    with pytest.raises(FeedError, match="refused: the entity"):
        read(bomb.replace("<?xml version='1.0'?>", "").encode(encoding))


def test_a_long_entity_is_refused() -> None:
    with pytest.raises(FeedError, match="refused: the entity"):
        read(rss(ITEM.format("&e;" * 10_000), prolog=f"<!DOCTYPE rss [<!ENTITY e '{'a' * 100_000}'>]>").encode())


def test_an_entity_that_is_a_letter_is_read() -> None:
    assert read(rss(ITEM.format("caf&eacute;"), prolog="<!DOCTYPE rss [<!ENTITY eacute '&#233;'>]>").encode()) == ["café"]


def test_a_file_is_not_included() -> None:
    body = rss(ITEM.format("x&f;y"), prolog="<!DOCTYPE rss [<!ENTITY f SYSTEM 'file:///etc/hostname'>]>")
    assert read(body.encode())[0] in ("xy", "x&f;y")


def test_deep_nesting_is_refused() -> None:
    deep = MAX_DEPTH + 10
    with pytest.raises(FeedError, match="deep"):
        read(rss("<item>" + "<a>" * deep + "</a>" * deep + "</item>").encode())


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", "application/rss+xml; charset=iso-8859-1"),
        ("utf-8", "text/xml"),
        ("utf-8-sig", "text/xml; charset=windows-1252"),
        ("utf-16", "application/rss+xml"),
        ("iso-8859-1", "application/rss+xml; charset=iso-8859-1"),
        ("windows-1252", "text/xml"),
    ],
)
def test_the_characters_are_right_whatever_the_server_says(encoding: str, content_type: str) -> None:
    body = rss(ITEM.format("Größe in Köln")).replace("<?xml version='1.0'?>", "")
    assert read(body.encode(encoding), content_type) == ["Größe in Köln"]


def test_the_documents_own_declaration_is_believed_where_the_header_says_nothing() -> None:
    body = rss(ITEM.format("Привет")).replace("<?xml version='1.0'?>", "<?xml version='1.0' encoding='koi8-r'?>")
    assert read(body.encode("koi8-r"), "application/rss+xml") == ["Привет"]


@pytest.mark.parametrize("tag", ["title", "description", "dc:creator", "author", "managingEditor", "category", "guid", "pubDate"])
@pytest.mark.parametrize("repeated", ["a", ".", "-", " ", "&lt;", "&lt;a", "&amp;", "a.", "a@", "@a.", "&lt;a@"])
def test_a_field_of_a_hundred_kilobytes_is_read_in_bounded_time(tag: str, repeated: str) -> None:
    item = ITEM.format("T").replace("</item>", f"<{tag}>{repeated * (100_000 // len(repeated))}</{tag}></item>")
    started_s = time.process_time()
    read(rss(item).encode())
    assert time.process_time() - started_s < 5


@pytest.mark.parametrize(
    ("stated", "author"),
    [
        ("Ann Bee", "Ann Bee"),
        ("ann@one.com (Ann Bee)", "Ann Bee"),
        ("Ann Bee &lt;ann@one.com&gt;", "Ann Bee"),
        (", ".join(f"Ann Bee {n}" for n in range(300)), ", ".join(f"Ann Bee {n}" for n in range(300))),
    ],
)
def test_authors_are_read_with_and_without_an_address(stated: str, author: str) -> None:
    body = rss(ITEM.format("T").replace("</item>", f"<author>{stated}</author></item>"))
    (entry,) = read_feed(body.encode(), url="https://one.example/feed", content_type=None, source_id="one").entries
    assert entry.authors == (author,)
