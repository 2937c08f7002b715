"""Links of section pages: what appears between polls is an article, what stands still is navigation."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pipeline.core.errors import FeedError
from pipeline.discovery.listings.sections import SectionMemory, likely_articles, listed_articles, section_links
from pipeline.extraction.pages import read_page

URL = "https://www.any.example/news/world"
NAVIGATION = "".join(
    f"<li><a href='/{name}'>{text}</a></li>"
    for name, text in [
        ("news", "News"),
        ("news/world", "World"),
        ("sport", "Sport"),
        ("help/how-we-report-the-news", "How we report the news to you"),
    ]
)
FOOTER = "<footer><ul><li><a href='/terms-and-conditions-of-use-2026'>Terms and conditions of the use of this site</a></li></ul></footer>"


def slug(number: int) -> str:
    return f"/news/world/story-{number}-about-the-old-harbour-bridge"


def page(numbers: Iterable[int], *, extra: str = "", item: str = "") -> bytes:
    items = "".join(
        f"<li class='item item-{place}'><a href='{slug(number)}'><img src='/{number}.jpg'></a>"
        f"<h3><a href='{slug(number)}{item}'>Harbour bridge closes again, {number} boats wait</a></h3>"
        f"<a class='by' href='/author/jane-{number}'>Jane {number}</a> <a class='tag' href='/tag/boats-{number}'>Boats {number}</a></li>"
        for place, number in enumerate(numbers)
    )
    return f"<html><body><nav><ul>{NAVIGATION}</ul></nav><main><ul>{items}</ul>{extra}</main>{FOOTER}</body></html>".encode()


def poll(body: bytes, memory: SectionMemory, *, url: str = URL) -> tuple[list[str], SectionMemory]:
    links = section_links(read_page(body, url=url, content_type="text/html"))
    entries, after = listed_articles(links, memory, source_id="any")
    return [entry.url.removeprefix("https://www.any.example") for entry in entries], after


def polls(*bodies: bytes) -> list[list[str]]:
    memory, found = SectionMemory(), []
    for body in bodies:
        listed, memory = poll(body, memory)
        found.append(listed)
    return found


def test_the_first_poll_only_remembers_and_the_second_lists_what_stands_where_something_appeared() -> None:
    first, second, third = polls(page(range(1, 9)), page(range(0, 8)), page(range(0, 8)))
    assert first == []
    assert second == third == [slug(number) for number in range(0, 8)]


def test_navigation_footers_authors_and_tags_are_never_listed() -> None:
    for listed in polls(*(page(range(10 - hour, 18 - hour)) for hour in range(6))):
        assert all(url.startswith("/news/world/story") for url in listed)


def test_a_page_that_does_not_change_lists_nothing() -> None:
    assert polls(*[page(range(8))] * 4) == [[], [], [], []]


def test_what_comes_and_goes_in_the_navigation_is_new_once() -> None:
    promotion = "<nav><p><a href='/live/the-long-night-of-the-election-live'>The long night of the election, live</a></p></nav>"
    found = polls(page(range(8)), page(range(8), extra=promotion), page(range(8)), page(range(8), extra=promotion))
    assert found[1] == ["/live/the-long-night-of-the-election-live"]
    assert found[2] == []


def test_a_new_design_teaches_nothing_and_the_poll_after_it_does() -> None:
    other = page(range(3, 11)).replace(b"/news/world/", b"/en/").replace(b"/help/", b"/en/help/").replace(b"<ul>", b"<ul class='new'>")
    other = other.replace(b"'/sport'", b"'/en/sport'").replace(b"/terms", b"/en/terms")
    after = other.replace(b"story-10-", b"story-11-")
    found = polls(page(range(1, 9)), page(range(0, 8)), other, after)
    assert found[2] == []
    assert len(found[3]) == 8
    assert not any("help" in url or "terms" in url for url in found[3])


@pytest.mark.parametrize("item", ["?PHPSESSID=5e55", "#comments", "?utm_source=front"])
def test_a_session_a_fragment_and_a_tracker_make_no_other_link(item: str) -> None:
    found = polls(page(range(1, 9)), page(range(1, 9), item=item))
    assert found == [[], []]


@pytest.mark.parametrize(
    ("href", "words"),
    [
        ("https://other.example/news/story-of-another-site-with-long-name", "A story of another site with a long name"),
        ("mailto:desk@any.example", "Write to the desk of this paper today"),
        ("javascript:void(0)", "Open the menu of all our sections"),
        ("/", "The front page of this paper of today"),
        ("/news", "All of the news of this paper today"),
        ("/news/world/", "The world as we see it here today"),
        ("http://[", "A broken address with some more words"),
        ("/news/world#top", "Back to the top of this long page"),
    ],
)
def test_links_that_cannot_be_articles_of_the_section_are_left_out(href: str, words: str) -> None:
    link = f"<p><a href='{href}'>{words}</a></p>"
    assert polls(page(range(8)), page(range(8), extra=link)) == [[], []]


@pytest.mark.parametrize(
    ("href", "words"),
    [
        ("/a/1", "Harbour bridge closes again"),
        ("/a/1", "Hafenbrückensanierungskostensteigerung"),
        ("/a/1", "港の橋が再び閉鎖される見通し"),
        ("/2026/11/20/harbour", "Harbour"),
        ("/a-7654321", ""),
        ("/harbour-bridge-closes-again-today", "More"),
        ("https://m.any.example/a/1", "Harbour bridge closes again"),
    ],
)
def test_an_article_is_known_by_its_words_or_its_address(href: str, words: str) -> None:
    link = f"<p><a href='{href}'>{words}</a></p>"
    listed = polls(page(range(8)), page(range(8), extra=link))[1]
    assert len(listed) == 1


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7", b"<html><body><div id='root'></div><script src='/app.js'></script></body></html>"])
def test_what_links_to_nothing_is_no_section_page(body: bytes) -> None:
    with pytest.raises(FeedError) as caught:
        section_links(read_page(body, url=URL, content_type="text/html"))
    assert caught.value.reason == "notASection"


def test_an_endless_page_is_read_to_its_bounds() -> None:
    body = b"<html><body>" + b"".join(b"<a href='/n/%d'>Harbour bridge closes again</a>" % number for number in range(50_000))
    memory = SectionMemory()
    for _ in range(3):
        _, memory = poll(body, memory)
    assert len(memory.links) <= 3_000
    assert len(likely_articles(section_links(read_page(body, url=URL)), source_id=None)) <= 1_500
