"""Chooses the replacement of a broken listing by comparing the articles that it listed with those of each candidate. Pure.

A wrong proposal is worse than none: it would publish the articles of a stranger under the publisher's name. So a candidate must list
articles that the old listing listed, must be for the same section, and must belong to the publisher: it is on the old registered domain, or
on one to which the old site redirects permanently or that links back to the old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pipeline.core.catalogue import ListingKind
from pipeline.core.models import Entry
from pipeline.discovery.entries import digest_of
from pipeline.discovery.whole_sites import WHOLE_SITE_WORDS
from pipeline.text.counts import counted
from pipeline.text.plain_text import letters_only
from pipeline.text.urls import host_of, registered_domain

MIN_COMMON = 2
"""Known articles that a candidate on the old domain must list. A plain choice: one may be a page that every feed of the site pins."""
MIN_COMMON_REDIRECTED = 1
"""The same for a candidate to which the broken listing itself redirects permanently."""
MIN_COMMON_ELSEWHERE = 3
"""The same for a candidate on another registered domain, where an error is worse. A plain choice."""
MIN_TITLE = 20
"""Letters from which a title identifies an article; shorter ones are names of columns. A plain choice."""
MIN_PATH = 12
"""Characters from which a path identifies an article; shorter ones are front pages and sections. A plain choice."""
FORMAT_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
        rss xml rdf feed feeds atom json jsonfeed php aspx asp html htm sitemap sitemaps gz format type output view category categories
        tag tags section sections topic topics channel channels id index wp
        """,
    )
)
"""Words in URLs of feeds and sitemaps that name a format or a kind of page and no section."""
COMMENT_WORDS = re.compile(r"comment|kommentar|reactions|replies", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BrokenListing:
    """A broken listing, and what identifies its articles: digests and paths of their URLs, letters of their titles."""

    source_id: str
    url: str
    problem: str
    kind: ListingKind = "feed"
    digests: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    pages: tuple[str, ...] = ()
    """URLs of some of the articles, the newest first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A URL that may replace the broken one, its entries, and how it was found.

    `proof` says why another registered domain belongs to the publisher; None without evidence, or when the domain is the same.
    """

    url: str
    found: str
    entries: tuple[Entry, ...]
    proof: str | None = None
    is_redirect: bool = False
    """Whether the broken listing itself redirects here permanently."""


@dataclass(frozen=True, slots=True)
class Repair:
    """The proposal for a broken listing: the replacement `new`, or None, and the reasons in `evidence`."""

    source_id: str
    old: str
    problem: str
    new: str | None
    evidence: tuple[str, ...] = field(default=())


def known_articles(
    source_id: str, url: str, problem: str, entries: Iterable[Entry], *, seen: Iterable[str] = (), kind: ListingKind = "feed"
) -> BrokenListing:
    """The broken listing with what identifies its articles, from its `entries` (newest last) and the digests `seen` of its URLs."""
    listed = tuple(entries)
    return BrokenListing(
        source_id,
        url,
        problem,
        kind,
        digests=frozenset(seen) | {digest for entry in listed if (digest := digest_of(entry))},
        paths=frozenset(path for entry in listed if (path := _path(entry.url)) is not None),
        titles=frozenset(title for entry in listed if (title := _letters(entry.title)) is not None),
        pages=tuple(dict.fromkeys(entry.url for entry in reversed(listed))),
    )


def choose_repair(broken: BrokenListing, candidates: Sequence[Candidate]) -> Repair:
    """The candidate with the most known articles, among those of the publisher for the same section; the first of equal ones.

    `candidates` are in the order in which the site prefers them.
    """
    refused: list[str] = []
    best: tuple[int, Candidate] | None = None
    for candidate in candidates:
        common, why_not = _assess(broken, candidate)
        if why_not is not None:
            refused.append(f"{candidate.url}: {why_not}")
        elif best is None or common > best[0]:
            best = common, candidate
    if best is None:
        return Repair(broken.source_id, broken.url, broken.problem, None, tuple(refused) or ("the site names no other listing",))
    common, candidate = best
    evidence = [candidate.found, f"lists {counted(common, 'article')} that the old address listed"]
    if candidate.proof is not None:
        evidence.append(candidate.proof)
    return Repair(broken.source_id, broken.url, broken.problem, candidate.url, tuple(evidence))


def common_articles(broken: BrokenListing, entries: Iterable[Entry]) -> int:
    """The number of entries that the broken listing listed too: with the same URL, path or title."""
    return sum(
        digest_of(entry) in broken.digests or _path(entry.url) in broken.paths or _letters(entry.title) in broken.titles
        for entry in entries
    )


def _assess(broken: BrokenListing, candidate: Candidate) -> tuple[int, str | None]:
    """The number of common articles, and why the candidate is refused (None when it is not)."""
    if candidate.url == broken.url:
        return 0, "is the address that broke"
    if not candidate.entries:
        return 0, "lists nothing"
    if COMMENT_WORDS.search(urlsplit(candidate.url).path):
        return 0, "lists comments"
    is_elsewhere = registered_domain(candidate.url) != registered_domain(broken.url)
    if is_elsewhere and candidate.proof is None:
        return 0, "is on another domain, to which the old site does not redirect permanently and which does not link back"
    common = common_articles(broken, candidate.entries)
    needed = MIN_COMMON_ELSEWHERE if is_elsewhere else MIN_COMMON_REDIRECTED if candidate.is_redirect else MIN_COMMON
    if common < needed:
        return common, f"lists {counted(common, 'article')} that the old address listed, at least {needed} needed"
    is_section = section_words(candidate.url) != section_words(broken.url)
    if is_section and not candidate.is_redirect and common * 2 < len(candidate.entries):
        return common, "is for another section of the site"
    return common, None


def section_words(url: str) -> frozenset[str]:
    """The words of a listing's URL that name a section of its site; none for a listing of the whole site."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    words = re.findall(r"[^\W\d_]+", f"{parts.path} {parts.query}".lower())
    return frozenset(word for word in words if word not in WHOLE_SITE_WORDS and word not in host and word not in FORMAT_WORDS)


def _path(url: str) -> str | None:
    parts = urlsplit(url)
    path = parts.path.rstrip("/").lower() + (f"?{parts.query}" if parts.query else "")
    return path if len(path) >= MIN_PATH and host_of(url) else None


def _letters(title: str | None) -> str | None:
    letters = letters_only(title or "")
    return letters if len(letters) >= MIN_TITLE else None
