"""Which of the entries that feeds list are fetched in an interval. Pure: it decides, `pipeline.capture.capture` does.

Every distinct URL is given to exactly one of the two results of `choose_entries`, so that outcomes add up to the entries seen.
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
    """What one source offers: entries still pending from earlier intervals, and those its feeds list now, in feed order."""

    source_id: str
    pending: tuple[Pending, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class ChosenEntries:
    """`chosen`: per source what to fetch, with the intervals that tried it before; `outcomes`: what ends without a fetch.

    `listed_by` gives, by URL digest, the addresses of all feeds and sitemaps that list the page, in the order of the listings.
    """

    chosen: Mapping[str, tuple[Pending, ...]]
    outcomes: tuple[Outcome, ...]
    listed_by: Mapping[str, tuple[str, ...]]


def choose_entries(
    listings: Sequence[SourceListing], *, seen: frozenset[str], interval: Interval, is_live: bool, max_per_source: int
) -> ChosenEntries:
    """Share out the URLs of `listings`, in their order: the first source that lists a URL fetches it.

    `seen` are URL digests that need no fetch. An interval that is not live (a past hour) takes only entries dated inside it; what an
    archive lists without a date was archived inside it. What exceeds `max_per_source` fails with the reason `deferred` and stays pending.
    """
    taken: set[str] = set()
    urls: set[str] = set()
    chosen: dict[str, tuple[Pending, ...]] = {}
    outcomes: list[Outcome] = []
    listed_by = _ways(listings)
    for listing in listings:
        mine: list[Pending] = []
        for candidate, is_retry in _candidates(listing):
            entry = candidate.entry
            if entry.url in urls:
                continue
            urls.add(entry.url)
            ended = _ended(entry, is_retry=is_retry, seen=seen, taken=taken, interval=interval, is_live=is_live)
            if ended is None and len(mine) >= max_per_source:
                ended = _outcome(entry, "failed", "deferred")
            if ended is not None:
                outcomes.append(replace(ended, listed_by=listed_by.get(digest_of(entry), ())))
                continue
            taken.add(url_digest(entry.url))
            mine.append(candidate)
        chosen[listing.source_id] = tuple(mine)
    return ChosenEntries(chosen=chosen, outcomes=tuple(outcomes), listed_by=listed_by)


def interleaved(chosen: Sequence[Pending]) -> tuple[Pending, ...]:
    """`chosen` with its hosts taking turns: while one host's pace is waited for, the others are asked."""
    hosts: dict[str, list[Pending]] = {}
    for candidate in chosen:
        hosts.setdefault(urlsplit(candidate.entry.url).netloc.lower(), []).append(candidate)
    turns = zip_longest(*hosts.values())
    return tuple(candidate for turn in turns for candidate in turn if candidate is not None)


def digest_of(entry: Entry) -> str:
    """The entry's URL digest, empty for what is no URL."""
    try:
        return url_digest(entry.url)
    except ValueError:
        return ""


def _ways(listings: Sequence[SourceListing]) -> dict[str, tuple[str, ...]]:
    ways: dict[str, dict[str, None]] = {}
    for listing in listings:
        for candidate, _ in _candidates(listing):
            digest = digest_of(candidate.entry)
            if digest and candidate.entry.listing is not None:
                ways.setdefault(digest, {}).setdefault(candidate.entry.listing)
    return {digest: tuple(addresses) for digest, addresses in ways.items()}


def _candidates(listing: SourceListing) -> Iterable[tuple[Pending, bool]]:
    yield from ((pending, True) for pending in listing.pending)
    yield from ((Pending(entry, 0), False) for entry in listing.entries)


def _ended(entry: Entry, *, is_retry: bool, seen: frozenset[str], taken: set[str], interval: Interval, is_live: bool) -> Outcome | None:
    """The outcome of an entry that needs no fetch, None for one that does."""
    digest = digest_of(entry)
    if not digest:
        return _outcome(entry, "rejected", "badUrl")
    if digest in taken or (digest in seen and not is_retry):
        return _outcome(entry, "duplicate", None)
    if not is_live and not _is_of(entry, interval):
        return _outcome(entry, "rejected", "outsideInterval")
    return None


def _is_of(entry: Entry, interval: Interval) -> bool:
    dated = entry.published or entry.modified  # sitemaps often know only when a page changed
    return interval.holds(dated.value) if dated is not None else entry.snapshot is not None


def _outcome(entry: Entry, verdict: Verdict, reason: str | None) -> Outcome:
    return Outcome(url=entry.url, kind="page", verdict=verdict, reason=reason, source_id=entry.source_id, via=entry.via)
