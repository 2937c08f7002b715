"""Selects the WARC files of Common Crawl's news crawl that belong to an interval, and names the parts made of them. Pure.

Source: https://data.commoncrawl.org/crawl-data/CC-NEWS/index.html. Each month has a `warc.paths.gz` with a line for each file; a file's
name states when the crawler began it.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.core.errors import FeedError
from pipeline.core.models import Interval
from pipeline.core.settings import Settings

MAX_LISTING_BYTES = 50_000_000
"""Bytes of a decompressed monthly list that are read. A plain choice, far above a real list, against gzip bombs."""

_FILE = re.compile(r"(crawl-data/CC-NEWS/\d{4}/\d{2}/CC-NEWS-(\d{14})-(\d{5,})\.warc\.gz)")


@dataclass(frozen=True, slots=True, order=True)
class NewsFile:
    """A WARC file of the news crawl: when the crawler began it, its number, and its path below the endpoint."""

    began: datetime
    number: str
    path: str

    def part_name(self, place: int, *, mark: str = "") -> str:
        """The name of the part that holds the file's `place`-th stretch, counted from 0: `ccnews-20261120120000-00042-0`."""
        return f"ccnews-{self.began:%Y%m%d%H%M%S}-{self.number}-{place}{mark}"


def listing_path(interval: Interval) -> str:
    """The path, below the endpoint, of the list of WARC files of the interval's month."""
    return f"crawl-data/CC-NEWS/{interval.start:%Y/%m}/warc.paths.gz"


def is_remote(settings: Settings) -> bool:
    """Whether the news files are read from a server and not from a folder."""
    return settings.ccnews.startswith(("http://", "https://"))


def listing_address(settings: Settings, interval: Interval) -> str:
    """The URL of the list of news files of the interval's month."""
    return f"{settings.ccnews.rstrip('/')}/{listing_path(interval)}"


def files_of(listing: bytes, interval: Interval, *, url: str) -> tuple[NewsFile, ...]:
    """The files in a month's list that the crawler began in `interval`, oldest first. Raises FeedError when it is not such a list."""
    try:
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 16) if listing.startswith(b"\x1f\x8b") else None
        text = decoder.decompress(listing, MAX_LISTING_BYTES) if decoder is not None else listing
    except zlib.error as error:
        raise FeedError(f"{url}: not a list of files: broken gzip: {error}") from error
    found: set[NewsFile] = set()
    lines = text.decode("utf-8", errors="replace").split()
    for line in lines:
        match = _FILE.fullmatch(line)
        if match is not None and (began := _moment(match[2])) is not None and interval.holds(began):
            found.add(NewsFile(began, match[3], match[1]))
    if lines and not any(_FILE.fullmatch(line) for line in lines):
        raise FeedError(f"{url}: not a list of files: it names no file of the news crawl")
    return tuple(sorted(found))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
