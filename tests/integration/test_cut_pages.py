"""Real pages cut off at a random place: an article or a rejection, never an exception, and never beyond the page's time.

Each day of the week reads another seventh of every corpus, so that a week reads all pages; the test's name says which day it took.
`TEST_DAY=monday` repeats a day. `TEST_DAY=week` reads every page, and so does `python -m bench.extraction --cut SEED`.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipeline.core.models import Article, CaptureRef, Entry, Rejected
from pipeline.core.settings import Settings
from pipeline.extraction.articles import build_article
from pipeline.extraction.pages import read_page
from tests.days import DAY, WEEK, WEEKDAYS

CAPTURE = CaptureRef("raw/x.warc.gz", 0, datetime(2026, 10, 1, tzinfo=UTC))
PAGES = {
    "aeb": 90,
    "chinese": 36,
    "dragnet_news": 218,
    "fundus": 127,
    "fundus_evaluation": 35,
    "htmldate_mediacloud": 101,
    "mediacloud": 12,
    "msv_big9": 125,
    "msv_chaos": 170,
    "postlight": 76,
    "readability": 25,
    "trafilatura_eval": 650,
    "waddle_daniel": 827,
    "wcxb": 709,
    "wcxb_other": 180,
}
"""The corpora, and how many pages each has: none may be left out."""


@pytest.mark.parametrize("name", [pytest.param(name, id=f"{name}-{DAY}") for name in PAGES])
def test_a_page_cut_at_a_random_place_is_read_or_rejected(shared: Path, name: str) -> None:
    chance = random.Random(f"{name} {DAY}")
    seen = 0
    with (shared / "corpora" / "extraction" / f"{name}.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file):
            if record.rec_type != "response":
                continue
            seen += 1
            if DAY not in (WEEK, WEEKDAYS[seen % len(WEEKDAYS)]):
                continue
            url, body = record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read()
            start = time.process_time()
            page = read_page(body[: chance.randrange(len(body) + 1)], url=url, content_type="text/html")
            entry = Entry(url=url, source_id=None, via="warc")
            assert isinstance(build_article(page, entry=entry, capture=CAPTURE, payload_digest=""), Article | Rejected), url
            assert time.process_time() - start < Settings.model_fields["page_timeout_s"].default, url
    assert seen == PAGES[name]


def test_no_corpus_is_left_out(shared: Path) -> None:
    assert {path.name.partition(".")[0] for path in (shared / "corpora" / "extraction").glob("*.warc.gz")} == PAGES.keys()
