"""Links that change from poll to poll, and the identity of their entries."""

from __future__ import annotations

import pytest

from pipeline.discovery.listings.entry_aliases import entry_alias, without_session
from pipeline.discovery.listings.feeds import read_feed

A = "https://a.example"


@pytest.mark.parametrize(
    ("link", "without"),
    [
        (f"{A}/x;jsessionid=1F2E?id=3", f"{A}/x?id=3"),
        (f"{A}/x;JSESSIONID=1F2E.node1", f"{A}/x"),
        (f"{A}/x?PHPSESSID=ab12&id=3", f"{A}/x?id=3"),
        (f"{A}/x?id=3&amp;phpsessid=ab12", f"{A}/x?id=3"),
        (f"{A}/x?CFID=1&CFTOKEN=2", f"{A}/x"),
        (f"{A}/x?ASPSESSIONIDQQ=2&id=3", f"{A}/x?id=3"),
        (f"{A}/(S(lit3py55t21z5v55vlm25s55))/x.aspx?id=3", f"{A}/x.aspx?id=3"),
        (f"{A}/(X(1)S(lit3py55t21z5v55vlm25s55))/x", f"{A}/x"),
        (f"{A}/x?ASP.NET_SessionId=ab12", f"{A}/x"),
        (f"{A}/x_(film)/y", f"{A}/x_(film)/y"),
        (f"{A}/(film)/y", f"{A}/(film)/y"),
        (f"{A}/x;v=1?sid=politics", f"{A}/x;v=1?sid=politics"),
        (f"{A}/x?id=3", f"{A}/x?id=3"),
        (f"{A}/x", f"{A}/x"),
    ],
)
def test_session_ids_are_no_part_of_a_link(link: str, without: str) -> None:
    assert without_session(link) == without


def test_an_alias_stays_while_guid_and_page_do() -> None:
    alias = entry_alias("n-17", f"{A}/x?token=1")
    assert alias is not None
    assert alias == entry_alias("n-17", f"{A}/x?token=2") == entry_alias("n-17", f"{A}/x;t=9")
    assert len({alias, entry_alias("n-18", f"{A}/x?token=1"), entry_alias("n-17", f"{A}/y?token=1")}) == 3


@pytest.mark.parametrize(
    ("guid", "link"), [(None, f"{A}/x?t=1"), ("n", f"{A}/x"), ("n", f"{A}/x?utm_source=rss"), (f"{A}/x?t=1", f"{A}/x?t=1")]
)
def test_an_entry_that_its_link_identifies_has_no_alias(guid: str | None, link: str) -> None:
    assert entry_alias(guid, link) is None


def test_a_guid_that_all_entries_share_is_no_identity() -> None:
    items = "".join(f"<item><title>T</title><guid>0</guid><link>{A}/x?id={number}</link></item>" for number in range(3))
    feed = read_feed(f"<rss version='2.0'><channel>{items}</channel></rss>".encode(), url=f"{A}/feed", content_type=None, source_id="a")
    assert [entry.alias for entry in feed.entries] == [None] * 3
    assert len(feed.entries) == 3
