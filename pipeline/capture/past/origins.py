"""Asks the origins of a past interval in order: the first origin that has the interval serves the source.

Part of the capture stage. An origin has the interval when it lists an article of it, or covers it and so shows that nothing was published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.capture.part_plans import LEFT_TO_FILES
from pipeline.capture.past.histories import from_pages, from_sitemaps
from pipeline.capture.past.kept_documents import KeptDocuments, OriginListing
from pipeline.capture.past.wayback import from_wayback
from pipeline.capture.source_sessions import SourceSession
from pipeline.core.models import Entry, Interval, Origin
from pipeline.lake.manifests import FeedState

ORIGINS: Mapping[str, Callable[[SourceSession, KeptDocuments, Interval], OriginListing]] = {
    "sitemap": from_sitemaps,
    "pages": from_pages,
    "wayback": from_wayback,
}


@dataclass(frozen=True, slots=True)
class PastEntries:
    """The entries of a source in a past interval, `others` that its feeds date outside it, and the origin that served it (None: none)."""

    entries: tuple[Entry, ...]
    others: tuple[Entry, ...]
    states: tuple[FeedState, ...]
    origin: Origin | None


def find_past_entries(session: SourceSession, documents: KeptDocuments, interval: Interval, *, order: Sequence[Origin]) -> PastEntries:
    """Ask the origins of `order` until one has the interval.

    A source that none of them serves is left to `ccnews` or `warc` if `order` has them: their files are read once for all sources, after
    all other origins.
    """
    states: list[FeedState] = []
    others: list[Entry] = []
    for origin in order:
        if origin in ORIGINS:
            found = ORIGINS[origin](session, documents, interval)
            states += found.states
            others += found.others
            if found.has_it:
                return PastEntries(found.entries, tuple(others), tuple(states), origin)
    return PastEntries((), tuple(others), tuple(states), next((origin for origin in order if origin in LEFT_TO_FILES), None))
