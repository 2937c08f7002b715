"""Reads the tables of a published date and checks them against the schema and the laws of the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date
from typing import NamedTuple

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import SchemaError
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.publishing.record_tables import read_explanations, read_records
from pipeline.publishing.records import ArticleRecord, Explanation
from pipeline.publishing.scoring.laws import NOT_LEAD


def check_date(lake: Lake, catalogue: Catalogue, published_date: date) -> dict[str, int]:
    """Read the date's `articles`, `explain` and `stories` and check them against the schema and the laws.

    Returns the numbers of articles, of leads of stories and of published records. Raises SchemaError, which names the record.
    """
    path, explain_path = storage.articles_path(published_date), storage.explain_path(published_date)
    records = read_records(schema.check_table(lake.read_table(path), schema.ARTICLES, name=path))
    explanations = read_explanations(schema.check_table(lake.read_table(explain_path), schema.EXPLAIN, name=explain_path))
    keys = [(record.published, record.web_url) for record in records]
    _demand(keys == sorted(set(keys)), path, "rows are not sorted by publication time and webUrl, or a webUrl occurs twice")
    _demand(
        [one.web_url for one in explanations] == [one.web_url for one in records], path, "the rows of explain are not those of articles"
    )
    for record, explanation in zip(records, explanations, strict=True):
        problem = _broken_law(record, explanation, catalogue, published_date)
        _demand(problem is None, path, f"{record.web_url}: {problem}")
    _check_stories(lake, published_date, records, explanations)
    return {
        "articles": len(records),
        "leads": sum(1 for record, why in zip(records, explanations, strict=True) if record.related and why.is_lead),
        "published": sum(record.is_published for record in records),
    }


def broken_stories(lake: Lake) -> Iterator[str]:
    """A sentence for each record of the lake that tells another thing about its story than the records that it names.

    The members of a story name each other, and have one id and one lead, which is a member. A page that was captured with publication
    times far apart has a record on each date; one of its records has to agree. Raises DamagedError, StorageError.
    """
    told: defaultdict[str, list[_Told]] = defaultdict(list)
    for day in lake.published_dates():
        path = storage.explain_path(day)
        for row in rows_of(lake.read_table(path, columns=["webUrl", "storyId", "leadUrl", "links"])) if lake.exists(path) else ():
            if row["storyId"] is not None:
                told[row["webUrl"]].append(_Told(row["storyId"], row["leadUrl"], frozenset(link["webUrl"] for link in row["links"])))
    for url, mine in ((url, one) for url, records in told.items() for one in records):
        for other in sorted(mine.others):
            naming = [one for one in told.get(other, ()) if url in one.others]
            if not naming:
                yield f"{url} names {other}, which does not name it"
            elif all((one.story, one.lead) != (mine.story, mine.lead) for one in naming):
                yield f"{url} and {other} name each other with different ids or leads"
        if mine.lead not in {url, *mine.others}:
            yield f"{url}: its lead {mine.lead} is no member of its story"


class _Told(NamedTuple):
    """What a record tells about its story: id, lead, and the members that it names."""

    story: str
    lead: str | None
    others: frozenset[str]


def _check_stories(lake: Lake, published_date: date, records: Sequence[ArticleRecord], explanations: Sequence[Explanation]) -> None:
    """Check that `stories` has the stories whose first article is a record of the date, with the leads and sizes that `explain` names."""
    path = storage.stories_path(published_date)
    rows = rows_of(schema.check_table(lake.read_table(path), schema.STORIES, name=path))
    first = {
        (why.story.id, why.lead_url, why.story.size)
        for record, why in zip(records, explanations, strict=True)
        if why.story.id is not None
        and all((record.published, record.web_url) < (other.published, other.web_url) for other in record.related)
    }
    found = [(row["storyId"], row["leadUrl"], row["size"]) for row in rows]
    _demand(sorted(found) == sorted(first), path, "its stories, their leads or sizes are not those of the first articles in explain")
    sums = all(row["size"] == len(row["members"]) and sum(one["role"] == "lead" for one in row["members"]) == 1 for row in rows)
    _demand(sums, path, "a story does not have as many members as its size, or not exactly one lead")


def _broken_law(record: ArticleRecord, explanation: Explanation, catalogue: Catalogue, published_date: date) -> str | None:
    """The problem of the record, when it breaks a law; else None."""
    scoring, related = catalogue.scoring, record.related
    order = [(-other.quality, other.published, other.web_url) for other in related]
    for_related = scoring.heat.related * len(related) if record.quality >= scoring.heat.lead_quality else 0
    is_removed = {record.web_url, record.original_url} & set(scoring.removed)
    laws = {
        "its date is not the published date of the partition": record.published.astimezone(UTC).date() == published_date,
        "the parts of quality do not add up": explanation.parts.total == record.quality == explanation.quality,
        "its heat does not follow from quality and story": record.heat
        == (record.quality + for_related if explanation.is_lead else NOT_LEAD),
        "published does not follow from heat": record.is_published == (record.heat >= scoring.published_heat and not is_removed),
        "related is not sorted": order == sorted(order),
        "related names itself or one twice": len({record.web_url, *(other.web_url for other in related)}) == len(related) + 1,
        "it has an AMP URL without a cache URL, or the reverse": (record.amp_web_url is None) == (record.cdn_amp_web_url is None),
        "a topic occurs twice": len(set(record.topics)) == len(record.topics),
    }
    return next((problem for problem, holds in laws.items() if not holds), None)


def _demand(holds: bool, path: str, problem: str) -> None:
    if not holds:
        raise SchemaError(f"{path}: {problem}")
