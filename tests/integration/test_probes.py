"""Capture reads each page for its pictures and AMP page in workers: a hostile page delays nothing and loses only its own pictures."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pebble.common import CONSTS

from pipeline.capture.imports import import_file
from pipeline.capture.probes import MAX_OVERRUNS, PageReader, PageResources
from pipeline.core import workers
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import TransientError
from pipeline.core.models import Entry, Exchange, Validators
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.archives.warc import CaptureWriter
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import Manifest, from_json
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, ONE, PUBLISHED, TWO, article, feed, source
from tests.integration.test_rebuild import files
from tests.integration.test_workers import ask_on, kill_workers
from tests.newsroom import Newsroom

URL = f"{ONE}/a"
ENTRY = Entry(url=URL, source_id=None, via="warc")
PICTURE = f"{ONE}/a.jpg"
PAGE = article("Story a", image=PICTURE).replace("</head>", "<link rel=amphtml href=/a/amp></head>").encode()
ATTRIBUTES = b"<!doctype html><title>x</title><p " + b" ".join(b"a%d=1" % number for number in range(500_000)) + b">x</p>"
"""Parsers look at every earlier attribute of an element for each one: these five megabytes take a quarter of an hour."""


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill a worker 0.1 s after it was told to end, not 3 s: inside a parser it does not notice the signal."""
    monkeypatch.setattr(CONSTS, "term_timeout", 0.1)


def read(reader: PageReader, body: bytes, *, url: str = URL) -> PageResources:
    return reader.resources_of(body, url=url, content_type="text/html", entry=ENTRY)


def test_a_page_names_its_pictures_and_its_amp_page() -> None:
    with PageReader(processes=1, timeout_s=20) as reader:
        assert read(reader, PAGE) == PageResources((PICTURE,), f"{ONE}/a/amp")
        assert read(reader, b"%PDF-1.7") == PageResources()


def test_a_page_of_endless_attributes_is_given_up_and_the_next_one_is_read() -> None:
    with PageReader(processes=1, timeout_s=1.5) as reader:
        assert read(reader, ATTRIBUTES) == PageResources(problem="pageTimeout")
        assert read(reader, PAGE).pictures == (PICTURE,)


def test_a_page_nested_without_end_ends_within_its_time() -> None:
    with PageReader(processes=1, timeout_s=20) as reader:
        assert isinstance(read(reader, b"<!doctype html><title>x</title>" + b"<div><b>" * 600_000), PageResources)
        assert read(reader, PAGE).pictures == (PICTURE,)


def test_a_page_over_the_memory_of_its_reader_names_nothing_and_the_next_one_is_read() -> None:
    with PageReader(processes=1, timeout_s=60, max_bytes=1 << 27) as reader:
        assert read(reader, PAGE + b"<p><b><i>x</i></b>" * 500_000) == PageResources(problem="pageMemory")
        assert read(reader, PAGE).pictures == (PICTURE,)


def test_a_site_whose_pages_overrun_is_not_read_any_further() -> None:
    with PageReader(processes=1, timeout_s=2) as reader:
        assert {read(reader, ATTRIBUTES).problem for _ in range(MAX_OVERRUNS)} == {"pageTimeout"}
        assert read(reader, PAGE) == PageResources(problem="notRead")
        assert read(reader, PAGE, url=f"{TWO}/a").pictures == (PICTURE,)


@pytest.fixture
def part(room: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock) -> Manifest:
    """A capture of a source with an ordinary page, and one that nobody can read."""
    room.add_page(URL, PAGE.decode())
    room.add_page(f"{ONE}/b", ATTRIBUTES.decode())
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/b", URL, dates={f"{ONE}/b": PUBLISHED}), content_type="application/rss+xml")
    hasty, catalogue = settings.model_copy(update={"page_timeout_s": 1.5}), make_catalogue([source(ONE)])
    (planned,) = stages.plan(hasty, catalogue, HOUR)
    stages.capture(hasty, catalogue, planned, live=True, clock=clock)
    path = storage.manifest_path(planned)
    return from_json(Lake(settings.lake).read_bytes(path), path=path)


def test_a_page_that_cannot_be_read_costs_its_own_probes_and_says_why(part: Manifest) -> None:
    pages = {page.entry.url: page for page in part.pages}
    assert pages[f"{ONE}/b"].unprobed == "pageTimeout"
    assert not pages[f"{ONE}/b"].images
    assert pages[URL].unprobed is None
    assert [probe.url for probe in pages[URL].images] == [PICTURE]
    assert pages[URL].amp is not None


def test_a_page_that_cannot_be_read_holds_no_import(
    tmp_path: Path, settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock
) -> None:
    path = tmp_path / "a.warc.gz"
    with path.open("wb") as file:
        writer = CaptureWriter(file)
        for url, kind, body in ((f"{ONE}/b", "text/html", ATTRIBUTES), (URL, "text/html", PAGE), (PICTURE, "image/jpeg", b"\xff\xd8")):
            octets = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            writer.write_exchange(Exchange(url, clock.now(), 200, kind, Validators(), b"GET / HTTP/1.1\r\n\r\n", octets, b""))
    lake, hasty = Lake(settings.lake), settings.model_copy(update={"page_timeout_s": 1.5})
    report = import_file(lake, hasty, make_catalogue([source(ONE)]), path)
    pages = {page.entry.url: page for part in report.parts for page in read_manifest(lake, part).pages}
    assert pages[f"{ONE}/b"].unprobed == "pageTimeout"
    assert [probe.url for probe in pages[URL].images] == [PICTURE]


def die(_max_bytes: int) -> None:
    """End the process at once, as a worker does on a machine that has no memory left for it."""
    os._exit(1)


@contextlib.contextmanager
def dying_workers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "bound_memory", die)
        yield


def test_readers_that_die_while_they_wait_are_no_fault_of_the_next_page() -> None:
    with PageReader(processes=1, timeout_s=20) as reader:
        assert read(reader, PAGE).pictures == (PICTURE,)
        kill_workers()
        with pytest.raises(TransientError, match="the worker processes died"):
            ask_on(lambda: read(reader, PAGE))


def test_a_capture_whose_readers_die_writes_nothing_and_can_be_made_again(
    room: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock
) -> None:
    room.add_page(URL, PAGE.decode())
    room.add_page(f"{ONE}/feed", feed(URL), content_type="application/rss+xml")
    catalogue = make_catalogue([source(ONE)])
    (part,) = stages.plan(settings, catalogue, HOUR)
    with dying_workers(), pytest.raises(TransientError, match="the worker processes died"):
        stages.capture(settings, catalogue, part, live=True, clock=clock)
    assert not any(name.startswith(("raw/interval=", "extracted/")) for name in files(settings.lake))
    stages.capture(settings, catalogue, part, live=True, clock=clock)
    (page,) = read_manifest(Lake(settings.lake), part).pages
    assert [probe.url for probe in page.images] == [PICTURE]
    with dying_workers(), pytest.raises(TransientError, match="the worker processes died"):
        stages.extract(settings, catalogue, part)
    assert stages.extract(settings, catalogue, part).articles == 1
