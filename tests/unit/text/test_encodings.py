"""Which bytes of a page tell its encoding."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.encodings import beyond_ascii, decode

PLAINLY = re.compile(rb"[^<>]{0,40}[\x80-\xff][^<>]{0,200}[\x80-\xff]*[^<>\x80-\xff]?")


@given(st.lists(st.one_of(st.sampled_from([b"<", b">", b"\xe9", b"\xff\xc3"]), st.integers(0, 250).map(lambda count: b"a" * count))))
def test_the_texts_around_what_is_not_ascii_are_those_that_a_plain_search_finds(parts: list[bytes]) -> None:
    body = b"".join(parts)
    assert list(beyond_ascii(body)) == PLAINLY.findall(body)


def test_undeclared_bytes_are_read_in_the_encoding_that_their_letters_tell() -> None:
    text = "Погода в городе сегодня будет ясной, а завтра ожидается снег и сильный ветер с севера."
    assert decode(b"<p>" + text.encode("cp1251") + b"</p>", None)[1] == f"<p>{text}</p>"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (
            "飞行归因于作用在飞机上的几个力，第一个是飞机的重量，即将飞机拉向地面的重力。第二个是引擎产生的推力，它通过空气推动飞机。",
            "gb18030",
        ),
        ("那天的天氣非常好，孩子們在公園裡玩耍，老人坐在樹下聊天，遠處傳來火車的汽笛聲，一切都顯得那麼安靜。", "big5"),
        (
            "昨日、市議会は川の氾濫で傷んだ三つの橋を修理する計画を承認した。工事は月末までに始まり、少なくとも四か月かかる見込みだ。",
            "cp932",
        ),
    ],
)
@pytest.mark.parametrize("before", ["", "a"])
def test_undeclared_characters_of_two_bytes_are_read_where_long_paragraphs_are_cut(text: str, encoding: str, before: str) -> None:
    page = f"<p>{before}{text * 12}</p>" * 20
    assert decode(page.encode(encoding), None)[1] == page


def test_one_broken_character_does_not_hide_an_undeclared_encoding() -> None:
    text = "飞行归因于作用在飞机上的几个力，第一个是飞机的重量，即将飞机拉向地面的重力。"
    read = decode(b"<p>" + text.encode("gb18030") * 40 + b"\xff</p>", None)[1]
    assert read is not None
    assert read.startswith(f"<p>{text}")
