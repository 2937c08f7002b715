"""Stories as one timeline: the state after a day of captures is a function of the state before it and of the day's articles.

Pure: a day's articles and the state before it in, the parts of the state that change out. The state knows each article once, whichever
published date asks for it. An article is compared with every article that was there, with the rarities known on the day that it enters.
The stories that it comes near, and those of the day before, are formed again from their members; all other stories stay. The same
days give the same state, whether they are folded at once or one by one, and a day that is not over is folded again as it grows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.core.catalogue import StoryConstants
from pipeline.stories.timeline.day_features import CapturedArticles, DayFeatures, DayPairs, ReadArticles, digest_of, read_articles
from pipeline.stories.timeline.default_pictures import FoldConstants, with_default_pictures
from pipeline.stories.timeline.members import DAY_S, Members, joined_members, members_of, objects, story_id
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


def fold_day(day: int, articles: CapturedArticles, gone: Mapping[str, int], history: History, *, constants: FoldConstants) -> DayFold:
    """Fold the newest versions of the pages captured on `day` into the state before it.

    `gone` are the pages that left a published day, by that day: they are no articles any more, or moved to the day that `articles` says.
    Raises ConfigError when `constants.stories.embeddings` is on and the extra is missing.
    """
    days = {moment // DAY_S for moment in articles.published_s.tolist()} | set(gone.values())
    tables = {one: history.members(one) for one in reached_days(days, constants.stories)}
    known = _captured_again(joined_members([table for table in tables.values() if table is not None]), articles)
    places_of, contents, digests = known.places_of(), known.contents.tolist(), articles.digests()
    entering = [row for row, url in enumerate(articles.urls) if [contents[place] for place in places_of.get(url, ())] != [digests[row]]]
    entered = articles.select(entering)
    leaving = sorted(place for url in {*entered.urls, *(gone.keys() - set(articles.urls))} for place in places_of.get(url, ()))
    members, features, pairs = known, None, None
    if entering or leaving:
        members, features, pairs = _placed(day, entered, [digests[row] for row in entering], known, leaving, history, constants)
    domains = {*articles.domains, *known.domains[leaving].tolist()}
    shown = with_default_pictures(members, near_days(days, constants.stories), domains, constants)
    return DayFold(features, pairs, _changed(tables, shown))


def _placed(
    day: int,
    entered: CapturedArticles,
    digests: Sequence[str],
    known: Members,
    leaving: Sequence[int],
    history: History,
    constants: FoldConstants,
) -> tuple[Members, DayFeatures | None, DayPairs | None]:
    """The members with the entered articles and without the leaving ones, and the features and pairs of those that entered."""
    read = read_articles(entered, has_embeddings=constants.stories.embeddings)
    before = [counts for past in range(day - COUNTED_DAYS, day) if (counts := history.counts(past)) is not None]
    counts = added_counts([*before, read.features.counts])
    new = _entered(entered, digests, read, day, known)
    staying = known.take(np.delete(np.arange(len(known)), leaving))
    within_reach = StoriesWithinReach(joined_members([staying, new]), day, read.features, counts, history, constants.stories)
    pairs = within_reach.new_pairs()
    members = within_reach.form_again(pairs, disturbed=set(known.story_ids[leaving].tolist()) - {None})
    return members, *((read.features, within_reach.day_pairs(pairs)) if len(entered) else (None, None))


def _captured_again(known: Members, articles: CapturedArticles) -> Members:
    """The known members; those whose pages were captured on the day with the version that follows, and the pictures of both."""
    row_of = {url: row for row, url in enumerate(articles.urls)}
    versions, pictures = known.versions.tolist(), known.pictures.tolist()
    for place, url in enumerate(known.urls.tolist()):
        if (row := row_of.get(url)) is not None:
            versions[place] = digest_of([versions[place], articles.versions[row]])
            pictures[place] = tuple(sorted({*pictures[place], *articles.pictures[row]}))
    return replace(known, versions=objects(versions), pictures=objects(pictures))


def reached_days(days: set[int], constants: StoryConstants) -> list[int]:
    """The published days whose stories may change when articles of `days` change.

    They reach two windows to both sides: a pair spans at most one window, and so does the story of its other article.
    """
    return near_days(set(near_days(days, constants)), constants)


def near_days(days: set[int], constants: StoryConstants) -> list[int]:
    """The published days within a window of `days`."""
    reach = -(-constants.window_hours // 24)
    return sorted({day + shift for day in days for shift in range(-reach, reach + 1)})


def _entered(entered: CapturedArticles, digests: Sequence[str], read: ReadArticles, day: int, known: Members) -> Members:
    """The entering articles as members; one whose content changed keeps the time of its first capture, its story and its history."""
    place_of = known.place_of()
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
        links=[()] * size,
        languages=entered.languages,
        versions=kept(known.versions, entered.versions),
        pictures=kept(known.pictures, entered.pictures),
        default_pictures=[()] * size,
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

    def fold(self, day: int, articles: CapturedArticles, gone: Mapping[str, int], *, constants: FoldConstants) -> DayFold:
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


def fold_articles(articles: CapturedArticles, *, constants: FoldConstants) -> Members:
    """The members of the timeline after all `articles`, folded in the order of their captures, a day at a time."""
    timeline = KeptTimeline()
    days = articles.captured_s // DAY_S
    for day in np.unique(days).tolist():
        timeline.fold(day, articles.select(np.flatnonzero(days == day).tolist()), {}, constants=constants)
    return joined_members(list(timeline.published.values()))
