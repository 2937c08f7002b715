"""Steps of long work reach the listener of the block, and pass unchanged with and without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from pipeline.core.progress import one_step, shown_by, steps


def test_without_a_listener_the_items_pass() -> None:
    assert list(steps(iter("abc"), "counting letters", total=3)) == ["a", "b", "c"]
    with one_step("waiting"):
        pass


def test_a_listener_hears_of_each_step_inside_its_block_and_of_none_outside() -> None:
    heard: list[tuple[str, int | None, Any]] = []

    def listen(items: Iterable[Any], what: str, total: int | None) -> Iterator[Any]:
        for item in items:
            heard.append((what, total, item))
            yield item
        heard.append((what, total, "end"))

    with shown_by(listen):
        assert list(steps("ab", "counting letters", total=2)) == ["a", "b"]
        with one_step("waiting"):
            assert heard[-1] == ("waiting", None, None)
        with pytest.raises(KeyError), one_step("failing"):
            raise KeyError
    list(steps("c", "counting letters", total=1))
    assert heard == [
        *[("counting letters", 2, letter) for letter in ("a", "b", "end")],
        *[(what, None, item) for what in ("waiting", "failing") for item in (None, "end")],
    ]
