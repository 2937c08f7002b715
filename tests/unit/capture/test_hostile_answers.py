"""Answers of archives with 100 kB of one character or word: each is read in bounded time."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pipeline.capture import cdx
from pipeline.core.errors import PipelineError
from tests.hostile import DAY, grows_at_most_in_proportion, texts_of_the_day

FIELDS: dict[str, Callable[[str], object]] = {
    "index": lambda text: cdx.read_rows(text.encode("utf-8", "replace"), url="https://archive.example/cdx"),
    "row of an index": lambda text: cdx.read_rows(
        json.dumps([["timestamp", "original"], [text, text]]).encode(), url="https://archive.example/cdx"
    ),
    "snapshot": cdx.snapshot_time,
    "timestamp": cdx.parse_timestamp,
}


@pytest.mark.parametrize(("number", "name"), [pytest.param(*field, id=f"{field[1]}-{DAY}") for field in enumerate(FIELDS)])
def test_a_field_of_a_hundred_kilobytes_is_read_in_bounded_time(number: int, name: str) -> None:
    def read(text: str) -> None:
        try:
            FIELDS[name](text)
        except PipelineError:
            return  # refused in bounded time as well

    for text in texts_of_the_day(number):
        grows_at_most_in_proportion(read, text)
