"""What was published, looked up by the settings' lake: the hottest records, one record, its story, its sealed part. Writes nothing."""

from __future__ import annotations

from pipeline.core.errors import DamagedError, PermanentError, SealError
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.publishing.lookup import (
    ExplainedRecord,
    OpenedSeal,
    Row,
    StoryTimeline,
    find_record,
    find_story,
    hottest_records,
    open_sealed,
)
from pipeline.text.urls import canonical_url


def top(settings: Settings, *, days: int = 7, limit: int = 10, published_only: bool = False) -> list[Row]:
    """The hottest records of the newest `days` published dates. See `publishing.lookup`."""
    return hottest_records(Lake(settings.lake), days=days, limit=limit, published_only=published_only)


def show(settings: Settings, url: str) -> ExplainedRecord:
    """One record with its explanation and its extracted row. Raises PermanentError when there is none, with what the ledger knows of it."""
    lake = Lake(settings.lake)
    try:
        return find_record(lake, url)
    except DamagedError:  # says which file, and what makes it again
        raise
    except PermanentError as error:
        known = _newest_outcome(lake, url)
        raise PermanentError(f"{error}; {known}" if known is not None else str(error)) from error


def _newest_outcome(lake: Lake, url: str) -> str | None:
    """What became of the page at `url`, by the newest hour whose ledger names it; None where none does."""
    try:
        wanted = {url, canonical_url(url)}
    except ValueError:
        return None
    for interval in reversed(lake.ledger_intervals()):
        for name in lake.ledger_parts(interval.key):
            table = lake.read_table(storage.ledger_path(Part(interval, name)), columns=["url", "kind", "outcome", "reason"])
            for row in reversed(rows_of(table)):
                if row["kind"] == "page" and row["url"] in wanted:
                    reason = f" ({row['reason']})" if row["reason"] is not None else ""
                    return f"the ledger of {interval.key} says: {row['outcome']}{reason}"
    return None


def story(settings: Settings, url: str) -> StoryTimeline:
    """The story of the record at `url`. See `publishing.lookup`."""
    return find_story(Lake(settings.lake), url)


def unseal(settings: Settings, url: str) -> OpenedSeal:
    """What the `secured` of the record at `url` holds; SealError when no key opens it."""
    article = show(settings, url).article
    if article["secured"] is None:
        raise SealError(f"{article['webUrl']}: the record has no sealed part; it was published without a key")
    return open_sealed(article["secured"], web_url=article["webUrl"], keys=settings.sealing_keys)
