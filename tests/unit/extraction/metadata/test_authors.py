"""Who wrote an article."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.models import Entry
from pipeline.extraction.metadata.authors import clean_names, find_authors
from pipeline.extraction.pages import Page, read_page

URL = "https://www.kestrel.example/story"


def page(head: str = "", body: str = "<p>x</p>") -> Page:
    html = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
    return read_page(html.encode(), url=URL, content_type="text/html")


def article(**fields: object) -> str:
    return f"<script type='application/ld+json'>{json.dumps({'@type': 'NewsArticle', 'headline': 'x', **fields})}</script>"


@pytest.mark.parametrize(
    ("names", "people"),
    [
        (["By Jane Roe"], ("Jane Roe",)),
        (["by Jane Roe and John Doe"], ("Jane Roe", "John Doe")),
        (["Von Jana Rau und Hans Daum"], ("Jana Rau", "Hans Daum")),
        (["Jane Roe, John Doe"], ("Jane Roe", "John Doe")),
        (["Jane Roe, Berlin"], ("Jane Roe",)),
        (["Roe, Jane"], ("Jane Roe",)),
        (["Jane Roe | Kestrel"], ("Jane Roe", "Kestrel")),
        (["JANE ROE"], ("Jane Roe",)),
        (["Jane Roe", "jane roe"], ("Jane Roe",)),
        (["Jane Roe jane@kestrel.example"], ("Jane Roe",)),
        (["View all posts by Jane Roe"], ("Jane Roe",)),
        (["Jane &amp; John"], ("Jane", "John")),
        (["https://www.facebook.com/jane"], ()),
        (["admin"], ()),
        (["Prof. Dr. Jane Roe"], ("Jane Roe",)),
        (["By Mrs Jane Roe, PhD"], ("Jane Roe",)),
        (["Sir John Doe MD"], ("John Doe",)),
        (["Dr. Oetker"], ("Dr. Oetker",)),
        (["Drew Ing"], ("Drew Ing",)),
        (["Ing. Jane Roe", "Mag. John Doe", "PD Dr. Anna Poe"], ("Jane Roe", "John Doe", "Anna Poe")),
        (["Ing Lee", "Mag Roe", "Rahim Md"], ("Ing Lee", "Mag Roe", "Rahim Md")),
        (["5 minutes ago"], ()),
        ([""], ()),
    ],
)
def test_names_are_freed_of_the_words_around_them(names: list[str], people: tuple[str, ...]) -> None:
    assert clean_names(names) == people


def test_json_ld_people_come_first_and_references_are_followed() -> None:
    graph = {
        "@graph": [{"@type": "NewsArticle", "headline": "x", "author": {"@id": "#j"}}, {"@type": "Person", "@id": "#j", "name": "Jane Roe"}]
    }
    head = f"<script type='application/ld+json'>{json.dumps(graph)}</script><meta name='author' content='John Doe'>"
    assert find_authors(page(head), None) == (("Jane Roe",), "jsonld.author")


def test_a_person_of_the_page_is_preferred_to_the_declared_site_or_staff() -> None:
    head = article(author={"@type": "Organization", "name": "Kestrel"}, publisher={"name": "Kestrel"})
    assert find_authors(page(head, "<h1>T</h1><p class='byline'>By Jane Roe</p>"), None) == (("Jane Roe",), "page.byline")
    assert find_authors(page(article(author="Kestrel Staff"), "<a rel='author' href='/x'>Jane Roe</a>"), None)[0] == ("Jane Roe",)


def test_an_agency_is_named_where_no_person_is() -> None:
    assert find_authors(page(article(author={"@type": "Organization", "name": "Reuters"})), None) == (("Reuters",), "jsonld.author")


@pytest.mark.parametrize("name", ["Staff", "Staff Writer", "Editorial Board", "News Desk", "The Newsroom", "Web Desk"])
def test_staff_without_a_name_is_no_author(name: str) -> None:
    assert find_authors(page(article(author={"name": name})), None) == ((), "")


def test_the_feed_names_authors_where_the_page_does_not() -> None:
    entry = Entry(url=URL, source_id=None, via="feed", authors=("Jane Roe",))
    assert find_authors(page(), entry) == (("Jane Roe",), "feed.author")


def test_the_signatures_of_comments_and_other_articles_are_not_the_articles() -> None:
    comment = "<div class='comments'><span class='author'>Tom Troll</span></div>"
    other = "<div class='related'><span class='byline'>By Ann Other</span></div>"
    assert find_authors(page(body=comment + other), None) == ((), "")


def test_a_biography_is_no_byline() -> None:
    assert find_authors(page(body="<p class='author'>" + "Jane Roe has written about birds for years. " * 6 + "</p>"), None) == ((), "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h1>x</h1><p>Author: <strong>Autor:</strong> Jane Roe</p>", ("Jane Roe",)),
        ("<h1>x</h1><small>04.02.2022 | 13:10 Uhr | Jane Roe</small>", ("Jane Roe",)),
        ("<h1>x</h1><div><p>Owls are back.</p><p><b><i>Jane Roe</i></b></p></div>", ("Jane Roe",)),
        ("<h1>x</h1><span class=author><a href=/user/7>janeroe</a></span>", ("janeroe",)),
        ("<h1>x</h1><p>Posted by Jane @ 12:00 am</p>", ("Jane",)),
        ("<h1>x</h1><a href=/author/jane/>Jane</a>", ("Jane",)),
        ("<h1>x</h1><p>(责编：牛镛、岳弘彬)</p>", ("牛镛", "岳弘彬")),
        ("<h1>x</h1><a href=/autoren/>Autoren</a><a href=/profil/>Profil</a>", ()),
        ("<h1>x</h1><figure><span class=author>Tom Lens</span></figure>", ()),
        ("<div class=has-sidebar><h1>x</h1><a rel=author href=/jane>Jane Roe</a></div>", ("Jane Roe",)),
    ],
)
def test_bylines_without_a_declaration_are_read(body: str, expected: tuple[str, ...]) -> None:
    assert find_authors(page(body=body), None)[0] == expected


def test_a_byline_of_a_person_stands_before_the_templates_author() -> None:
    head = "<meta name=author content='Kestrel Publishing House'>"
    assert find_authors(page(head, "<h1>x</h1><a rel=author href=/jane>Jane Roe</a>"), None) == (("Jane Roe",), "page.author")


def test_a_user_name_is_spelled_out_where_the_page_does() -> None:
    body = "<h1>x</h1><a href=/author/janeroe/>Jane Roe</a>"
    assert find_authors(page(article(author={"@type": "Person", "name": "janeroe"}), body), None)[0] == ("Jane Roe",)


def test_the_name_of_a_month_may_be_one_of_a_person() -> None:
    assert clean_names(["June Roe", "Juli Doe", "June 12 2021"]) == ("June Roe", "Juli Doe")


@given(st.lists(st.text(max_size=80), max_size=4))
def test_no_names_raise(names: list[str]) -> None:
    assert all(clean_names(names, is_prose=is_prose) is not None for is_prose in (True, False))


def test_a_name_alone_above_the_text_is_the_author_where_the_page_declares_only_itself() -> None:
    read = page(
        article(author={"name": "Kestrel"}) + "<meta property='og:site_name' content='Kestrel'>",
        f"<h1>Owls</h1><div><p>A short line.</p><p><strong>Jane Roe/John Doe</strong></p><p>{'Owls are back. ' * 30}</p></div>",
    )
    assert find_authors(read, None) == (("Jane Roe", "John Doe"), "page.lead")


def test_a_bold_name_further_down_is_somebody_the_text_is_about() -> None:
    read = page(body=f"<h1>Owls</h1><div><p>{'Owls are back. ' * 30}</p><p><strong>Jane Roe</strong></p><p>She counts them.</p></div>")
    assert find_authors(read, None) == ((), "")


def test_who_comments_is_no_author() -> None:
    comment = "<div class='comment-list'><div class='comment'><span itemprop='author'>Jim Poe</span></div></div>"
    assert find_authors(page(body=f"<p>{'Owls. ' * 50}</p>{comment}"), None) == ((), "")


def test_an_article_is_signed_in_its_own_footer_too() -> None:
    read = page(body="<article><p>Owls are back.</p><footer><a class='url fn' href='/a/jane'>Jane Roe</a></footer></article>")
    assert find_authors(read, None)[0] == ("Jane Roe",)


def test_a_user_name_gives_way_to_the_name_that_the_byline_spells_out() -> None:
    read = page(article(author={"name": "janeroe"}), "<h1>Owls</h1><span>by</span> <a href='/creator/jane-roe/'>Jane Roe</a>")
    assert find_authors(read, None)[0] == ("Jane Roe",)


def test_what_readers_see_comes_before_what_the_head_says_on_every_page() -> None:
    read = page("<meta name='author' content='Ada Poe'>", "<h1>Owls</h1><p>Posted by <a href='/author/jane/'>Jane</a> on Friday</p>")
    assert find_authors(read, None)[0] == ("Jane",)


def test_a_byline_in_the_second_document_of_a_broken_page_is_found() -> None:
    html = "<html><body><p>x</p></body></html><html><body><p class='byline'>By Jane Roe</p></body></html>"
    read = read_page(html.encode(), url=URL, content_type="text/html")
    assert read.tree is not None
    assert read.tree.getnext() is not None
    assert find_authors(read, None) == (("Jane Roe",), "page.byline")


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        ("jane.roe@kestrel.example (Jane Roe)", ("Jane Roe",)),
        ("Ludwig van Beek, María de la Cruz, Conan O'Brien", ("Ludwig van Beek", "María de la Cruz", "Conan O'Brien")),
        ("Jane Roe, Al Baker and John Doe", ("Jane Roe", "Al Baker", "John Doe")),
        ("Jane Roe (she/her)", ("Jane Roe",)),
        ("Jane Roe 5 min read", ("Jane Roe",)),
        ("Text: Jane Roe, Fotos: John Doe", ("Jane Roe",)),
        ("Jane Roe, photographs by John Doe", ("Jane Roe",)),
    ],
)
def test_names_stand_among_addresses_pronouns_and_the_credits_of_pictures(declared: str, names: tuple[str, ...]) -> None:
    assert clean_names([declared]) == names


def test_signs_without_end_are_read_in_little_time() -> None:
    started = time.process_time()
    for piece in ("(/", "/", "a@(", "(", "1 min "):
        clean_names(["Jane Roe (" + piece * (200_000 // len(piece))])
    assert time.process_time() - started < 5


@pytest.mark.parametrize("name", ["Max Read", "Emma Guest", "Emily Post", "Eyal Press", "Sid Lowe"])
def test_a_surname_that_is_a_word_is_believed_where_two_places_declare_it(name: str) -> None:
    linked = f"<h1>x</h1><p>By <a rel=author href=/author/x>{name}</a></p><div class=card><span class=byline>By Peter Hollow</span></div>"
    declared = article(author={"@type": "Person", "name": name})
    assert find_authors(page(declared, linked), None)[0] == (name,)


@pytest.mark.parametrize("label", ["News Desk", "Guest", "Site Admin", "Guest Author", "Staff Writer"])
def test_a_label_is_no_person_although_two_places_declare_it(label: str) -> None:
    byline = f"<h1>x</h1><p>By <a rel=author href=/author/x>{label}</a></p><p class=byline>By Jane Roe</p>"
    assert find_authors(page(article(author={"@type": "Person", "name": label}), byline), None)[0] == ("Jane Roe",)


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("Josep Puig i Cadafalch", ("Josep Puig i Cadafalch",)),
        ("José Ortega y Gasset", ("José Ortega y Gasset",)),
        ("Ana Roe y Rui Paz", ("Ana Roe", "Rui Paz")),
        ("约翰·史密斯", ("约翰·史密斯",)),
        ("Jane Roe · John Doe", ("Jane Roe", "John Doe")),
        ("홍길동 기자", ("홍길동",)),
        ("赵 培", ("赵培",)),
        ("著者一覧", ()),
    ],
)
def test_particles_middle_dots_and_eastern_roles_leave_a_name_whole(name: str, people: tuple[str, ...]) -> None:
    assert clean_names([name]) == people


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("推动工业高质量发展。（记者 胡晓蓉）", ("胡晓蓉",)),
        ("□ 本报记者 葛灵丹", ("葛灵丹",)),
        ("本报记者罗科苏盈发自北京", ("罗科苏盈",)),
        ("新京报记者 彭冲 山东冠县报道", ("彭冲",)),
        ("执笔人：闵乐夫 赵兰波 刘韬", ("闵乐夫", "赵兰波", "刘韬")),
        ("记者近日从西藏自治区农业农村厅召开的会上了解到。", ()),
    ],
)
def test_a_chinese_byline_is_a_line_or_stands_in_brackets(text: str, people: tuple[str, ...]) -> None:
    assert find_authors(page(body=f"<h1>标题</h1><p>{text}</p>"), None)[0] == people


@pytest.mark.parametrize(
    "label",
    [
        "<button class='author-app'>Get App</button>",
        "<ul class='sub-menu'><li class='byline'><a href='/team/'>Personal Care</a></li></ul>",
        "<div class='mega-menu'><a href='/people/'>Personal Checking</a></div>",
        "<div class='articleTags'><span class='articleTag'><a href='/person/mary-major/'>Mary Major</a></span></div>",
        "<p class='post-tags'><a href='/people/mary-major' rel='tag'>Mary Major</a></p>",
        "<div class='author-box'><span>Written By</span><p>" + "The lamps of the valley burn all night. " * 6 + "</p></div>",
    ],
)
def test_buttons_menus_and_tags_name_no_author(label: str) -> None:
    assert find_authors(page(body=f"<article><h1>Lamps of the valley</h1>{label}<p>The lamps burn.</p></article>"), None)[0] == ()


@pytest.mark.parametrize(
    "heading", ["", "<h3>Zur Person</h3>", "<h4>Über den Autor</h4>", "<b>About the author</b>", "<span>Written by</span>"]
)
def test_the_name_above_a_biography_is_the_author(heading: str) -> None:
    bio = "<p>Lauren Vetter is a writer who has told of lamps, valleys and long nights for twenty years, in three papers.</p>"
    box = f"<div class='blog_author-text'>{heading}<div>Lauren Vetter</div>{bio}</div>"
    assert find_authors(page(body=f"<article><h1>Lamps of the valley</h1><p>The lamps burn.</p>{box}</article>"), None)[0] == (
        "Lauren Vetter",
    )


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("02日14:25 作者：赵婕 出自", ("赵婕",)),
        ("（ 责任编辑：魏喆 ）", ("魏喆",)),
        ("过一个平安、祥和、温馨、廉洁的新春佳节。（常书香 马丹阳 ）", ("常书香", "马丹阳")),
        ("难道不都是利益再分配的过程吗？”（姚峰 上海报道）", ("姚峰",)),
        ("赵延东、风笑天", ("赵延东", "风笑天")),
        ("三座桥将在月底前开始维修（组图）", ()),
        ("他说，桥、路、灯都要修。", ()),
        ("作者认为，这三座桥早就应该修了。", ()),
    ],
)
def test_chinese_bylines_are_read_where_they_stand_alone_or_in_brackets(text: str, people: tuple[str, ...]) -> None:
    assert find_authors(page(body=f"<h1>三座桥</h1><p>{text}</p><p>市议会批准了修理三座桥的计划。</p>"), None)[0] == people


def test_a_line_of_more_than_four_chinese_characters_is_no_name() -> None:
    assert find_authors(page(body="<h1>三座桥</h1><p><b>政策调整姗姗来迟</b></p><p>市议会批准了修理三座桥的计划。</p>"), None)[0] == ()


@pytest.mark.parametrize(
    ("body", "people"),
    [
        ("<p class=byline><a>Jane Roe</a> <span>Managing Editor</span> <time>17 December 2025</time></p>", ("Jane Roe",)),
        ("<p class=byline>By <a>Jane Roe</a> <a>John Doe</a> <span>Kestrel Reporters Abroad</span></p>", ("Jane Roe", "John Doe")),
        ("<div class=author-box><span>JR</span> <b>Jane Roe</b> <i>Last updated on Monday</i></div>", ("Jane Roe",)),
        ("<a href='/author/jane'><i>Written By</i><b>Jane Roe</b><b>Jane Roe</b></a>", ("Jane Roe",)),
        ("<p class=byline>Jane Roe Smith</p>", ("Jane Roe Smith",)),
    ],
)
def test_a_byline_of_several_elements_is_read_element_by_element(body: str, people: tuple[str, ...]) -> None:
    assert find_authors(page(body=f"<h1>News of kestrels</h1>{body}<p>x</p>"), None)[0] == people


@pytest.mark.parametrize("name", ["Over the Valley", "The Kestrel Team", "Marketing Team"])
def test_the_house_is_the_author_where_a_byline_names_it_and_nobody_else(name: str) -> None:
    byline = f"<meta property='og:site_name' content='Over the Valley'><p class=author-name>{name}</p>"
    assert find_authors(page(body=f"<h1>News</h1>{byline}<p>x</p>"), None) == ((name,), "page.byline")
    assert find_authors(page(body=f"<h1>News</h1>{byline}<p class=byline>By Jane Roe</p>"), None) == (("Jane Roe",), "page.byline")


def test_the_declared_house_goes_before_bold_words_below_the_text_and_after_a_name_above_it() -> None:
    head, text = article(author={"@type": "Person", "name": "Kestrel"}), "<p>Kestrels hover over the valley all day.</p>"
    signed = page(head, f"<div><h1>News</h1>{text}<p><b>Get Coupon</b></p></div>")
    assert find_authors(signed, None) == (("Kestrel",), "jsonld.author")
    led = page(head, f"<div><h1>News</h1><p><b>Jane Roe</b></p>{text}</div>")
    assert find_authors(led, None) == (("Jane Roe",), "page.lead")
    assert find_authors(page(head, f"<div><h1>News</h1><p><b>About the author</b></p>{text}</div>"), None)[0] == ("Kestrel",)


@pytest.mark.parametrize(
    ("line", "people"),
    [
        ("<p>胡平</p>", ("胡平",)),
        ("<div>刘国栋 周炜</div>", ("刘国栋", "周炜")),
        ("<p>比赛</p>", ()),
        ("<p><a href='/x'>胡平</a></p>", ()),
        ("<div class=related><p>胡平</p></div>", ()),
    ],
)
def test_a_line_of_common_chinese_names_above_the_text_is_its_author(line: str, people: tuple[str, ...]) -> None:
    text = "<p>文化革命是一场有着极为广泛的群众参与的政治运动。因此，如何理解这种广泛的群众参与，就成为理解文革的一个重要内容。</p>"
    read = page("<title>理解文革的政治心理学</title>", f"<h1>理解文革的政治心理学</h1>{line}{text * 3}")
    assert find_authors(read, None)[0] == people
