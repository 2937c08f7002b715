"""Bars of long work on a terminal: nested ones, short loops without any, and nothing left at the end."""

from __future__ import annotations

import io

from pipeline.cli.progress_bars import ProgressBars
from pipeline.cli.terminal import SafeConsole
from pipeline.core.progress import one_step, shown_by, steps

EMPTIED = "\x1b[2K\x1b[?25h\r"
"""What empties the line of a bar and shows the cursor again."""


def test_nested_work_has_a_bar_each_and_leaves_the_terminal_as_it_was() -> None:
    screen = io.StringIO()
    console = SafeConsole(file=screen, force_terminal=True, width=80)
    bars = ProgressBars(console)
    with shown_by(bars):
        for _ in steps(range(4), "walking hours", total=4):
            assert list(steps("abcd", "building dates", total=4)) == list("abcd")
            console.print("a line of the log")
    shown = screen.getvalue()
    assert "walking hours" in shown
    assert "building dates" in shown
    assert shown.count("a line of the log") == 4
    assert shown.endswith(EMPTIED)


def test_a_few_steps_have_no_bar_and_work_without_a_number_of_steps_has_one() -> None:
    screen = io.StringIO()
    with shown_by(ProgressBars(SafeConsole(file=screen, force_terminal=True, width=80))):
        assert list(steps("ab", "walking hours", total=2)) == ["a", "b"]
        assert screen.getvalue() == ""
        with one_step("searching the lake"):
            pass
    assert "searching the lake" in screen.getvalue()


def test_an_error_closes_the_bars_before_its_message() -> None:
    screen = io.StringIO()
    bars = ProgressBars(SafeConsole(file=screen, force_terminal=True, width=80))
    try:
        with shown_by(bars):
            for _ in steps("abcd", "walking hours", total=4):
                raise KeyError
    except KeyError:
        bars.close()
        bars.close()
    assert screen.getvalue().endswith(EMPTIED)
