"""Plain text made clean."""

from __future__ import annotations

import time
import unicodedata

import pytest
from ftfy.badness import is_bad
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import plain_text as text_module
from pipeline.text.markup import strip_tags
from pipeline.text.plain_text import cut_excerpt, decode_entities, first_sentences, letters_only, one_line, plain, repair


def test_mojibake_of_the_seed_is_repaired() -> None:
    assert repair("its Graphyteâ„¢ platform") == "its Graphyte™ platform"


def test_right_text_is_left_alone() -> None:
    for text in ("naïve café", "Ελονοσία", "“quoted” – and dashed", "全角！", "ﬁ ligature", "l’été"):
        assert repair(text) == text


def test_control_and_invisible_characters_are_taken_out() -> None:
    assert one_line("a\x00b\x07c\u200bd\ufeffe\u00adf") == "abcdef"


def test_composed_and_decomposed_letters_become_one_form() -> None:
    assert repair("e\u0301tude") == "étude"


def test_entities_are_decoded_exactly_once() -> None:
    assert decode_entities("Tom &amp;amp; Jerry &#8217;s") == "Tom &amp; Jerry ’s"
    assert plain("AT&amp;T <b>bold</b>\n move") == "AT&T bold move"


def test_a_lone_less_than_sign_is_no_tag() -> None:
    assert strip_tags("1 < 2 and 3 > 2") == "1 < 2 and 3 > 2"


def test_one_line_of_nothing_is_empty() -> None:
    assert one_line(None) == ""
    assert one_line(" \n\t\u00a0 ") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A short one.", "A short one."),
        ("Cut by the publisher [...]", "Cut by the publisher…"),
        ("Cut by the publisher ...", "Cut by the publisher…"),
        ("Cut by the publisher,…", "Cut by the publisher…"),
        ("Ends with a comma,", "Ends with a comma"),
        ("two\nlines", "two lines"),
    ],
)
def test_an_excerpt_ends_well(text: str, expected: str) -> None:
    assert cut_excerpt(text) == expected


def test_a_long_excerpt_is_cut_at_a_word_with_an_ellipsis() -> None:
    excerpt = cut_excerpt("word " * 200)
    assert len(excerpt) <= 350
    assert excerpt.endswith("word…")


def test_a_script_without_spaces_is_cut_at_a_character() -> None:
    excerpt = cut_excerpt("新" * 500)
    assert len(excerpt) == 350
    assert excerpt.endswith("新…")


def test_a_text_of_exactly_the_limit_is_not_cut() -> None:
    assert cut_excerpt("x" * 350) == "x" * 350


def test_first_sentences_are_whole() -> None:
    text = "The first sentence is here and long enough. " * 4 + "x " * 200
    assert first_sentences(text, 200).endswith("enough.")


@given(st.text(max_size=900), st.integers(20, 400))
def test_an_excerpt_never_passes_the_limit_and_is_one_line(text: str, limit: int) -> None:
    excerpt = cut_excerpt(text, limit)
    assert len(excerpt) <= limit
    assert "\n" not in excerpt
    assert bool(excerpt) == bool(one_line(text))


@given(st.text(max_size=300))
def test_one_line_is_normal_and_has_no_control_characters(text: str) -> None:
    line = one_line(text)
    assert unicodedata.is_normalized("NFC", line)
    assert line == " ".join(line.split())
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in line)


def test_letters_only_folds_case_width_and_punctuation() -> None:
    assert letters_only("Ｔｈｅ End – “Again”!") == "theendagain"


def test_of_a_long_text_only_the_lines_that_were_misread_are_repaired() -> None:
    right = "Der Fuß — groß Ã wie Ö " * 60
    assert repair(f"{right}\nschÃ¶ne GrÃ¼ÃŸe\n{right}") == f"{right}\nschöne Grüße\n{right}"


@given(st.text("aZ .\n\x92€™°½ÂÃâäØœŒ×Вв├", max_size=6))
def test_a_text_that_is_not_looked_into_has_nothing_that_ftfy_would_repair(text: str) -> None:
    assert text_module._MAY_BE_MISREAD.search(text) or not is_bad(text)


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("How to use the &lt;script&gt; tag", "How to use the <script> tag"),
        ("Use &lt;b&gt; and &lt;i&gt; in HTML5", "Use <b> and <i> in HTML5"),
        ("Why <canvas> beats <svg>", "Why <canvas> beats <svg>"),
        ("Vec<T> is a type, as is List<String>", "Vec<T> is a type, as is List<String>"),
        ("Write to Jane <jane@kestrel.example>", "Write to Jane <jane@kestrel.example>"),
        ("A <style> of its own. And more", "A <style> of its own. And more"),
    ],
)
def test_a_tag_that_is_a_word_of_the_text_stays(declared: str, shown: str) -> None:
    assert plain(declared) == shown


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("&lt;b&gt;Bold&lt;/b&gt; move by council", "Bold move by council"),
        ("<b> Bold </b> move", "Bold move"),
        ("A bold<br>move<br/>by council", "A bold move by council"),
        ("<p>The council moves <em>boldly, said", "The council moves boldly, said"),
        ('<p class="lead"> The <a href="/x">council</a> moves', "The council moves"),
        ("<script>alert('<b>')</script>Bold move<style>b {}</style> <!-- none -->by council", "Bold move by council"),
        ("Bold move <script type='x'> alert(1)", "Bold move"),
        ("Bold move <script>alert(1)", "Bold move"),
        ("Bold move <!-- and", "Bold move"),
        ("<o:p>Bold</o:p> move <x-card id=1> by council", "Bold move by council"),
    ],
)
def test_what_is_markup_goes(declared: str, shown: str) -> None:
    assert plain(declared) == shown


def test_tags_without_end_are_read_in_little_time() -> None:
    started = time.process_time()
    for piece in ("<script>x ", "<style ", "<b>", "<b ", "<!-- -->", "</x"):
        strip_tags(piece * (500_000 // len(piece)))
    assert time.process_time() - started < 5
