"""Generates a past for the newsroom from a seed: publishers whose past is kept in four ways, and that go on publishing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.newsroom.archives import CommonCrawl, NewsPage, Wayback
from tests.newsroom.server import Newsroom

HOUR = timedelta(hours=1)
IN_FEED = 20
"""Entries that a feed shows, and a page of it."""
KEEPERS = ("sitemap", "pages", "wayback", "ccnews")
"""Where a publisher's past is kept: in sitemaps by month that robots.txt names, in further pages of its feed, or only by an archive."""
WORDS = ("harbour", "council", "ferry", "mill", "bridge", "orchard", "glacier", "lantern", "railway", "market", "tunnel", "comet")


@dataclass(frozen=True, slots=True)
class Told:
    """An article of a publisher."""

    host: str
    url: str
    at: datetime
    title: str
    text: str

    @property
    def page(self) -> str:
        head = f"<title>{self.title}</title><meta property='og:title' content='{self.title}'>"
        head += f"<meta property='article:published_time' content='{self.at.isoformat()}'>"
        return f"<html><head>{head}</head><body><article><h1>{self.title}</h1><p>{self.text}</p></article></body></html>"


def short_news(chance: random.Random, at: datetime) -> tuple[str, str]:
    """Title and text of an article; the title is another for each second of a month."""
    title = f"{' '.join(chance.sample(WORDS, 4))} {at:%d %H%M%S}".capitalize()
    return title, " ".join(f"Sentence {number} of {title.lower()} says something of its own." for number in range(12))


class History:
    """`count` publishers with a past from `start` to `now`, a Wayback Machine that visits each feed every two hours, and a news crawl."""

    def __init__(
        self,
        room: Newsroom,
        *,
        seed: int,
        count: int,
        start: datetime,
        now: datetime,
        per_hour: float = 0.7,
        keepers: Sequence[str] = KEEPERS,
        in_feed: int = IN_FEED,
        write: Callable[[random.Random, datetime], tuple[str, str]] = short_news,
    ) -> None:
        self._write = write
        self._room, self._random, self._per_hour, self._in_feed = room, random.Random(seed), per_hour, in_feed
        self.wayback, self.crawl = Wayback(room), CommonCrawl(room)
        self.keepers = {f"https://paper{number:02d}.example": keepers[number % len(keepers)] for number in range(count)}
        self._by_host: dict[str, list[Told]] = {host: [] for host in self.keepers}
        moment = start
        while moment < now:
            new = self._hour(moment)
            self._keep(new, moment)
            moment += HOUR
        for host in self.keepers:
            self._show(host)

    @property
    def settings(self) -> dict[str, str]:
        """For `pipeline.core.settings.Settings`."""
        return {**self.wayback.settings, **self.crawl.settings}

    @property
    def sources(self) -> list[dict[str, Any]]:
        """For sources.yaml."""
        return [
            {"id": f"paper{number:02d}", "name": host, "feeds": [f"{host}/feed"], "topic": "AI", "pace_s": 0}
            for number, host in enumerate(self.keepers)
        ]

    def publish(self, moment: datetime) -> list[Told]:
        """Let the hour from `moment` pass: its articles, which the publishers now show."""
        new = self._hour(moment)
        for host in {one.host for one in new}:
            self._show(host)
        return new

    def between(self, start: datetime, end: datetime) -> set[str]:
        return {one.url for one in self.told_between(start, end)}

    def told_between(self, start: datetime, end: datetime) -> list[Told]:
        return [one for told in self._by_host.values() for one in told if start <= one.at < end]

    def _hour(self, moment: datetime) -> list[Told]:
        new = []
        for host in self.keepers:
            count = sum(self._random.random() < self._per_hour / 3 for _ in range(3))
            for second in sorted(self._random.sample(range(3600), count)):
                at = moment + timedelta(seconds=second)
                new.append(Told(host, f"{host}/{at:%Y%m%d%H%M%S}", at, *self._write(self._random, at)))
        for one in new:
            self._room.add_page(one.url, one.page)
            self._by_host[one.host].append(one)
        return new

    def _keep(self, new: Sequence[Told], moment: datetime) -> None:
        """What the archives take in of an hour."""
        noise = [NewsPage(f"https://elsewhere.example/{moment:%Y%m%d%H}-{number}", moment, "<html>Elsewhere</html>") for number in range(3)]
        crawled = [NewsPage(one.url, one.at, one.page) for one in new if self.keepers[one.host] == "ccnews"]
        self.crawl.add(moment + timedelta(minutes=1), [*noise, *crawled])
        for one in new:
            if self.keepers[one.host] == "wayback":
                self.wayback.add(one.url, one.at + timedelta(minutes=5), one.page)
        if moment.hour % 2:
            for host, keeper in self.keepers.items():
                if keeper == "wayback":
                    at = moment + HOUR + timedelta(minutes=3)
                    self.wayback.add(f"{host}/feed", at, _feed(self._of(host)[: self._in_feed]), content_type="application/rss+xml")

    def shown(self) -> set[str]:
        """The articles that the publishers' feeds show now."""
        return {one.url for host in self.keepers for one in self._of(host)[: self._in_feed]}

    def _of(self, host: str) -> list[Told]:
        """A publisher's articles, newest first."""
        return self._by_host[host][::-1]

    def _show(self, host: str) -> None:
        articles, keeper = self._of(host), self.keepers[host]
        pages = [articles[number : number + self._in_feed] for number in range(0, len(articles), self._in_feed)] or [[]]
        for number, mine in enumerate(pages if keeper == "pages" else pages[:1], start=1):
            older = f"{host}/feed?page={number + 1}" if keeper == "pages" and number < len(pages) else None
            address = f"{host}/feed" if number == 1 else f"{host}/feed?page={number}"
            self._room.add_page(address, _feed(mine, older=older), content_type="application/rss+xml")
        if keeper == "sitemap":
            self._room.add_page(f"{host}/robots.txt", f"User-agent: *\nAllow: /\nSitemap: {host}/sitemap.xml\n", content_type="text/plain")
            months = sorted({f"{one.at:%Y-%m}" for one in articles})
            named = "".join(f"<sitemap><loc>{host}/sitemap-{month}.xml</loc></sitemap>" for month in months)
            self._room.add_page(f"{host}/sitemap.xml", f"<sitemapindex>{named}</sitemapindex>", content_type="application/xml")
            for month in months:
                urls = "".join(
                    f"<url><loc>{one.url}</loc><lastmod>{one.at.isoformat()}</lastmod></url>"
                    for one in articles
                    if f"{one.at:%Y-%m}" == month
                )
                self._room.add_page(f"{host}/sitemap-{month}.xml", f"<urlset>{urls}</urlset>", content_type="application/xml")


def _feed(articles: Iterable[Told], *, older: str | None = None) -> str:
    link = f"<atom:link rel='next' href='{older}'/>" if older else ""
    items = "".join(
        f"<item><title>{one.title}</title><link>{one.url}</link><pubDate>{format_datetime(one.at)}</pubDate></item>" for one in articles
    )
    return f"<rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel><title>Paper</title>{link}{items}</channel></rss>"
