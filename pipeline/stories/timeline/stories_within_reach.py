"""Forms again the stories of the last days and those that the articles of one day of captures come near, from their similar pairs.

Pure: members and the features of earlier days in, members out. An older story that no new article comes near stays as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.core.catalogue import StoryConstants
from pipeline.stories.average_linkage import Floats, Integers, Pairs, cluster_labels
from pipeline.stories.common_words import stop_words
from pipeline.stories.duplicates import find_copies
from pipeline.stories.lineage import followed_stories
from pipeline.stories.similarities import MIN_SIMILARITY, time_factor
from pipeline.stories.templates import Templates, templates_of
from pipeline.stories.timeline.day_features import DayFeatures, DayPairs
from pipeline.stories.timeline.members import Members, joined_members, objects
from pipeline.stories.timeline.term_vectors import ArticleTerms, TermCounts, weighed_vectors, word_numbers
from pipeline.stories.title_similarity import TitleVectors, add_title_similarity, centred_title_vectors, with_title_similarity
from pipeline.stories.vectors import TimeFactor, Vectors, find_similar_pairs, pair_similarities
from pipeline.stories.words import RaggedArray

Similarity = Callable[[Integers, Integers], Floats]

RECENT_DAYS = 1
"""The articles of this number of days of captures before are clustered again with those of the day, because rarities have changed since:
uci_stories has an F1 of .754 with 1 and with 2, and .743 when only the stories that new articles come near are formed again."""


class FeatureHistory(Protocol):
    """The features and similar pairs of earlier days of captures; days are numbered from 1970-01-01."""

    def features(self, day: int) -> DayFeatures | None:
        """The features of a day of captures; None for a day without articles."""

    def pairs(self, day: int) -> DayPairs | None:
        """The similar pairs of a day of captures."""


class StoriesWithinReach:
    """The articles within reach of a day of captures; the stories around those that entered on it are formed again."""

    def __init__(
        self, members: Members, day: int, features: DayFeatures, counts: TermCounts, history: FeatureHistory, constants: StoryConstants
    ) -> None:
        self._members = members
        self._day, self._new, self._history, self._constants = day, features, history, constants
        self._days, self._rows, self._published_s = members.days, members.rows, members.published_s
        self._counts = counts
        self._window_s = constants.window_hours * 3600
        self._loaded: dict[int, DayFeatures] = {day: features}

    def _features(self, day: int) -> DayFeatures:
        if day not in self._loaded:
            found = self._history.features(day)
            if found is None:
                raise ValueError(f"the members name day {day} of captures, which has no features")
            self._loaded[day] = found
        return self._loaded[day]

    def _time_factor(self, places: Integers) -> TimeFactor:
        is_headline = self._members.is_headline[places]
        return time_factor(self._published_s[places], self._members.weekdays[places], self._window_s, is_headline=is_headline)

    def new_pairs(self) -> Pairs:
        """The similar pairs of places in `members` in which at least one article entered on the day."""
        is_new = self._days == self._day
        if not is_new.any():
            return Pairs(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))
        near = np.flatnonzero(is_new | _is_near(self._published_s, self._published_s[is_new], self._window_s))
        places, vectors = self._vectors(near, shared_with=self._features(self._day).terms)
        least = min(MIN_SIMILARITY, self._constants.threshold)
        rows = np.flatnonzero(is_new[places])
        factor = self._time_factor(places)
        found = find_similar_pairs(vectors, factor, least=least, rows=rows)
        titles = self._titles(places)
        if titles is not None:
            seconds = self._published_s[places]
            found = add_title_similarity(found, titles, seconds, vectors, factor, window_s=self._window_s, least=least)
            entering = np.flatnonzero(is_new[places[found.rows]] | is_new[places[found.others]])
            found = Pairs(found.rows[entering], found.others[entering], found.similarities[entering])
        one, other = places[found.rows], places[found.others]
        return Pairs(np.minimum(one, other), np.maximum(one, other), found.similarities)

    def _vectors(self, places: Integers, *, shared_with: ArticleTerms | None = None) -> tuple[Integers, Vectors]:
        """The places in the order of days and rows, and their vectors with the rarity of the day."""
        ordered = places[np.lexsort((self._rows[places], self._days[places]))]
        days = np.unique(self._days[ordered]).tolist()
        parts = [self._features(day).terms.take(self._rows[ordered[self._days[ordered] == day]]) for day in days]
        return ordered, weighed_vectors(parts, self._counts, shared_with=shared_with)

    def _similarity_among(self, places: Integers) -> Similarity:
        """A function that gives the similarities of pairs of positions in `places`, with the rarity of the day."""
        ordered, vectors = self._vectors(places)
        row_of = np.empty(len(self._members), dtype=np.int64)
        row_of[ordered] = np.arange(len(ordered))
        row_of, factor, titles = row_of[places], self._time_factor(ordered), self._titles(ordered)

        def similarity(rows: Integers, others: Integers) -> Floats:
            one, other = row_of[rows], row_of[others]
            values = pair_similarities(vectors, one, other, factor)
            return values if titles is None else with_title_similarity(values, titles, one, other, factor)

        return similarity

    def _titles(self, places: Integers) -> TitleVectors | None:
        """The vectors of the titles of the places, in days and rows; None where titles are compared by their words only."""
        if not self._constants.embeddings:
            return None
        days = np.unique(self._days[places]).tolist()
        raw = np.concatenate([self._features(day).title_vectors[self._rows[places[self._days[places] == day]]] for day in days])
        return centred_title_vectors(raw, self._members.languages[places].tolist(), self._members.is_brief[places])

    def day_pairs(self, pairs: Pairs) -> DayPairs:
        """The pairs as days and rows instead of places, in ascending order."""
        swap = self._days[pairs.rows] != self._day
        mine, other = np.where(swap, pairs.others, pairs.rows), np.where(swap, pairs.rows, pairs.others)
        order = np.lexsort((self._rows[other], self._days[other], self._rows[mine]))
        return DayPairs(self._rows[mine][order], self._days[other][order], self._rows[other][order])

    def form_again(self, new: Pairs, *, disturbed: set[str]) -> Members:
        """Form again the stories that the pairs `new` touch, the recent ones, and those with the ids `disturbed`; returns all members."""
        places = self._affected(new, disturbed)
        if not len(places):
            return self._members
        affected = self._members.take(places)
        titles, texts, is_ignored = self._words(affected)
        templates = templates_of(titles, texts, affected.domains.tolist(), is_ignored=is_ignored)
        similarity = self._similarity_among(places)
        pairs = templates.without_apart(self._pairs_among(places, new, similarity))
        labels = cluster_labels(
            pairs,
            affected.published_s,
            is_brief=affected.is_brief,
            window_s=self._window_s,
            threshold=self._constants.threshold,
        )
        named = self._named(affected, labels, pairs)
        formed = _with_links(self._with_copies(named, labels, texts, templates), labels, similarity)
        rest = np.ones(len(self._members), dtype=bool)
        rest[places] = False
        return joined_members([self._members.take(np.flatnonzero(rest)), formed])

    def _affected(self, new: Pairs, disturbed: set[str]) -> Integers:
        is_new = self._days == self._day
        close = new.similarities >= self._constants.threshold
        is_near = is_new.copy()
        is_near[new.rows[close]] = is_near[new.others[close]] = True
        stories = self._members.story_ids
        is_near |= self._is_recent()
        touched = (set(stories[is_near].tolist()) | disturbed) - {None}
        return np.flatnonzero(is_near | np.array([story in touched for story in stories.tolist()], dtype=bool))

    def _is_recent(self) -> NDArray[np.bool_]:
        """The articles of the last RECENT_DAYS days of captures that are published within the window of one that enters now."""
        is_new = self._days == self._day
        if not is_new.any():
            return np.zeros(len(is_new), dtype=bool)
        is_late: NDArray[np.bool_] = self._days >= self._day - RECENT_DAYS
        is_recent: NDArray[np.bool_] = is_late & _is_near(self._published_s, self._published_s[is_new], self._window_s)
        return is_recent

    def _pairs_among(self, places: Integers, new: Pairs, similarity: Similarity) -> Pairs:
        """All known pairs of the places, as positions in `places`, with the similarities that the rarities of the day give."""
        inside = np.full(len(self._members), -1)
        inside[places] = np.arange(len(places))
        lookup = {}
        for day in np.unique(self._days[places]).tolist():
            of_day = places[self._days[places] == day]
            table = np.full(int(self._rows[of_day].max()) + 1, -1)
            table[self._rows[of_day]] = inside[of_day]
            lookup[day] = table
        found = [(inside[new.rows], inside[new.others])]
        for day in sorted(lookup.keys() - {self._day}):
            kept = self._history.pairs(day)
            if kept is not None:
                mine = _looked_up(lookup, np.full(len(kept.rows), day), kept.rows)
                found.append((mine, _looked_up(lookup, kept.other_days, kept.other_rows)))
        rows, others = (np.concatenate(column) for column in zip(*found, strict=True))
        both = np.flatnonzero((rows >= 0) & (others >= 0))
        low, high = np.minimum(rows[both], others[both]), np.maximum(rows[both], others[both])
        order = np.lexsort((high, low))
        low, high = low[order], high[order]
        return Pairs(low, high, similarity(low, high))

    def _words(self, members: Members) -> tuple[RaggedArray, RaggedArray, NDArray[np.bool_]]:
        """The words of titles and texts, numbered anew; and which of the numbers are stop words."""
        places = list(zip(members.days.tolist(), members.rows.tolist(), strict=True))
        titles = [self._features(day).title_words[row] for day, row in places]
        texts = [self._features(day).text_words[row] for day, row in places]
        codes, different = pd.factorize(np.concatenate([*titles, *texts]))
        title_ends, text_ends = np.cumsum([len(words) for words in titles]), np.cumsum([len(words) for words in texts])
        numbers, of_titles = codes.astype(np.int32), int(title_ends[-1])
        is_ignored = np.isin(different, _stop_word_numbers())
        return RaggedArray(numbers[:of_titles], title_ends), RaggedArray(numbers[of_titles:], text_ends), is_ignored

    def _named(self, members: Members, labels: Integers, pairs: Pairs) -> Members:
        """The members with the ids of their stories, what those absorbed, and what each member left."""
        ranks = np.empty(len(members), dtype=np.int64)
        ranks[np.lexsort((np.arange(len(members)), members.published_s, members.captured_s))] = np.arange(len(members))
        followed = followed_stories(
            pairs,
            labels,
            ranks,
            own_ids=members.own_ids.tolist(),
            before=members.story_ids.tolist(),
            absorbed=members.absorbed.tolist(),
            left=members.left.tolist(),
            threshold=self._constants.threshold,
        )
        return replace(members, story_ids=objects(followed.ids), absorbed=objects(followed.absorbed), left=objects(followed.left))

    def _with_copies(self, members: Members, labels: Integers, texts: RaggedArray, templates: Templates) -> Members:
        """The members, those marked that copy an earlier one of their story."""
        stories = [group[np.lexsort((group, members.published_s[group]))].tolist() for group in _groups(labels) if len(group) > 1]
        titles = [self._features(day).titles[row] for day, row in zip(members.days.tolist(), members.rows.tolist(), strict=True)]
        copies = {copy.row: copy for copy in find_copies(stories, titles, texts, members.domains.tolist(), are_apart=templates.are_apart)}
        found = [copies.get(row) for row in range(len(members))]
        return replace(
            members,
            originals=objects([None if copy is None else members.urls[copy.original] for copy in found]),
            methods=objects([None if copy is None else copy.method for copy in found]),
            similarities=np.array([0.0 if copy is None else round(copy.similarity, 4) for copy in found]),
        )


@functools.cache
def _stop_word_numbers() -> NDArray[np.int32]:
    return word_numbers(sorted(stop_words()))


def _groups(labels: Integers) -> list[Integers]:
    """The rows of each cluster, ascending."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    return np.split(order, starts[1:]) if len(order) else []


def _with_links(members: Members, labels: Integers, similarity: Similarity) -> Members:
    """The members with their similarities to the other members of their stories."""
    stories = [group for group in _groups(labels) if len(group) > 1]
    pairs = [group[np.stack(np.triu_indices(len(group), k=1))] for group in stories]
    rows, others = np.concatenate([np.empty((2, 0), dtype=np.int64), *pairs], axis=1)
    values, links, start = np.round(similarity(rows, others), 4), [()] * len(members), 0
    for group, inner in zip(stories, pairs, strict=True):
        table = np.zeros((len(group), len(group)))
        table[np.triu_indices(len(group), k=1)] = values[start : start + inner.shape[1]]
        table += table.T
        start += inner.shape[1]
        for place, row in enumerate(group.tolist()):
            links[row] = tuple(np.delete(table[place], place).tolist())
    return replace(members, links=objects(links))


def _is_near(published_s: Integers, new_s: Integers, window_s: int) -> NDArray[np.bool_]:
    """The articles published within the window of a new one."""
    ordered = np.sort(new_s)
    place = np.searchsorted(ordered, published_s)
    after = ordered[np.minimum(place, len(ordered) - 1)]
    before = ordered[np.maximum(place - 1, 0)]
    near: NDArray[np.bool_] = np.minimum(np.abs(after - published_s), np.abs(published_s - before)) <= window_s
    return near


def _looked_up(lookup: Mapping[int, Integers], days: Integers, rows: Integers) -> Integers:
    """The position of each row of a day of captures; -1 for one that has none."""
    found = np.full(len(rows), -1)
    for day, table in lookup.items():
        of_day = np.flatnonzero((days == day) & (rows < len(table)))
        found[of_day] = table[rows[of_day]]
    return found
