"""Brotli and zstd over the wire: decoded, and bounded while they are."""

from __future__ import annotations

import functools
import resource
import sys

import brotli
import pytest

from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher, Target
from tests.integration.conftest import FrozenClock
from tests.newsroom import Newsroom

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

URL = "https://www.any.example/page"
PACK = {"br": functools.partial(brotli.compress, quality=5), "zstd": zstd.compress}


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_a_coded_page_is_read(room: Newsroom, settings: Settings, clock: FrozenClock, coding: str) -> None:
    html = "<html><body>Größe</body></html>".encode()
    room.add_page(URL, PACK[coding](html), headers={"Content-Encoding": coding})
    with Fetcher(settings, clock=clock) as fetcher:
        answer = fetcher.get(Target(URL, "page", 0))
    assert answer.error is None
    assert answer.final is not None
    assert answer.final.body == html
    assert coding in room.requests[-1].headers["accept-encoding"]


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_a_bomb_ends_at_the_bound_and_takes_no_memory(room: Newsroom, settings: Settings, clock: FrozenClock, coding: str) -> None:
    room.add_page(URL, PACK[coding](bytes(1_000_000_000)), headers={"Content-Encoding": coding})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Fetcher(settings.model_copy(update={"max_page_bytes": 1_000_000}), clock=clock) as fetcher:
        answer = fetcher.get(Target(URL, "page", 0))
    assert answer.error is not None
    assert answer.error.reason == "tooLarge"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB; the packing is done before
