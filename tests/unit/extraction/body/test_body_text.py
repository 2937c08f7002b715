"""An article's own text."""

from __future__ import annotations

import json

import lxml.etree
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extraction.body.body_text import find_body
from pipeline.extraction.pages import Page, read_page

PROSE = [
    "The owls have come back to the parks of the city, and nobody knows why they stayed away for so long, said the warden.",
    "Last winter only three of them were counted; this year volunteers found forty-one in a single night near the river.",
    "Biologists think that the new trees along the tram lines gave them a way through the streets, from one park to another.",
    "The council will hang sixty nest boxes until spring, and asks people to keep their cats inside after the sun has set.",
]
MENU = "<nav><ul>" + "".join(f"<li><a href='/{word}'>{word}</a></li>" for word in ("home", "science", "sport", "weather")) + "</ul></nav>"


def page(inner: str, head: str = "") -> Page:
    html = f"<!doctype html><html><head><title>Owls</title>{head}</head><body>{inner}</body></html>"
    return read_page(html.encode(), url="https://www.kestrel.example/owls", content_type="text/html")


def prose(before: str = "") -> str:
    return "".join(f"<p>{before}{text}</p>" for text in PROSE)


def text_of(read: Page) -> str:
    found = find_body(read)
    return found[0] if found else ""


def test_the_text_is_the_articles_paragraphs_and_nothing_around_them() -> None:
    related = (
        "<div class='related'><h3>More</h3><ul>"
        + "<li><a href='/x'>Another story about the river and its bridges</a></li>" * 5
        + "</ul></div>"
    )
    comments = "<div id='comments'><p>" + "I saw one of these owls myself, it was huge and looked at me for an hour! " * 3 + "</p></div>"
    assert (
        text_of(page(f"{MENU}<div class='story'><h1>Owls</h1>{prose()}</div>{related}{comments}<footer>© Kestrel</footer>")).split("\n")[
            -4:
        ]
        == PROSE
    )


def test_a_lead_above_the_container_belongs_to_the_text() -> None:
    lead = "Forty-one owls were counted in one night, more than ever since records began."
    read = page(f"<main><header><h1>Owls</h1></header><p class='lead'>{lead}</p><div class='text'>{prose()}</div></main>")
    assert text_of(read).split("\n") == [lead, *PROSE]


def test_lists_of_links_within_the_text_are_left_out() -> None:
    links = "<ul>" + "<li><a href='/x'>Ten more stories about owls and other birds</a></li>" * 4 + "</ul>"
    assert "Ten more stories" not in text_of(page(f"<article>{prose()}{links}<p>{PROSE[0]}</p></article>"))


def test_text_between_line_breaks_is_divided_at_them() -> None:
    assert text_of(page("<div>" + "<br><br>".join(PROSE) + "</div>")).split("\n") == PROSE


def test_the_publishers_own_body_stands_in_for_a_page_that_shows_little() -> None:
    node = {"@type": "NewsArticle", "headline": "Owls", "articleBody": "\n".join(PROSE)}
    head = f"<script type='application/ld+json'>{json.dumps(node)}</script>"
    assert text_of(page("<p>Subscribe to read on.</p>", head)).split("\n") == PROSE


def test_chinese_text_is_found_although_its_sentences_are_short() -> None:
    sentence = "猫头鹰今年冬天回到了城市的公园,没有人知道它们为什么离开了这么久。"
    assert text_of(page("<div>" + f"<p>{sentence}</p>" * 12 + "</div>")).count("猫头鹰") == 12


def test_a_page_without_text_has_no_body() -> None:
    assert find_body(page("<img src='/a.jpg'>")) is None


def test_the_page_is_not_changed() -> None:
    read = page(f"<article>{prose()}</article>")
    assert find_body(read) == find_body(read)


def test_elements_may_nest_deeper_than_python_recurses() -> None:
    assert "owls" in text_of(page("<div>" * 1800 + prose() + "</div>" * 1800))


@given(
    st.lists(
        st.sampled_from(
            [
                "<div>",
                "</div>",
                "<p>",
                "<a href=x>",
                "</a>",
                "<table><tr><td>",
                "<script>",
                "<br>",
                "<h1>",
                "<li>",
                PROSE[0],
                PROSE[1],
                "&nbsp;",
                "<article class='comment'>",
            ]
        ),
        max_size=40,
    )
)
def test_no_markup_raises(parts: list[str]) -> None:
    find_body(page("".join(parts)))


def test_a_heading_in_the_path_of_links_does_not_hide_the_lead() -> None:
    lead = "Forty-one owls were counted in one night, more than ever since records began."
    way = "<ol class='breadcrumbs'><li><h1>Owls</h1></li></ol>"
    read = page(f"<main>{way}<h2>Owls</h2><p class='intro'>{lead}</p><div class='text'>{prose()}</div></main>")
    assert text_of(read).split("\n") == [lead, *PROSE]


def test_a_heading_in_a_box_that_is_left_out_does_not_hide_the_lead() -> None:
    lead = "Forty-one owls were counted in one night, more than ever since records began."
    head = f"<header><div class='title-rating'><h1>Owls</h1></div><p>{lead}</p></header>"
    assert text_of(page(f"<article>{head}<div class='text'>{prose()}</div></article>")).split("\n") == [lead, *PROSE]


def test_pointers_and_credits_within_the_text_are_left_out() -> None:
    inner = f"<p>{PROSE[0]}</p><p>Lesen Sie auch:</p><p>Foto: Jana Rau / dpa</p>" + "".join(f"<p>{text}</p>" for text in PROSE[1:])
    assert text_of(page(f"<article>{inner}</article>")).split("\n") == PROSE


def test_reading_a_page_that_trafilatura_is_asked_about_leaves_it_as_it_was() -> None:
    read = page("<form><div>Short.</div></form><table><tr><td>Nothing here that runs on.</td></tr></table>")
    before = lxml.etree.tostring(read.tree)
    find_body(read)
    assert lxml.etree.tostring(read.tree) == before


def test_where_little_runs_on_a_box_that_is_else_a_teaser_is_text() -> None:
    inner = f"<div class='content'><p>{PROSE[0]}</p><div class='teaser'>{PROSE[1]}</div></div>"
    assert text_of(page(inner)).split("\n") == PROSE[:2]
    assert PROSE[1] not in text_of(page(inner.replace(f"<p>{PROSE[0]}</p>", prose().replace(PROSE[1], PROSE[0]))))


def test_where_much_of_the_fullest_element_is_left_out_trafilatura_reads_the_page_again() -> None:
    boxes = "".join(
        f"<div class='{name}'><p>{text} Again, the owls.</p></div>"
        for name, text in zip(("promo", "author", "sponsor", "print"), PROSE, strict=True)
    )
    read = page(f"<div><p>Far {PROSE[3]}</p></div><main><div class='story'>{prose()}{boxes}</div></main>")
    before = lxml.etree.tostring(read.tree)
    found = find_body(read)
    assert found is not None
    assert found[1] == "trafilatura"
    assert set(PROSE) <= set(found[0].split("\n"))
    assert "Far" not in found[0]
    assert lxml.etree.tostring(read.tree) == before


def source_and_text(read: Page) -> tuple[str, list[str]]:
    found = find_body(read)
    assert found is not None
    return found.source, found.text.split("\n")


@pytest.mark.parametrize("name", ["share_wrapper", "content--has-sidebar", "field label-hidden", "sponsor-and-ad"])
def test_what_holds_most_of_the_text_is_the_article_whatever_it_is_called(name: str) -> None:
    lines = [f"{number}. {text}" for number, text in enumerate(PROSE[:3])]
    one = f"<div class='page'><div class='{name}'>{prose()}</div>{''.join(f'<p>{line}</p>' for line in lines)}</div>"
    assert source_and_text(page(one)) == ("container", [*PROSE, *lines])
    several = "".join(f"<div class='{name}'><p>{text}</p></div>" for text in PROSE)
    assert source_and_text(page(f"<div class='page'>{several}</div>")) == ("container", PROSE)


def test_a_list_of_related_stories_and_a_hidden_copy_are_left_out_however_long() -> None:
    related = "<ul class='related-posts'>" + "".join(f"<li>Owl number {number}: {PROSE[3]}</li>" for number in range(9)) + "</ul>"
    promos = "".join(
        f"<div class='promo'><p>Promoted line {number}: what the readers of this paper liked best.</p></div>" for number in range(30)
    )
    copy = f"<div class='promo' style='display: none'>{'<p>A copy for machines of every line that has been said.</p>' * 30}</div>"
    for other in (related, promos, copy):
        assert set(text_of(page(f"<div class='page'><div>{prose()}</div>{other}</div>")).split("\n")) == set(PROSE)


def test_comments_that_are_longer_than_the_article_are_no_reason_to_distrust_its_text() -> None:
    comments = f"<div class='comments-area'>{'<p>I saw one of these owls myself, and it looked at me for an hour!</p>' * 40}</div>"
    assert source_and_text(page(f"<div class='page'><p>{PROSE[0]}</p>{prose()}{comments}</div>")) == ("container", [PROSE[0], *PROSE])


def test_an_article_that_a_page_holds_twice_is_read_once_and_a_line_that_is_said_twice_stays() -> None:
    twice = page(
        f"<div class='page'><p>A first line that runs on.</p>{prose()}<p>For subscribers only.</p>{prose()}<p>The end of it.</p></div>"
    )
    assert text_of(twice).split("\n") == ["A first line that runs on.", *PROSE, "For subscribers only.", "The end of it."]
    refrain = page(f"<div class='page'>{prose()}<p>{PROSE[0]}</p></div>")
    assert text_of(refrain).split("\n") == [*PROSE, PROSE[0]]


def test_a_blogs_post_is_not_left_out_for_its_tags() -> None:
    post = f"<div class='post-7 hentry tag-login tag-print-media author-rich'><h1>Owls</h1>{prose()}{prose(before='Again: ')}</div>"
    side = "".join(f"<p>Side line {number}: what the readers of this blog liked best in the last week.</p>" for number in range(20))
    read = page(f"<div class='wrap'>{post}<div class='col2'>{side}</div></div>")
    assert source_and_text(read) == ("container", ["Owls", *PROSE, *(f"Again: {text}" for text in PROSE)])


def test_an_article_beside_columns_that_hold_more_is_the_one_with_the_heading() -> None:
    side = "".join(f"<p>Side line {number}: what the readers of this paper liked best in the last week.</p>" for number in range(40))
    read = page(f"<div class='wrap'><article><h1>Owls</h1>{prose()}{prose(before='Again: ')}</article><div class='col2'>{side}</div></div>")
    assert source_and_text(read) == ("container", ["Owls", *PROSE, *(f"Again: {text}" for text in PROSE)])


@pytest.mark.parametrize("frame", ["form", "button", "noscript"])
def test_a_page_within_an_element_that_else_holds_no_text_is_read(frame: str) -> None:
    read = page(f"<{frame} id='aspnetForm'><div class='page'><h1>Owls</h1><div class='story'>{prose()}</div></div></{frame}>")
    assert source_and_text(read) == ("container", PROSE)
    aside = f"<{frame}><p>Get the best stories of the day in your inbox every morning, for nothing.</p></{frame}>"
    assert source_and_text(page(f"<div class='page'><h1>Owls</h1><div>{prose()}{aside}</div></div>")) == ("container", PROSE)


def test_hidden_elements_and_forms_of_newsletters_are_none_of_the_text() -> None:
    hidden = "<div hidden><p>A paragraph that is kept for machines, and that nobody reads on the page.</p></div>"
    form = (
        "<div class='inline-signup'><h3>The morning in brief</h3><p>Get the best stories of the day in your inbox every morning.</p></div>"
    )
    inner = f"<h1>Owls</h1><div>{prose()}{hidden}{form}{prose()}{prose()}</div>"
    text = text_of(page(inner))
    assert "machines" not in text
    assert "inbox" not in text
    assert PROSE[3] in text


def test_a_longer_story_that_is_printed_below_the_pages_own_is_none_of_its_text() -> None:
    own = "".join(f"<p>{number}. {text}</p>" for number in range(5) for text in PROSE)
    other = "".join(
        f"<p>Bridge {number}: it was closed to all lorries by the council after the flood of last May.</p>" for number in range(90)
    )
    for heading in ("<h2><a href='/bridges'>Bridges</a></h2>", ""):
        read = page(f"<article><h1>Owls</h1>{own}</article><section><article>{heading}{other}</article></section>")
        assert text_of(read).split("\n") == ["Owls", *(f"{number}. {text}" for number in range(5) for text in PROSE)]


def test_a_lead_in_an_article_of_its_own_does_not_hide_the_text_in_the_next_one() -> None:
    read = page(f"<article><h1>Owls</h1><p>{PROSE[0]}</p></article><article><h2>Where they live</h2>{prose() * 8}</article>")
    assert text_of(read).count(PROSE[3]) == 8
