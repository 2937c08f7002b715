"""Coded answers over the wire, as servers get them right and wrong: decoded, and bounded while they are."""

from __future__ import annotations

import functools
import gzip
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
HTML = "<html><body>Größe</body></html>".encode() * 20
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


@pytest.mark.parametrize(
    ("named", "packed"),
    [
        ("x-gzip", gzip.compress(HTML)),
        ("gzip", gzip.compress(HTML[:20]) + gzip.compress(HTML[20:])),
        ("gzip, gzip", gzip.compress(gzip.compress(HTML))),
        ("gzip, gzip", gzip.compress(HTML)),
        ("gzip", HTML),
        ("br", HTML),
        ("utf-8", HTML),
        (None, gzip.compress(HTML)),
    ],
    ids=["x-gzip", "members", "twice", "once-of-two", "decoded-gzip", "decoded-br", "charset", "unnamed"],
)
def test_a_page_is_read_however_its_coding_is_named(
    room: Newsroom, settings: Settings, clock: FrozenClock, named: str | None, packed: bytes
) -> None:
    room.add_page(URL, packed, headers={"Content-Encoding": named})
    with Fetcher(settings, clock=clock) as fetcher:
        answer = fetcher.get(Target(URL, "page", 0))
    assert answer.error is None
    assert answer.final is not None
    assert answer.final.body == HTML


def test_a_part_of_a_gzip_file_is_not_decoded(room: Newsroom, settings: Settings, clock: FrozenClock) -> None:
    packed = gzip.compress(HTML)
    room.add_page(URL, packed, content_type="application/octet-stream")
    with Fetcher(settings, clock=clock) as fetcher:
        answer = fetcher.get(Target(URL, "listing", 0, octets=(0, 9_999)))
    assert answer.final is not None
    assert answer.final.body == packed


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_a_bomb_ends_at_the_bound_and_takes_no_memory(room: Newsroom, settings: Settings, clock: FrozenClock, coding: str) -> None:
    room.add_page(URL, PACK[coding](bytes(1_000_000_000)), headers={"Content-Encoding": coding})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Fetcher(settings.model_copy(update={"max_page_bytes": 1_000_000}), clock=clock) as fetcher:
        answer = fetcher.get(Target(URL, "page", 0))
    assert answer.error is not None
    assert answer.error.reason == "tooLarge"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB; the packing is done before
