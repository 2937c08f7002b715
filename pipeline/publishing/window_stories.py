"""Finds the stories of a window's articles (law 5): each article's story, its size, and the number of newsrooms that reported it. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.core.catalogue import StoryConstants
from pipeline.publishing.versions import ArticleVersion
from pipeline.stories.clustering import Articles, Clustering, cluster_articles

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ArticleStory:
    """The story of one article, and what the article copies."""

    id: str | None
    """None for an article that stands alone."""
    duplicate_of: str | None
    duplicate_method: str | None
    duplicate_similarity: float | None
    absorbed: tuple[str, ...]
    """Ids of the stories that its story absorbed."""
    split_from: tuple[str, ...]
    """Ids of the stories that the article left."""
    size: int
    newsrooms: int
    """Registered domains with an article of the story that is no copy."""


@dataclass(frozen=True, slots=True)
class WindowStories:
    """The story of each article, by webUrl, and what the similarities of members are computed from."""

    of_article: Mapping[str, ArticleStory]
    clustering: Clustering

    def similarities(self, of: Collection[str]) -> dict[tuple[str, str], float]:
        """The similarity of each article of a story with a webUrl in `of` to the other members, in both orders of the two webUrls."""
        found = {}
        for one, other, value in self.clustering.links(of):
            found[one, other] = found[other, one] = value
        return found


def find_window_stories(versions: Sequence[ArticleVersion], constants: StoryConstants) -> WindowStories:
    """The stories of the window's articles, one version of each."""
    clustering = cluster_articles(_columns(versions), constants=constants)
    memberships = clustering.memberships
    domains = {version.web_url: version.provider_domain for version in versions}
    sizes = Counter(member.story_id for member in memberships)
    reporting: dict[str | None, set[str]] = defaultdict(set)
    for member in memberships:
        if member.duplicate_of is None:
            reporting[member.story_id].add(domains[member.url])
    of_article = {
        member.url: ArticleStory(
            id=member.story_id,
            duplicate_of=member.duplicate_of,
            duplicate_method=member.duplicate_method,
            duplicate_similarity=member.duplicate_similarity,
            absorbed=member.absorbed,
            split_from=member.split_from,
            size=sizes[member.story_id] if member.story_id is not None else 1,
            newsrooms=len(reporting[member.story_id]) if member.story_id is not None else 1,
        )
        for member in memberships
    }
    return WindowStories(of_article, clustering)


def _columns(versions: Sequence[ArticleVersion]) -> Articles:
    return Articles(
        urls=[version.web_url for version in versions],
        titles=[version.title for version in versions],
        texts=[version.text for version in versions],
        published_s=[_seconds(version.published) for version in versions],
        captured_s=[_seconds(version.first_captured_at) for version in versions],
        domains=[version.provider_domain for version in versions],
        languages=[version.language for version in versions],
    )


def _seconds(moment: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return (moment - EPOCH) // timedelta(seconds=1)
