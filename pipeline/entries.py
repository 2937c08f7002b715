"""Which of the entries that feeds list are fetched in an interval. Pure: it decides, `pipeline.capture` does.

Every distinct URL is given to exactly one of the two results of `choose`, so that outcomes add up to the entries seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.manifests import Pending
from pipeline.models import Entry, Interval, Outcome, Verdict
from pipeline.urls import url_digest


@dataclass(frozen=True, slots=True)
class Listing:
    """What one source offers: entries still pending from earlier intervals, and those its feeds list now, in feed order."""

    source_id: str
    pending: tuple[Pending, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`chosen`: per source what to fetch, with the intervals that tried it before; `outcomes`: what ends without a fetch."""

    chosen: Mapping[str, tuple[Pending, ...]]
    outcomes: tuple[Outcome, ...]


def choose(listings: Sequence[Listing], *, seen: frozenset[str], interval: Interval, is_live: bool, max_per_source: int) -> Choice:
    """Share out the URLs of `listings`, in their order: the first source that lists a URL fetches it.

    `seen` are URL digests that need no fetch. An interval that is not live (a past hour) takes only entries dated inside it. What exceeds
    `max_per_source` fails with the reason `deferred` and stays pending.
    """
    taken: set[str] = set()
    urls: set[str] = set()
    chosen: dict[str, tuple[Pending, ...]] = {}
    outcomes: list[Outcome] = []
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
                outcomes.append(ended)
                continue
            taken.add(url_digest(entry.url))
            mine.append(candidate)
        chosen[listing.source_id] = tuple(mine)
    return Choice(chosen=chosen, outcomes=tuple(outcomes))


def _candidates(listing: Listing) -> Iterable[tuple[Pending, bool]]:
    yield from ((pending, True) for pending in listing.pending)
    yield from ((Pending(entry, 0), False) for entry in listing.entries)


def _ended(entry: Entry, *, is_retry: bool, seen: frozenset[str], taken: set[str], interval: Interval, is_live: bool) -> Outcome | None:
    """The outcome of an entry that needs no fetch, None for one that does."""
    try:
        digest = url_digest(entry.url)
    except ValueError:
        return _outcome(entry, "rejected", "badUrl")
    if digest in taken or (digest in seen and not is_retry):
        return _outcome(entry, "duplicate", None)
    if not is_live and not (entry.published is not None and interval.holds(entry.published.value)):
        return _outcome(entry, "rejected", "outsideInterval")
    return None


def _outcome(entry: Entry, verdict: Verdict, reason: str | None) -> Outcome:
    return Outcome(url=entry.url, kind="page", verdict=verdict, reason=reason, source_id=entry.source_id, via=entry.via)
