"""A provider erased: no word of it is left, everything of others is as it was, and a killed erasure goes on to the same bytes."""

from __future__ import annotations

import gzip
import io
import shutil
import signal
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import PermanentError
from pipeline.core.models import Difference, Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_record_at, read_records
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.removals.erasures import ErasureRecord
from pipeline.lake.storage import Lake
from pipeline.operations import maintenance, stages
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import BackfillRequest
from pipeline.operations.backfill.records import to_json as backfill_json
from pipeline.operations.backfill.runs import run_backfill
from pipeline.operations.erasure_runs import erasures, plan_erasure, run_erasure
from tests import days
from tests.integration import walking
from tests.integration.articles import warc
from tests.integration.conftest import NOON, FrozenClock, catalogue_with, impatient
from tests.integration.test_capture import HOUR, NEXT, ONE, TWO, article, feed, source
from tests.integration.test_rebuild import files
from tests.newsroom import Newsroom
from tests.newsroom.misbehaviours import RedirectTo

DAY = date(2026, 11, 20)
PHRASE = "zinnwald"
"""Stands in every page, title and feed of the provider and nowhere else."""
KILLS = 2
CDN = "https://cdn.example"
PART = Part(HOUR, "00")


def picture(shade: int) -> bytes:
    octets = io.BytesIO()
    Image.new("RGB", (640, 360), (shade, 20, 30)).save(octets, "PNG")
    return octets.getvalue()


SOURCES = [source(ONE), source(TWO)]


@pytest.fixture
def catalogue(make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    return make_catalogue(SOURCES)


def put_pages(room: Newsroom) -> None:
    """Two providers; the second lists a page of the first, too."""
    for shade, (host, word) in enumerate(((ONE, PHRASE), (TWO, "harbour"))):
        room.add_page(f"{CDN}/{word}.png", picture(10 * shade), content_type="image/png")
        for name in ("a", "b"):
            room.add_page(f"{host}/{word}-{name}", article(f"The {word} bridge, part {name}", image=f"{CDN}/{word}.png"))
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/{PHRASE}-a", f"{ONE}/{PHRASE}-b"), content_type="application/rss+xml")
    listed = feed(f"{TWO}/harbour-a", f"{TWO}/harbour-b", f"{ONE}/{PHRASE}-b")
    room.add_page(f"{TWO}/feed", listed, content_type="application/rss+xml")


def edit_a_page(room: Newsroom) -> None:
    room.add_page(f"{ONE}/{PHRASE}-a", article(f"The {PHRASE} bridge opens again", image=f"{CDN}/{PHRASE}.png"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with their hour, published, and with a revisit and a backfill over it; not to be changed."""
    folder = tmp_path_factory.mktemp("built")
    with Newsroom(now=NOON) as room:
        put_pages(room)
        _build(room, impatient(room, folder / "lake"), catalogue_with(folder / "catalogue", SOURCES))
    return folder / "lake"


def _build(room: Newsroom, settings: Settings, catalogue: Catalogue) -> None:
    stages.run(settings, catalogue, HOUR, live=True, clock=FrozenClock())
    edit_a_page(room)
    tomorrow = NOON + timedelta(days=1)
    maintenance.maintain(settings, catalogue, Interval.containing(tomorrow - timedelta(hours=1)), clock=FrozenClock(tomorrow))
    own = Lake(settings.lake)
    record = run_backfill(
        settings,
        catalogue,
        plan_backfill(settings, catalogue, BackfillRequest(DAY, DAY, origins=("pages",)), now=NOON),
        clock=FrozenClock(),
    )
    named = Difference(new=1, new_urls=(f"{ONE}/{PHRASE}-a", f"{TWO}/harbour-a"))
    own.write_bytes(storage.backfill_path(record.id), backfill_json(record.with_difference(DAY, named)))
    own.write_bytes(storage.backfill_before_path("0" * 12, DAY), own.read_bytes(storage.articles_path(DAY)))


@pytest.fixture
def lake(built: Path, room: Newsroom, settings: Settings) -> Lake:
    """A copy of that lake for the test to work on, and its providers as they stand then."""
    put_pages(room)
    edit_a_page(room)
    shutil.copytree(built, settings.lake)
    return Lake(settings.lake)


def erase(settings: Settings, catalogue: Catalogue, domain: str = "one.example") -> ErasureRecord:
    plan = plan_erasure(settings, catalogue, domain)
    return run_erasure(settings, catalogue, plan, reason="asked by letter", clock=FrozenClock())


def found(lake: Lake, phrase: str) -> list[str]:
    """The files of the lake, hidden ones included, that contain the phrase once they are unpacked."""
    return [name for name in files(lake.root) if phrase in name or phrase.encode() in _unpacked(Path(lake.root, name))]


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    if path.name.endswith(".warc.gz"):
        records = read_records(io.BytesIO(data), max_body_bytes=1_000_000)
        return data + gzip.decompress(data) + b"".join(record.body for record in records)
    if path.suffix == ".parquet" and data:
        table = pq.read_table(io.BytesIO(data))
        return data + repr(table.to_pylist()).encode() + repr(table.schema.metadata).encode()
    return data


def rows(lake: Lake, path: str) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = lake.read_table(path).to_pylist()
    return table


def test_the_plan_counts_what_there_is_and_touches_nothing(settings: Settings, catalogue: Catalogue, lake: Lake) -> None:
    before = files(lake.root)
    plan = plan_erasure(settings, catalogue, "one.example")
    assert (plan.counts.rows, plan.counts.records, plan.counts.images, plan.sources) == (3, 2, 1, ("one",))
    assert plan.counts.captures > 5
    assert plan.counts.bytes > 1_000
    assert (plan.first, plan.last) == (DAY, DAY)
    assert {part.name for part in plan.parts} >= {"00", "revisit"}
    assert files(lake.root) == before


def test_no_word_of_it_is_left_and_what_is_others_stays(settings: Settings, catalogue: Catalogue, lake: Lake) -> None:
    assert {name.split("/")[0] for name in found(lake, PHRASE)} >= {"raw", "extracted", "ledger", "articles", "explain", "backfills"}
    before = {row["webUrl"]: row for row in rows(lake, storage.articles_path(DAY))}
    record = erase(settings, catalogue)
    assert found(lake, PHRASE) == []
    after = {row["webUrl"]: row for row in rows(lake, storage.articles_path(DAY))}
    assert after.keys() == {f"{TWO}/harbour-a", f"{TWO}/harbour-b"}
    assert {name: row["title"] for name, row in after.items()} == {name: before[name]["title"] for name in after}
    assert len(lake.files(storage.IMAGES)) == 1
    assert (record.state, record.reason, record.counts.records) == ("done", "asked by letter", 2)
    assert erasures(settings) == (record,)
    assert PHRASE.encode() not in lake.read_bytes(storage.erasure_path("one.example"))


def test_what_refers_to_a_place_in_captures_still_leads_there(settings: Settings, catalogue: Catalogue, lake: Lake) -> None:
    erase(settings, catalogue)
    for row in rows(lake, storage.extracted_path(PART)):
        with lake.open(row["captureFile"]) as file:
            assert read_record_at(file, row["captureOffset"], max_body_bytes=100_000).url == row["originalUrl"]
    for row in rows(lake, storage.ledger_path(PART)):
        if row["offset"] is not None:
            with lake.open(storage.captures_path(PART)) as file:
                assert read_record_at(file, row["offset"], max_body_bytes=100_000).url == row["url"]
    names = [storage.extracted_path(PART), storage.ledger_path(PART)]
    kept = {name: rows(lake, name) for name in names}
    stages.extract(settings, catalogue, PART)
    assert {name: rows(lake, name) for name in names} == kept
    assert found(lake, PHRASE) == []


def test_nothing_of_it_is_taken_in_any_more(settings: Settings, catalogue: Catalogue, lake: Lake, room: Newsroom, tmp_path: Path) -> None:
    copy = warc(tmp_path / "a.warc.gz", datetime(2026, 11, 20, 15, tzinfo=NOON.tzinfo), *_pages(lake))
    erase(settings, catalogue)
    report = stages.run(settings, catalogue, NEXT, live=True, clock=FrozenClock(NOON + timedelta(hours=1)))
    assert [one.sources for one in report.captures] == [("two",)]
    (imported,), _ = stages.import_files(settings, catalogue, [copy])
    assert imported.counts == {"page.erased": 1}
    assert plan_backfill(settings, catalogue, BackfillRequest(DAY, DAY), now=NOON + timedelta(days=3)).sources[0].source_id == "two"
    assert not any(PHRASE in seen.path for seen in room.requests)
    assert all(name.startswith("raw/") for name in found(lake, PHRASE))  # the other's feed still lists a title


def _pages(lake: Lake) -> list[tuple[str, bytes]]:
    (page,) = [page for page in read_manifest(lake, PART).pages if page.entry.url.endswith(f"{PHRASE}-a")]
    with lake.open(storage.captures_path(PART)) as file:
        return [(page.entry.url, read_record_at(file, page.offset, max_body_bytes=100_000).block)]


def test_rows_that_come_back_from_a_copy_are_not_published(settings: Settings, catalogue: Catalogue, lake: Lake, tmp_path: Path) -> None:
    kept = lake.read_bytes(storage.extracted_path(PART))
    erase(settings, catalogue)
    lake.write_bytes(storage.extracted_path(PART), kept)
    lake.delete(storage.articles_path(DAY))
    stages.publish(settings, catalogue, DAY)
    assert len(rows(lake, storage.articles_path(DAY))) == 2


def test_a_page_behind_a_short_link_and_captures_that_were_deleted_by_age_are_found_as_well(
    settings: Settings, catalogue: Catalogue, lake: Lake, room: Newsroom
) -> None:
    room.misbehave(f"{TWO}/short", RedirectTo(f"{ONE}/{PHRASE}-c"))
    room.add_page(f"{ONE}/{PHRASE}-c", article(f"The {PHRASE} bridge, part c"))
    room.add_page(f"{TWO}/feed", feed(f"{TWO}/short"), content_type="application/rss+xml")
    stages.run(settings, catalogue, NEXT, live=True, clock=FrozenClock(NOON + timedelta(hours=1)))
    lake.delete(storage.captures_path(PART))
    assert found(lake, PHRASE)
    erase(settings, catalogue)
    assert found(lake, PHRASE) == []
    assert len(rows(lake, storage.extracted_path(PART))) == 2


def test_a_lake_of_records_alone_is_refused(settings: Settings, catalogue: Catalogue, lake: Lake, tmp_path: Path) -> None:
    other = settings.model_copy(update={"lake": str(tmp_path / "then")})
    stages.publish(settings, catalogue, DAY, as_of=NOON + timedelta(days=2), into=other.lake)
    with pytest.raises(PermanentError, match="no extracted rows"):
        plan_erasure(other, catalogue, "one.example")


def test_a_host_is_erased_without_its_siblings(settings: Settings, catalogue: Catalogue, lake: Lake) -> None:
    before = files(lake.root)
    assert not plan_erasure(settings, catalogue, "blog.one.example").counts
    erase(settings, catalogue, "blog.one.example")
    assert {name: digest for name, digest in files(lake.root).items() if not name.startswith("erasures/")} == before


def test_again_it_finds_nothing_and_changes_nothing(settings: Settings, catalogue: Catalogue, lake: Lake) -> None:
    erase(settings, catalogue)
    before = files(lake.root)
    assert not plan_erasure(settings, catalogue, "one.example").counts
    erase(settings, catalogue)
    assert files(lake.root) == before


def test_a_part_that_is_extracted_again_after_an_erasure_keeps_its_marks(settings: Settings, catalogue: Catalogue, lake: Lake) -> None:
    """A changed mark would make `news publish` build a date again from the same rows."""
    erase(settings, catalogue)
    before = {mark.path for day in lake.touched_dates() for mark in lake.marks(day)}
    stages.extract(settings, catalogue, PART)
    assert before == {mark.path for day in lake.touched_dates() for mark in lake.marks(day)}


@pytest.mark.parametrize("day", [days.DAY])
def test_killed_anywhere_it_goes_on_to_the_same_bytes_and_the_lake_is_readable_meanwhile(
    settings: Settings, catalogue: Catalogue, lake: Lake, tmp_path: Path, day: str
) -> None:
    options = {**settings.model_dump(), "config": str(tmp_path / "catalogue")}

    def run(name: str, kill_at: int | None = None) -> tuple[int, int]:
        return walking.carry_out(walking.erase, {**options, "lake": str(tmp_path / name)}, "one.example", kill_at=kill_at)

    shutil.copytree(lake.root, tmp_path / "whole")
    code, steps = run("whole")
    assert code == 0
    whole = files(str(tmp_path / "whole"))
    for kill_at in days.sample_of(range(3, steps), KILLS, day=day):
        name = f"killed-{kill_at}"
        shutil.copytree(lake.root, tmp_path / name)
        assert run(name, kill_at)[0] == -signal.SIGKILL, kill_at
        _is_readable(Lake(str(tmp_path / name)), settings.model_copy(update={"lake": str(tmp_path / name)}), catalogue)
        assert run(name)[0] == 0
        left = files(str(tmp_path / name))
        assert left == whole, (kill_at, sorted(left.items() ^ whole.items()))


def _is_readable(lake: Lake, settings: Settings, catalogue: Catalogue) -> None:
    for interval in lake.captured_intervals():
        for part in stages.captured_parts(settings, interval):
            with lake.open(storage.captures_path(part)) as file:
                for page in read_manifest(lake, part).pages:
                    assert read_record_at(file, page.offset, max_body_bytes=100_000).problem is None
    for day in lake.published_dates():
        stages.check(settings, catalogue, day)
