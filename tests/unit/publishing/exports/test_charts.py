"""Bar charts: what a picture says, and that it stays a picture whatever the texts are."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

from pipeline.publishing.exports.charts import MOST_ROWS, Chart, bar_chart

SVG = "{http://www.w3.org/2000/svg}"
DAYS = Chart(("day",), ("articles", "published"))


def _bars(svg: str, number: int) -> list[float]:
    return [float(bar.get("width", "")) for bar in ET.fromstring(svg).iter(f"{SVG}rect") if bar.get("class") == f"bar{number}"][1:]


def test_each_row_has_a_bar_for_each_number_in_proportion() -> None:
    rows = [{"day": date(2026, 11, 19), "articles": 20, "published": 5}, {"day": date(2026, 11, 20), "articles": 10, "published": None}]
    svg = bar_chart(rows, DAYS, title="Articles of a day")
    longest, half = _bars(svg, 0)
    assert half == longest / 2
    assert _bars(svg, 1) == [longest / 4, 0]
    texts = [text.text or text[-1].tail for text in ET.fromstring(svg).iter(f"{SVG}text")]
    assert texts == ["Articles of a day", "articles", "published", "2026-11-19", "20", "5", "2026-11-20", "10", "0"]


def test_a_chart_of_no_rows_has_a_title_and_no_bar() -> None:
    assert _bars(bar_chart([], DAYS, title="Nothing"), 0) == []


def test_long_labels_are_cut_and_said_whole_and_many_rows_are_cut() -> None:
    rows = [{"day": "x" * 80, "articles": 1, "published": 1} for _ in range(MOST_ROWS + 5)]
    svg = bar_chart(rows, DAYS, title="Long")
    assert len(_bars(svg, 0)) == MOST_ROWS
    label = next(text for text in ET.fromstring(svg).iter(f"{SVG}text") if len(text))
    assert label[0].text == "x" * 80
    assert (label[0].tail or "").endswith("x…")


def test_wide_characters_count_twice() -> None:
    svg = bar_chart([{"day": "中" * 40, "articles": 1, "published": 1}], DAYS, title="Wide")
    label = next(text for text in ET.fromstring(svg).iter(f"{SVG}text") if len(text))
    assert label[0].tail == "中" * 20 + "…"


def test_texts_of_strangers_are_texts() -> None:
    hostile = '</text><script>alert(1)</script>"\x1b[31m\u202e'
    svg = bar_chart([{"day": hostile, "articles": 1, "published": 1}], DAYS, title=hostile)
    root = ET.fromstring(svg)
    assert {element.tag for element in root.iter()} <= {f"{SVG}{name}" for name in ("svg", "style", "text", "title", "rect")}
    assert "\x1b" not in svg
    assert "\u202e" not in svg
    assert root.get("aria-label") == '</text><script>alert(1)</script>"[31m'
