"""The store of the timeline in a lake: what folds give as Parquet files named by their content, and the manifest that commits them.

::

    timeline/manifest.json                                   the parts that are folded, and a step for each day; written last, it commits
    timeline/captured_date=2026-11-23/KEY.features.parquet   words, terms and title vectors of the articles that entered on the day
    timeline/captured_date=2026-11-23/KEY.counts.parquet     in how many of them each term stands
    timeline/captured_date=2026-11-23/KEY.pairs.parquet      their similar pairs
    timeline/published_date=2026-11-23/KEY.members.parquet   the articles of a published day, and their stories, after some day

A file is written once and never changed, so a writer that was killed leaves nothing wrong, only files that no step names: they are deleted
after the next commit.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from pipeline.core.errors import DamagedError
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.stories.timeline.day_features import DayFeatures, DayPairs
from pipeline.stories.timeline.log import DayStep
from pipeline.stories.timeline.members import Members, members_of
from pipeline.stories.timeline.term_vectors import ArticleTerms, TermCounts
from pipeline.stories.words import RaggedArray

MANIFEST = f"{storage.TIMELINE}/manifest.json"
FORMAT = 1
"""Version of the manifest; a timeline of another one is folded again."""
KEPT_TABLES = 20
"""Tables of members that a store keeps in memory: a little more than the days of a window. A plain choice."""
_ARTICLES = b"articles"
"""Key of the number of articles that the terms of a file are counted over."""
EPOCH = date(1970, 1, 1)
_STRINGS = pa.list_(pa.string())
_TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("published_s", "captured_s", "days", "rows", "weekdays"), pa.int64()),
    **dict.fromkeys(("is_brief", "is_headline"), pa.bool_()),
    "similarities": pa.float64(),
    "links": pa.list_(pa.float64()),
    "pictures": pa.list_(_STRINGS),
    **dict.fromkeys(("absorbed", "left", "default_pictures"), _STRINGS),
}
_MEMBERS = pa.schema([(column.name, _TYPES.get(column.name, pa.string())) for column in fields(Members)])


@dataclass(frozen=True, slots=True)
class PartDays:
    """A captured part: the digest of its marks, and the days on which articles in it were captured."""

    digest: str
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TimelineManifest:
    """The committed timeline: the parts that it was folded from, by `interval.part`, and the step of each day of captures."""

    parts: Mapping[str, PartDays] = field(default_factory=dict)
    steps: Mapping[int, DayStep] = field(default_factory=dict)
    format: int = FORMAT

    def named_files(self) -> set[str]:
        """The paths of all files that the steps name."""
        features = {f"{step.features}.{kind}.parquet" for step in self.steps.values() if step.features for kind in ("features", "counts")}
        pairs = {f"{step.pairs}.pairs.parquet" for step in self.steps.values() if step.pairs}
        return features | pairs | {f"{key}.members.parquet" for step in self.steps.values() for key in step.members.values() if key}


_ADAPTER = TypeAdapter(TimelineManifest)


def read_manifest(lake: Lake) -> TimelineManifest:
    """The manifest of the lake; an empty one where there is none. Raises DamagedError."""
    try:
        stored = json.loads(lake.read_bytes(MANIFEST))
        return _ADAPTER.validate_python(stored) if stored["format"] == FORMAT else TimelineManifest()
    except FileNotFoundError:
        return TimelineManifest()
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise DamagedError(f"{MANIFEST} is not the manifest of a timeline") from error


def write_manifest(lake: Lake, manifest: TimelineManifest) -> None:
    """Write the manifest, which commits the files that its steps name; the same manifest gives the same bytes, an empty one no file."""
    if not manifest.parts:
        lake.delete(MANIFEST)
        return
    lake.write_bytes(MANIFEST, json.dumps(_ADAPTER.dump_python(manifest, mode="json"), sort_keys=True, indent=0).encode() + b"\n")


def sweep_unnamed(lake: Lake, manifest: TimelineManifest) -> None:
    """Delete the files of the timeline that no step of the manifest names."""
    named = manifest.named_files()
    for path in (file.path for file in lake.files(storage.TIMELINE) if file.path.endswith(".parquet")):
        if path not in named:
            lake.delete(path)


class LakeStore:
    """`stories.timeline.log.Store` in a lake. A key is the path of a file without what its name ends in.

    Its methods raise DamagedError, FileNotFoundError for a file that was deleted, and StorageError.
    """

    def __init__(self, lake: Lake, *, is_scratch: bool = False, overwrites: bool = False) -> None:
        """With `is_scratch` what is put is kept in memory and not written; with `overwrites` present files are written again."""
        self._lake, self._is_scratch, self._overwrites = lake, is_scratch, overwrites
        self._scratch: dict[str, pa.Table] = {}
        self.members = functools.lru_cache(KEPT_TABLES)(self._members)

    def put_features(self, day: int, features: DayFeatures) -> str:
        """Store the features of a day of captures; returns their key."""
        vectors = features.title_vectors
        table = pa.table(
            {
                "title": pa.array(list(features.titles), pa.string()),
                "titleWords": _lists(features.title_words.numbers, features.title_words.ends),
                "textWords": _lists(features.text_words.numbers, features.text_words.ends),
                "terms": _lists(features.terms.terms, features.terms.ends),
                "occurrences": _lists(features.terms.occurrences, features.terms.ends),
                "titleVector": _lists(vectors.ravel(), np.arange(1, len(vectors) + 1, dtype=np.int64) * vectors.shape[1]),
            }
        )
        key = self._put(f"captured_date={day_name(day)}", "features", table)
        counts = pa.table({"term": features.counts.terms, "articles": features.counts.counts})
        self._write(f"{key}.counts.parquet", counts.replace_schema_metadata({_ARTICLES: str(features.counts.articles)}))
        return key

    def put_pairs(self, day: int, pairs: DayPairs) -> str:
        """Store the pairs of a day of captures; returns their key."""
        table = pa.table({"row": pairs.rows, "otherDay": pairs.other_days, "otherRow": pairs.other_rows})
        return self._put(f"captured_date={day_name(day)}", "pairs", table)

    def put_members(self, published_day: int, members: Members) -> str:
        """Store the members of a published day; returns their key."""
        columns = [pa.array(getattr(members, name).tolist(), _MEMBERS.field(name).type) for name in _MEMBERS.names]
        return self._put(f"published_date={day_name(published_day)}", "members", pa.table(columns, schema=_MEMBERS))

    def features(self, key: str) -> DayFeatures:
        """The features stored under the key."""
        table = self._table(f"{key}.features.parquet")
        terms = ArticleTerms(_values(table, "terms"), _values(table, "occurrences"), _ends(table, "terms"))
        title_words, text_words = (RaggedArray(_values(table, name), _ends(table, name)) for name in ("titleWords", "textWords"))
        vectors = _values(table, "titleVector")
        rows = table.num_rows
        return DayFeatures(
            table["title"].to_pylist(),
            title_words,
            text_words,
            terms,
            self.counts(key),
            vectors.reshape(rows, len(vectors) // rows if rows else 0),
        )

    def pairs(self, key: str) -> DayPairs:
        """The pairs stored under the key."""
        table = self._table(f"{key}.pairs.parquet")
        return DayPairs(*(table[name].to_numpy() for name in ("row", "otherDay", "otherRow")))

    def counts(self, key: str) -> TermCounts:
        """The term counts of the features stored under the key."""
        table = self._table(f"{key}.counts.parquet")
        return TermCounts(table["term"].to_numpy(), table["articles"].to_numpy(), int(table.schema.metadata[_ARTICLES]))

    def _members(self, key: str) -> Members:
        table = self._table(f"{key}.members.parquet")
        columns = {name: table[name].to_pylist() for name in _MEMBERS.names}
        for name in ("absorbed", "left", "links", "default_pictures"):
            columns[name] = [tuple(values) for values in columns[name]]
        columns["pictures"] = [tuple(tuple(picture) for picture in pictures) for pictures in columns["pictures"]]
        return members_of(**columns)

    def _put(self, folder: str, kind: str, table: pa.Table) -> str:
        data = _as_parquet(table)
        key = f"{storage.TIMELINE}/{folder}/{hashlib.sha256(data).hexdigest()[:16]}"
        self._write(f"{key}.{kind}.parquet", table)
        return key

    def _write(self, path: str, table: pa.Table) -> None:
        if self._is_scratch:
            self._scratch[path] = table
        elif self._overwrites or not self._lake.exists(path):
            self._lake.write_bytes(path, _as_parquet(table))

    def _table(self, path: str) -> pa.Table:
        return self._scratch[path] if path in self._scratch else self._lake.read_table(path)


def day_name(day: int) -> str:
    """The day, counted from 1970-01-01, as YYYY-MM-DD."""
    return date_of(day).isoformat()


def date_of(day: int) -> date:
    """The date of a day that is counted from 1970-01-01."""
    return EPOCH + timedelta(days=day)


def day_of(moment: date) -> int:
    """The number of a date, counted from 1970-01-01."""
    return (moment - EPOCH).days


def _as_parquet(table: pa.Table) -> bytes:
    octets = io.BytesIO()
    pq.write_table(table, octets, compression="zstd")
    return octets.getvalue()


def _lists(values: NDArray[Any], ends: NDArray[np.int64]) -> pa.Array:
    return pa.LargeListArray.from_arrays(pa.array(np.append(0, ends), pa.int64()), pa.array(values))


def _values(table: pa.Table, name: str) -> NDArray[Any]:
    values: NDArray[Any] = _whole(table, name).flatten().to_numpy(zero_copy_only=False)
    return values


def _ends(table: pa.Table, name: str) -> NDArray[np.int64]:
    offsets: NDArray[np.int64] = _whole(table, name).offsets.to_numpy()
    ends: NDArray[np.int64] = offsets[1:] - offsets[0]
    return ends


def _whole(table: pa.Table, name: str) -> pa.LargeListArray:
    return table[name].combine_chunks()
