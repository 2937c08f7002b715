"""Publishers' wishes on the use of articles, from the answers that state them to the rows and records that respect them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Interval, Part
from pipeline.core.rights_policy import RightsPolicy
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.ledgers import read_ledger, read_manifest
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.operations.erasure_runs import plan_erasure, run_erasure
from tests.integration.commands import say
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, NEXT, ONE, TWO, article, feed, source
from tests.newsroom import Newsroom, Status

Row = dict[str, Any]
Run = Callable[..., stages.WalkReport]


@pytest.fixture
def world(room: Newsroom) -> Newsroom:
    """Two sources with one article each."""
    for host in (ONE, TWO):
        room.add_page(f"{host}/a", article(f"Story of {host}"))
        room.add_page(f"{host}/feed", feed(f"{host}/a"), content_type="application/rss+xml")
    return room


@pytest.fixture
def catalogue(make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    return make_catalogue([source(ONE), source(TWO)])


@pytest.fixture
def run(settings: Settings, catalogue: Catalogue, clock: FrozenClock) -> Run:
    def walk(interval: Interval = HOUR) -> stages.WalkReport:
        return stages.run(settings, catalogue, interval, live=True, clock=clock)

    return walk


def extracted(settings: Settings) -> dict[str, Row]:
    """The rows of all parts by their webUrl."""
    lake = Lake(settings.lake)
    parts = [Part(interval, name) for interval in lake.ledger_intervals() for name in lake.ledger_parts(interval.key)]
    paths = [path for path in map(storage.extracted_path, parts) if lake.exists(path)]
    rows = lake.read_rows(paths, None, schema.EXTRACTED).to_pylist()
    return {row["webUrl"]: row for row in rows}


def said(row: Row) -> list[str]:
    """The wishes recorded with an article, as `place wish=value`."""
    wishes = (row["rights"] or {"wishes": []})["wishes"]
    return [f"{wish['place']} {wish['wish']}{'' if wish['value'] is None else '=' + wish['value']}" for wish in wishes]


def test_what_a_page_and_its_answer_say_is_recorded_with_place_and_time(world: Newsroom, settings: Settings, run: Run) -> None:
    asking = article("Story").replace("<head>", "<head><meta name=robots content='noai'><meta name=tdm-reservation content=1>")
    world.add_page(f"{ONE}/a", asking, headers={"X-Robots-Tag": "noarchive, googlebot: noindex", "Content-Usage": "train-ai=n"})
    run()
    row, other = (extracted(settings)[f"{host}/a"] for host in (ONE, TWO))
    assert said(row) == [
        "header.x-robots-tag noarchive",
        "header.content-usage aiTrain=no",
        "meta.robots noai",
        "meta.tdm-reservation tdmReservation=reserved",
    ]
    assert row["rights"]["tdm"] == "reserved"
    assert {wish["at"] for wish in row["rights"]["wishes"]} == {row["capturedAt"]}
    assert other["rights"] is None


def test_show_prints_what_was_said_and_where(
    world: Newsroom, settings: Settings, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add_page(f"{ONE}/a", article("Story"), headers={"X-Robots-Tag": "noarchive"})
    run()
    monkeypatch.setenv("COLUMNS", "300")
    shown = say(["--lake", settings.lake, "show", f"{ONE}/a"], capsys).out
    line = next(line for line in shown.splitlines() if "rights: noarchive" in line)
    assert "header.x-robots-tag" in line, line


ROBOTS = "User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n"
TDM = '[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://one.example/policy.json"}]'


def asked(world: Newsroom, path: str = "/.well-known/tdmrep.json") -> list[str]:
    return [request.host for request in world.requests if request.path == path]


def declare(world: Newsroom) -> None:
    world.add_page(f"{ONE}/robots.txt", ROBOTS, content_type="text/plain")
    world.add_page(f"{ONE}/.well-known/tdmrep.json", TDM, content_type="application/json")


HOST_WISHES = [
    "robots.txt.content-signal search=yes",
    "robots.txt.content-signal aiTrain=no",
    "tdmrep.json tdmReservation=reserved",
    "tdmrep.json tdmPolicy=https://one.example/policy.json",
]


def test_what_a_host_declares_is_recorded_with_each_of_its_articles(world: Newsroom, settings: Settings, run: Run) -> None:
    declare(world)
    run()
    rows = extracted(settings)
    assert said(rows[f"{ONE}/a"]) == HOST_WISHES
    assert rows[f"{ONE}/a"]["rights"]["tdm"] == "reserved"
    assert rows[f"{TWO}/a"]["rights"] is None


def test_a_host_is_asked_for_its_tdm_file_once_a_day_and_a_404_is_remembered(
    world: Newsroom, settings: Settings, run: Run, clock: FrozenClock
) -> None:
    declare(world)
    run()
    assert sorted(asked(world)) == ["one.example", "two.example"]
    world.forget_requests()
    for host in (ONE, TWO):
        world.add_page(f"{host}/b", article(f"Second story of {host}"))
        world.add_page(f"{host}/feed", feed(f"{host}/a", f"{host}/b"), content_type="application/rss+xml")
    run(NEXT)
    assert asked(world) == asked(world, "/robots.txt") == []
    assert said(extracted(settings)[f"{ONE}/b"]) == HOST_WISHES
    clock.moment += timedelta(days=1)
    for host in (ONE, TWO):
        world.add_page(f"{host}/c", article(f"Third story of {host}"))
        world.add_page(f"{host}/feed", feed(f"{host}/c"), content_type="application/rss+xml")
    world.add_page(f"{ONE}/.well-known/tdmrep.json", "gone", status=404)
    run(Interval.containing(NEXT.start + timedelta(days=1)))
    assert sorted(asked(world)) == ["one.example", "two.example"]
    assert said(extracted(settings)[f"{ONE}/c"]) == HOST_WISHES[:2]


def test_a_tdm_file_that_robots_txt_closes_is_not_asked_for(world: Newsroom, settings: Settings, run: Run) -> None:
    declare(world)
    world.add_page(f"{ONE}/robots.txt", "User-agent: *\nDisallow: /.well-known/", content_type="text/plain")
    run()
    assert asked(world) == ["two.example"]
    assert extracted(settings)[f"{ONE}/a"]["rights"] is None


def test_a_host_whose_tdm_file_fails_is_asked_once_and_keeps_what_it_declared(
    world: Newsroom, settings: Settings, run: Run, clock: FrozenClock
) -> None:
    declare(world)
    run()
    world.forget_requests()
    world.misbehave(f"{ONE}/.well-known/tdmrep.json", Status(503))
    world.add_page(f"{ONE}/b", article("Second story"))
    world.add_page(f"{ONE}/feed", feed(f"{ONE}/b"), content_type="application/rss+xml")
    clock.moment += timedelta(days=1)
    run(Interval.containing(HOUR.start + timedelta(days=1)))
    assert asked(world) == ["one.example"]
    assert said(extracted(settings)[f"{ONE}/b"]) == HOST_WISHES


def test_extracting_again_gives_the_same_bytes(world: Newsroom, settings: Settings, catalogue: Catalogue, run: Run) -> None:
    declare(world)
    run()
    lake = Lake(settings.lake)
    (part,) = [Part(HOUR, name) for name in lake.captured_parts(HOUR.key)]
    before = lake.read_bytes(storage.extracted_path(part))
    stages.extract(settings, catalogue, part)
    assert lake.read_bytes(storage.extracted_path(part)) == before


def decided(catalogue: Catalogue, **wishes: str) -> Catalogue:
    """The catalogue with this policy in its rights.yaml."""
    return catalogue.model_copy(update={"rights": RightsPolicy.model_validate({"wishes": wishes})})


def outcomes(settings: Settings, kind: str = "page") -> dict[str, str]:
    lake = Lake(settings.lake)
    parts = [Part(interval, name) for interval in lake.ledger_intervals() for name in lake.ledger_parts(interval.key)]
    rows = read_ledger(lake, parts, columns=["url", "kind", "outcome", "reason"]).to_pylist()
    return {row["url"]: row["outcome"] + (f" {row['reason']}" if row["reason"] else "") for row in rows if row["kind"] == kind}


def records(settings: Settings) -> set[str]:
    lake = Lake(settings.lake)
    return {url for day in lake.published_dates() for url in lake.read_table(storage.articles_path(day))["webUrl"].to_pylist()}


@pytest.fixture
def refusing(world: Newsroom) -> Newsroom:
    """The first source's article may not be indexed."""
    world.add_page(f"{ONE}/a", article("Story"), headers={"X-Robots-Tag": "noindex"})
    return world


def test_by_default_every_article_is_published(refusing: Newsroom, settings: Settings, run: Run) -> None:
    run()
    assert records(settings) == {f"{ONE}/a", f"{TWO}/a"}
    assert extracted(settings)[f"{ONE}/a"]["text"]


def test_an_article_that_may_not_be_published_has_no_record_and_the_ledger_says_why(
    refusing: Newsroom, settings: Settings, catalogue: Catalogue, clock: FrozenClock
) -> None:
    report = stages.run(settings, decided(catalogue, noindex="doNotPublish"), HOUR, live=True, clock=clock)
    assert outcomes(settings) == {f"{ONE}/a": "rejected rights", f"{TWO}/a": "captured"}
    assert records(settings) == {f"{TWO}/a"}
    row = extracted(settings)[f"{ONE}/a"]
    assert (row["text"], said(row)) == (None, ["header.x-robots-tag noindex"])
    (extract,) = report.extracts
    assert (extract.articles, extract.rejected) == (1, {"rights": 1})


def test_an_article_kept_without_text_has_a_record_and_nothing_of_its_text(
    world: Newsroom, settings: Settings, catalogue: Catalogue, clock: FrozenClock
) -> None:
    declare(world)
    stages.run(settings, decided(catalogue, tdm="keepWithoutText"), HOUR, live=True, clock=clock)
    assert records(settings) == {f"{ONE}/a", f"{TWO}/a"}
    row = extracted(settings)[f"{ONE}/a"]
    assert row["text"] is None
    assert "Sentence number" not in repr(row)
    assert extracted(settings)[f"{TWO}/a"]["text"]


def test_another_policy_withdraws_and_restores_records_by_publishing_alone(
    refusing: Newsroom, settings: Settings, catalogue: Catalogue, run: Run
) -> None:
    run()
    (day,) = Lake(settings.lake).published_dates()
    before = Lake(settings.lake).read_bytes(storage.articles_path(day))
    report = stages.publish(settings, decided(catalogue, noindex="doNotPublish"), day)
    assert report.rebuilt
    assert report.difference.vanished_urls == (f"{ONE}/a",)
    assert records(settings) == {f"{TWO}/a"}
    stages.check(settings, decided(catalogue, noindex="doNotPublish"), day)
    stages.publish(settings, catalogue, day)
    assert Lake(settings.lake).read_bytes(storage.articles_path(day)) == before


def test_a_past_hour_keeps_to_the_policy(
    world: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock
) -> None:
    world.add_page(f"{ONE}/a", article("Story"), headers={"X-Robots-Tag": "noindex"})
    sitemap = (
        f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>{ONE}/a</loc>"
        "<lastmod>2026-11-20T12:10:00Z</lastmod></url></urlset>"
    )
    world.add_page(f"{ONE}/sitemap.xml", sitemap, content_type="application/xml")
    catalogue = decided(make_catalogue([source(ONE, sitemaps=[f"{ONE}/sitemap.xml"])]), noindex="doNotPublish")
    stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["sitemap"])
    assert outcomes(settings)[f"{ONE}/a"] == "rejected rights"
    assert records(settings) == set()


def test_what_an_erased_provider_declared_goes_with_its_pages(
    world: Newsroom, settings: Settings, catalogue: Catalogue, run: Run, clock: FrozenClock
) -> None:
    declare(world)
    run()
    lake = Lake(settings.lake)
    (part,) = [Part(HOUR, name) for name in lake.captured_parts(HOUR.key)]
    assert [one.url for one in read_manifest(lake, part).declarations] == [f"{ONE}/robots.txt", f"{ONE}/.well-known/tdmrep.json"]
    run_erasure(settings, catalogue, plan_erasure(settings, catalogue, "one.example"), reason="asked by letter", clock=clock)
    assert read_manifest(lake, part).declarations == ()
    assert "one.example" not in lake.read_bytes(storage.manifest_path(part)).decode()
