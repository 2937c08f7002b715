"""The views that analysts query, as SQL over the tables of the schema `lake`. Pure.

`lake.NAME` is a table as its files hold it, with the key of its folders (`published_date`, `interval`) as a column. The view of the same
name without a schema is made for questions: hours are times, and a page has one row.
"""

from __future__ import annotations

from collections.abc import Collection

from pipeline.core.rights import DIRECTIVES, USES

HOUR = "strptime(interval, '%Y-%m-%dT%H') at time zone 'UTC' as hour"
LAST_CAPTURE = "capturedAt desc, captureFile desc, captureOffset desc, (movedTo is null) desc"
"""The order of a page's versions, the newest first, as in `pipeline.publishing.versions`."""


def _listed(words: Collection[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


REFUSED = f"""list_sort(list_distinct(list_concat(
        list_transform(list_filter(coalesce(rights.wishes, []), lambda w: w.wish in ({_listed(DIRECTIVES)})
            or (w.wish in ({_listed(USES)}) and w.value = 'no')), lambda w: w.wish),
        case when rights.tdm = 'reserved' then ['tdm'] else [] end)))"""
"""`pipeline.core.rights.refused_uses` in SQL."""

VIEWS = {
    "articles": """
        select *, provider.name as providerName, provider.domain as providerDomain, case when heat >= 0 then heat end as leadHeat
        from lake.articles""",
    "explain": "select * from lake.explain",
    "stories": "select * from lake.stories",
    "extracted": f"""
        select *, {HOUR}, {REFUSED} as refused from lake.extracted
        qualify row_number() over (partition by webUrl order by {LAST_CAPTURE}) = 1 and movedTo is null""",
    "pages": f"""
        select a.*, x.text, x.authors, x.language, x.keywords, x.isAccessibleForFree, x.modifiedDateTime, x.publishedPrecision,
            x.publishedLocalDate, x.rights, {REFUSED.replace("rights.", "x.rights.")} as refused, e.storyId, e.storySize, e.isLead,
            e.leadUrl, e.duplicateOf, e.sourceId, e.via, e.capturedAt, e.captureFile, e.captureOffset, e.vanishedAt
        from main.articles a join lake.explain e using (published_date, webUrl)
        left join lake.extracted x
            on x.captureFile = e.captureFile and x.captureOffset = e.captureOffset and x.webUrl = e.webUrl and x.movedTo is null""",
    "ledger": f"select *, {HOUR} from lake.ledger",
    "completeness": "select * from lake.completeness",
    "changes": "select * from lake.changes",
    "images": """
        select published_date, webUrl, image.url as imageUrl, image.width, image.height, image.isCached
        from (select published_date, webUrl, unnest(images) as image from lake.articles)""",
    "related": """
        select r.published_date, r.webUrl, r.position, r.other.webUrl as relatedUrl, r.other.title as relatedTitle,
            r.other.publishedDateTime as relatedPublishedDateTime, r.other.provider.name as relatedProviderName,
            r.other.provider.domain as relatedProviderDomain, r.other.quality as relatedQuality,
            e.links[r.position].similarity as similarity
        from (
            select published_date, webUrl, unnest(related) as other, generate_subscripts(related, 1) as position from lake.articles
        ) r join lake.explain e using (published_date, webUrl)""",
}
"""The query of each view, in an order in which a view comes after those that it uses."""

MEANINGS = {
    "articles": "a record, as published; leadHeat is its heat, null where another record stands for its story",
    "explain": "why a record has its numbers: terms of quality, story, capture",
    "stories": "a story of two or more articles: its lead, times, newsrooms, topics, heat, and its articles with their roles",
    "extracted": "the newest version of each page: text and metadata; refused: the uses that its publisher refuses",
    "pages": "a record with the text, authors and language of the page it was made from: one row a record",
    "ledger": "a URL that was seen in an hour, with its outcome and the reason",
    "completeness": "a source's day: expected, found, fetched, extracted, published, and why the rest was not",
    "changes": "what a build of a date changed in a record: new, gone, or a field with its old and its new value",
    "images": "a picture of a record",
    "related": "another article of a record's story, with its similarity",
}
"""What a row of each view is."""


def view_queries(tables: Collection[str]) -> dict[str, str]:
    """The query of each view over `tables` of the schema `lake`; a table without a view of its own gets a plain one."""
    return {**VIEWS, **{name: f"select * from lake.{name}" for name in tables if name not in VIEWS}}


def view_statements(tables: Collection[str]) -> list[str]:
    """The statements that create the views over `tables` of the schema `lake`."""
    return [f"create view {name} as {query}" for name, query in view_queries(tables).items()]
