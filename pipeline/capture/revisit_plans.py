"""Which pages are looked at again for edits, a day and a week after they were captured. Pure: extracted rows in, pages out.

A fifth of news pages changes within a week, most of them on the first day; few change later. Old articles that were found late, and pages
that came from archives, are as finished as they will be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.core.models import REVISIT_PART

AGES = (timedelta(hours=24), timedelta(days=7))
"""How old a capture is when its page is looked at again."""
EARLY = timedelta(hours=1)
"""So much younger will do: a daily run that starts a little earlier than yesterday does not leave its pages for tomorrow."""
HORIZON = AGES[-1] + timedelta(days=2)
"""Pages whose time was missed for so long (no run came) are left as they are."""
FRESH = timedelta(days=7)
"""Articles that were older than this when they were captured are not looked at again."""
OUR_OWN = frozenset({"feed", "sitemap"})
"""How pages are found that were captured from their publisher."""
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
"""What `due_pages` reads of `extracted`."""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page as it was captured last: where its record lies, the digest of its payload, and whether it was gone the last time."""

    url: str
    source_id: str
    file: str
    offset: int
    payload_digest: str
    is_gone: bool = False


def due_pages(
    rows: Iterable[Mapping[str, Any]], revisited: Mapping[str, datetime], *, sources: Sequence[str], now: datetime, max_per_source: int
) -> dict[str, tuple[KnownPage, ...]]:
    """Per source of `sources` the pages to look at now, the youngest first.

    `rows` are every version of the pages captured within `HORIZON`; `revisited` tells when a URL was last looked at again.
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


def _is_due(first: Mapping[str, Any], last_look: datetime | None, *, age: timedelta, now: datetime) -> bool:
    published = first["publishedDateTime"]
    if age >= HORIZON or (published is not None and first["capturedAt"] - published > FRESH):
        return False
    reached = [at for at in AGES if age >= at - EARLY]
    return bool(reached) and (last_look is None or now - last_look > age - (reached[-1] - EARLY))


def _known(source: str, url: str, ordered: Sequence[Mapping[str, Any]]) -> KnownPage:
    """The last version that had a page."""
    last = next((row for row in reversed(ordered) if row["vanishedAt"] is None), ordered[-1])
    return KnownPage(
        url, source, last["captureFile"], last["captureOffset"], last["payloadDigest"], is_gone=ordered[-1]["vanishedAt"] is not None
    )


def _youngest(pair: tuple[timedelta, KnownPage]) -> tuple[timedelta, str]:
    return pair[0], pair[1].url
