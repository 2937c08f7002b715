"""The days of captures of a lake: which parts hold articles of each day, and the newest versions of the pages captured on it.

Reads marks and extracted rows. A part is known by its marks: while they are unchanged, its file is not opened.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Interval, Part
from pipeline.core.settings import VERSION, Settings
from pipeline.lake import storage
from pipeline.lake.removals.erased_providers import read_erased
from pipeline.lake.storage import Lake
from pipeline.publishing.timeline.lake_store import PartDays, date_of
from pipeline.publishing.versions import COLUMNS, ArticleVersion, capture_order, read_versions
from pipeline.stories.embeddings import package_version
from pipeline.stories.timeline.day_features import CapturedArticles, digest_of
from pipeline.stories.timeline.default_pictures import FoldConstants
from pipeline.stories.timeline.log import DayCaptures
from pipeline.stories.timeline.members import DAY_S

TIMELINE_VERSION = "1"
"""Part of the digest of each day. Raise it when a change of the code gives other stories for the same captures."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FoldRules:
    """What the timeline depends on besides captures. `digest` changes with any of it; `is_kept` says which articles are in stories."""

    constants: FoldConstants
    digest: str
    is_kept: Callable[[ArticleVersion], bool]


def fold_rules(catalogue: Catalogue, settings: Settings) -> FoldRules:
    """The rules of the catalogue and the settings. Raises ConfigError when the extra `embeddings` is asked for and missing.

    Articles whose publisher refuses publication (rights.yaml), and those with a probability below `NEWS_MIN_CONFIDENCE_*`, are in no story.
    """
    constants = FoldConstants(catalogue.scoring.stories, catalogue.scoring.images.max_articles)
    policy, least = catalogue.rights, settings.min_confidences

    def is_kept(version: ArticleVersion) -> bool:
        action = policy.action_on(version.refusals, domain=version.provider_domain)
        return action != "doNotPublish" and not version.confidence.doubtful_fields(least)

    decides = [
        *(constants.stories.model_dump(mode="json"), constants.max_pictured, policy.model_dump(mode="json"), dict(sorted(least.items()))),
        *(VERSION, TIMELINE_VERSION, pa.__version__, package_version() if constants.stories.embeddings else None),
    ]
    return FoldRules(constants, digest_of(decides), is_kept)


def captured_parts(lake: Lake, known: Mapping[str, PartDays]) -> dict[str, PartDays]:
    """The parts of the lake that have dated articles, by `interval.part`; those of `known` whose marks are unchanged are not read."""
    marks: defaultdict[str, list[str]] = defaultdict(list)
    for mark in lake.all_marks():
        marks[f"{mark.interval}.{mark.part}"].append(mark.path)
    found = {}
    for key, paths in sorted(marks.items()):
        digest = digest_of(sorted(paths))
        before = known.get(key)
        found[key] = before if before is not None and before.digest == digest else PartDays(digest, _days_of(lake, _path(key)))
    return found


def captured_days(lake: Lake, parts: Mapping[str, PartDays], rules: FoldRules, *, until: datetime | None = None) -> list[DayCaptures]:
    """The days on which articles of `parts` were captured, in order; with `until` only captures up to that time."""
    of_day: defaultdict[int, list[str]] = defaultdict(list)
    for key, part in parts.items():
        for day in part.days:
            of_day[day].append(key)
    captures = []
    for day in sorted(of_day):
        start = datetime.combine(date_of(day), time(), UTC)
        if until is not None and start > until:
            break
        end = until if until is not None and until < start + DAY else None
        keys = [(key, parts[key].digest) for key in sorted(of_day[day])]
        digest = digest_of([rules.digest, keys, None if end is None else end.isoformat()])
        captures.append(DayCaptures(day, digest, functools.partial(_read_day, lake, [key for key, _ in keys], start, end, rules)))
    return captures


def articles_of_day(
    versions: Iterable[ArticleVersion], is_kept: Callable[[ArticleVersion], bool]
) -> tuple[CapturedArticles, dict[str, int]]:
    """The newest version of each page captured on a day, and the pages that left a published day, by that day.

    A page left when its newest version is no article in stories, or when it moved to another date: then it stood where its first move of
    the day says.
    """
    of_page: defaultdict[str, list[ArticleVersion]] = defaultdict(list)
    for version in versions:
        of_page[version.web_url].append(version)
    kept: list[list[ArticleVersion]] = []
    gone: dict[str, int] = {}
    for url in sorted(of_page):
        ordered = sorted(of_page[url], key=capture_order)
        moved = [version for version in ordered if version.moved_to is not None]
        is_article = ordered[-1].moved_to is None and is_kept(ordered[-1])
        if is_article:
            kept.append(ordered)
        if moved or not is_article:
            gone[url] = _seconds((moved or ordered[-1:])[0].published) // DAY_S
    newest = [ordered[-1] for ordered in kept]
    return CapturedArticles(
        urls=[version.web_url for version in newest],
        titles=[version.title for version in newest],
        texts=[version.text or "" for version in newest],
        domains=[version.provider_domain for version in newest],
        languages=[version.language for version in newest],
        published_s=np.array([_seconds(version.published) for version in newest], dtype=np.int64),
        captured_s=np.array([_seconds(ordered[0].captured_at) for ordered in kept], dtype=np.int64),
        versions=[_digest(ordered) for ordered in kept],
        pictures=[_pictures(ordered) for ordered in kept],
    ), gone


def _read_day(
    lake: Lake, keys: Sequence[str], start: datetime, until: datetime | None, rules: FoldRules
) -> tuple[CapturedArticles, dict[str, int]]:
    moment = ds.field("capturedAt")
    inside = (moment >= pa.scalar(start, schema.TIMESTAMP)) & (moment < pa.scalar(start + DAY, schema.TIMESTAMP))
    if until is not None:
        inside &= moment <= pa.scalar(until, schema.TIMESTAMP)
    paths = [path for path in map(_path, keys) if lake.exists(path)]
    dated = inside & ds.field("publishedDateTime").is_valid()
    versions = read_versions(lake.read_rows(paths, dated, schema.EXTRACTED, columns=COLUMNS))
    erased = read_erased(lake)
    return articles_of_day((version for version in versions if not erased.holds(version.web_url)), rules.is_kept)


def _days_of(lake: Lake, path: str) -> tuple[int, ...]:
    """The days on which the dated articles in the file were captured."""
    if not lake.exists(path):
        return ()
    table = lake.read_table(path, columns=["capturedAt", "publishedDateTime"])
    moments = table.filter(pc.is_valid(table["publishedDateTime"]))["capturedAt"].to_pylist()
    return tuple(sorted({_seconds(moment) // DAY_S for moment in moments}))


def _path(key: str) -> str:
    interval, _, part = key.partition(".")
    return storage.extracted_path(Part(Interval.parse(interval), part))


def _seconds(moment: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _pictures(versions: Sequence[ArticleVersion]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(image.url, version.image_file or "") for version in versions for image in version.images}))


def _digest(versions: Sequence[ArticleVersion]) -> str:
    return digest_of([[_plain(getattr(version, column.name)) for column in fields(ArticleVersion)] for version in versions])


def _plain(value: Any) -> object:
    """The value as JSON has it: the same for equal values in every process."""
    if value is None or isinstance(value, str | int):
        return value
    return sorted(value) if isinstance(value, frozenset) else repr(value)
