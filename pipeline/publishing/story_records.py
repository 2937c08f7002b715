"""Stories as rows of the table `stories`: who reported it when, who copied, and the article that stands for it.

Pure: scored articles of one story in, a value out. `record_tables` turns it into a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.publishing.article_stories import ArticleStory
from pipeline.publishing.scoring.articles import ScoredArticle
from pipeline.publishing.scoring.laws import pick_lead


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """An article of a story; `role` is `lead`, `copy` or `member`."""

    web_url: str
    published: datetime
    domain: str
    role: str
    similarity: float | None
    """Its similarity to the lead; None for the lead itself."""


@dataclass(frozen=True, slots=True)
class StoryRecord:
    """A row of `stories`."""

    id: str
    lead_url: str
    title: str
    newsrooms: int
    copies: int
    """Articles that copy another one of the story; the lead may be one of them."""
    languages: tuple[str, ...]
    topics: tuple[str, ...]
    heat: int
    members: tuple[MemberRecord, ...]
    """In the order of publication."""
    absorbed: tuple[str, ...]
    split_from: tuple[str, ...]


def make_story_record(
    story_id: str,
    articles: Sequence[ScoredArticle],
    stories: Mapping[str, ArticleStory],
    *,
    heat: Mapping[str, int],
    similarity: Mapping[tuple[str, str], float],
) -> StoryRecord:
    """The story of `articles`, all its members in the order of publication; `stories` and `heat` are by webUrl."""
    lead_url = lead_of(articles)
    lead = next(article for article in articles if article.url == lead_url)
    return StoryRecord(
        id=story_id,
        lead_url=lead_url,
        title=lead.version.title,
        newsrooms=stories[lead_url].newsrooms,
        copies=sum(stories[article.url].duplicate_of is not None for article in articles),
        languages=_by_frequency(article.version.language for article in articles if article.version.language is not None),
        topics=_by_frequency(topic for article in articles for topic in article.topics.topics),
        heat=heat[lead_url],
        members=tuple(
            MemberRecord(
                web_url=article.url,
                published=article.version.published,
                domain=article.version.provider_domain,
                role="lead" if article.url == lead_url else "copy" if stories[article.url].duplicate_of is not None else "member",
                similarity=similarity.get((lead_url, article.url)),
            )
            for article in articles
        ),
        absorbed=stories[lead_url].absorbed,
        split_from=tuple(sorted({former for article in articles for former in stories[article.url].split_from})),
    )


def lead_of(articles: Iterable[ScoredArticle]) -> str:
    """The webUrl of the article that stands for a story of these articles."""
    return pick_lead(article.member for article in articles).web_url


def _by_frequency(values: Iterable[str]) -> tuple[str, ...]:
    """The different values, the most frequent first; of equally frequent ones the smaller first."""
    counts = Counter(values)
    return tuple(sorted(counts, key=lambda value: (-counts[value], value)))
