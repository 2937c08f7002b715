"""The questions that a language model may ask of the lake: search, hottest, record, story, why. Writes nothing and asks no server.

Each returns a value of `publishing.model_answers`. Raises PermanentError, in words that the model can act on.
"""

from __future__ import annotations

from collections.abc import Collection

from pipeline.core.catalogue import load_catalogue, unknown_topic
from pipeline.core.errors import PermanentError
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.operations import lookups
from pipeline.publishing.model_answers import (
    RecordAnswer,
    RecordList,
    StoryAnswer,
    WhyAnswer,
    listed_record,
    record_answer,
    refused_by,
    story_answer,
    why_answer,
)
from pipeline.publishing.sql.searches import FOUND_COLUMNS, search_records
from pipeline.text.counts import counted


def search(
    settings: Settings, words: Collection[str], *, agreements: Collection[str], days: int | None, topic: str | None, limit: int
) -> RecordList:
    """The records that have all `words`; excerpts that a publisher refuses to models are left out, unless its domain is in `agreements`.

    Raises PermanentError when `words` has no word.
    """
    wanted = [word for word in words if word.strip()]
    if not wanted:
        raise PermanentError("words: name at least one word")
    columns = (*FOUND_COLUMNS, "refused", "authors")
    rows = search_records(Lake(settings.lake), wanted, days=days, topic=topic, limit=limit + 1, columns=columns)
    records = tuple(
        listed_record(
            row,
            shows_excerpt=True,
            # only a record whose row of `extracted` is gone has no list of authors
            refused=None if row["authors"] is None else () if row["providerDomain"] in agreements else row["refused"],
        )
        for row in rows[:limit]
    )
    if not records and topic is not None and (fault := unknown_topic(load_catalogue(settings.config), topic)):
        return RecordList(records=(), note=f"no record: {fault}")
    more = "; there are more: name further words, a topic or fewer days" if len(rows) > limit else ""
    return RecordList(records=records, note=f"{counted(len(records), 'record')} with all words, those with them in the title first{more}")


def hottest(settings: Settings, *, days: int, topic: str | None, published_only: bool, limit: int) -> RecordList:
    """The hottest records of the newest `days` published dates."""
    rows = lookups.top(settings, days=days, limit=limit, published_only=published_only, topic=topic)
    if not rows and topic is not None and (fault := unknown_topic(load_catalogue(settings.config), topic)):
        return RecordList(records=(), note=f"no record: {fault}")
    note = (
        "hottest first; heat -1: another record stands for the story" if rows else "no record: no date is published, or none has this topic"
    )
    return RecordList(records=tuple(listed_record(row, shows_excerpt=False) for row in rows), note=note)


def record(settings: Settings, url: str, *, agreements: Collection[str], from_character: int) -> RecordAnswer:
    """The record at `url` with its explanation and a piece of its text, where its publisher allows that."""
    found = lookups.show(settings, url)
    return record_answer(found, refused=refused_by(found.extracted, agreements=agreements), from_character=from_character)


def story(settings: Settings, url_or_id: str) -> StoryAnswer:
    """The articles of the story with this id, or of the record at this URL."""
    return story_answer(lookups.story(settings, url_or_id))


def why(settings: Settings, url: str) -> WhyAnswer:
    """What became of the page at `url`."""
    fate = lookups.why(settings, url)
    return why_answer(fate.history, fate.sentences)
