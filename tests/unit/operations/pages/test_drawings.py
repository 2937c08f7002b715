"""Geometry of the drawings on pages."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.operations.pages.drawings import Rectangle, line, places_in_time, stacked_bars


def test_the_parts_of_a_bar_stand_on_each_other_and_the_highest_bar_fills_the_height() -> None:
    bars = stacked_bars([{"captured": 3, "failed": 1}, {"captured": 2}], ("captured", "failed"), width=100, height=40)
    assert bars == [
        Rectangle(1, 10, 48, 30, "captured"),
        Rectangle(1, 0, 48, 10, "failed"),
        Rectangle(51, 20, 48, 20, "captured"),
    ]


def test_hours_without_pages_have_no_bars() -> None:
    assert stacked_bars([{}, {}], ("captured",), width=100, height=40) == []
    assert stacked_bars([], ("captured",), width=100, height=40) == []


def test_a_line_rises_to_its_highest_value_and_needs_two() -> None:
    assert line([0, 5, 10], width=20, height=12) == "0.0,11.0 10.0,6.0 20.0,1.0"
    assert line([3], width=20, height=12) == ""
    assert line([0, 0], width=20, height=12) == "0.0,11.0 20.0,11.0"


def test_moments_lie_between_the_first_and_the_last() -> None:
    moments = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (0, 6, 12)]
    assert places_in_time(moments, width=100) == [0, 50, 100]
    assert places_in_time(moments[:1], width=100) == [50]
    assert places_in_time([], width=100) == []
