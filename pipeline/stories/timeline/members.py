"""The articles of the timeline as columns: when and by whom each was published, its story, and the article that it copies. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.stories.average_linkage import Floats, Integers
from pipeline.stories.timeline.day_features import digest_of

DAY_S = 86_400
Objects = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Members:
    """Columns of equal length, one place per article, in the order of webUrl; times are whole seconds or days since 1970."""

    urls: Objects
    own_ids: Objects
    """The id of a story whose first captured member is this article."""
    contents: Objects
    """A digest of everything that decides its story (`CapturedArticles.digests`)."""
    domains: Objects
    published_s: Integers
    captured_s: Integers
    """When its page was captured first."""
    days: Integers
    """The day of captures that holds its features."""
    rows: Integers
    """Its row among the features of that day."""
    is_brief: NDArray[np.bool_]
    """Whether it has fewer than `BRIEF_WORDS` words of text."""
    is_headline: NDArray[np.bool_]
    """Whether it has a title and no text."""
    weekdays: Integers
    story_ids: Objects
    """None for an article that stands alone."""
    originals: Objects
    """The webUrl of the article that it copies, None for most."""
    methods: Objects
    similarities: Floats
    """The similarity to the original, 0 for an article that copies none."""
    absorbed: Objects
    """Ids that its story absorbed, as a tuple."""
    left: Objects
    """Ids of the stories that it left, as a tuple."""
    links: Objects
    """Its similarities to the other members of its story, in the order of their webUrls, as a tuple; empty for one that stands alone."""
    languages: Objects
    versions: Objects
    """A digest of all rows of its page, which changes whenever its page was captured again."""
    pictures: Objects
    """All pictures that its page showed (`day_features.Picture`), as a tuple."""
    default_pictures: Objects
    """The addresses of those that are a default picture of its site, as a tuple, see `default_pictures`."""

    def __len__(self) -> int:
        return len(self.urls)

    def digest(self) -> str:
        """A digest of what records read: every column but those that only the next fold needs."""
        return digest_of([getattr(self, name).tolist() for name in _OF_RECORDS])

    def take(self, places: Integers) -> Members:
        """The members at these places, in the given order."""
        return Members(*(getattr(self, column.name)[places] for column in fields(self)))

    def equals(self, other: Members) -> bool:
        """Whether all columns have the same values."""
        return all(np.array_equal(getattr(self, column.name), getattr(other, column.name)) for column in fields(self))

    def by_published_day(self) -> dict[int, Members]:
        """The members of each published day, as days since 1970."""
        days = self.published_s // DAY_S
        return {day: self.take(np.flatnonzero(days == day)) for day in np.unique(days).tolist()}

    def places_of(self) -> dict[str, list[int]]:
        """The places of each webUrl: several for a page that was published again more than two windows later."""
        found: dict[str, list[int]] = {}
        for place, url in enumerate(self.urls.tolist()):
            found.setdefault(url, []).append(place)
        return found

    def place_of(self) -> dict[str, int]:
        """The place of each article, by its webUrl."""
        return {url: place for place, url in enumerate(self.urls.tolist())}


_OF_RECORDS = ("urls", "versions", "story_ids", "originals", "methods", "similarities", "absorbed", "left", "links", "default_pictures")

_KINDS: Mapping[str, type] = {
    "published_s": np.int64,
    "captured_s": np.int64,
    "days": np.int64,
    "rows": np.int64,
    "is_brief": np.bool_,
    "is_headline": np.bool_,
    "weekdays": np.int64,
    "similarities": np.float64,
}


def members_of(**columns: Sequence[Any] | NDArray[Any]) -> Members:
    """The members with these columns, by the names of the fields of `Members`; the order of the places is kept."""
    return Members(**{name: _column(name, values) for name, values in columns.items()})


def _column(name: str, values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    return np.asarray(values, dtype=_KINDS[name]) if name in _KINDS else objects(values)


def objects(values: Sequence[Any] | NDArray[Any]) -> Objects:
    """The values as an array of objects; tuples stay tuples."""
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        column[place] = value
    return column


NO_MEMBERS = members_of(**{column.name: [] for column in fields(Members)})


def joined_members(tables: Sequence[Members]) -> Members:
    """The articles of all tables in the order of webUrl."""
    filled = [table for table in tables if len(table)]
    if not filled:
        return NO_MEMBERS
    together = Members(*(np.concatenate([getattr(table, column.name) for table in filled]) for column in fields(Members)))
    return together.take(np.array(sorted(range(len(together)), key=together.urls.tolist().__getitem__), dtype=np.int64))


def story_id(url: str) -> str:
    """The id of a story whose first captured member is the page at `url`: 16 hex digits of SHA-256."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]
