"""Searches a replacement for a broken feed, sitemap or section page: fetches the old URL, pages of the site, and what they name.

Fetches politely and at most `MAX_REQUESTS` documents for a listing; writes nothing. `health.repairs` chooses among the candidates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pipeline.core.errors import FeedError
from pipeline.core.models import Answer, Clock, Entry, Exchange
from pipeline.core.settings import Settings
from pipeline.core.workers import BoundedReader
from pipeline.discovery.autodiscovery import COMMON_PATHS, SiteLinks
from pipeline.discovery.health.repairs import BrokenListing, Candidate, Repair, choose_repair, section_words
from pipeline.discovery.listings.readers import listing_reader, read_feed, read_section, read_site_links, read_sitemap
from pipeline.discovery.listings.sections import likely_articles
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.text.urls import join, registered_domain

MAX_REQUESTS = 20
"""Documents fetched for one broken listing, besides robots.txt. A plain choice: it bounds what a site is asked."""
PAGES_ASKED = 2
"""Known articles that are fetched: their redirects show a renamed domain, and they declare the feed of their section. A plain choice."""
CHILDREN_READ = 2
"""Sitemaps of an index that are read for their articles, the newest first. A plain choice."""
PACE_S = 2.0
"""Seconds between two requests to a host, as the default of `Source.pace_s`."""


def find_repairs(settings: Settings, broken: Sequence[BrokenListing], *, clock: Clock) -> list[Repair]:
    """One repair for each broken listing, in their order. A site that does not answer gives a repair without replacement."""
    with Fetcher(settings, clock=clock) as fetcher, listing_reader(settings) as reader:
        return [_Search(fetcher, reader, listing).run() for listing in broken]


@dataclass(slots=True)
class _Search:
    """The search for one listing: the documents fetched, and the candidates found."""

    fetcher: Fetcher
    reader: BoundedReader
    broken: BrokenListing
    asked: dict[str, Answer] = field(default_factory=dict)
    proofs: dict[str, str] = field(default_factory=dict)
    """Maps registered domains other than the old one to the evidence that they belong to the publisher."""
    candidates: list[Candidate] = field(default_factory=list)

    def run(self) -> Repair:
        self._ask_old_address()
        if self._is_mended():
            return Repair(self.broken.source_id, self.broken.url, self.broken.problem, None, ("the address works again",))
        origins: dict[str, None] = {}
        named: dict[str, str] = {}
        for start in self._starts():
            final = self._get(start)
            if final is None:
                continue
            links = self._links(final)
            self._note_link_back(final.url, links)
            origins.setdefault(f"{urlsplit(final.url).scheme}://{urlsplit(final.url).netloc}")
            if self.broken.kind != "section":
                named = {link.url: f"declared by {final.url}" for link in links.declared} | named
            named |= {address: f"linked from {final.url}" for address in self._links_to_listings(final, links) if address not in named}
        for address, found in self._named(origins, named):
            self._try(address, found)
        repair = choose_repair(self.broken, self.candidates)
        if repair.new is None:
            for address in self._usual(origins):
                self._try(address, "at a usual address")
            repair = choose_repair(self.broken, self.candidates)
        return repair

    def _ask_old_address(self) -> None:
        final = self._get(self.broken.url)
        if final is None or final.url == self.broken.url:
            return
        is_permanent = self.asked[self.broken.url].moved_to is not None
        entries = self._entries(final)
        if entries:
            found = f"{self.broken.url} redirects there{' permanently' if is_permanent else ''}"
            self.candidates.append(Candidate(final.url, found, entries, self._proof(final.url), is_redirect=is_permanent))

    def _is_mended(self) -> bool:
        """Whether the old URL works again and lists articles; a silent feed without new entries stays broken."""
        final = self.asked[self.broken.url].final
        if self.broken.problem.startswith("silent") or final is None or final.url != self.broken.url:
            return False
        return bool(self._entries(final))

    def _starts(self) -> Iterator[str]:
        """Pages that may name the new listing: front pages of the hosts of the listing and its articles, then articles."""
        hosts = Counter(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/" for url in self.broken.pages)
        parts = urlsplit(self.broken.url)
        fronts = [host for host, _ in hosts.most_common(1)] + [f"{parts.scheme}://{parts.netloc}/"]
        yield from dict.fromkeys(fronts)
        yield from self.broken.pages[:PAGES_ASKED]
        moved = [f"https://{domain}/" for domain in sorted(self.proofs)]
        yield from (front for front in moved if front not in self.asked)

    def _named(self, origins: Iterable[str], named: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The listings that the site names, each with the place that names it."""
        if self.broken.kind != "sitemap":
            yield from named.items()
            return
        for origin in origins:
            for sitemap in self.fetcher.sitemaps_of(origin, pace_s=PACE_S):
                yield sitemap, f"named by {origin}/robots.txt"

    def _usual(self, origins: Iterable[str]) -> Iterator[str]:
        """Usual URLs of the listing that sites do not name, those on a new domain first."""
        own = urlsplit(self.broken.url).path
        paths = {"feed": COMMON_PATHS, "sitemap": ("/sitemap.xml",), "section": (own,)}[self.broken.kind]
        for origin in sorted(origins, key=lambda origin: registered_domain(origin) == registered_domain(self.broken.url)):
            yield from (address for path in paths if (address := join(origin, path)) is not None)

    def _try(self, address: str, found: str) -> None:
        if any(address == candidate.url for candidate in self.candidates):
            return
        final = self._get(address)
        if final is None or any(final.url == candidate.url for candidate in self.candidates):
            return
        entries = self._entries(final)
        if entries:
            self.candidates.append(Candidate(final.url, found, entries, self._proof(final.url)))

    def _entries(self, final: Exchange) -> tuple[Entry, ...]:
        """The entries of the document, none when it is no listing; for a sitemap index, the entries of its newest sitemaps."""
        try:
            if self.broken.kind == "section":
                links = read_section(self.reader, final.body, url=final.url, content_type=final.content_type)
                return likely_articles(links, source_id=None)
            if self.broken.kind == "feed":
                return read_feed(self.reader, final.body, url=final.url, content_type=final.content_type, source_id=None).entries
            sitemap = read_sitemap(self.reader, final.body, url=final.url, source_id=None)
        except FeedError:
            return ()
        entries = list(sitemap.entries)
        newest = sorted(sitemap.children, key=lambda child: (child.changed.isoformat() if child.changed else "", child.url), reverse=True)
        for child in newest[:CHILDREN_READ]:
            answer = self._get(child.url)
            if answer is not None:
                try:
                    entries += read_sitemap(self.reader, answer.body, url=answer.url, source_id=None).entries
                except FeedError:
                    continue
        return tuple(entries)

    def _get(self, url: str) -> Exchange | None:
        """The document at `url` if its status is 200. Each URL is fetched once, and at most `MAX_REQUESTS` in all."""
        if url not in self.asked:
            if len(self.asked) >= MAX_REQUESTS:
                return None
            self.asked[url] = self.fetcher.get(Target(url, self.broken.kind, PACE_S))
        answer = self.asked[url]
        final = answer.final
        if answer.error is not None or answer.is_disallowed or final is None or final.status != 200:
            return None
        if answer.moved_to is not None:
            self._note_redirect(url, answer.moved_to)
        return final

    def _links_to_listings(self, final: Exchange, links: SiteLinks) -> Sequence[str]:
        """The addresses to which a page of the site links that may be listings: feeds, or pages of the broken page's section."""
        if self.broken.kind != "section":
            return links.anchors
        try:
            found = read_section(self.reader, final.body, url=final.url, content_type=final.content_type)
        except FeedError:
            return ()
        wanted = section_words(self.broken.url)
        return tuple(dict.fromkeys(link.url for link in found if not link.is_headline and section_words(link.url) == wanted))

    def _links(self, final: Exchange) -> SiteLinks:
        try:
            return read_site_links(self.reader, final.body, url=final.url, content_type=final.content_type)
        except FeedError:
            return SiteLinks()

    def _note_redirect(self, url: str, to: str) -> None:
        old, new = registered_domain(url), registered_domain(to)
        if old == registered_domain(self.broken.url) and new != old:
            self.proofs.setdefault(new, f"{url} redirects permanently to {new}")

    def _note_link_back(self, url: str, links: SiteLinks) -> None:
        old, new = registered_domain(self.broken.url), registered_domain(url)
        if new != old and old in links.domains:
            self.proofs.setdefault(new, f"{url} links back to {old}")

    def _proof(self, url: str) -> str | None:
        return self.proofs.get(registered_domain(url))
