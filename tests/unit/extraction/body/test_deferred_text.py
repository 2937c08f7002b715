"""Articles that a browser puts together: streamed at the end, hidden, in shadow roots, in unexpected elements, or in a script's data."""

from __future__ import annotations

import json

import pytest

from pipeline.extraction.body.body_text import find_body
from pipeline.extraction.pages import read_page
from tests.unit.extraction.body.test_body_text import PROSE as OWLS

TITLE = "Owls return to the parks of the city"
PROSE = [
    *OWLS,
    "The last count before that was made by pupils of a school in the north, and it took them four nights and a good deal of tea.",
    "A new survey in March will ask how many young birds lived through the winter, which was mild but wetter than any other on record.",
    "Money for the boxes comes from the fund that was set up when the old power station was sold, and will last for three years.",
]
STORY = "".join(f"<p>{line}</p>" for line in PROSE)
ARTICLE = f"<article><h1>{TITLE}</h1>{STORY}</article>"
ABOUT = (
    "<section class='about'><h3>About us</h3><p>The Kestrel is an independent newspaper for five towns. It was founded in 1911 by two "
    "printers and has belonged to its readers since 1998, who choose its editor every third year.</p><p>We correct mistakes openly. "
    "Write to the editor if you find one, and tell us which article you mean. Letters are printed on Saturdays.</p></section>"
)
CONSENT = (
    "<div class='cookie'><p>We and our 842 partners store and access information on a device, such as cookies, and process personal data, "
    "such as identifiers, for personalised advertising, measurement and audience insights.</p><p>You may click to consent, or access more "
    "detailed information and change your preferences before consenting to our processing.</p></div>"
)


def lines(body: str, head: str = "") -> list[str]:
    html = f"<html><head><title>{TITLE} | Kestrel</title>{head}</head><body>{body}</body></html>"
    found = find_body(read_page(html.encode(), url="https://kestrel.example/owls", content_type="text/html"), title=TITLE)
    return found.text.split("\n") if found else []


@pytest.mark.parametrize(
    "streamed",
    [
        f"<main><template id='B:0'></template></main>{ABOUT}<div hidden id='S:0'>{ARTICLE}</div><script>$RC('B:0','S:0')</script>",
        f"<main><template id='B:3'></template></main>{ABOUT}<div hidden id='S:7'>{ARTICLE}</div><script>$RC(\"B:3\", \"S:7\")</script>",
        f"<main><template id='P:1'></template></main>{ABOUT}<div hidden id='S:1'>{ARTICLE}</div><script>$RS('S:1','P:1')</script>",
        f"<main><template id='B:0'></template></main>{ABOUT}<div hidden id='S:0'>{ARTICLE}</div>"
        "<template data-rci='' data-bid='B:0' data-sid='S:0'></template>",
        f"<main><template id='pl-0'></template></main>{ABOUT}<template id='0'>{ARTICLE}</template><script>$df('0')</script>",
        f"<main id='app'></main>{ABOUT}<div style='display: none' id='M_1'>{ARTICLE}</div>",
        f"<main></main>{ABOUT}<section hidden=''>{ARTICLE}</section>",
        f"<news-story><template shadowrootmode='open'><header>Kestrel</header>{ARTICLE}</template></news-story>{ABOUT}",
        f"<news-story><template shadowrootmode='open'><h1>{TITLE}</h1><slot></slot></template>{STORY}</news-story>{ABOUT}",
    ],
)
def test_a_streamed_or_hidden_article_is_read_in_its_place(streamed: str) -> None:
    assert [line for line in lines(streamed) if line != TITLE] == PROSE


def test_a_streamed_fragment_of_another_place_stays_out_of_the_article() -> None:
    more = "<div hidden id='S:4'><p>Ten more stories about rivers, which the editors of the Kestrel have chosen for you today.</p></div>"
    page = f"<article><h1>{TITLE}</h1>{STORY}</article><aside><template id='B:4'></template></aside>{more}<script>$RC('B:4','S:4')</script>"
    assert [line for line in lines(page) if line != TITLE] == PROSE


@pytest.mark.parametrize("tag", ["aside", "form", "figure", "dialog", "footer", "menu", "label", "noscript", "button", "object"])
@pytest.mark.parametrize("has_heading", [True, False])
def test_an_article_in_an_element_of_another_use_is_read(tag: str, has_heading: bool) -> None:
    heading = f"<h1>{TITLE}</h1>"
    page = f"{CONSENT}{'' if has_heading else heading}<{tag} class='main-content'>{heading if has_heading else ''}{STORY}</{tag}>"
    assert [line for line in lines(page) if line != TITLE] == PROSE


PARAGRAPHS = [{"type": "paragraph", "data": {"text": line}} for line in PROSE]
STATES = {
    "HTML in an object": {"data": [{"article": {"title": TITLE, "content": STORY}}]},
    "text with line ends": {"story": {"headline": TITLE, "body": "\n\n".join(PROSE)}},
    "blocks of an editor": {"props": {"pageProps": {"post": {"title": TITLE, "blocks": PARAGRAPHS}}}},
    "a list of paragraphs": {"article": {"title": TITLE, "paragraphs": PROSE}},
    "beside another article": {
        "next": {"title": "Ferries", "content": "<p>The ferry to the islands runs again after three weeks in the yard.</p>" * 2},
        "article": {"title": TITLE, "content": STORY},
    },
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
@pytest.mark.parametrize(
    "script",
    [
        "<script>window.__NUXT__=%s;</script>",
        '<script id="__NEXT_DATA__" type="application/json">%s</script>',
        "<script>window.__INITIAL_STATE__ = JSON.parse(%r);</script>",
        "<script>self.__next_f.push([1,%r])</script>",
    ],
)
def test_a_text_that_only_a_script_holds_is_found(script: str, state: object) -> None:
    data = json.dumps(state)
    filled = script.replace("%r", json.dumps(data)) if "%r" in script else script.replace("%s", data)
    assert lines(f"<div id='app'><div class='loader'>Loading…</div></div>{ABOUT}{filled}") == PROSE


def test_the_text_that_a_page_shows_is_not_taken_from_a_script() -> None:
    more = "<p>" + "Owls return to the parks of the city, says this other text at some length. " * 20 + "</p>"
    script = f"<script>window.__NUXT__={json.dumps({'title': TITLE, 'content': more * 3})}</script>"
    assert lines(f"{ARTICLE}{script}")[-len(PROSE) :] == PROSE


@pytest.mark.parametrize("sign", ['"', "\\", "{", "<p>", '["', "a "])
def test_scripts_of_one_repeated_sign_cost_little(sign: str) -> None:
    assert lines(f"<script>var state = {sign * (100_000 // len(sign))}</script>") == []


NEXT = "".join(
    f"<p>A dredger will remove sand from channel {number}, said the captain of the port, who waits since the storm.</p>"
    for number in range(6)
)


@pytest.mark.parametrize(
    "loaded",
    [
        f"<div class=story><h1>{TITLE}</h1>{STORY}</div><div class=story><h1>Ferries return</h1>{NEXT}</div>",
        f"<main><div><h1>{TITLE}</h1><div>{STORY}</div></div><div><h1>Ferries return</h1><div>{NEXT}</div></div></main>",
        f"<section data-article-id=1><h1>{TITLE}</h1>{STORY}</section><section data-article-id=2><h2>Ferries return</h2>{NEXT}</section>",
        f"<div class=p data-url=/a><h1>{TITLE}</h1>{STORY}</div><div class=p data-url=/b><h3>Ferries return</h3>{NEXT}</div>",
        f"<article><h1>{TITLE}</h1>{STORY}</article><article><h1>Ferries return</h1>{NEXT}{NEXT}</article>",
    ],
)
def test_the_next_article_that_a_page_loads_below_its_own_is_not_its_text(loaded: str) -> None:
    assert [line for line in lines(loaded) if line != TITLE] == PROSE


def test_the_sections_of_one_article_are_all_its_text() -> None:
    parts = f"<section class=part><h1>{TITLE}</h1>{STORY}</section><section class=part><h2>The boxes</h2>{NEXT}</section>"
    assert len(lines(f"<main>{parts}</main>")) > len(PROSE) + 5


def entries(mark: str) -> str:
    said = "I saw one of these owls myself, it was huge, looked at me for an hour and then flew over the river to the old mill. " * 3
    return "".join(f"<div class='e'{mark.replace('N', str(42000 + number))}{said}</div>" for number in range(12))


@pytest.mark.parametrize("mark", [" id='post-N'>", " data-id='N'>", "><time datetime='2026-03-05'>10:12</time>"])
def test_comments_that_hold_more_text_than_the_article_are_not_its_text(mark: str) -> None:
    page = f"<div id=page><div><h1>{TITLE}</h1><div class=body>{STORY}</div></div><div class=opinie>{entries(mark)}</div></div>"
    assert [line for line in lines(page) if line != TITLE] == PROSE


def test_the_entries_of_a_declared_live_blog_are_its_text() -> None:
    head = '<script type="application/ld+json">{"@type": "LiveBlogPosting", "headline": "Owls"}</script>'
    page = f"<div id=page><div><h1>{TITLE}</h1><div class=body>{STORY}</div></div><div class=live>{entries(' id=post-N>')}</div></div>"
    assert len(lines(page, head)) >= 12


def test_a_live_blog_without_a_text_of_its_own_has_that_of_its_entries() -> None:
    assert len(lines(f"<main><h1>{TITLE}</h1><div class=live>{entries(' id=post-N>')}</div></main>")) >= 12


def test_numbered_captions_between_the_paragraphs_make_no_comments_of_them() -> None:
    captions = [
        f"<div class=wp-caption id=attachment_{93000 + number}>A lamp post with an owl on it, seen at dusk.</div>" for number in range(9)
    ]
    between = "".join(f"{caption}<p>{line}</p>" for caption, line in zip(captions, [*PROSE, *PROSE[:2]], strict=False))
    page = f"<main><div><h1>{TITLE}</h1><p>{PROSE[0] * 4}</p></div><div class=entry>{''.join(captions)}{between}</div></main>"
    assert set(PROSE) <= set(lines(page))
