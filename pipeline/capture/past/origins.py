"""The walk of a past interval: a source is served by the first origin that has it.

Part of the capture stage. An origin has the interval when it lists something published in it, or would have: then "nothing" is an answer.
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
    """What was found for a source: `entries` to take, `others` that its feeds date elsewhere, and the origin that served it, if one did."""

    entries: tuple[Entry, ...]
    others: tuple[Entry, ...]
    states: tuple[FeedState, ...]
    origin: Origin | None


def find_past_entries(session: SourceSession, documents: KeptDocuments, interval: Interval, *, order: Sequence[Origin]) -> PastEntries:
    """Ask the origins of `order` until one has the interval. What none has is left to `ccnews` or `warc` where these are allowed: their
    files are read once for all sources, after everything else."""
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
