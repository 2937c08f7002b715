"""The page Stories: the stories of a published date by heat; one story with its members by time and its links; one record explained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipeline.core.errors import PermanentError
from pipeline.lake.storage import Lake
from pipeline.operations.pages.drawings import places_in_time
from pipeline.operations.pages.partitions import dates_around, paths_of_dates
from pipeline.operations.pages.pictures import digest_of, picture_digests
from pipeline.operations.pages.sources import run_rows
from pipeline.operations.pages.today import STORY_COLUMNS, STORY_TABLES, HotStory, hot_stories
from pipeline.publishing.explanations import ExplainedTerm, RecordField, explained_terms, record_fields
from pipeline.publishing.lookup import ExplainedRecord, Row, find_record
from pipeline.publishing.sql.database import open_tables

WINDOW_DAYS = 7
"""Days before and after a record in which the other members of its story lie, as in `publishing`."""
TIMELINE_WIDTH = 720.0
MEMBER_TABLES = {
    "articles": ("published_date", "webUrl", "title", "excerpt", "provider", "publishedDateTime", "heat", "quality", "published"),
    "explain": (
        *("published_date", "webUrl", "storyId", "absorbedStoryIds", "leadUrl", "links", "captureFile", "captureOffset"),
        *("duplicateOf", "duplicateMethod", "duplicateSimilarity"),
    ),
}
"""The columns of these tables that the page of a story reads."""
ORDERS = {
    "heat": "a.heat desc, a.quality desc, a.publishedDateTime, a.webUrl",
    "articles": "e.storySize desc, a.heat desc, a.webUrl",
    "newest": "a.publishedDateTime desc, a.webUrl",
    "quality": "a.quality desc, a.heat desc, a.webUrl",
}
"""Name of an order of stories to its SQL."""


@dataclass(frozen=True, slots=True)
class StoryFilter:
    """Which stories of a date are shown, and from which place on."""

    order: str = "heat"
    topic: str = ""
    words: str = ""
    published_only: bool = False
    limit: int = 25
    offset: int = 0


@dataclass(frozen=True, slots=True)
class StoriesPage:
    """The stories of `day` that fit, and the dates before and after it that have records."""

    day: date | None
    before: date | None
    after: date | None
    stories: tuple[HotStory, ...]
    total: int
    topics: tuple[str, ...]
    """All topics of the day's stories."""


@dataclass(frozen=True, slots=True)
class TimedMember:
    """An article of a story: the columns `MEMBER_TABLES` of its rows in one, its place in time, its similarity to the lead."""

    row: Row
    place: float
    similarity: float | None
    """None for the lead itself, and for an article that the lead has no link to."""
    is_lead: bool


@dataclass(frozen=True, slots=True)
class StoryPage:
    """A story by time; `newsrooms` counts its articles by registered domain without copies."""

    story_id: str
    lead: TimedMember
    members: tuple[TimedMember, ...]
    newsrooms: tuple[tuple[str, int], ...]
    copies: int
    picture: str | None


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A record with its explanation."""

    record: ExplainedRecord
    fields: tuple[RecordField, ...]
    terms: tuple[ExplainedTerm, ...]
    related: tuple[tuple[Row, float | None], ...]
    """The other members of its story, each with its similarity."""
    picture: str | None


def read_stories(lake: Lake, day: date | None, wanted: StoryFilter) -> StoriesPage:
    """The stories of `day` (None: of the newest published date). Raises PermanentError when there is no such date."""
    dates = lake.published_dates()
    if not dates:
        return StoriesPage(None, None, None, (), 0, ())
    day = day or dates[-1]
    if day not in dates:
        raise PermanentError(f"there are no records of {day}: the lake has {dates[0]} to {dates[-1]}")
    conditions = ["a.heat >= 0"]
    parameters: dict[str, object] = {}
    if wanted.topic:
        conditions.append("list_contains(a.topics, $topic)")
        parameters["topic"] = wanted.topic
    if wanted.words:
        conditions.append("contains(strip_accents(lower(a.title)), strip_accents(lower($words)))")
        parameters["words"] = wanted.words
    if wanted.published_only:
        conditions.append("a.published")
    query = f"""
        select {STORY_COLUMNS}, count(*) over () as total from lake.articles a join lake.explain e using (published_date, webUrl)
        where {" and ".join(conditions)} order by {ORDERS[wanted.order]} limit {int(wanted.limit)} offset {int(wanted.offset)}"""
    with open_tables(lake, paths_of_dates(lake, [day]), columns=STORY_TABLES) as connection:
        rows = run_rows(connection, query, parameters)
        topics = run_rows(connection, "select distinct unnest(topics) as topic from lake.articles where heat >= 0 order by topic")
    place = dates.index(day)
    return StoriesPage(
        day=day,
        before=dates[place - 1] if place else None,
        after=dates[place + 1] if place + 1 < len(dates) else None,
        stories=hot_stories(lake, rows),
        total=rows[0]["total"] if rows else 0,
        topics=tuple(row["topic"] for row in topics),
    )


def read_story(lake: Lake, story_id: str, day: date) -> StoryPage:
    """The story with this id that has a member within `WINDOW_DAYS` of `day`. Raises PermanentError when there is none.

    An id that the story has absorbed leads to it as well.
    """
    paths = paths_of_dates(lake, dates_around(day, before=WINDOW_DAYS, after=WINDOW_DAYS))
    columns = {"explain": ("published_date", "storyId", "absorbedStoryIds")}
    with open_tables(lake, {"explain": paths["explain"]}, columns=columns) as connection:
        days = run_rows(connection, _DAYS_OF_STORY, {"id": story_id})
    with open_tables(lake, paths_of_dates(lake, [row["published_date"] for row in days]), columns=MEMBER_TABLES) as connection:
        rows = run_rows(connection, _MEMBERS, {"id": story_id})
    if not rows:
        raise PermanentError(f"no record within {WINDOW_DAYS} days of {day} is of a story with the id {story_id}")
    lead = next((row for row in rows if row["webUrl"] == row["leadUrl"]), rows[0])
    strengths = {link["webUrl"]: link["similarity"] for link in lead["links"]}
    places = places_in_time([row["publishedDateTime"] for row in rows], width=TIMELINE_WIDTH)
    members = tuple(TimedMember(row, place, strengths.get(row["webUrl"]), row is lead) for row, place in zip(rows, places, strict=True))
    domains = [row["providerDomain"] for row in rows if row["duplicateOf"] is None]
    pictures = picture_digests(lake, [lead])
    return StoryPage(
        story_id=str(lead["storyId"]),
        lead=next(member for member in members if member.is_lead),
        members=members,
        newsrooms=tuple(sorted(((name, domains.count(name)) for name in set(domains)), key=lambda one: (-one[1], one[0]))),
        copies=sum(1 for row in rows if row["duplicateOf"] is not None),
        picture=next(iter(pictures.values()), None),
    )


def read_record(lake: Lake, url: str, day: date | None) -> RecordPage:
    """The record at `url`, of `day` if that is given. Raises PermanentError when there is none."""
    found = find_record(lake, url, days=None if day is None else [day])
    similarity = {link["webUrl"]: link["similarity"] for link in found.explain["links"]}
    image = (found.extracted or {}).get("imageFile")
    return RecordPage(
        record=found,
        fields=record_fields(found.article, found.extracted),
        terms=explained_terms(found.explain),
        related=tuple((other, similarity.get(other["webUrl"])) for other in found.article["related"]),
        picture=digest_of(image) if image else None,
    )


_OF_STORY = "storyId = $id or list_contains(absorbedStoryIds, $id)"
_DAYS_OF_STORY = f"select distinct published_date from lake.explain where {_OF_STORY}"
_MEMBERS = f"""
    select a.*, a.provider.name as providerName, a.provider.domain as providerDomain, e.* exclude (published_date, webUrl)
    from lake.articles a join (select * from lake.explain where {_OF_STORY}) e using (published_date, webUrl)
    order by a.publishedDateTime, webUrl"""
