"""Parses feeds, sitemaps, section pages and pages that declare feeds in worker processes, within the bounds of pages. Fetches nothing.

A document that exceeds its time or memory raises FeedError with the reason `listingTimeout`, `listingMemory` or `listingCrash`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pipeline.core.errors import FeedError, OverrunError
from pipeline.core.settings import Settings
from pipeline.core.workers import BoundedReader
from pipeline.discovery.autodiscovery import FeedLink, SiteLinks, feed_links, site_links
from pipeline.discovery.listings import feeds, sitemaps
from pipeline.discovery.listings.feeds import Feed
from pipeline.discovery.listings.sections import SectionLink, section_links
from pipeline.discovery.listings.sitemaps import Sitemap
from pipeline.extraction.pages import read_page

Content = TypeVar("Content")


def listing_reader(settings: Settings) -> BoundedReader:
    """A reader whose worker processes have the bounds that the settings give to pages."""
    return BoundedReader(processes=settings.extract_processes, timeout_s=settings.page_timeout_s)


def read_feed(reader: BoundedReader, body: bytes, *, url: str, content_type: str | None, source_id: str | None) -> Feed:
    """`feeds.read_feed` in a worker process.

    Raises FeedError for what is no feed or exceeds its bounds, TransientError when the workers died.
    """
    return _read(reader, _feed, body, url, content_type, source_id)


def read_sitemap(reader: BoundedReader, body: bytes, *, url: str, source_id: str | None) -> Sitemap:
    """`sitemaps.read_sitemap` in a worker process.

    Raises FeedError for what is no sitemap or exceeds its bounds, TransientError when the workers died.
    """
    return _read(reader, _sitemap, body, url, source_id)


def read_section(reader: BoundedReader, body: bytes, *, url: str, content_type: str | None) -> tuple[SectionLink, ...]:
    """`sections.section_links` of a page, in a worker process.

    Raises FeedError for what is no section page or exceeds its bounds, TransientError when the workers died.
    """
    return _read(reader, _section, body, url, content_type)


def declared_feeds(reader: BoundedReader, body: bytes, *, url: str, content_type: str | None) -> tuple[FeedLink, ...]:
    """`autodiscovery.feed_links` of a page, in a worker process.

    Raises FeedError for a page that exceeds its bounds, TransientError when the workers died.
    """
    return _read(reader, _declared, body, url, content_type)


def read_site_links(reader: BoundedReader, body: bytes, *, url: str, content_type: str | None) -> SiteLinks:
    """The feeds that a page declares or links to, and the domains it links to. Raises FeedError, TransientError as `read_feed` does."""
    return _read(reader, _site_links, body, url, content_type)


def _read(reader: BoundedReader, work: Callable[..., Content], body: bytes, url: str, *context: Any) -> Content:
    try:
        return reader.read(work, body, url, *context)
    except OverrunError as error:
        reason = f"listing{error.bound}"
        raise FeedError(f"{url}: refused: parsing exceeds its bounds: {reason}", reason=reason) from error


def _feed(body: bytes, url: str, content_type: str | None, source_id: str | None) -> Feed:
    return feeds.read_feed(body, url=url, content_type=content_type, source_id=source_id)


def _sitemap(body: bytes, url: str, source_id: str | None) -> Sitemap:
    return sitemaps.read_sitemap(body, url=url, source_id=source_id)


def _section(body: bytes, url: str, content_type: str | None) -> tuple[SectionLink, ...]:
    return section_links(read_page(body, url=url, content_type=content_type))


def _declared(body: bytes, url: str, content_type: str | None) -> tuple[FeedLink, ...]:
    return feed_links(read_page(body, url=url, content_type=content_type))


def _site_links(body: bytes, url: str, content_type: str | None) -> SiteLinks:
    return site_links(read_page(body, url=url, content_type=content_type))
