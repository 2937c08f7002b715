"""Builds articles of past hours and the feeds and sitemaps that list them, and reads which of them a capture took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from email.utils import format_datetime

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import CaptureReport, Interval
from pipeline.lake.manifests import Manifest
from tests.integration.conftest import PAST_HOUR
from tests.integration.test_capture import ONE, endings
from tests.newsroom import Newsroom

HOUR = PAST_HOUR
DAY = [Interval.parse(f"2026-11-18T{hour:02d}") for hour in range(24)]
MINUTE = timedelta(minutes=1)
NOON = HOUR.start

Take = Callable[..., tuple[CaptureReport, Manifest]]
Make = Callable[..., Catalogue]


def page(title: str, at: datetime) -> str:
    text = " ".join(f"Sentence number {number} about {title} says something of its own." for number in range(12))
    return (
        f"<html><head><title>{title}</title><meta property='og:title' content='{title}'>"
        f"<meta property='article:published_time' content='{at.isoformat()}'></head>"
        f"<body><article><h1>{title}</h1><p>{text}</p></article></body></html>"
    )


def rss(entries: Iterable[tuple[str, datetime]], *, older: str | None = None) -> str:
    link = f"<atom:link rel='next' href='{older}'/>" if older else ""
    items = "".join(f"<item><title>{url}</title><link>{url}</link><pubDate>{format_datetime(at)}</pubDate></item>" for url, at in entries)
    return f"<rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel><title>Feed</title>{link}{items}</channel></rss>"


def index(*children: tuple[str, str | None]) -> str:
    named = "".join(f"<sitemap><loc>{url}</loc>{f'<lastmod>{changed}</lastmod>' if changed else ''}</sitemap>" for url, changed in children)
    return f"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{named}</sitemapindex>"


def sitemap(entries: Iterable[tuple[str, datetime]], *, is_news: bool = False) -> str:
    def told(at: datetime) -> str:
        if not is_news:
            return f"<lastmod>{at.isoformat()}</lastmod>"
        name = "<n:publication><n:name>One</n:name><n:language>en</n:language></n:publication>"
        return f"<n:news>{name}<n:publication_date>{at.isoformat()}</n:publication_date><n:title>T</n:title></n:news>"

    urls = "".join(f"<url><loc>{url}</loc>{told(at)}</url>" for url, at in entries)
    spaces = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'"
    return f"<urlset {spaces}>{urls}</urlset>"


def every(step: timedelta, *, start: datetime, end: datetime, host: str = ONE) -> list[tuple[str, datetime]]:
    """Articles of a host, newest first."""
    count = int((end - start) / step)
    moments = [start + step * number for number in range(count)]
    return [(f"{host}/{moment:%Y%m%dT%H%M}", moment) for moment in reversed(moments)]


def put(room: Newsroom, entries: Iterable[tuple[str, datetime]]) -> None:
    for url, at in entries:
        room.add_page(url, page(f"What happened at {url.rpartition('/')[2]}", at))


def inside(entries: Iterable[tuple[str, datetime]], interval: Interval = HOUR) -> set[str]:
    return {url for url, at in entries if interval.holds(at)}


def captured(manifest: Manifest) -> set[str]:
    return {url for url, ending in endings(manifest).items() if ending == "captured"}


def asked(room: Newsroom) -> Counter[str]:
    return Counter(seen.path for seen in room.requests if not seen.path.startswith("/robots"))
