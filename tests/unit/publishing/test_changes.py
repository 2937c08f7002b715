"""The table `changes`: what a build of a date changed, record by record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.core import schema
from pipeline.lake.removals.erasures import ErasedDomains
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.publishing.changes import Build, scrub_changes, uncommitted_paths, write_changes
from pipeline.publishing.differences import compare

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
A, B, C = ("https://one.example/a", "https://two.example/b", "https://two.example/c")
NOBODY = ErasedDomains()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def record(url: str, **values: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        **dict.fromkeys(schema.ARTICLES.names),
        **{"category": "news", "title": "A title", "publishedDateTime": NOON, "originalUrl": url, "webUrl": url, "type": "article"},
        **{"quality": 20, "heat": 20, "published": False, "provider": {"name": "One", "domain": "one.example"}},
        **{"topics": ["ai"], "images": [], "related": []},
    }
    return {**plain, **values}


def table(*records: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(records), schema=schema.ARTICLES)


def build(before: str | None, after: str) -> Build:
    return Build(DAY, None if before is None else before * 16, after * 16, NOON)


def written(lake: Lake, before: pa.Table | None, after: pa.Table, *, erased: ErasedDomains = NOBODY) -> list[tuple[Any, ...]]:
    path = write_changes(lake, build("b", "a"), compare(before, after), erased=erased)
    names = ("webUrl", "change", "field", "old", "new")
    return [tuple(row[name] for name in names) for row in rows_of(lake.read_table(path))] if path is not None else []


def test_each_record_is_new_changed_by_field_or_gone(lake: Lake) -> None:
    before, after = table(record(A), record(B)), table(record(B, title="Another title", heat=40), record(C))
    assert written(lake, before, after) == [
        (A, "gone", None, None, None),
        (B, "changed", "title", '"A title"', '"Another title"'),
        (B, "changed", "heat", "20", "40"),
        (C, "new", None, None, None),
    ]


def test_a_change_names_its_build_the_build_before_and_the_newest_capture(lake: Lake) -> None:
    path = write_changes(lake, build(None, "a"), compare(None, table(record(A))), erased=NOBODY)
    assert path == "changes/published_date=2026-11-20/20261120T120000Z-000000000000-aaaaaaaaaaaa.parquet"
    (row,) = rows_of(lake.read_table(path))
    assert (row["knownUntil"], row["build"], row["buildBefore"]) == (NOON, "a" * 12, None)


def test_a_build_that_changes_no_record_leaves_no_file(lake: Lake) -> None:
    assert write_changes(lake, build("b", "a"), compare(table(record(A)), table(record(A))), erased=NOBODY) is None
    assert not lake.exists("changes")


def test_a_change_of_related_has_the_urls_and_one_of_the_sealed_part_no_value(lake: Lake) -> None:
    other = {**dict.fromkeys(field.name for field in schema.RELATED), "webUrl": B}
    after = table(record(A, related=[other], secured="c2VjcmV0;aXY="))
    assert written(lake, table(record(A)), after) == [(A, "changed", "related", "[]", f'["{B}"]'), (A, "changed", "secured", None, None)]


def test_changes_name_no_erased_provider(lake: Lake) -> None:
    other = {**dict.fromkeys(field.name for field in schema.RELATED), "webUrl": A}
    before, after = table(record(A), record(B, related=[other])), table(record(B, heat=10))
    assert written(lake, before, after, erased=ErasedDomains(frozenset({"one.example"}))) == [(B, "changed", "heat", "20", "10")]


def test_an_erasure_removes_a_provider_from_the_changes(lake: Lake) -> None:
    other = {**dict.fromkeys(field.name for field in schema.RELATED), "webUrl": A}
    written(lake, table(record(A), record(B)), table(record(A, heat=0), record(B, related=[other])))
    scrub_changes(lake, ErasedDomains(frozenset({"one.example"})))
    (file,) = lake.files("changes")
    assert [row["webUrl"] for row in rows_of(lake.read_table(file.path))] == [B]
    assert "one.example" not in repr(lake.read_table(file.path).to_pylist())
    scrub_changes(lake, ErasedDomains(frozenset({"two.example"})))
    assert lake.files("changes") == []


def test_a_build_that_was_never_committed_is_recognised() -> None:
    committed = [build(None, "a").path, build("a", "b").path, build("b", "a").path, build("a", "c").path]
    assert uncommitted_paths(committed, "c" * 16) == []
    assert uncommitted_paths([*committed, build("c", "d").path], "c" * 16) == [build("c", "d").path]
    assert uncommitted_paths(committed[:3], "a" * 16) == [], "a build that was taken back"


def test_the_file_of_a_build_that_was_never_committed_goes_with_the_next_one(lake: Lake) -> None:
    killed = write_changes(lake, build("b", "d"), compare(table(record(A)), table(record(A, heat=1))), erased=NOBODY)
    assert killed is not None
    kept = write_changes(lake, build("b", "c"), compare(table(record(A)), table(record(A, heat=2))), erased=NOBODY)
    assert [file.path for file in lake.files("changes")] == [kept]
