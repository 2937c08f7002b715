"""Look up published records in the lake of the settings: the hottest, one by URL, stories, sealed values. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipeline.core.errors import DamagedError, PermanentError, SealError
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.removals.erased_providers import read_erased
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
    stories_of_day,
)
from pipeline.text.counts import counted
from pipeline.text.urls import canonical_url

if TYPE_CHECKING:
    from pipeline.core.catalogue import Scoring
    from pipeline.publishing.sql.searches import UrlHistory


def top(settings: Settings, *, days: int = 7, limit: int = 10, published_only: bool = False, topic: str | None = None) -> list[Row]:
    """The `limit` hottest records of the newest `days` published dates, hottest first. See `publishing.lookup`."""
    return hottest_records(Lake(settings.lake), days=days, limit=limit, published_only=published_only, topic=topic)


def show(settings: Settings, url: str) -> ExplainedRecord:
    """The record at `url`, its explanation and extracted row.

    Raises PermanentError when there is none; the message has the outcome of the page in the ledger.
    """
    lake = Lake(settings.lake)
    with _outcome_named(lake, url):
        return find_record(lake, url)


@contextmanager
def _outcome_named(lake: Lake, url: str) -> Iterator[None]:
    """Add what the ledger knows of the page at `url` to the error that says that there is no record of it."""
    try:
        yield
    except DamagedError:  # its message names the file and the command that rebuilds it
        raise
    except PermanentError as error:
        known = _newest_outcome(lake, url)
        raise PermanentError(f"{error}; {known}" if known is not None else str(error)) from error


def _newest_outcome(lake: Lake, url: str) -> str | None:
    """The outcome of the page at `url` in the newest ledger that lists it, as a clause of a message; None when no ledger does."""
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
                    return f"its outcome in the ledger of {interval.key} is {row['outcome']}{reason}; `news why {url}` tells more"
    return None


def story(settings: Settings, url_or_id: str) -> StoryTimeline:
    """The story with this id, or of the record at this URL. Raises PermanentError when there is none. See `publishing.lookup`."""
    lake = Lake(settings.lake)
    with _outcome_named(lake, url_or_id):
        return find_story(lake, url_or_id)


def stories(
    settings: Settings, scoring: Scoring, *, day: date | None = None, topic: str | None = None, min_newsrooms: int = 1, limit: int = 20
) -> list[Row]:
    """The `limit` hottest stories with an article of the UTC day, the hottest first. See `publishing.lookup`."""
    window = timedelta(hours=scoring.stories.window_hours)
    return stories_of_day(Lake(settings.lake), day, window=window, topic=topic, min_newsrooms=min_newsrooms, limit=limit)


@dataclass(frozen=True, slots=True)
class UrlFate:
    """What became of a URL: a sentence for each thing that the lake knows, and the rows that say so."""

    sentences: tuple[str, ...]
    history: UrlHistory


def why(settings: Settings, url: str, *, paths: Mapping[str, Sequence[str]] | None = None) -> UrlFate:
    """What became of the page at `url`: where and when it was seen, its outcomes, versions and records.

    With `paths` only these files of each table are searched (`publishing.sql.database`). Raises PermanentError when `url` is no URL.
    """
    from pipeline.publishing.sql.searches import url_history

    lake = Lake(settings.lake)
    try:
        history = url_history(lake, url, paths=paths)
    except ValueError as error:
        raise PermanentError(f"{url}: not a URL: {error}") from error
    erased = read_erased(lake)
    is_erased = any(erased.holds(address) for address in history.addresses) if erased else False
    return UrlFate(tuple(_sentences(history, is_erased=is_erased)), history)


def _sentences(history: UrlHistory, *, is_erased: bool) -> Iterator[str]:
    if is_erased:
        yield "its provider was erased from the lake: nothing of it is taken in (`news erase`)"
    pages = [row for row in history.seen if row["kind"] == "page"]
    if pages:
        first, last = pages[0], pages[-1]
        found = f"by {first['sourceId']}" if first["sourceId"] else "in an import"
        reason = f" ({last['reason']})" if last["reason"] else ""
        yield f"first seen {found} in the hour {first['hour']:%Y-%m-%dT%H}, {counted(len(pages), 'time')} in all"
        yield f"last outcome: {last['outcome']}{reason} in the hour {last['hour']:%Y-%m-%dT%H}"
    elif not history.versions and not is_erased:
        yield "no ledger names it: no followed source listed it, and no imported file held it"
    if history.versions:
        last = history.versions[-1]
        state = f", gone since {last['vanishedAt']:%Y-%m-%d}" if last["vanishedAt"] else ""
        yield f"{counted(len(history.versions), 'version')} of its article, the last captured {last['capturedAt']:%Y-%m-%dT%H:%MZ}{state}"
    for record in history.records:
        is_shown = "published" if record["published"] else "not published"
        lead = f"; {record['leadUrl']} stands for its story" if record["heat"] < 0 else ""
        yield f"record of {record['published_date']}: quality {record['quality']}, heat {record['heat']}, {is_shown}{lead}"
    if history.versions and not history.records:
        yield "no record: its date is not built yet, it has none, or its publisher's wishes withdraw it"


def search(settings: Settings, words: Sequence[str], *, days: int | None, topic: str | None, published_only: bool, limit: int) -> list[Row]:
    """The records that have all `words`. See `publishing.sql.searches`."""
    from pipeline.publishing.sql.searches import search_records

    return search_records(Lake(settings.lake), words, days=days, topic=topic, published_only=published_only, limit=limit)


def unseal(settings: Settings, url: str) -> OpenedSeal:
    """The private values in `secured` of the record at `url`.

    Raises SealError when the record has none or no key of the settings opens them, PermanentError when there is no record.
    """
    article = show(settings, url).article
    if article["secured"] is None:
        raise SealError(f"{article['webUrl']}: the record has no sealed part, because it was published without a key")
    return open_sealed(article["secured"], web_url=article["webUrl"], keys=settings.sealing_keys)
