"""Both DAGs over the sample world, run as `dag.test` runs them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from news_links import asset_uri

from pipeline.core.catalogue import load_catalogue
from tests.dags.conftest import Child, Run, task_environment
from tests.newsroom import Newsroom, Status, World
from tests.newsroom.archives import CommonCrawl, NewsPage
from tests.webhooks import SECRET, serve_webhook

FORM = {"hour": "2026-11-20T12:00:00Z", "looking": "live"}
RAW = "raw/interval=2026-11-20T12"
DATE = "2026-11-20"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(scope="module")
def ingested(airflow: Child, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """The sample's hour, once for all tests that only need it to have been there: the run and its lake, not to be changed."""
    lake = tmp_path_factory.mktemp("ingested") / "lake"
    with Newsroom(World.load()) as room:
        return airflow.run("news_ingest", FORM, environment=task_environment(room, lake)), lake


@pytest.fixture
def own_lake(ingested: tuple[Run, Path], environment: dict[str, str]) -> Path:
    """A copy of that lake, for the test to work on."""
    return Path(shutil.copytree(ingested[1], environment["NEWS_LAKE"]))


@pytest.fixture
def ingest(airflow: Child, environment: dict[str, str]) -> Callable[..., Run]:
    def run(form: dict[str, Any] = FORM, **more: str) -> Run:
        return airflow.run("news_ingest", form, environment={**environment, **more})

    return run


@pytest.fixture
def publish(airflow: Child, environment: dict[str, str]) -> Callable[..., Run]:
    def run(published_date: str | None = DATE, **more: str) -> Run:
        return airflow.run("news_publish", {"published_date": published_date}, environment={**environment, **more})

    return run


def silence(room: Newsroom, sources: int) -> list[str]:
    """Let all feeds of the first `sources` sources answer 503; returns the sources' ids."""
    chosen = load_catalogue(room.world.catalogue).enabled_sources[:sources]
    for source in chosen:
        for feed in source.feeds:
            room.misbehave(feed, Status(503))
    return [source.id for source in chosen]


def of_four_sources(room: Newsroom) -> dict[str, Any]:
    """The form of the sample's hour for the first four sources."""
    return {**FORM, "sources": [source.id for source in load_catalogue(room.world.catalogue).enabled_sources[:4]]}


def articles_of(run: Run) -> int:
    return sum(part["extracted"]["articles"] for name, part in run.results.items() if name.startswith("parts.extract"))


def test_an_hour_goes_from_the_feeds_to_the_announced_dates(ingested: tuple[Run, Path]) -> None:
    run, lake = ingested
    assert run.state == "success"
    assert set(run.states.values()) == {"success"}
    assert run.labels["parts.capture[0]"].startswith("00: kestrel-post, harbour-wire and ")
    assert DATE in run.results["announce"]
    assert run.results["gate"]["failed"] == 0
    assert len(list(lake.glob(f"{RAW}/part=*/manifest.json"))) == len(run.results["plan"]) == 2
    touched = {event["partition"]: event["extra"] for event in run.events if event["asset"] == "news_touched_dates"}
    assert sorted(touched) == run.results["announce"]
    assert touched[DATE]["rows"] == articles_of(run) == run.metrics["news.articles"]
    assert run.note == f"hour 2026-11-20T12: {run.results['gate']['message']}"
    assert run.metrics["news.captures"] == run.metrics["news.outcomes.page.captured"] > 0
    assert run.metrics["news.bytes"] == sum(file.stat().st_size for file in lake.glob(f"{RAW}/part=*/captures.warc.gz"))
    assert (run.metrics["news.sources_failed"], run.metrics["news.sources"]) == (0, run.results["gate"]["total"])


def test_an_hour_that_was_captured_is_not_fetched_again(
    ingested: tuple[Run, Path], own_lake: Path, ingest: Callable[..., Run], room: Newsroom
) -> None:
    again = ingest()
    assert room.requests == []
    assert again.state == "success"
    assert again.results["announce"] == ingested[0].results["announce"]
    assert own_lake.exists()


def test_a_past_hour_takes_only_what_is_dated_inside_it(ingested: tuple[Run, Path], ingest: Callable[..., Run]) -> None:
    past = ingest({"hour": "2026-11-20T09:00:00Z", "looking": "auto"}, NEWS_SOURCES_PER_PART="100")
    assert (past.state, len(past.results["plan"])) == ("success", 1)
    assert 0 < articles_of(past) < articles_of(ingested[0])
    assert DATE in past.results["announce"]
    assert "1 of 1 hour to capture, at an unknown cost" in past.log


def test_the_form_says_which_sources_are_looked_for_and_where(ingest: Callable[..., Run], room: Newsroom) -> None:
    form = {"hour": "2026-11-20T09:00:00Z", "sources": ["kestrel-post"], "origins": ["captures", "pages"]}
    run = ingest({**form, "looking": "auto"})
    assert run.state == "success"
    assert [one["part"]["source_ids"] for one in run.results["plan"]] == [["kestrel-post"]]
    assert "part 00: kestrel-post: to be captured" in run.log
    assert not any("archive.org" in seen.host or "commoncrawl" in seen.host for seen in room.requests)
    room.forget_requests()
    again = ingest({**form, "looking": "auto"})
    assert "part 00: kestrel-post: captured already, to be extracted again" in again.log
    assert room.requests == []


def test_a_refetch_captures_anew_beside_what_is_there(ingest: Callable[..., Run], environment: dict[str, str], room: Newsroom) -> None:
    form = {"hour": "2026-11-20T09:00:00Z", "looking": "past", "sources": ["kestrel-post"], "origins": ["pages"]}
    ingest(form)
    room.forget_requests()
    run = ingest({**form, "refetch": True})
    (name,) = (one["part"]["name"] for one in run.results["plan"])
    assert re.fullmatch(r"00-r[0-9a-f]{8}", name)
    assert any(seen.host.startswith("www.kestrel") or "kestrel" in seen.host for seen in room.requests)
    parts = sorted(path.parent.name for path in Path(environment["NEWS_LAKE"], "raw/interval=2026-11-20T09").glob("part=*/manifest.json"))
    assert parts == ["part=00", f"part={name}"]


def test_the_form_of_a_date_builds_what_the_data_said_then_into_another_lake(
    own_lake: Path, airflow: Child, environment: dict[str, str], tmp_path: Path
) -> None:
    path, then = f"articles/published_date={DATE}/articles.parquet", datetime.now(UTC)
    form = {"published_date": DATE, "as_of": then.isoformat(), "into": str(tmp_path / "then")}
    run = airflow.run("news_publish", form, environment=environment)
    assert run.state == "success"
    assert run.results["check"]["articles"] == pq.read_table(tmp_path / "then" / path).num_rows > 0
    assert not (own_lake / path).exists()
    assert (run.states["announce"], run.events) == ("skipped", [])
    assert not any(name.startswith("news.records") for name in run.metrics)
    before = airflow.run(
        "news_publish", {**form, "as_of": "2026-01-01T00:00:00Z", "into": str(tmp_path / "before")}, environment=environment
    )
    assert (before.state, before.results["publish"]["articles"]) == ("success", 0)
    refused = airflow.run("news_publish", {**form, "into": None}, environment=environment)
    assert refused.state == "failed"
    assert "a past state must be written into another lake" in refused.log


@pytest.mark.parametrize("origin", ["ccnews", "warc"])
def test_what_no_source_has_any_more_is_read_from_files(
    ingest: Callable[..., Run], environment: dict[str, str], tmp_path: Path, origin: str
) -> None:
    crawl = CommonCrawl()
    at = datetime(2026, 10, 2, 9, 30, tzinfo=UTC)
    host = load_catalogue(environment["NEWS_CONFIG"]).source("kestrel-post").feeds[0].rpartition("/")[0]  # type: ignore[union-attr]
    text = " ".join(f"Sentence {number} tells what the council of Elm decided about the ferry." for number in range(20))
    head = f"<title>Elm keeps its ferry</title><meta property='article:published_time' content='{at.isoformat()}'>"
    page = f"<html><head>{head}</head><body><article><h1>Elm keeps its ferry</h1><p>{text}</p></article></body></html>"
    crawl.add(at, [NewsPage(f"{host}/elm-keeps-its-ferry", at, page)])
    crawl.save(tmp_path / "mirror")
    form = {"hour": "2026-10-02T09:00:00Z", "looking": "auto", "origins": [origin]}
    named: dict[str, str] = {"NEWS_CCNEWS": str(tmp_path / "mirror")} if origin == "ccnews" else {}
    run = ingest({**form, "warc": [str(tmp_path / "mirror/**/*.warc.gz")]} if origin == "warc" else form, **named)
    assert run.state == "success"
    (report,) = (one for one in run.results["archives"] if one["extracted"] is not None)
    assert report["captured"]["part"].startswith("ccnews-20261002093000-00001-0" if origin == "ccnews" else "warc-")
    assert report["extracted"]["articles"] == 1
    assert run.results["announce"] == ["2026-10-02"]
    assert "no origin reaches back to 2026-10-02T09" in run.results["gate"]["message"]


def test_origins_are_of_the_past(ingest: Callable[..., Run]) -> None:
    run = ingest({**FORM, "origins": ["pages"]})
    assert (run.state, run.states["plan"], run.tries["plan"]) == ("failed", "failed", 1)
    assert "origins, warc and refetch work only for the past" in run.log


def test_a_field_that_the_form_lacks_is_refused_and_not_passed_over(ingest: Callable[..., Run]) -> None:
    run = ingest({**FORM, "origin": ["pages"]})
    assert (run.state, run.states["plan"], run.tries["plan"]) == ("failed", "failed", 1)
    assert "the form has no field origin: choose from hour, looking, sources, origins, warc, refetch" in run.log


def test_a_date_is_built_once_and_checked_every_time(own_lake: Path, publish: Callable[..., Run]) -> None:
    first, second = publish(), publish()
    names = ("announce", "difference", "publish")
    done, skipped = dict.fromkeys(names, "success"), dict.fromkeys(names, "skipped")
    assert (first.state, first.states) == ("success", {**done, "check": "success"})
    assert (second.state, second.states) == ("success", {**skipped, "check": "success"})
    table = pq.read_table(own_lake / f"articles/published_date={DATE}/articles.parquet")
    assert table.num_rows == first.results["publish"]["articles"] > 0
    opened = ds.dataset(asset_uri("articles", lake=str(own_lake)), partitioning="hive")  # as a lineage catalogue opens the asset
    assert opened.filter(ds.field("published_date") == DATE).count_rows() == table.num_rows
    assert (first.results["difference"]["new"], first.results["difference"]["changed"]) == (table.num_rows, 0)
    assert f"{DATE}: +{table.num_rows} new, 0 changed, 0 vanished" in first.log
    listed = sum(1 for line in first.log.splitlines() if re.search(r"\bnew: http", line))
    assert 0 < listed < table.num_rows
    assert f"new: and {table.num_rows - listed} more" in first.log
    assert f"every change, by record and field: changes/published_date={DATE}/" in first.log
    told = pq.read_table(next((own_lake / f"changes/published_date={DATE}").iterdir()))
    assert told.num_rows == table.num_rows
    changes = {"new": table.num_rows, "changed": 0, "vanished": 0}
    numbers = {"rows": table.num_rows, "published": first.results["publish"]["published"], **changes}
    assert first.events == [{"asset": "news_articles", "partition": DATE, "extra": numbers}]
    assert first.metrics["news.records.new"] == table.num_rows
    assert second.events == []
    assert first.note == f"{DATE}: {first.results['difference']['summary']}"
    assert second.note == f"{DATE}: the same inputs were built before"


def test_the_connection_holds_the_sealing_keys_and_no_log_xcom_rendered_field_or_file_of_the_lake(
    own_lake: Path, airflow: Child, publish: Callable[..., Run]
) -> None:
    run = publish(AIRFLOW_CONN_NEWS_SEALING=json.dumps({"conn_type": "generic", "password": KEY}))
    table = pq.read_table(own_lake / f"articles/published_date={DATE}/articles.parquet")
    assert table["secured"].null_count == 0
    assert KEY not in run.log
    written = [path for folder in (airflow.home, own_lake) for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in written)  # Airflow's metadata: XCom, rendered fields, notes
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []


def test_a_run_by_hand_without_a_date_says_what_to_do(publish: Callable[..., Run]) -> None:
    run = publish(None)
    assert run.state == "failed"
    assert "fill in `published_date` of the form" in run.log


def test_one_dead_source_leaves_a_green_run_with_a_warning(ingest: Callable[..., Run], room: Newsroom) -> None:
    dead = silence(room, 1)
    run = ingest(of_four_sources(room), NEWS_SOURCES_PER_PART="2")
    assert run.state == "success"
    assert run.results["gate"]["failed"] == 1
    warning = next(line for line in run.log.splitlines() if run.results["gate"]["message"] in line)
    assert "warning" in warning
    assert dead[0] in warning


def test_too_many_dead_sources_make_the_run_red_at_once(ingest: Callable[..., Run], room: Newsroom) -> None:
    dead = silence(room, 3)
    with serve_webhook() as webhook:
        run = ingest(of_four_sources(room), NEWS_SOURCES_PER_PART="2", NEWS_ALERT_URL=webhook.url)
    assert run.state == "failed"
    assert (run.states["gate"], run.tries["gate"]) == ("failed", 1)
    assert "3 of 4 sources failed" in run.log
    assert str(run.note).startswith("hour 2026-11-20T12: 3 of 4 sources failed")
    ((alert,),) = (body["alerts"] for body in webhook.bodies)
    assert (alert["change"], alert["kind"]) == ("began", "gate")
    assert alert["sentence"].removeprefix("hour 2026-11-20T12: ") in run.log
    assert all(source in run.log for source in dead)


def test_a_part_that_fails_counts_as_all_its_sources(own_lake: Path, ingest: Callable[..., Run]) -> None:
    (own_lake / RAW / "part=01/captures.warc.gz").write_bytes(b"not a WARC file")
    run = ingest()
    assert run.states["parts.extract[1]"] == "failed"
    assert run.states["parts.extract[0]"] == "success"
    assert run.results["gate"]["failed"] == len(run.results["plan"][1]["part"]["source_ids"])
    assert DATE in run.results["announce"]


def test_a_wrong_catalogue_fails_at_once_and_names_the_file(airflow: Child, environment: dict[str, str], tmp_path: Path) -> None:
    closed = {"NEWS_ALERT_URL": f"http://127.0.0.1:1/{SECRET}"}
    run = airflow.run("news_ingest", FORM, environment={**environment, **closed, "NEWS_CONFIG": str(tmp_path)})
    assert run.state == "failed"
    assert (run.states["plan"], run.tries["plan"]) == ("failed", 1)
    assert (run.states["announce"], run.states["gate"]) == ("skipped", "failed")
    assert "topics.yaml: there is no such file" in run.log
    assert "alerts were not sent to the webhook" in run.log
    assert SECRET not in run.log


def test_a_date_that_would_shrink_is_told_until_it_is_built(own_lake: Path, publish: Callable[..., Run]) -> None:
    publish()
    with serve_webhook() as webhook:
        refused = publish(NEWS_ALERT_URL=webhook.url, NEWS_MIN_CONFIDENCE_ARTICLE="1")
        built = publish(NEWS_ALERT_URL=webhook.url)
    assert (refused.state, built.state) == ("failed", "success")
    assert refused.note == DATE
    began, ended = (alert for body in webhook.bodies for alert in body["alerts"])
    assert [began["change"], ended["change"]] == ["began", "ended"]
    assert (began["kind"], began["subject"]) == ("date", DATE)
    assert began["sentence"].removeprefix(f"{DATE}: ")[:40] in refused.log


def test_a_scheduled_hour_that_is_late_is_told_and_a_backfilled_one_is_not(airflow: Child, environment: dict[str, str]) -> None:
    run = {"run_type": "scheduled", "data_interval_start": "2026-11-20T12:00:00Z"}
    with serve_webhook() as webhook:
        environment = {**environment, "NEWS_ALERT_URL": webhook.url}
        airflow.tell_late({**run, "run_type": "backfill"}, environment=environment)
        assert webhook.bodies == []
        airflow.tell_late(run, environment=environment)
        airflow.tell_late(run, environment=environment)
    (body,) = webhook.bodies
    late = "hour 2026-11-20T12 is late: its run was not done 60 minutes after it was due"
    assert [alert["sentence"] for alert in body["alerts"]] == [late]
