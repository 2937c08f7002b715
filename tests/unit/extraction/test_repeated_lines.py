"""Lines that a site repeats are cut off the texts of a part, and nothing else is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.models import Article
from pipeline.extraction.repeated_lines import lines_told, repeated_lines, without_repeated_lines
from pipeline.lake.repeated_lines import line_digest
from pipeline.text.plain_text import letters_only
from tests.unit.extraction.test_articles import article as built

PROMPT = "Sign up for our letter about the things that matter."


def story(name: str, *lines: str) -> tuple[str, str]:
    """Title and text of an article that has no sentence in common with another, and these lines at its end."""
    chance = random.Random(name)
    own = [" ".join("".join(chance.choices("abcdefghij", k=6)) for _ in range(12)) for _ in range(4)]
    return f"The story of {name}", "\n".join([*own, *lines])


def furniture(*pages: tuple[str, str]) -> frozenset[str]:
    return repeated_lines(pages)


def test_a_line_on_three_pages_that_share_nothing_else_is_furniture() -> None:
    assert furniture(*(story(name, PROMPT) for name in "abc")) == {letters_only(PROMPT)}


def test_two_pages_are_too_few() -> None:
    assert furniture(*(story(name, PROMPT) for name in "ab"), story("c")) == frozenset()


def test_an_article_that_stands_at_several_addresses_or_in_several_versions_repeats_nothing() -> None:
    title, text = story("a")
    assert furniture(*((f"{title} {number}", f"{text}\nUpdate {number}") for number in range(5))) == frozenset()
    assert furniture(*[(title, f"{text}\n{PROMPT}")] * 5) == frozenset()


@pytest.mark.parametrize("line", ["Q.", "12", "***"])
def test_marks_and_numbers_stay(line: str) -> None:
    assert furniture(*(story(name, line) for name in "abc")) == frozenset()


def test_a_line_that_stands_twice_on_a_page_belongs_to_its_form() -> None:
    assert furniture(story("a", "Advantages", "Advantages"), story("b", "Advantages"), story("c", "Advantages")) == frozenset()


def articles(*pages: tuple[str, str], domain: str = "any.example") -> Sequence[Article]:
    return [replace(built(), title=title, text=text, provider_domain=domain, alternatives={}) for title, text in pages]


def test_what_is_cut_is_told_and_other_hosts_keep_it() -> None:
    mine, theirs = articles(*(story(name, PROMPT) for name in "abc")), articles(story("d", PROMPT), domain="other.example")
    *cut, kept = without_repeated_lines([*mine, *theirs])
    assert [one.text for one in cut] == [story(name)[1] for name in "abc"]
    assert {one.alternatives["text"] for one in cut} == {f"repeated {PROMPT}"}
    assert kept is theirs[0]


def test_several_lines_are_told_after_the_other_alternatives_and_read_again() -> None:
    pages = [
        replace(one, alternatives={"text": "jsonld A text; another"})
        for one in articles(*(story(name, PROMPT, "Read on") for name in "abc"))
    ]
    told = without_repeated_lines(pages)[0].alternatives["text"]
    assert told == f"jsonld A text; another; repeated {PROMPT}\nRead on"
    assert lines_told(told) == [letters_only(PROMPT), "readon"]
    assert lines_told("jsonld A text; another") == lines_told("") == []


def test_an_excerpt_that_was_such_a_line_is_taken_from_the_text() -> None:
    pages = [
        replace(one, text=f"{PROMPT}\n{one.text}", excerpt=PROMPT, provenance={"excerpt": "text"}) for one in articles(*map(story, "abc"))
    ]
    for page, one in zip(map(story, "abc"), without_repeated_lines(pages), strict=True):
        assert one.excerpt is not None
        assert page[1].startswith(one.excerpt[:60])
    declared = [replace(one, provenance={"excerpt": "og.description"}) for one in pages]
    assert {one.excerpt for one in without_repeated_lines(declared)} == {PROMPT}


def test_a_text_of_nothing_else_stays() -> None:
    pages = articles(*(story(name, PROMPT) for name in "abc"), ("Only that", PROMPT))
    assert without_repeated_lines(pages)[-1].text == PROMPT


@given(st.permutations(list("abcdef")))
def test_the_order_of_the_pages_changes_nothing(names: list[str]) -> None:
    pages = {name: story(name, PROMPT, *(["Read on"] if name in "abc" else [])) for name in names}
    assert furniture(*pages.values()) == {letters_only(PROMPT), "readon"}


def test_a_line_that_was_known_before_is_cut_from_a_single_page() -> None:
    (page,) = articles(story("a", PROMPT))
    known = frozenset({line_digest("any.example", letters_only(PROMPT))})
    assert without_repeated_lines([page], known=known)[0].text == story("a")[1]
    assert without_repeated_lines([page], known=frozenset({line_digest("other.example", letters_only(PROMPT))})) == [page]
