"""What was published, looked up by the settings' lake: the hottest records, one record, its story, its sealed part. Writes nothing."""

from __future__ import annotations

from pipeline.core.errors import SealError
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
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


def top(settings: Settings, *, days: int = 7, limit: int = 10, published_only: bool = False) -> list[Row]:
    """The hottest records of the newest `days` published dates. See `publishing.lookup`."""
    return hottest_records(Lake(settings.lake), days=days, limit=limit, published_only=published_only)


def show(settings: Settings, url: str) -> ExplainedRecord:
    """One record with its explanation and its extracted row; PermanentError when there is none."""
    return find_record(Lake(settings.lake), url)


def story(settings: Settings, url: str) -> StoryTimeline:
    """The story of the record at `url`. See `publishing.lookup`."""
    return find_story(Lake(settings.lake), url)


def unseal(settings: Settings, url: str) -> OpenedSeal:
    """What the `secured` of the record at `url` holds; SealError when no key opens it."""
    article = show(settings, url).article
    if article["secured"] is None:
        raise SealError(f"{article['webUrl']}: the record has no sealed part; it was published without a key")
    return open_sealed(article["secured"], web_url=article["webUrl"], keys=settings.sealing_keys)
