"""The daily maintenance over a real lake: revisits for edits, retention, pruned images, and completeness, which finds a silent gap."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue
from pipeline.core.models import REVISIT_PART, Interval, Part, RevisitReport
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.archives.warc import SAME_PAYLOAD, read_records
from pipeline.lake.storage import Lake
from pipeline.lake.tables import checked_table
from pipeline.operations import lookups, maintenance, stages
from tests.integration.conftest import NOON, FrozenClock, catalogue_with, impatient
from tests.integration.test_capture import HOUR, ONE, TWO, article, endings, feed, manifest_of, source
from tests.integration.test_rebuild import files
from tests.newsroom import Newsroom, Status

DAY = date(2026, 11, 20)
TOMORROW = NOON + timedelta(days=1)
REVISIT = Part(Interval.containing(TOMORROW - timedelta(hours=1)), REVISIT_PART)
NAMES = ("kept", "plain", "edited", "gone")


@pytest.fixture
def world(room: Newsroom) -> Newsroom:
    return with_pages(room)


def with_pages(room: Newsroom) -> Newsroom:
    """The newsroom with a feed of four articles."""
    octets = io.BytesIO()
    Image.new("RGB", (640, 360), (10, 20, 30)).save(octets, "PNG")
    room.add_page(f"{ONE}/lead.png", octets.getvalue(), content_type="image/png")
    for name in NAMES:
        headers = {"ETag": None} if name == "plain" else {}
        room.add_page(f"{ONE}/{name}", article(f"The harbour bridge, part {name}", image=f"{ONE}/lead.png"), headers=headers)
    room.add_page(f"{ONE}/feed", feed(*(f"{ONE}/{name}" for name in NAMES)), content_type="application/rss+xml")
    return room


@pytest.fixture
def catalogue(world: Newsroom, make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    return make_catalogue([source(ONE)])


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which the hour is captured and published, not to be changed."""
    folder = tmp_path_factory.mktemp("walked")
    with Newsroom(now=NOON) as room:
        catalogue = catalogue_with(folder / "catalogue", [source(ONE)])
        stages.run(impatient(with_pages(room), folder / "lake"), catalogue, HOUR, live=True, clock=FrozenClock())
    return folder / "lake"


@pytest.fixture
def captured(settings: Settings, walked: Path, world: Newsroom) -> Newsroom:
    """The lake of `settings` is a copy of that lake; since then one page was edited and one is gone."""
    shutil.copytree(walked, settings.lake)
    world.add_page(f"{ONE}/edited", article("The harbour bridge opens again", image=f"{ONE}/lead.png"))
    world.misbehave(f"{ONE}/gone", Status(410))
    world.forget_requests()
    return world


def maintain(settings: Settings, catalogue: Catalogue, now: datetime = TOMORROW) -> maintenance.MaintenanceReport:
    interval = Interval.containing(now - timedelta(hours=1))
    return maintenance.maintain(settings, catalogue, interval, clock=FrozenClock(now))


def table(settings: Settings, name: str, day: date = DAY) -> dict[str, dict[str, Any]]:
    path = {"articles": storage.articles_path, "explain": storage.explain_path}[name](day)
    return {row["webUrl"].rpartition("/")[2]: row for row in Lake(settings.lake).read_table(path).to_pylist()}


def asked(room: Newsroom, name: str) -> list[tuple[int, dict[str, str]]]:
    return [(seen.status, seen.headers) for seen in room.requests if seen.path == f"/{name}"]


def test_a_day_later_pages_are_asked_for_again_on_condition(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    done = maintain(settings, catalogue)
    assert done.revisits == RevisitReport(REVISIT.interval.key, asked=4, unchanged=2, changed=1, gone=1, disallowed=0, failed=0)
    ((status, headers),) = asked(captured, "kept")
    assert (status, "if-none-match" in headers) == (304, True)
    ((status, headers),) = asked(captured, "plain")
    assert (status, "if-none-match" in headers) == (200, False)
    assert endings(manifest_of(settings, REVISIT)) == {
        f"{ONE}/kept": "notModified",
        f"{ONE}/plain": "notModified",
        f"{ONE}/edited": "captured",
        f"{ONE}/gone": "failed status",
    }
    with Lake(settings.lake).open(storage.captures_path(REVISIT)) as file:
        records = [(record.type, (record.url or "").rpartition("/")[2]) for record in read_records(file, max_body_bytes=10_000)]
    answers = {name: kind for kind, name in records if kind in ("response", "revisit")}
    assert [answers[name] for name in NAMES] == ["revisit", "revisit", "response", "response"]
    assert SAME_PAYLOAD.endswith("identical-payload-digest")


def test_an_edit_is_a_version_and_a_page_that_is_gone_is_marked(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    before = table(settings, "articles")
    done = maintain(settings, catalogue)
    (report,) = [one for one in done.publishes if one.published_date == DAY]
    assert (report.difference.new, report.difference.vanished) == (0, 0)
    after, explain = table(settings, "articles"), table(settings, "explain")
    assert after["edited"]["title"] == "The harbour bridge opens again"
    assert {name: after[name]["title"] for name in ("kept", "plain", "gone")} == {
        name: before[name]["title"] for name in ("kept", "plain", "gone")
    }
    assert {name: row["vanishedAt"] for name, row in explain.items()} == {"kept": None, "plain": None, "edited": None, "gone": TOMORROW}
    assert explain["edited"]["captureFile"] == explain["gone"]["captureFile"] == storage.captures_path(REVISIT)
    assert explain["kept"]["capturedAt"] == NOON
    found = lookups.show(settings, f"{ONE}/gone")
    assert found.extracted is not None
    assert found.extracted["text"]


def test_a_page_that_names_another_date_leaves_the_one_it_stood_on(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    spring, told = date(2026, 4, 2), article("The harbour bridge, part kept", image=f"{ONE}/lead.png")
    captured.add_page(f"{ONE}/kept", told.replace("2026-11-20T12", "2026-04-02T12"))
    done = maintain(settings, catalogue)
    changes = {report.published_date: (report.difference.new, report.difference.vanished) for report in done.publishes}
    assert changes == {spring: (1, 0), DAY: (0, 1)}
    assert sorted(table(settings, "articles")) == ["edited", "gone", "plain"]
    assert sorted(table(settings, "articles", spring)) == ["kept"]
    found = lookups.show(settings, f"{ONE}/kept")
    assert found.extracted is not None
    assert found.extracted["movedTo"] is None
    assert found.extracted["publishedDateTime"].date() == found.published_date == spring

    captured.add_page(f"{ONE}/kept", told)
    maintain(settings, catalogue, NOON + timedelta(days=7))
    assert sorted(table(settings, "articles")) == ["edited", "gone", "kept", "plain"]
    assert table(settings, "articles", spring) == {}
    whole = files(settings.lake)
    stages.extract(settings, catalogue, REVISIT)
    for day in (spring, DAY):
        stages.publish(settings, catalogue, day)
    assert files(settings.lake) == whole


def test_a_round_again_asks_nobody_and_changes_nothing(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    maintain(settings, catalogue)
    whole = files(settings.lake)
    captured.forget_requests()
    assert maintain(settings, catalogue).revisits.reused
    assert captured.requests == []
    for name in whole:
        if name.startswith(("extracted/", "ledger/")) and REVISIT_PART in name:
            Path(settings.lake, name).unlink()
    stages.extract(settings, catalogue, REVISIT)
    assert files(settings.lake) == whole


def test_a_page_that_comes_back_is_there_again_a_week_later(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    maintain(settings, catalogue)
    assert maintain(settings, catalogue, NOON + timedelta(days=2)).revisits.asked == 0
    captured.misbehave(f"{ONE}/gone", None)
    captured.forget_requests()
    done = maintain(settings, catalogue, NOON + timedelta(days=7))
    assert (done.revisits.asked, done.revisits.unchanged, done.revisits.changed) == (4, 3, 1)
    assert asked(captured, "edited")[0][0] == 304  # with the validators of its newest version
    assert table(settings, "explain")["gone"]["vanishedAt"] is None
    assert maintain(settings, catalogue, NOON + timedelta(days=8)).revisits.asked == 0


def test_robots_txt_is_kept_to_when_pages_are_looked_at_again(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    captured.add_page(f"{ONE}/robots.txt", "User-agent: *\nDisallow: /edited\n", content_type="text/plain")
    done = maintain(settings, catalogue, TOMORROW + timedelta(hours=1))
    assert (done.revisits.disallowed, done.revisits.changed) == (1, 0)
    assert asked(captured, "edited") == []


def age(settings: Settings, name: str, *, days: int) -> None:
    moment = (TOMORROW - timedelta(days=days)).timestamp()
    os.utime(Path(settings.lake, name), (moment, moment))


def test_old_captures_go_and_everything_made_from_them_stays(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    part = Part(HOUR, "00")
    age(settings, storage.captures_path(part), days=9)
    later = NOON + timedelta(days=10)
    assert maintenance.retain(settings, now=later).parts == 0
    short = settings.model_copy(update={"raw_days": 9})
    before = files(settings.lake)
    done = maintenance.retain(short, now=later)
    assert (done.parts, done.bytes > 0, done.waiting) == (1, True, 0)
    assert before.keys() - files(settings.lake).keys() == {storage.captures_path(part)}
    report = stages.extract(short, catalogue, part)
    assert (report.kept, report.articles) == (True, 4)
    assert DAY in report.published_dates
    assert stages.run(short, catalogue, HOUR, live=True, clock=FrozenClock()).captures[0].reused
    assert before.keys() - files(settings.lake).keys() == {storage.captures_path(part)}


def test_listings_that_backfills_kept_go_by_their_age(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    lake = Lake(settings.lake)
    old, young = storage.document_path("ab" * 32), storage.document_path("cd" * 32)
    for name, days in ((old, 9), (young, 1)):
        lake.write_bytes(name, b"x" * 10)
        age(settings, name, days=days)
    done = maintenance.retain(settings.model_copy(update={"raw_days": 9}), now=TOMORROW)
    assert (done.documents, done.bytes, done.parts) == (1, 10, 0)
    assert [file.path for file in lake.files(storage.DOCUMENTS)] == [young]


def test_captures_stay_that_are_young_or_were_never_extracted(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    part = Part(HOUR, "00")
    short = settings.model_copy(update={"raw_days": 9})
    assert maintenance.retain(short, now=NOON + timedelta(days=5)).parts == 0
    age(settings, storage.captures_path(part), days=9)
    Path(settings.lake, storage.extracted_path(part)).unlink()
    done = maintenance.retain(short, now=NOON + timedelta(days=10))
    assert (done.parts, done.waiting) == (0, 1)


def test_a_backfill_of_old_hours_does_not_fall_to_retention_at_once(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    short = settings.model_copy(update={"raw_days": 9})
    age(settings, storage.captures_path(Part(HOUR, "00")), days=-8)  # an old hour, written a day ago
    assert maintenance.retain(short, now=TOMORROW + timedelta(days=9)).parts == 0


def test_images_that_no_row_names_are_pruned(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    lake = Lake(settings.lake)
    (named,) = lake.files(storage.IMAGES)
    for name in (storage.image_path("ab" * 32, "png"), storage.image_path("cd" * 32, "png")):
        lake.write_bytes(name, b"x" * 10)
    for name, days in ((named.path, 9), (storage.image_path("ab" * 32, "png"), 9), (storage.image_path("cd" * 32, "png"), 0)):
        age(settings, name, days=days)
    done = maintenance.prune(settings, now=TOMORROW)
    assert (done.deleted, done.bytes, done.kept) == (1, 10, 2)
    assert [file.path for file in lake.files(storage.IMAGES)] == sorted([named.path, storage.image_path("cd" * 32, "png")])


def test_no_image_is_pruned_while_rows_do_not_name_theirs(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    lake, path = Lake(settings.lake), storage.extracted_path(Part(HOUR, "00"))
    lake.write_table(path, lake.read_table(path).drop_columns(["imageFile"]))
    (named,) = lake.files(storage.IMAGES)
    age(settings, named.path, days=9)
    done = maintenance.prune(settings, now=TOMORROW)
    assert (done.deleted, done.kept, done.unnamed_rows) == (0, 1, 4)


def test_the_accounts_of_a_day_add_up_and_revisits_do_not_count(settings: Settings, catalogue: Catalogue, captured: Newsroom) -> None:
    maintain(settings, catalogue)
    now = TOMORROW + timedelta(days=1)
    before, day = maintenance.completeness(settings, catalogue, days=2, now=now)
    assert (before.day, before.found, before.fetched, before.extracted, before.published) == (DAY, 4, 4, 4, 4)
    assert (day.day, day.found, day.polls) == (DAY + timedelta(days=1), 0, 0)
    lake = Lake(settings.lake)
    assert lake.read_table(storage.completeness_path(DAY)).schema.equals(schema.COMPLETENESS)


def test_a_day_without_its_usual_articles_is_a_silent_gap(
    settings: Settings, make_catalogue: Callable[..., Catalogue], world: Newsroom
) -> None:
    catalogue = make_catalogue([source(ONE), source(TWO)])
    lake = Lake(settings.lake)
    for shift in range(1, 8):
        day = NOON - timedelta(days=shift)
        rows = [ledger_row(f"{host}/{shift}-{number}", host, day) for host in (ONE, TWO) for number in range(6)]
        lake.write_table(storage.ledger_path(Part(Interval.containing(day), "00")), checked_table(rows, schema.LEDGER, name="ledger"))
    stages.run(settings, catalogue, HOUR, live=True, clock=FrozenClock())  # the feed of the second source is not there any more
    done = maintain(settings, catalogue)
    assert done.gaps == ("two: 0 pages found on 2026-11-20, about 6 expected; 1 poll failed, none succeeded",)
    written = lake.read_table(storage.completeness_path(DAY)).to_pylist()
    assert {row["sourceId"]: (row["expected"], row["found"], row["isGap"]) for row in written} == {
        "one": (6.0, 4, False),
        "two": (6.0, 0, True),
    }


def ledger_row(url: str, host: str, at: datetime) -> dict[str, Any]:
    source_id = host.removeprefix("https://").split(".")[0]
    return {
        "url": url,
        "kind": "page",
        "outcome": "captured",
        "reason": None,
        "sourceId": source_id,
        "via": "feed",
        "listedBy": [],
        "status": 200,
        "bytes": 10,
        "offset": 0,
        "at": at,
        "captureFile": None,
    }
