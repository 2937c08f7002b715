"""A page that takes too much time or memory is rejected, and its worker reads the next one."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import TimeoutError as PageTimeoutError
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pebble import ProcessPool
from pebble.common import CONSTS

from pipeline.capture.imports import import_file
from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Article, CaptureRef, Entry, Rejected
from pipeline.core.settings import Settings
from pipeline.core.workers import bound_memory
from pipeline.extraction.extract import extract_part
from pipeline.extraction.metadata.rights import PageAnswer
from pipeline.extraction.page_workers import Job, read_job
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from tests.integration.articles import PAGES, page, warc
from tests.integration.test_probes import ATTRIBUTES

URL = "https://www.kestrel.example/2026/11/20/the-council-votes-on-the-bridge"
HEAD = b"<!doctype html><title>The council votes on the bridge</title><h1>The council votes on the bridge</h1>"
SENTENCE = b"The council voted on Tuesday to repair the bridge. "


def job(body: bytes) -> Job:
    return Job(
        body=body,
        url=URL,
        content_type="text/html",
        entry=Entry(url=URL, source_id=None, via="warc"),
        capture=CaptureRef("raw/x.warc.gz", 0, datetime(2026, 11, 20, 12, tzinfo=UTC)),
        pictures=(),
        amp=None,
        min_side=200,
        max_pixels=60_000_000,
        answer=PageAnswer("news-pipeline", (), datetime(2026, 11, 20, 12, tzinfo=UTC)),
    )


def read(body: bytes, *, max_bytes: int = 1 << 30, timeout_s: float = 120) -> Article | Rejected:
    """Read the page with a worker's limits of time and memory."""
    with ProcessPool(
        max_workers=1, initializer=bound_memory, initargs=[max_bytes], context=multiprocessing.get_context("forkserver")
    ) as pool:
        result: Article | Rejected = pool.schedule(read_job, args=[job(body)], timeout=timeout_s).result()
        return result


def test_a_page_nested_without_end_is_read_or_rejected() -> None:
    assert isinstance(read(HEAD + b"<div>" * 200_000 + SENTENCE * 50), Article | Rejected)


def test_ten_megabytes_in_one_line_end_within_time_or_are_given_up() -> None:
    try:
        result = read(HEAD + b"<p>" + SENTENCE * 200_000, timeout_s=20)
    except PageTimeoutError:
        return
    assert isinstance(result, Rejected) or len(result.text or "") <= 500_000


def test_a_page_over_the_memory_of_its_worker_is_rejected_and_the_worker_lives() -> None:
    with ProcessPool(
        max_workers=1, initializer=bound_memory, initargs=[1 << 28], context=multiprocessing.get_context("forkserver")
    ) as pool:
        large = pool.schedule(read_job, args=[job(HEAD + b"<p><b><i>x</i></b>" * 600_000)], timeout=120).result()
        small = pool.schedule(read_job, args=[job(HEAD + b"<p>" + SENTENCE * 20)], timeout=120).result()
    assert large == Rejected("pageMemory")
    assert isinstance(small, Article)


@pytest.mark.parametrize("megabytes", [8, 64])
def test_a_page_that_its_parser_has_no_memory_for_is_not_taken_for_one_without_html(megabytes: int) -> None:
    """With 8 MiB the parser runs out of memory, with 64 MiB the code that reads its tree."""
    assert read(HEAD + b"<p><b><i>x</i></b>" * 60_000, max_bytes=megabytes << 20) == Rejected("pageMemory")


def test_a_page_over_its_time_is_given_up() -> None:
    with pytest.raises(PageTimeoutError):
        read(HEAD + b"<a class=author href=/author/x>By J</a> " * 200_000, timeout_s=0.2)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_page_over_its_time_costs_no_page_that_its_worker_was_given_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(CONSTS, "term_timeout", 0.1)
    catalogue = load_catalogue(Path(__file__).resolve().parents[2] / "data")
    settings = Settings(lake=str(tmp_path / "lake"), extract_processes=processes, page_timeout_s=2)
    slow = (f"{URL}/slow", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + ATTRIBUTES)
    pages = [*PAGES, *(page(f"q{number}") for number in range(20))]
    path = warc(tmp_path / "a.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *pages[:9], slow, *pages[9:])
    lake = Lake(settings.lake)
    (part,) = import_file(lake, settings, catalogue, path).parts
    report = extract_part(lake, settings, catalogue, part)
    assert (report.articles, report.rejected) == (len(pages), {"pageTimeout": 1})
    rows = lake.read_table(storage.ledger_path(part)).to_pylist()
    assert [row["url"] for row in rows] == [url for url, _ in [*pages[:9], slow, *pages[9:]]]
