"""Stories as one timeline: the state after a day of captures is a function of the state before it and of the day's articles.

Pure: a day's articles and the state before it in, the parts of the state that change out. The state knows each article once, whichever
published date asks for it. An article is compared with every article that was there, with the rarities known on the day that it enters.
The stories that it comes near, and those of the day before, are formed again from their members; all other stories stay. The same
days give the same state, whether they are folded at once or one by one, and a day that is not over is folded again as it grows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.core.catalogue import StoryConstants
from pipeline.stories.timeline.day_features import CapturedArticles, DayFeatures, DayPairs, ReadArticles, read_articles
from pipeline.stories.timeline.members import DAY_S, Members, joined_members, members_of, story_id
from pipeline.stories.timeline.stories_within_reach import FeatureHistory, StoriesWithinReach
from pipeline.stories.timeline.term_vectors import TermCounts, added_counts

COUNTED_DAYS = 28
"""Days of captures before the folded one over which rarity is counted: with 7 the labelled sets lose 0.001 of F1."""


class History(FeatureHistory, Protocol):
    """The state before a day. Days are numbered from 1970-01-01."""

    def counts(self, day: int) -> TermCounts | None:
        """The term counts of a day of captures."""

    def members(self, published_day: int) -> Members | None:
        """The articles published on a day."""


@dataclass(frozen=True, slots=True)
class DayFold:
    """The parts of the state that a day of captures adds or changes.

    `members` has the published days that differ from the state before, None for a day that has no article any more.
    """

    features: DayFeatures | None
    pairs: DayPairs | None
    members: Mapping[int, Members | None]


def fold_day(day: int, articles: CapturedArticles, gone: Mapping[str, int], history: History, *, constants: StoryConstants) -> DayFold:
    """Fold the newest versions of the pages captured on `day` into the state before it.

    `gone` are pages that are no articles any more by their newest version of the day, each with the published day that it stood on.
    """
    days = {moment // DAY_S for moment in articles.published_s.tolist()} | set(gone.values())
    tables = {one: history.members(one) for one in reached_days(days, constants)}
    known = joined_members([table for table in tables.values() if table is not None])
    place_of, contents, digests = known.place_of(), known.contents.tolist(), articles.digests()
    entering = [row for row, url in enumerate(articles.urls) if url not in place_of or contents[place_of[url]] != digests[row]]
    entered = articles.select(entering)
    leaving = sorted({place_of[url] for url in [*entered.urls, *gone] if url in place_of} - _stay(articles, entering, place_of))
    if not entering and not leaving:
        return DayFold(None, None, {})
    read = read_articles(entered)
    before = [counts for past in range(day - COUNTED_DAYS, day) if (counts := history.counts(past)) is not None]
    counts = added_counts([*before, read.features.counts])
    new = _entered(entered, [digests[row] for row in entering], read, day, known, place_of)
    staying = known.take(np.delete(np.arange(len(known)), leaving))
    within_reach = StoriesWithinReach(joined_members([staying, new]), day, read.features, counts, history, constants)
    pairs = within_reach.new_pairs()
    members = within_reach.form_again(pairs, disturbed=set(known.story_ids[leaving].tolist()) - {None})
    features, day_pairs = (read.features, within_reach.day_pairs(pairs)) if entering else (None, None)
    return DayFold(features, day_pairs, _changed(tables, members))


def _stay(articles: CapturedArticles, entering: Sequence[int], place_of: Mapping[str, int]) -> set[int]:
    """The places of known articles that were captured again as they are."""
    again = set(range(len(articles))) - set(entering)
    return {place_of[articles.urls[row]] for row in again}


def reached_days(days: set[int], constants: StoryConstants) -> list[int]:
    """The published days whose stories may change when articles of `days` change.

    They reach two windows to both sides: a pair spans at most one window, and so does the story of its other article.
    """
    reach = 2 * -(-constants.window_hours // 24)
    return sorted({day + shift for day in days for shift in range(-reach, reach + 1)})


def _entered(
    entered: CapturedArticles, digests: Sequence[str], read: ReadArticles, day: int, known: Members, place_of: Mapping[str, int]
) -> Members:
    """The entering articles as members; one whose content changed keeps the time of its first capture, its story and its history."""
    before = [place_of.get(url) for url in entered.urls]
    size = len(entered)

    def kept(column: NDArray[Any], default: Sequence[object]) -> list[object]:
        return [value if place is None else column[place] for place, value in zip(before, default, strict=True)]

    return members_of(
        urls=entered.urls,
        own_ids=[story_id(url) for url in entered.urls],
        contents=digests,
        domains=entered.domains,
        published_s=entered.published_s,
        captured_s=kept(known.captured_s, entered.captured_s.tolist()),
        days=[day] * size,
        rows=range(size),
        is_brief=read.is_brief,
        is_headline=read.is_headline,
        weekdays=read.weekdays,
        story_ids=kept(known.story_ids, [None] * size),
        originals=[None] * size,
        methods=[None] * size,
        similarities=[0.0] * size,
        absorbed=kept(known.absorbed, [()] * size),
        left=kept(known.left, [()] * size),
    )


def _changed(before: Mapping[int, Members | None], members: Members) -> dict[int, Members | None]:
    after = members.by_published_day()
    changed: dict[int, Members | None] = {}
    for day in sorted(before.keys() | after.keys()):
        table, old = after.get(day), before.get(day)
        if table is None or old is None or not table.equals(old):
            changed[day] = table
    return {day: table for day, table in changed.items() if table is not None or before.get(day) is not None}


@dataclass
class KeptTimeline:
    """A timeline that is kept in memory; it is the `History` of the day that is folded next."""

    days: dict[int, tuple[DayFeatures, DayPairs]] = field(default_factory=dict)
    published: dict[int, Members] = field(default_factory=dict)

    def fold(self, day: int, articles: CapturedArticles, gone: Mapping[str, int], *, constants: StoryConstants) -> DayFold:
        """Fold a day of captures into the timeline; returns the parts that changed."""
        fold = fold_day(day, articles, gone, self, constants=constants)
        if fold.features is not None and fold.pairs is not None:
            self.days[day] = fold.features, fold.pairs
        for published_day, members in fold.members.items():
            if members is None:
                del self.published[published_day]
            else:
                self.published[published_day] = members
        return fold

    def features(self, day: int) -> DayFeatures | None:
        """The features of the articles captured on the day; None when there are none."""
        return self.days[day][0] if day in self.days else None

    def pairs(self, day: int) -> DayPairs | None:
        """The similar pairs of the articles captured on the day; None when there are none."""
        return self.days[day][1] if day in self.days else None

    def counts(self, day: int) -> TermCounts | None:
        """The term counts of the articles captured on the day; None when there are none."""
        return self.days[day][0].counts if day in self.days else None

    def members(self, published_day: int) -> Members | None:
        """The members of stories published on the day; None when there are none."""
        return self.published.get(published_day)


def fold_articles(articles: CapturedArticles, *, constants: StoryConstants) -> Members:
    """The members of the timeline after all `articles`, folded in the order of their captures, a day at a time."""
    timeline = KeptTimeline()
    days = articles.captured_s // DAY_S
    for day in np.unique(days).tolist():
        timeline.fold(day, articles.select(np.flatnonzero(days == day).tolist()), {}, constants=constants)
    return joined_members(list(timeline.published.values()))
