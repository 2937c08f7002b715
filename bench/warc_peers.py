"""Reads a WARC file with another project's reader, for bench/backfill.py; needs an interpreter with that project installed.

    PEER/bin/python bench/warc_peers.py fundus FILE.warc.gz
    PEER/bin/python bench/warc_peers.py news-please FILE.warc.gz

Prints one JSON line: the number of articles with title and text, and the seconds without imports. fundus reads only pages of the publishers
that it knows, and only over HTTP, so the file is served on loopback; news-please reads every page.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path


def news_please(path: Path) -> Callable[[], int]:
    """A function that reads the file with news-please and counts the articles."""
    from newsplease import NewsPlease
    from warcio.archiveiterator import ArchiveIterator

    def read() -> int:
        articles = 0
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                if record.rec_type == "response":
                    with contextlib.suppress(Exception):
                        article = NewsPlease.from_warc(record, fetch_images=False)
                        articles += bool(article.title and article.maintext)
        return articles

    return read


def fundus(path: Path) -> Callable[[], int]:
    """A function that reads the file with fundus and counts the articles."""
    from fundus import PublisherCollection
    from fundus.scraping.html import CCNewsSource
    from fundus.scraping.scraper import CCNewsScraper

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(path.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    publishers = list(PublisherCollection)

    def read() -> int:
        source = CCNewsSource(*publishers, warc_path=f"http://127.0.0.1:{server.server_port}/{path.name}")
        found = CCNewsScraper(source).scrape(error_handling="suppress", extraction_filter=None)
        return sum(bool(article is not None and article.title and article.plaintext) for article in found)

    return read


def main() -> None:
    """Run the reader that the command line names and print its result as JSON."""
    logging.disable(logging.CRITICAL)
    read = {"fundus": fundus, "news-please": news_please}[sys.argv[1]](Path(sys.argv[2]))
    began = time.perf_counter()
    articles = read()
    print(json.dumps({"articles": articles, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
