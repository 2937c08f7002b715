"""The stories of a published date (law 5), read from the timeline: each article's story, its size, its newsrooms, its links.

Pure but for the files of the timeline that a state reads.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipeline.core.catalogue import StoryConstants
from pipeline.stories.timeline.folds import History, near_days
from pipeline.stories.timeline.members import DAY_S, Members, joined_members

EPOCH = date(1970, 1, 1)


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
class DateStories:
    """The articles of a published date and the other members of their stories, as the timeline has them."""

    members: Members
    of_article: Mapping[str, ArticleStory]
    default_pictures: Mapping[str, Collection[str]]
    """By webUrl, the addresses of the article's pictures that are the default picture of its site."""

    @property
    def published_dates(self) -> dict[str, date]:
        """By webUrl, the published date of each article."""
        days = (self.members.published_s // DAY_S).tolist()
        return {url: EPOCH + timedelta(days=day) for url, day in zip(self.members.urls.tolist(), days, strict=True)}

    def similarities(self, of: Collection[str]) -> dict[tuple[str, str], float]:
        """The similarity of each article of a story with a webUrl in `of` to the other members, in both orders of the two webUrls."""
        of_story: defaultdict[str, list[str]] = defaultdict(list)
        columns = list(zip(self.members.urls.tolist(), self.members.story_ids.tolist(), self.members.links.tolist(), strict=True))
        for url, story, _ in columns:
            if story is not None:
                of_story[story].append(url)
        found = {}
        for url, story, links in columns:
            if url in of and story is not None:
                others = (other for other in of_story[story] if other != url)
                for other, value in zip(others, links, strict=True):
                    found[url, other] = found[other, url] = value
        return found


def read_stories(timeline: History, published_date: date, constants: StoryConstants) -> DateStories:
    """The stories of the articles of a date. Raises DamagedError, and FileNotFoundError for a file that a later fold deleted."""
    day = (published_date - EPOCH).days
    own = timeline.members(day)
    stories = set() if own is None else set(own.story_ids.tolist()) - {None}
    tables = [] if own is None else [own]
    for other in near_days({day}, constants) if stories else ():
        table = timeline.members(other) if other != day else None
        if table is not None:
            tables.append(table.take(np.flatnonzero([story in stories for story in table.story_ids.tolist()])))
    members = joined_members(tables)
    defaults = dict(zip(members.urls.tolist(), members.default_pictures.tolist(), strict=True))
    return DateStories(members, _article_stories(members), defaults)


def _article_stories(members: Members) -> dict[str, ArticleStory]:
    stories, originals = members.story_ids.tolist(), members.originals.tolist()
    sizes = Counter(stories)
    reporting: defaultdict[str | None, set[str | None]] = defaultdict(set)
    for story, original, domain in zip(stories, originals, members.domains.tolist(), strict=True):
        if original is None:
            reporting[story].add(domain)
    columns = (members.urls, members.methods, members.similarities, members.absorbed, members.left)
    return {
        url: ArticleStory(
            id=story,
            duplicate_of=original,
            duplicate_method=method,
            duplicate_similarity=similarity if original is not None else None,
            absorbed=absorbed,
            split_from=left,
            size=sizes[story] if story is not None else 1,
            newsrooms=len(reporting[story]) if story is not None else 1,
        )
        for story, original, url, method, similarity, absorbed, left in zip(
            stories, originals, *(column.tolist() for column in columns), strict=True
        )
    }
