"""A timeline in memory: captures by day, folded with a store of dictionaries, and its state as bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from pipeline.stories.timeline.day_features import CapturedArticles, DayFeatures, DayPairs, Picture, digest_of
from pipeline.stories.timeline.default_pictures import FoldConstants
from pipeline.stories.timeline.log import DayCaptures, DayStep, State, fold_days, state_after
from pipeline.stories.timeline.members import DAY_S, Members, joined_members
from pipeline.stories.timeline.term_vectors import TermCounts


@dataclass(frozen=True)
class Capture:
    """A version of a page; a `gone` one is no article any more."""

    url: str
    title: str
    text: str
    published_s: int
    captured_s: int
    domain: str = "paper.example"
    gone: bool = False
    pictures: tuple[Picture, ...] = ()


@dataclass
class MemoryStore:
    """Keeps the parts of a timeline by the digest of their content; `folds` counts the days that were folded."""

    kept: dict[str, Any] = field(default_factory=dict)
    folds: int = 0

    def _put(self, value: Any, content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()[:16]
        self.kept[key] = value
        return key

    def put_features(self, day: int, features: DayFeatures) -> str:
        self.folds += 1
        return self._put(features, content_of((day, features)))

    def put_pairs(self, day: int, pairs: DayPairs) -> str:
        return self._put(pairs, content_of((day, pairs)))

    def put_members(self, published_day: int, members: Members) -> str:
        return self._put(members, content_of((published_day, members)))

    def features(self, key: str) -> DayFeatures:
        found: DayFeatures = self.kept[key]
        return found

    def pairs(self, key: str) -> DayPairs:
        found: DayPairs = self.kept[key]
        return found

    def counts(self, key: str) -> TermCounts:
        return self.features(key).counts

    def members(self, key: str) -> Members:
        found: Members = self.kept[key]
        return found


def content_of(value: Any) -> bytes:
    """The value as bytes, equal for equal values."""
    if isinstance(value, np.ndarray):
        return value.dtype.str.encode() + (repr(value.tolist()).encode() if value.dtype == object else value.tobytes())
    if isinstance(value, str | int | float | bool | None):
        return repr(value).encode()
    if isinstance(value, list | tuple):
        return b"[" + b",".join(content_of(one) for one in value) + b"]"
    return b"<" + b",".join(content_of(getattr(value, name)) for name in value.__slots__) + b">"


def captures_by_day(captures: Iterable[Capture]) -> list[DayCaptures]:
    """The captures as the days that `fold_days` takes: of each page the newest version of the day."""
    days: dict[int, list[Capture]] = {}
    for capture in sorted(captures, key=lambda one: (one.captured_s, one.url, one.title)):
        days.setdefault(capture.captured_s // DAY_S, []).append(capture)
    return [
        DayCaptures(day, hashlib.sha256(repr(found).encode()).hexdigest(), partial(_newest, found)) for day, found in sorted(days.items())
    ]


def _newest(captures: list[Capture]) -> tuple[CapturedArticles, Mapping[str, int]]:
    newest: dict[str, Capture] = {}
    for one in captures:
        first = newest.get(one.url, one).captured_s
        newest[one.url] = replace(one, captured_s=first)
    kept = [newest[url] for url in sorted(newest) if not newest[url].gone]
    gone = {url: one.published_s // DAY_S for url, one in newest.items() if one.gone}
    articles = CapturedArticles(
        [one.url for one in kept],
        [one.title for one in kept],
        [one.text for one in kept],
        [one.domain for one in kept],
        ["en"] * len(kept),
        np.array([one.published_s for one in kept], dtype=np.int64),
        np.array([one.captured_s for one in kept], dtype=np.int64),
        [digest_of([[one.title, one.captured_s] for one in captures if one.url == found.url]) for found in kept],
        [one.pictures for one in kept],
    )
    return articles, gone


def folded(
    captures: Iterable[Capture], known: Mapping[int, DayStep] | None = None, store: MemoryStore | None = None
) -> tuple[dict[int, DayStep], State]:
    """The steps of the captures, those of `known` kept where they hold, and the state after them."""
    kept = store if store is not None else MemoryStore()
    steps = fold_days(captures_by_day(captures), known or {}, kept, constants=FoldConstants())
    return steps, state_after(steps, kept)


def members(state: State) -> Members:
    """All members, by webUrl."""
    return joined_members([table for day in sorted(state.member_keys) if (table := state.members(day)) is not None])


def groups(state: State) -> set[frozenset[str]]:
    """The stories as sets of webUrls."""
    found: dict[str, set[str]] = {}
    table = members(state)
    for url, story in zip(table.urls.tolist(), table.story_ids.tolist(), strict=True):
        if story is not None:
            found.setdefault(story, set()).add(url)
    return {frozenset(urls) for urls in found.values()}


def at(day: float) -> int:
    """Seconds since 1970 of the day counted from 2026-11-20, a fraction being a time of it."""
    return int(((date(2026, 11, 20) - date(1970, 1, 1)).days + day) * DAY_S)
