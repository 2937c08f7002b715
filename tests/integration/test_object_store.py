"""A lake in S3: what each operation costs in requests, whole replacement and locks, and that faults of the store change nothing."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from pipeline.capture.earlier_captures import read_earlier_captures
from pipeline.core import schema
from pipeline.core.catalogue import Catalogue, load_catalogue
from pipeline.core.errors import DamagedError, LockedError, StorageError
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import locks, storage
from pipeline.lake.locks import exclusive_lock
from pipeline.lake.manifests import Manifest, to_json
from pipeline.lake.storage import Lake
from pipeline.lake.stores import s3_store
from pipeline.operations import maintenance, stages
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import HISTORY_DAYS, BackfillRequest
from pipeline.operations.backfill.runs import run_backfill
from pipeline.operations.erasure_runs import plan_erasure
from tests.integration.conftest import KEY, NOON
from tests.integration.walking import StoppedClock
from tests.newsroom import Newsroom, World
from tests.object_store import Fault, ObjectStore, S3Request, object_store

HOUR = Interval.parse("2026-11-20T12")
LOCK = storage.backfill_lock_path("0123456789ab")
TABLE = pa.table({"webUrl": ["b", "a"], "heat": [1, 2]})


@pytest.fixture(scope="module")
def running() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


@pytest.fixture
def s3(running: ObjectStore) -> ObjectStore:
    """The store of all tests, without the faults and the requests of the test before."""
    running.forget()
    return running


@pytest.fixture
def uri(s3: ObjectStore) -> str:
    uri = s3.new_bucket()
    s3.forget()
    return uri


@pytest.fixture
def lake(uri: str) -> Lake:
    return Lake(uri)


@pytest.fixture(scope="module")
def room() -> Iterator[Newsroom]:
    with Newsroom(World.load(), now=NOON) as newsroom:
        yield newsroom


def settings_of(room: Newsroom, lake: str) -> Settings:
    environment = {**room.environment, "NEWS_SEALING_KEYS": KEY, "NEWS_SOURCES_PER_PART": "100"}
    return Settings.from_environment(environment, lake=lake)


def one_source(settings: Settings) -> Catalogue:
    catalogue = load_catalogue(settings.config)
    return catalogue.model_copy(update={"sources": catalogue.enabled_sources[:1]})


def walk(settings: Settings, catalogue: Catalogue) -> None:
    stages.run(settings, catalogue, HOUR, live=True, clock=StoppedClock())


def contents(lake: Lake) -> dict[str, bytes]:
    return {file.path: lake.read_bytes(file.path) for file in lake.files("")}


def test_each_operation_on_a_small_object_is_one_request(s3: ObjectStore, lake: Lake) -> None:
    def cost(operation: str) -> None:
        assert s3.count() == {operation: 1}
        s3.forget()

    lake.write_bytes("a/b", b"one")
    cost("PutObject")
    assert lake.read_bytes("a/b") == b"one"
    cost("GetObject")
    assert lake.exists("a/b")
    cost("HeadObject")
    assert not lake.exists("a/c")
    cost("HeadObject")
    assert (lake.names("a"), lake.names("b")) == (["b"], [])
    assert s3.count() == {"ListObjectsV2": 2}
    s3.forget()
    lake.write_table("a/t.parquet", TABLE)
    cost("PutObject")
    assert lake.read_table("a/t.parquet").equals(TABLE)
    cost("GetObject")
    assert lake.read_rows(["a/t.parquet"], ds.field("heat") == 2, TABLE.schema).to_pylist() == [{"webUrl": "a", "heat": 2}]
    cost("GetObject")
    lake.delete("a/b")
    cost("DeleteObject")
    assert [file.path for file in lake.files("")] == ["a/t.parquet"]


def test_a_large_object_is_written_in_parts_and_read_by_ranges(s3: ObjectStore, lake: Lake) -> None:
    whole = os.urandom(s3_store.PART_BYTES + 5)
    lake.write_bytes("a", whole)
    assert s3.count() == {"CompleteMultipartUpload": 1, "CreateMultipartUpload": 1, "UploadPart": 2}
    s3.forget()
    with lake.open("a") as file:
        assert file.read(10) == whole[:10]
        file.seek(100)
        assert file.read(10) == whole[100:110]
        file.seek(-5, os.SEEK_END)
        assert file.read() == whole[-5:]
        assert file.read() == b""
    assert s3.count() == {"GetObject": 2}


def test_missing_empty_and_damaged_files_are_told_apart(lake: Lake) -> None:
    lake.write_bytes("empty", b"")
    assert lake.read_bytes("empty") == b""
    with lake.open("empty") as file:
        assert file.read() == b""
    for read in (lake.read_table, lake.read_bytes):
        with pytest.raises(FileNotFoundError):
            read("none")
    assert lake.read_metadata("none") == {}
    with pytest.raises(DamagedError, match="empty is damaged"):
        lake.read_table("empty")
    lake.delete("none")


def fail_halfway(lake: Lake, path: str) -> None:
    with lake._replacing(path) as file:
        file.write(b"half of the n")
        raise ZeroDivisionError


def test_a_write_that_fails_leaves_the_old_object(s3: ObjectStore, lake: Lake) -> None:
    lake.write_bytes("a", b"old")
    with pytest.raises(ZeroDivisionError):
        fail_halfway(lake, "a")
    assert lake.read_bytes("a") == b"old"


def test_a_store_that_refuses_is_a_storage_error_without_the_key(s3: ObjectStore, lake: Lake) -> None:
    s3.faults = lambda _: Fault(status=403)
    with pytest.raises(StorageError, match=r"the lake did not answer for a/b: .*AccessDenied") as caught:
        lake.write_bytes("a/b", b"")
    assert "secret" not in str(caught.value)


def test_one_of_two_that_begin_at_once_gets_the_lock_without_waiting(lake: Lake, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "SETTLING_S", 1_000.0)
    both, won, lost = threading.Barrier(2), [], []

    def begin() -> None:
        own = Lake(uri)
        own.exists("anything")  # opens the client
        both.wait()
        try:
            with exclusive_lock(own, LOCK, what="it"):
                won.append(own)
                done.wait(60)
        except LockedError as error:
            lost.append(error)
            done.set()

    done = threading.Event()
    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 1)
    assert not lake.exists(LOCK)


def test_a_void_lease_is_taken_over_by_one_process_and_a_renewed_one_kept(s3: ObjectStore, lake: Lake) -> None:
    old = (datetime.now(UTC) - locks.LEASE - timedelta(seconds=1)).isoformat()
    lake.write_bytes(LOCK, json.dumps({"host": "gone", "pid": 1, "since": old, "key": "k", "renewed": old}).encode())
    _, version = lake.read_version(LOCK)
    with exclusive_lock(lake, LOCK, what="it") as check:
        check()
        assert lake.write_if_unchanged(LOCK, b"late", version=version) is False
        with pytest.raises(LockedError, match="if it was killed, try again after"):
            exclusive_lock(lake, LOCK, what="it").__enter__()


def test_a_lock_whose_first_answer_was_lost_is_ours(s3: ObjectStore, lake: Lake) -> None:
    with exclusive_lock(lake, LOCK, what="it"):
        pass
    lost = iter([Fault(cuts_answer=True)])
    s3.faults = lambda request: next(lost, None) if request.operation == "PutObject" else None
    with exclusive_lock(lake, LOCK, what="it") as check:
        check()


def test_a_store_that_takes_no_notice_of_conditions_gets_leases_that_settle(
    s3: ObjectStore, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_store, "_heeds_conditions", {})
    monkeypatch.setattr(locks, "SETTLING_S", 0.0)
    s3.heeds_conditions = False
    try:
        assert lake.write_if_unchanged("a", b"", version=None) is None
        with exclusive_lock(lake, LOCK, what="it") as check:
            check()
            with pytest.raises(LockedError):
                exclusive_lock(lake, LOCK, what="it").__enter__()
    finally:
        s3.heeds_conditions = True
    assert not lake.exists(LOCK)


BUDGETS = {
    "hour": {"DeleteObject": 10, "GetObject": 82, "HeadObject": 36, "ListObjectsV2": 31, "PutObject": 53},
    "backfill": {"DeleteObject": 17, "GetObject": 268, "HeadObject": 67, "ListObjectsV2": 123, "PutObject": 89},
    "ledger": {"GetObject": 43, "HeadObject": 4, "ListObjectsV2": 14},
}
"""Most requests by operation for one source: a scheduled hour, a backfill of 13 hours, `news ledger` over three days. Measured; reads have
a tenth more, because worker processes share out pages as they finish, and each reads the capture file where its pages lie."""


def test_an_hour_a_backfill_and_a_ledger_keep_their_budgets_of_requests(s3: ObjectStore, uri: str, room: Newsroom) -> None:
    settings = settings_of(room, uri)
    catalogue = one_source(settings)
    spent = {}

    def noted(what: str) -> None:
        spent[what] = s3.count()
        s3.forget()

    walk(settings, catalogue)
    noted("hour")
    day = HOUR.start.date()
    plan = plan_backfill(settings, catalogue, BackfillRequest(day, day, origins=("captures", "pages")), now=NOON)
    assert run_backfill(settings, catalogue, plan, clock=StoppedClock(NOON)).state == "done"
    noted("backfill")
    maintenance.completeness(settings, catalogue, days=3, now=NOON + timedelta(days=1))
    noted("ledger")
    over = {
        (what, operation): number
        for what, counts in spent.items()
        for operation, number in counts.items()
        if number > BUDGETS[what].get(operation, 0)
    }
    assert over == {}, spent


def test_an_hour_costs_as_many_requests_on_the_lake_of_a_year_as_on_that_of_a_day(s3: ObjectStore, room: Newsroom) -> None:
    spent = []
    for days in (1, 365):
        settings = settings_of(room, s3.new_bucket())
        catalogue = one_source(settings)
        s3.fill(settings.lake, emptied_parts(days))
        stages.fold(settings, catalogue)
        s3.forget()
        walk(settings, catalogue)
        spent.append(s3.count())
    assert spent[0] == spent[1]


def test_a_plan_costs_as_many_requests_on_the_lake_of_a_year_as_on_that_of_two_months(s3: ObjectStore, room: Newsroom) -> None:
    spent = []
    for days in (60, 365):
        settings = settings_of(room, s3.new_bucket())
        hours = [Part(Interval.containing(HOUR.start - timedelta(hours=back)), "00") for back in range(25, days * 24)]
        for part in hours[: HISTORY_DAYS * 24 : 24]:
            Lake(settings.lake).write_table(storage.ledger_path(part), schema.LEDGER.empty_table())
        s3.fill(
            settings.lake,
            (path(part) for part in hours[(HISTORY_DAYS + 1) * 24 :] for path in (storage.manifest_path, storage.ledger_path)),
        )
        s3.forget()
        plan_backfill(settings, one_source(settings), BackfillRequest(HOUR.start.date(), HOUR.start.date()), now=NOON)
        spent.append(s3.count())
    assert spent[0] == spent[1]


def test_retention_lists_the_lake_once_whatever_its_age(s3: ObjectStore, uri: str, room: Newsroom) -> None:
    s3.fill(uri, emptied_parts(2))
    s3.forget()
    maintenance.retain(settings_of(room, uri).model_copy(update={"raw_days": 7}), now=NOON)
    assert s3.count() == {"ListObjectsV2": 1}


def test_the_search_for_a_provider_reads_each_part_and_lists_no_hour_by_itself(s3: ObjectStore, room: Newsroom) -> None:
    spent = []
    for hours in (1, 30):
        settings = settings_of(room, s3.new_bucket())
        for back in range(hours):
            part = Part(Interval.containing(HOUR.start - timedelta(hours=back)), "00")
            empty = Manifest(part.interval.key, part.name, "news", (), 0, "", {}, (), (), ())
            Lake(settings.lake).write_bytes(storage.manifest_path(part), to_json(empty))
        s3.forget()
        plan_erasure(settings, one_source(settings), "paper.example")
        spent.append(s3.count())
    assert {**spent[0], "GetObject": 30} == spent[1]


def test_the_parts_of_an_hour_read_the_earlier_manifests_once_and_again_when_one_is_replaced(s3: ObjectStore, lake: Lake, uri: str) -> None:
    def keep(back: int, *sources: str) -> None:
        part = Part(Interval.containing(HOUR.start - timedelta(hours=back)), "00")
        lake.write_bytes(storage.manifest_path(part), to_json(Manifest(part.interval.key, "00", "news", sources, 0, "", {}, (), (), ())))

    def requests() -> dict[str, int]:
        s3.forget()
        read_earlier_captures(Lake(uri), HOUR, days=7, is_live=True)
        return s3.count()

    keep(1)
    keep(2)
    assert requests() == {"GetObject": 2, "ListObjectsV2": 1}
    keep(0)
    assert requests() == {"ListObjectsV2": 1}
    keep(2, "paper")
    assert requests() == {"GetObject": 2, "ListObjectsV2": 1}


def emptied_parts(days: int) -> Iterator[str]:
    """The keys of `days` of hours whose captures are older than the manifests that a walk reads."""
    first = HOUR.start - timedelta(days=30)
    for hour in range(days * 24):
        part = Part(Interval.containing(first - timedelta(hours=hour + 1)), "00")
        yield storage.manifest_path(part)
        if part.interval.start.hour == 0:
            yield from (storage.ledger_path(part), storage.mark_path(part.interval.start.date(), part, digest="0"))


class EveryNth:
    """Each n-th request meets the next of some faults."""

    def __init__(self, every: int, *faults: Fault) -> None:
        self._every, self._faults = every, faults
        self._met = 0
        self._seen = 0

    def __call__(self, _: S3Request) -> Fault | None:
        self._seen += 1
        if self._seen % self._every:
            return None
        self._met += 1
        return self._faults[self._met % len(self._faults)]


def test_faults_of_the_store_between_change_no_byte(s3: ObjectStore, room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_store, "ANSWER_S", 2.0)
    lakes = []
    faults = EveryNth(
        4,
        Fault(status=500),
        Fault(status=503),
        Fault(cuts_body=True),
        Fault(cuts_answer=True),
        Fault(cuts_download=True),
        Fault(delay_s=0.2),
        Fault(delay_s=3.0),
    )
    for spoils in (False, True):
        settings = settings_of(room, s3.new_bucket())
        s3.forget()
        if spoils:
            s3.faults = faults
        walk(settings, one_source(settings))
        s3.forget()
        lakes.append(contents(Lake(settings.lake)))
    assert faults._met > 14
    assert lakes[0] == lakes[1]
