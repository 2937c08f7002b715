"""Selects the pages to revisit for edits, a day and a week after they were captured. Pure: rows of `extracted` in, pages out.

A fifth of news pages changes within a week, most of them on the first day; few change later. Articles that were old when they were
captured, and pages from archives, are not revisited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.core.models import REVISIT_PART

AGES = (timedelta(hours=24), timedelta(days=7))
"""The ages of a capture at which its page is revisited."""
EARLY = timedelta(hours=1)
"""Time by which a page may be revisited early, so that a daily run that starts a little early does not miss it for a day."""
HORIZON = AGES[-1] + timedelta(days=2)
"""Age from which captures are not revisited any more, even if no run revisited them. A plain choice: two daily runs may fail."""
FRESH = timedelta(days=7)
"""Age of an article at its capture above which it is not revisited, because old articles hardly change."""
OUR_OWN = frozenset({"feed", "sitemap", "section"})
"""The values of `via` of pages that were captured from their publisher."""
COLUMNS = (
    "originalUrl",
    "sourceId",
    "via",
    "publishedDateTime",
    "capturedAt",
    "captureFile",
    "captureOffset",
    "payloadDigest",
    "vanishedAt",
)
"""The columns of `extracted` that `due_pages` needs."""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page's last capture: its record's file and offset, its payload's digest, and whether the last revisit found the page gone."""

    url: str
    source_id: str
    file: str
    offset: int
    payload_digest: str
    is_gone: bool = False


def due_pages(
    rows: Iterable[Mapping[str, Any]], revisited: Mapping[str, datetime], *, sources: Sequence[str], now: datetime, max_per_source: int
) -> dict[str, tuple[KnownPage, ...]]:
    """The pages to revisit now by source id, the youngest first, at most `max_per_source` each.

    `rows` holds all versions of the pages captured within `HORIZON`, `revisited` the time of each URL's last revisit.
    """
    versions: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["sourceId"] is not None and row["via"] in OUR_OWN:
            versions[row["sourceId"], row["originalUrl"]].append(row)
    due: dict[str, list[tuple[timedelta, KnownPage]]] = {source: [] for source in sources}
    for (source, url), pages in sorted(versions.items()):
        ordered = sorted(pages, key=lambda row: (row["capturedAt"], row["captureFile"], row["captureOffset"]))
        found = next((row for row in ordered if f"/part={REVISIT_PART}/" not in row["captureFile"]), None)
        if source not in due or found is None:
            continue
        age = now - found["capturedAt"]
        if _is_due(found, revisited.get(url), age=age, now=now):
            due[source].append((age, _known(source, url, ordered)))
    return {source: tuple(page for _, page in sorted(pages, key=_youngest)[:max_per_source]) for source, pages in due.items()}


def _is_due(first: Mapping[str, Any], last_revisit: datetime | None, *, age: timedelta, now: datetime) -> bool:
    published = first["publishedDateTime"]
    if age >= HORIZON or (published is not None and first["capturedAt"] - published > FRESH):
        return False
    reached = [at for at in AGES if age >= at - EARLY]
    return bool(reached) and (last_revisit is None or now - last_revisit > age - (reached[-1] - EARLY))


def _known(source: str, url: str, ordered: Sequence[Mapping[str, Any]]) -> KnownPage:
    """The page's last version that was not gone."""
    last = next((row for row in reversed(ordered) if row["vanishedAt"] is None), ordered[-1])
    return KnownPage(
        url, source, last["captureFile"], last["captureOffset"], last["payloadDigest"], is_gone=ordered[-1]["vanishedAt"] is not None
    )


def _youngest(pair: tuple[timedelta, KnownPage]) -> tuple[timedelta, str]:
    return pair[0], pair[1].url
