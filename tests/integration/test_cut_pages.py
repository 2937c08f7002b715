"""Real pages cut off at random places: an article or a rejection, never an exception, and never beyond the page's time."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipeline.articles import build_article
from pipeline.config import Settings
from pipeline.models import Article, CaptureRef, Entry, Rejected
from pipeline.pages import read_page

CAPTURE = CaptureRef("raw/x.warc.gz", 0, datetime(2026, 10, 1, tzinfo=UTC))
EVERY = 16
"""One page in so many, for the time that it takes; set to 1 it holds for all of them."""
SETS = ("aeb", "dragnet_news", "fundus", "htmldate_mediacloud", "msv_big9", "msv_chaos", "postlight", "trafilatura_eval", "waddle_daniel")


@pytest.mark.parametrize("name", SETS)
def test_a_page_cut_at_a_random_place_is_read_or_rejected(shared: Path, name: str) -> None:
    chance = random.Random(name)
    with (shared / "corpora" / "extraction" / f"{name}.warc.gz").open("rb") as file:
        for number, record in enumerate(ArchiveIterator(file)):
            if record.rec_type != "response" or number % EVERY:
                continue
            url, body = record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read()
            start = time.process_time()
            page = read_page(body[: chance.randrange(len(body) + 1)], url=url, content_type="text/html")
            entry = Entry(url=url, source_id=None, via="warc")
            assert isinstance(build_article(page, entry=entry, capture=CAPTURE, payload_digest=""), Article | Rejected), url
            assert time.process_time() - start < Settings.model_fields["page_timeout_s"].default, url
