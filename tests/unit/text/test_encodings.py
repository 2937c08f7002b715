"""Which bytes of a page tell its encoding."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.encodings import beyond_ascii, decode

PLAINLY = re.compile(rb"[^<>]{0,40}[\x80-\xff][^<>]{0,200}")


@given(st.lists(st.one_of(st.sampled_from([b"<", b">", b"\xe9", b"\xff\xc3"]), st.integers(0, 250).map(lambda count: b"a" * count))))
def test_the_texts_around_what_is_not_ascii_are_those_that_a_plain_search_finds(parts: list[bytes]) -> None:
    body = b"".join(parts)
    assert list(beyond_ascii(body)) == PLAINLY.findall(body)


def test_undeclared_bytes_are_read_in_the_encoding_that_their_letters_tell() -> None:
    text = "Погода в городе сегодня будет ясной, а завтра ожидается снег и сильный ветер с севера."
    assert decode(b"<p>" + text.encode("cp1251") + b"</p>", None)[1] == f"<p>{text}</p>"
