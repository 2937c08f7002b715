"""The vocabulary of page furniture, and the walk to what stands around an element."""

from __future__ import annotations

import lxml.html
import pytest

from pipeline.extraction.html import furniture
from pipeline.extraction.html.furniture import class_and_id, surroundings


@pytest.mark.parametrize(
    ("names", "word", "start", "anywhere"),
    [
        ("related-links", True, True, True),
        ("relatedLinks", False, True, True),
        ("box articleRelated", False, False, True),
        ("unrelated", False, False, True),
        ("Sidebar_2", True, True, True),
        ("inside", False, False, False),
        ("has-sidebar", False, False, False),
        ("main-content with-related", False, False, False),
        ("story", False, False, False),
    ],
)
def test_a_kind_of_furniture_is_found_as_a_word_as_its_start_or_inside_of_one(names: str, word: bool, start: bool, anywhere: bool) -> None:
    kinds = (furniture.OTHER_ARTICLES, furniture.MARGINS)
    found = [furniture.names_of(*kinds, match=match)(names) for match in ("word", "start", "anywhere")]
    assert found == [word, start, anywhere]


def test_comments_are_found_inside_of_a_word_whatever_the_match() -> None:
    assert furniture.names_of(furniture.COMMENTS, furniture.MARGINS, match="word")("usercomments12")


def test_the_surroundings_of_an_element_end_below_what_also_holds_the_heading() -> None:
    tree = lxml.html.document_fromstring(
        "<main class=m><div class=story><h1>Title</h1><div class=box><p class=line><a class=name>Jane</a></p></div></div></main>"
    )
    heading = tree.find(".//h1")
    shared = {heading, *heading.iterancestors()}
    around = [class_and_id(place).strip() for place in surroundings(tree.find(".//a"), shared=shared)]
    assert around == ["name", "line", "box"]
    assert [class_and_id(place).strip() for place in surroundings(tree.find(".//a"), shared=frozenset())] == [*around, "story"]


def test_each_name_is_judged_by_itself_whatever_stands_beside_it() -> None:
    is_hidden = furniture.any_name(lambda name: name == "hidden")
    assert is_hidden("box Hidden")
    assert not is_hidden("box-hidden hidden-xs")
    assert not furniture.names_of(furniture.MARGINS, match="word")("has-sidebar no-aside")
    assert furniture.names_of(furniture.MARGINS, match="word")("has-sidebar sidebar")
