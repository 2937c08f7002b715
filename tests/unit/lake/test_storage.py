"""The lake: files replaced whole or not at all, listings, and errors that say what did not answer."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from pipeline.core.errors import ConfigError, DamagedError, SchemaError, StorageError
from pipeline.core.models import Interval, Part
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from tests.conftest import REPOSITORY

PART = Part(Interval.parse("2026-11-20T12"), "00")
PATH = "articles/published_date=2026-11-20/articles.parquet"
TABLE = pa.table({"webUrl": ["b", "a"], "heat": [1, 2]})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def store() -> Lake:
    """An object store: Arrow's own, in memory."""
    remote = Lake("mock:///bucket")
    remote.filesystem.create_dir("bucket/folder")
    return remote


def hidden(lake: Lake) -> list[Path]:
    return [path for path in Path(lake.root).rglob("*") if path.name.startswith(".")]


def fail_halfway(lake: Lake, path: str) -> None:
    with lake._replacing(path) as file:
        file.write(b"half of the n")
        raise ZeroDivisionError


def test_every_path_is_where_the_modules_docstring_says() -> None:
    day = date(2026, 11, 20)
    assert storage.captures_path(PART) == "raw/interval=2026-11-20T12/part=00/captures.warc.gz"
    assert storage.manifest_path(PART) == "raw/interval=2026-11-20T12/part=00/manifest.json"
    assert storage.extracted_path(PART) == "extracted/interval=2026-11-20T12/part-00.parquet"
    assert storage.ledger_path(PART) == "ledger/interval=2026-11-20T12/part-00.parquet"
    assert storage.articles_path(day) == PATH
    assert storage.explain_path(day) == "explain/published_date=2026-11-20/explain.parquet"
    assert storage.image_path("abcd", "jpg") == "images/ab/abcd.jpg"


def test_paths_lead_back_to_what_they_name() -> None:
    mark = storage.read_mark(storage.mark_path(date(2026, 11, 20), PART, digest="9f2c"))
    assert (mark.published_date, mark.interval, mark.part, mark.digest) == (date(2026, 11, 20), "2026-11-20T12", "00", "9f2c")
    assert mark.extracted_path == storage.extracted_path(PART)
    assert storage.part_of_capture(storage.captures_path(PART)) == PART


def test_what_is_written_is_read_back(lake: Lake, tmp_path: Path) -> None:
    lake.write_bytes("a/b", b"one")
    assert lake.read_bytes("a/b") == b"one"
    (tmp_path / "local").write_bytes(b"two")
    lake.write_file("a/b", tmp_path / "local")
    assert lake.read_bytes("a/b") == b"two"
    with lake.open("a/b") as file:
        file.seek(1)
        assert file.read() == b"wo"
    lake.delete("a/b")
    lake.delete("a/b")
    assert not lake.exists("a/b")


def test_equal_tables_give_equal_bytes(lake: Lake) -> None:
    lake.write_table("a", TABLE)
    lake.write_table("b", TABLE)
    assert lake.read_bytes("a") == lake.read_bytes("b")
    assert lake.read_table("a", columns=["heat"]).to_pylist() == [{"heat": 1}, {"heat": 2}]


def test_a_files_metadata_is_read_and_none_is_none(lake: Lake) -> None:
    lake.write_table("a", TABLE.replace_schema_metadata({"key": "value"}))
    assert lake.read_metadata("a")[b"key"] == b"value"
    assert lake.read_metadata("b") == {}


def test_rows_of_several_files_are_filtered_in_the_order_of_the_files(lake: Lake) -> None:
    lake.write_table("one.parquet", TABLE)
    lake.write_table("two.parquet", pa.table({"webUrl": ["c"], "heat": [2]}))
    rows = lake.read_rows(["two.parquet", "one.parquet"], ds.field("heat") == 2, TABLE.schema).to_pylist()
    assert [row["webUrl"] for row in rows] == ["c", "a"]
    assert lake.read_rows([], ds.field("heat") == 2, TABLE.schema).num_rows == 0


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(lake: Lake) -> None:
    lake.write_bytes(PATH, b"old")
    with pytest.raises(ZeroDivisionError):
        fail_halfway(lake, PATH)
    assert lake.read_bytes(PATH) == b"old"
    assert hidden(lake) == []


def test_what_a_killed_write_left_is_removed_by_the_next(lake: Lake) -> None:
    lake.write_bytes("a/b", b"old")
    folder = Path(lake.root, "a")
    (folder / ".b.0123.tmp").write_bytes(b"half")
    (folder / ".other.0123.tmp").write_bytes(b"another file's, perhaps being written")
    lake.write_bytes("a/b", b"new")
    assert [path.name for path in hidden(lake)] == [".other.0123.tmp"]


def test_two_writes_of_one_file_at_the_same_time_both_succeed_and_the_last_stands(lake: Lake) -> None:
    with lake._replacing(PATH) as file:
        file.write(b"begun first, ended last")
        lake.write_bytes(PATH, b"begun last, ended first")
        assert lake.read_bytes(PATH) == b"begun last, ended first"
    assert lake.read_bytes(PATH) == b"begun first, ended last"
    assert hidden(lake) == []


def test_killed_in_the_middle_of_a_write_the_old_file_stands(lake: Lake, tmp_path: Path) -> None:
    """The child copies from a pipe that never ends, and is killed when a megabyte has gone through."""
    lake.write_bytes(PATH, b"old")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code = f"import pathlib; from pipeline.lake.storage import Lake; Lake({lake.root!r}).write_file({PATH!r}, pathlib.Path({str(pipe)!r}))"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    with pipe.open("wb", buffering=0) as source:
        for _ in range(48):
            source.write(b"x" * 65_536)
        assert hidden(lake)
        child.send_signal(signal.SIGKILL)
        child.wait(30)
    assert lake.read_bytes(PATH) == b"old"
    assert lake.names("articles/published_date=2026-11-20") == ["articles.parquet"], "a reader does not see what is half written"
    lake.write_bytes(PATH, b"new")
    assert hidden(lake) == []


def test_a_reader_sees_the_old_file_or_the_new_one_and_no_mixture(lake: Lake) -> None:
    versions = [bytes([number]) * 300_000 for number in range(10)]
    lake.write_bytes("a/b", versions[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(lake.read_bytes("a/b"))

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions:
        lake.write_bytes("a/b", version)
    done.set()
    reader.join()
    assert seen <= set(versions)


def test_names_are_sorted_and_without_what_is_hidden(lake: Lake) -> None:
    for path in ("a/2", "a/10", "a/.hidden", "a/c/deep"):
        lake.write_bytes(path, b"")
    assert lake.names("a") == ["10", "2", "c"]
    assert lake.names("nowhere") == []
    assert lake.names("") == ["a"]


def test_a_part_without_its_manifest_does_not_exist(lake: Lake) -> None:
    for name in ("01", "00"):
        lake.write_bytes(storage.captures_path(Part(PART.interval, name)), b"")
    assert lake.captured_parts("2026-11-20T12") == []
    lake.write_bytes(storage.manifest_path(PART), b"")
    assert lake.captured_parts("2026-11-20T12") == ["00"]
    assert lake.captured_parts("2026-11-20T13") == []


def test_intervals_dates_and_marks_are_listed_oldest_first(lake: Lake) -> None:
    assert (lake.captured_intervals(), lake.published_dates(), lake.touched_dates()) == ([], [], [])
    for hour in ("2026-11-20T13", "2026-11-20T09"):
        lake.write_bytes(storage.manifest_path(Part(Interval.parse(hour), "00")), b"")
    for day in (date(2026, 11, 20), date(2025, 12, 31)):
        lake.write_bytes(storage.articles_path(day), b"")
        lake.write_bytes(storage.mark_path(day, PART, digest="b"), b"")
        lake.write_bytes(storage.mark_path(day, Part(PART.interval, "warc-1"), digest="a"), b"")
    assert [interval.key for interval in lake.captured_intervals()] == ["2026-11-20T09", "2026-11-20T13"]
    assert lake.published_dates() == lake.touched_dates() == [date(2025, 12, 31), date(2026, 11, 20)]
    assert [(mark.part, mark.digest) for mark in lake.marks(date(2026, 11, 20))] == [("00", "b"), ("warc-1", "a")]


def test_a_file_that_is_not_there_is_said_to_be_missing(lake: Lake) -> None:
    actions: list[Callable[[], object]] = [lambda: lake.read_bytes("x"), lambda: lake.read_table("x"), lambda: lake.open("x").__enter__()]
    for action in actions:
        with pytest.raises(FileNotFoundError):
            action()


def test_an_error_of_the_store_is_transient_and_names_the_path(lake: Lake) -> None:
    lake.write_bytes("file", b"")
    lake.write_bytes("folder/file", b"")
    actions: list[Callable[[], object]] = [
        lambda: lake.write_bytes("file/below", b""),
        lambda: lake.write_bytes("folder", b""),
        lambda: lake.read_bytes("folder"),
        lambda: lake.names("file"),
        lambda: lake.delete("folder"),
    ]
    for action in actions:
        with pytest.raises(StorageError, match=r"the lake did not answer for (file|folder)"):
            action()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_lake_that_denies_access_is_a_wrong_setting_and_no_reason_to_try_again(lake: Lake, number: int) -> None:
    message = f"NEWS_LAKE: this user may not use a/b: {os.strerror(number)}"
    with pytest.raises(ConfigError, match=message), lake._replacing("a/b"):
        raise OSError(number, os.strerror(number))
    assert hidden(lake) == []


def test_a_full_disk_is_a_storage_error(lake: Lake) -> None:
    with pytest.raises(StorageError, match="No space left"), lake._replacing("a/b"):
        raise OSError(28, "No space left on device")
    assert hidden(lake) == []


def test_what_is_not_parquet_is_a_permanent_error_that_names_the_file(lake: Lake) -> None:
    lake.write_bytes("a.parquet", b"certainly not Parquet")
    actions: list[Callable[[], object]] = [
        lambda: lake.read_table("a.parquet"),
        lambda: lake.read_metadata("a.parquet"),
        lambda: lake.read_rows(["a.parquet"], ds.field("heat") == 2, TABLE.schema),
    ]
    for action in actions:
        with pytest.raises(SchemaError, match=r"a\.parquet"):
            action()


def test_an_object_store_holds_the_same_files(store: Lake) -> None:
    assert not store.exists("folder/a")
    store.write_bytes("folder/a", b"one")
    store.write_table("folder/b", TABLE)
    assert store.read_bytes("folder/a") == b"one"
    assert store.read_table("folder/b").equals(TABLE)
    assert store.names("folder") == ["a", "b"]
    store.delete("folder/a")
    assert store.names("folder") == ["b"]


def test_a_failing_upload_leaves_the_old_object(store: Lake) -> None:
    store.write_bytes("folder/a", b"old")
    with pytest.raises(ZeroDivisionError):
        fail_halfway(store, "folder/a")
    assert store.read_bytes("folder/a") == b"old"


@pytest.mark.parametrize(
    ("uri", "root", "location"),
    [
        ("s3://bucket/some/prefix?region=eu-west-1", "bucket/some/prefix", "s3://bucket/some/prefix/articles"),
        ("s3://bucket/prefix/?region=eu-west-1", "bucket/prefix", "s3://bucket/prefix/articles"),
        ("s3://bucket?region=x&endpoint_override=127.0.0.1:9000&scheme=http", "bucket", "s3://bucket/articles"),
        ("s3://key:secret@bucket/prefix?region=eu-west-1", "bucket/prefix", "s3://bucket/prefix/articles"),
        ("file:///srv/lake", "/srv/lake", "/srv/lake/articles"),
        ("/srv/lake/", "/srv/lake", "/srv/lake/articles"),
    ],
)
def test_a_uri_names_the_lake_and_shows_no_secret(uri: str, root: str, location: str) -> None:
    lake = Lake(uri)
    assert lake.root == root
    assert lake.location("articles") == location
    assert "secret" not in lake.uri


@pytest.mark.parametrize(
    "uri",
    [
        "ftp://key:secret@host/x",
        "http://bucket/x",
        "s3://",
        "s3://bucket?nonsense=1&region=x",
        "s3://key:secret@bucket?nonsense=1&region=x",
    ],
)
def test_a_uri_that_is_no_lake_is_a_setting_to_mend(uri: str) -> None:
    with pytest.raises(ConfigError, match="NEWS_LAKE") as caught:
        Lake(uri)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_relative_directory_is_taken_from_where_we_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    lake = Lake("data/lake")
    monkeypatch.chdir("/")
    assert lake.root == str(tmp_path / "data" / "lake")


def damaged(whole: bytes, how: str) -> bytes:
    return {
        "empty": b"",
        "cut short": whole[: len(whole) // 2],
        "a changed byte in a page": bytes([*whole[:8], whole[8] ^ 0xFF, *whole[9:]]),
        "a changed byte in the footer": bytes([*whole[:-6], whole[-6] ^ 0xFF, *whole[-5:]]),
        "no Parquet": b"not a Parquet file at all",
    }[how]


@pytest.mark.parametrize("how", ["empty", "cut short", "a changed byte in a page", "a changed byte in the footer", "no Parquet"])
def test_a_damaged_table_is_told_from_a_store_that_does_not_answer(lake: Lake, store: Lake, how: str) -> None:
    store.filesystem.create_dir(f"bucket/{PATH.rpartition('/')[0]}")
    for one in (lake, store):
        one.write_table(PATH, TABLE)
        assert one.damage(PATH) is None
        one.write_bytes(PATH, damaged(one.read_bytes(PATH), how))
        assert PATH in (one.damage(PATH) or "")
        with pytest.raises(DamagedError, match=PATH):
            one.read_table(PATH)
        with pytest.raises(DamagedError, match=PATH):
            one.read_rows([PATH], None, TABLE.schema)


def test_a_missing_table_is_missing_and_not_damaged(lake: Lake) -> None:
    with pytest.raises(FileNotFoundError):
        lake.damage(PATH)
    with pytest.raises(FileNotFoundError):
        lake.read_table(PATH)


def test_a_question_that_a_whole_table_cannot_answer_is_no_damage(lake: Lake) -> None:
    lake.write_table(PATH, TABLE)
    with pytest.raises((SchemaError, pa.ArrowException)) as caught:
        lake.read_rows([PATH], ds.field("heat") > "a", TABLE.schema)
    assert not isinstance(caught.value, DamagedError)
