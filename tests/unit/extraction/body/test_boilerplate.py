"""Lines that are none of the article."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extraction.body.boilerplate import MAX_ENDING, is_boilerplate, without_boilerplate

PARAGRAPH = "Forty-one owls were counted in a single night, more than ever since the city began to keep records of them."


@pytest.mark.parametrize(
    "line",
    ["Read more", "Lesen Sie auch:", "Mehr zum Thema", "À lire aussi :", "Leer más", "Читайте также:", "Advertisement",
     "Kommentare geschlossen", "Foto: Jana Rau / dpa", "© Kestrel Pictures", "Photo by Jane Roe",
     "Article continues below advertisement", "[PR]",
     "スポンサード リンク", "Story continues below", "© 2026 The Kestrel. All rights reserved.",
     "Sign up for our newsletter to get the stories of the day delivered to your inbox every morning, before anybody else has them."],
)  # fmt: skip
def test_pointers_labels_and_credits_are_boilerplate(line: str) -> None:
    assert is_boilerplate(line)
    assert without_boilerplate(f"{PARAGRAPH}\n{line}\n{PARAGRAPH}") == f"{PARAGRAPH}\n{PARAGRAPH}"


@pytest.mark.parametrize(
    "line",
    ["Read more books, the warden said.", "Photo: the word stood on a piece of paper.", "Contents of the stomach were examined.",
     "Loading docks stand empty", "Related species eat mice", "Bild und Ton passen zusammen", PARAGRAPH, "And then it was over.",
     "The newsletter has more readers than the paper, and people sign up for it in thousands, the editor said.",
     "Copyright law is old, and the court said so."],
)  # fmt: skip
def test_lines_that_only_begin_like_boilerplate_stay(line: str) -> None:
    assert not is_boilerplate(line)


def test_the_address_at_the_end_is_left_out_and_a_part_of_the_article_is_not() -> None:
    assert without_boilerplate(f"{PARAGRAPH}\n{PARAGRAPH}\nPressekontakt:\nJana Rau, Telefon 030 1234") == f"{PARAGRAPH}\n{PARAGRAPH}"
    long = "\n".join([PARAGRAPH, PARAGRAPH, "Kontakt", *[PARAGRAPH] * (MAX_ENDING // len(PARAGRAPH) + 1)])
    assert without_boilerplate(long) == long


def test_a_text_of_boilerplate_alone_is_kept() -> None:
    assert without_boilerplate("Read more") == "Read more"


@given(text=st.text())
def test_nothing_is_added_and_the_order_stays(text: str) -> None:
    kept = iter(without_boilerplate(text).splitlines())
    line = next(kept, None)
    for original in text.splitlines():
        if line == original:
            line = next(kept, None)
    assert line is None
