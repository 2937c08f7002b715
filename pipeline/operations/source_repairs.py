"""Repairs broken listings: finds those that the lake shows as broken, and proposes the change of sources.yaml that replaces them.

Reads manifests and asks sites; only `apply_repairs` writes, and only sources.yaml. In `discovery.health`, `repair_search` looks for
replacements and `repairs` chooses among them.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pipeline.capture.earlier_captures import read_earlier_captures
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import ConfigError
from pipeline.core.models import HOUR, Clock, Entry, Interval, Part
from pipeline.core.settings import Settings
from pipeline.discovery.health.findings import feed_findings
from pipeline.discovery.health.repair_search import find_repairs
from pipeline.discovery.health.repairs import BrokenListing, Repair, known_articles
from pipeline.discovery.sources_file import NAME, with_listing, write_sources
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.removals.erased_providers import without_erased
from pipeline.lake.storage import Lake

KNOWN_DAYS = 60
"""Days of manifests that are searched for articles of a broken listing. A plain choice: it bounds the manifests read."""
ENOUGH_KNOWN = 200
"""Articles of a listing after which no older manifest is read for it. A plain choice: it bounds the manifests read."""


@dataclass(frozen=True, slots=True)
class HealedSources:
    """The repair found for each broken listing, and the text of sources.yaml before and after the proposed changes."""

    repairs: tuple[Repair, ...]
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The change of sources.yaml as a unified diff; empty when nothing is proposed."""
        lines = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), f"a/{NAME}", f"b/{NAME}", n=1, lineterm="")
        return "\n".join(lines)


def heal_sources(settings: Settings, catalogue: Catalogue, *, clock: Clock, sources: Collection[str] = ()) -> HealedSources:
    """Search a replacement for each listing of `sources` (all enabled ones by default) that moved, is gone, is blocked or fell silent.

    Nothing is written. Raises ConfigError when one of `sources` is not followed.
    """
    followed = {source.id for source in catalogue.enabled_sources}
    for name in sources:
        if name not in followed:
            raise ConfigError(f"{name!r} is not a followed source; `news sources list` shows them")
    lake = Lake(settings.lake)
    broken = [
        one for one in broken_listings(settings, without_erased(lake, catalogue), clock=clock) if not sources or one.source_id in sources
    ]
    before = Path(settings.config, NAME).read_text(encoding="utf-8")
    repairs = tuple(find_repairs(settings, broken, clock=clock))
    after = before
    for repair in repairs:
        if repair.new is not None:
            after = with_listing(after, source_id=repair.source_id, old=repair.old, new=repair.new)
    return HealedSources(repairs, before, after)


def apply_repairs(settings: Settings, healed: HealedSources) -> None:
    """Write the proposed sources.yaml. Raises ConfigError when the file changed in the meantime or the result is not a valid catalogue."""
    folder = Path(settings.config)
    if (folder / NAME).read_text(encoding="utf-8") != healed.before:
        raise ConfigError(f"{folder / NAME}: the file changed during the search for repairs; run `news sources heal` again")
    if healed.after != healed.before:
        write_sources(folder, healed.after)


def broken_listings(settings: Settings, catalogue: Catalogue, *, clock: Clock) -> list[BrokenListing]:
    """The listings of enabled sources that the lake shows as broken, in the catalogue's order, each with articles that it listed."""
    lake, now = Lake(settings.lake), clock.now()
    memory = read_earlier_captures(lake, Interval.containing(now + HOUR), days=settings.seen_days, is_live=True)
    found = feed_findings(tuple(memory.feeds.values()), now=now, news=memory.news)
    problems = {finding.url: finding.text for finding in found if finding.kind != "twin"}
    broken = []
    for source in catalogue.enabled_sources:
        urls = [url for url in source.listings if url in problems]
        known = _known_entries(lake, source.id, urls, source.listings, until=Interval.containing(now))
        for url in urls:
            seen = memory.feeds[url].seen if url in memory.feeds else ()
            broken.append(known_articles(source.id, url, _problem(problems[url]), known[url], seen=seen, kind=source.kind_of(url)))
    return broken


def _problem(text: str) -> str:
    return f"silent: {text}" if text.startswith("usually") else text


def _known_entries(lake: Lake, source_id: str, urls: Sequence[str], listings: Sequence[str], *, until: Interval) -> dict[str, list[Entry]]:
    """The entries that each of `urls` listed, oldest first. If the source has one listing, all its entries count for that listing."""
    known: dict[str, list[Entry]] = {url: [] for url in urls}
    only = listings[0] if len(listings) == 1 else None
    for interval in sorted(lake.captured_intervals(), reverse=True):
        if (
            not urls
            or interval.start < until.start - timedelta(days=KNOWN_DAYS)
            or all(len(some) >= ENOUGH_KNOWN for some in known.values())
        ):
            break
        for name in lake.captured_parts(interval.key):
            for page in read_manifest(lake, Part(interval, name)).pages:
                address = page.entry.listing or only
                if page.entry.source_id == source_id and address in known:
                    known[address].append(page.entry)
    return {url: entries[::-1] for url, entries in known.items()}
