"""Chooses which entries of feeds and sitemaps are fetched in an interval. Pure: `pipeline.capture.capture` fetches them.

Every distinct URL is either chosen or has an outcome, never both, so that the outcomes of an interval add up to the entries listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from urllib.parse import urlsplit

from pipeline.core.models import Entry, Interval, Outcome, Verdict
from pipeline.lake.manifests import Pending
from pipeline.text.urls import url_digest


@dataclass(frozen=True, slots=True)
class SourceListing:
    """The entries of one source: those pending from earlier intervals, and those in its feeds and sitemaps, in their order."""

    source_id: str
    pending: tuple[Pending, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class ChosenEntries:
    """The entries to fetch, and the outcomes of those that need no fetch."""

    chosen: Mapping[str, tuple[Pending, ...]]
    """The entries to fetch by source id, each with the number of intervals that tried it before."""
    outcomes: tuple[Outcome, ...]
    """One outcome for each entry that is not fetched."""
    listed_by: Mapping[str, tuple[str, ...]]
    """For the URL digest of each page, the URLs of all feeds and sitemaps that list it, in the order of the listings."""


def choose_entries(
    listings: Sequence[SourceListing], *, seen: frozenset[str], interval: Interval, is_live: bool, max_per_source: int
) -> ChosenEntries:
    """Choose the entries of `listings` to fetch: each URL once, for the first source that lists it.

    `seen` holds the digests of URLs that need no fetch. For a past interval (`is_live` false) only entries dated inside it are chosen, and
    snapshots without a date that an archive took inside it. Entries beyond `max_per_source` end as failed with the reason `deferred`
    and stay pending.
    """
    taken: set[str] = set()
    urls: set[str] = set()
    chosen: dict[str, tuple[Pending, ...]] = {}
    outcomes: list[Outcome] = []
    listed_by = _listed_by(listings)
    for listing in listings:
        mine: list[Pending] = []
        for candidate, is_retry in _candidates(listing):
            entry = candidate.entry
            if entry.url in urls:
                continue
            urls.add(entry.url)
            ended = _outcome_without_fetch(entry, is_retry=is_retry, seen=seen, taken=taken, interval=interval, is_live=is_live)
            if ended is None and len(mine) >= max_per_source:
                ended = _outcome(entry, "failed", "deferred")
            if ended is not None:
                outcomes.append(replace(ended, listed_by=listed_by.get(digest_of(entry), ())))
                continue
            taken.add(url_digest(entry.url))
            if entry.alias is not None:
                taken.add(entry.alias)
            mine.append(candidate)
        chosen[listing.source_id] = tuple(mine)
    return ChosenEntries(chosen=chosen, outcomes=tuple(outcomes), listed_by=listed_by)


def interleaved(chosen: Sequence[Pending]) -> tuple[Pending, ...]:
    """`chosen` reordered so that hosts take turns: while one host's pace is waited for, others are asked."""
    hosts: dict[str, list[Pending]] = {}
    for candidate in chosen:
        hosts.setdefault(urlsplit(candidate.entry.url).netloc.lower(), []).append(candidate)
    turns = zip_longest(*hosts.values())
    return tuple(candidate for turn in turns for candidate in turn if candidate is not None)


def digest_of(entry: Entry) -> str:
    """The digest of the entry's URL; empty when the URL is invalid."""
    try:
        return url_digest(entry.url)
    except ValueError:
        return ""


def _listed_by(listings: Sequence[SourceListing]) -> dict[str, tuple[str, ...]]:
    addresses: dict[str, dict[str, None]] = {}
    for listing in listings:
        for candidate, _ in _candidates(listing):
            digest = digest_of(candidate.entry)
            if digest and candidate.entry.listing is not None:
                addresses.setdefault(digest, {}).setdefault(candidate.entry.listing)
    return {digest: tuple(listed) for digest, listed in addresses.items()}


def _candidates(listing: SourceListing) -> Iterable[tuple[Pending, bool]]:
    yield from ((pending, True) for pending in listing.pending)
    yield from ((Pending(entry, 0), False) for entry in listing.entries)


def _outcome_without_fetch(
    entry: Entry, *, is_retry: bool, seen: frozenset[str], taken: set[str], interval: Interval, is_live: bool
) -> Outcome | None:
    """The outcome of an entry that needs no fetch, None for an entry to fetch."""
    digest = digest_of(entry)
    if not digest:
        return _outcome(entry, "rejected", "badUrl")
    identities = {digest, entry.alias} - {None}
    if identities & taken or (identities & seen and not is_retry):
        return _outcome(entry, "duplicate", None)
    if not is_live and not _is_inside(entry, interval):
        return _outcome(entry, "rejected", "outsideInterval")
    return None


def _is_inside(entry: Entry, interval: Interval) -> bool:
    dated = entry.published or entry.modified  # sitemaps often state only when a page changed
    return interval.holds(dated.value) if dated is not None else entry.snapshot is not None


def _outcome(entry: Entry, verdict: Verdict, reason: str | None) -> Outcome:
    return Outcome(url=entry.url, kind="page", verdict=verdict, reason=reason, source_id=entry.source_id, via=entry.via)
