"""The pages that operators look at: over the sample world, over lakes without anything, and over a lake whose every text is an attack."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import html

from pipeline.core import schema
from pipeline.core.models import Difference, Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.lake.tables import checked_table
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import BackfillRequest
from pipeline.operations.backfill.records import BackfillRecord, BackfillStep, to_json
from pipeline.operations.completeness import SourceDay
from pipeline.operations.completeness_tables import write_tables
from pipeline.operations.pages.site import HEADERS, NAVIGATION, SiteAnswer, SiteRequest, answer
from pipeline.publishing.differences import difference
from pipeline.text.control_characters import CONTROLS
from tests.integration.conftest import SampleWalk
from tests.integration.hostile_lake import MARKUP, MOMENT, TEXTS, write_hostile_lake

NOW = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)
DAY = date(2026, 11, 19)


def get(settings: Settings, address: str, *, may_backfill: bool = True) -> SiteAnswer:
    parts = urlsplit(address)
    return answer(settings, SiteRequest(parts.path, dict(parse_qsl(parts.query)), "/news", NOW, "ada", may_backfill))


def page(settings: Settings, address: str, *, status: int = 200) -> Any:
    got = get(settings, address)
    assert got.status == status, got.body.decode()
    return html.fromstring(got.body.decode())


def text(document: Any) -> str:
    return " ".join(document.text_content().split())


@pytest.fixture(scope="module")
def counted(sample: SampleWalk, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample world with completeness tables of four days, in the last of which one source fell silent."""
    root = tmp_path_factory.mktemp("pages") / "lake"
    shutil.copytree(sample.settings.lake, root)
    ids = [source.id for source in sample.catalogue.enabled_sources]
    rows = [
        SourceDay(date(2026, 11, number), one, 8.0, "days", 24, 0, found, found, found, found)
        for number in (16, 17, 18, 19)
        for one in ids
        for found in [0 if (one, number) == (ids[0], 19) else 8]
    ]
    write_tables(Lake(str(root)), rows)
    return sample.settings.model_copy(update={"lake": str(root)})


@pytest.fixture
def silent(sample: SampleWalk) -> str:
    return sample.catalogue.enabled_sources[0].id


def test_today_tells_hours_delays_hottest_stories_with_pictures_and_what_is_late(counted: Settings, silent: str) -> None:
    document = page(counted, "/today")
    assert document.xpath("//svg//rect[contains(@class, 'captured')]")
    assert "23 hours of these 24 have no pages" in text(document)
    assert f"{silent}: 0 pages found on 2026-11-19, about 8 expected." in text(document)
    assert re.search(r"Half of \d+ articles within", text(document))
    pictures = document.xpath("//ol[@class='stories']//img/@src")
    assert pictures
    for picture in pictures:
        got = get(counted, picture.removeprefix("/news"))
        assert (got.status, got.content_type.partition("/")[0]) == (200, "image")
    heats = [int(heat) for heat in document.xpath("//p[@class='heat']/span/text()")]
    assert heats == sorted(heats, reverse=True) != []
    assert document.xpath("//section[h2[@id='failed']]//tbody/tr")


def test_an_hour_shows_each_source_with_its_outcomes_and_why_something_failed(counted: Settings) -> None:
    assert "/news/hours?hour=2026-11-20T12" in page(counted, "/today").xpath("//details//tbody//a/@href")
    document = page(counted, "/hours?hour=2026-11-20T12")
    rows = document.xpath("//tbody/tr")
    assert len(rows) > 5
    assert any("feed failed: " in text(row.xpath("td")[-1]) or "page rejected: " in text(row.xpath("td")[-1]) for row in rows)
    captured = [int(text(row.xpath("td")[0]) or 0) for row in rows]
    assert f"{sum(captured)} captured" in text(document.xpath("//ul[@class='figures']")[0])
    assert "This hour has no ledger" in text(page(counted, "/hours?hour=2026-11-20T03"))
    assert "is not an hour" in text(page(counted, "/hours?hour=noon", status=404))


def test_sources_are_filtered_and_sorted_and_a_problem_has_its_reason_and_since_when(counted: Settings, silent: str) -> None:
    first = page(counted, "/sources").xpath("//tbody/tr")[0]
    assert silent in text(first)
    assert "far fewer pages than it usually brings since 2026-11-19" in text(first)
    by_name = [text(row) for row in page(counted, "/sources?sort=name").xpath("//tbody/tr/th/span")]
    assert by_name == sorted(by_name)
    assert len(page(counted, "/sources?state=problem").xpath("//tbody/tr")) == 1
    assert len(page(counted, f"/sources?words={by_name[2]}").xpath("//tbody/tr")) == 1
    assert "No source fits" in text(page(counted, "/sources?words=nothing-like-it"))
    assert page(counted, "/sources").xpath("//svg[@class='spark']/@aria-label")[0].startswith("pages a day from 2026-11-16")


def test_a_source_shows_its_feeds_its_outcomes_and_its_days(counted: Settings, silent: str) -> None:
    document = page(counted, f"/sources/{silent}")
    assert document.xpath("//section[h2[@id='feeds']]//tbody/tr")
    listed = document.xpath("//section[h2[@id='outcomes']]//tbody/tr[td[2]='page']/td/a/@href")
    assert listed
    assert text(document.xpath("//tr[@class='gap']/th")[0]) == "2026-11-19, a gap"
    assert "first seen by" in text(page(counted, listed[-1].removeprefix("/news")))
    assert "no source with the id" in text(page(counted, "/sources/nobody", status=404))


def test_a_story_of_the_day_leads_to_its_members_and_to_a_record_with_every_part_of_its_quality(counted: Settings) -> None:
    day = page(counted, "/stories?day=2026-11-20")
    story = day.xpath("//ol[@class='stories']//a[contains(@href, '/stories/')]/@href")[0]
    members = page(counted, story.removeprefix("/news")).xpath("//section[h2[@id='time']]//tbody/tr")
    assert len(members) > 1
    times = [row.xpath(".//time/@datetime")[0] for row in members]
    assert times == sorted(times)
    assert sum("lead" in text(row) for row in members) == 1
    record = page(counted, members[0].xpath(".//th/a/@href")[0].removeprefix("/news"))
    rows = [row.xpath("td|th") for row in record.xpath("//section[h2[@id='quality']]//tbody/tr")]
    points = [int(cells[0].text_content()) for cells in rows]
    quality = next(place for place, cells in enumerate(rows) if text(cells[1]) == "quality")
    assert sum(points[:quality]) == points[quality]
    fields = {text(row.xpath("th")[0]): row for row in record.xpath("//section[h2[@id='fields']]//tbody/tr")}
    assert text(fields["title"].xpath("td")[1])
    assert text(fields["title"].xpath("td")[2]).endswith("%")


def test_stories_are_filtered_by_topic_title_and_published(counted: Settings) -> None:
    everything = page(counted, "/stories?day=2026-11-20")
    titles = [text(title) for title in everything.xpath("//h3")]
    topic = everything.xpath("//select[@name='topic']/option[2]")[0].text
    assert 0 < len(page(counted, f"/stories?day=2026-11-20&topic={topic}").xpath("//h3")) < len(titles)
    assert [text(title) for title in page(counted, f"/stories?day=2026-11-20&words={titles[0][:20]}").xpath("//h3")] == [titles[0]]
    assert "No story of this day fits" in text(page(counted, "/stories?day=2026-11-20&words=zzzz"))
    assert "there are no records of 2020-01-01" in text(page(counted, "/stories?day=2020-01-01", status=404))
    assert "is not a date" in text(page(counted, "/stories?day=tomorrow", status=404))


def test_a_gap_on_the_map_leads_to_the_form_filled_in_and_to_the_plan(counted: Settings, silent: str) -> None:
    document = page(counted, "/coverage")
    (gap,) = document.xpath("//td[@class='gap']/a")
    assert text(gap) == "0 of about 8, a gap"
    assert text(document.xpath("//tbody/tr/th")[0]) == silent
    form = page(counted, gap.get("href").removeprefix("/news"))
    assert form.xpath("//input[@name='source']/@value")[0] == silent
    assert form.xpath("//input[@name='day']/@value") == ["2026-11-19"]
    cells = {text(row.xpath("th")[0]): text(row.xpath("td")[0]) for row in form.xpath("//section[h2[@id='found']]//tbody/tr")}
    assert cells == {"expected": "about 8", "found when the day was counted": "0", "found now": "0"}
    assert not form.xpath("//form[@method='post']")
    planned = f"/coverage/backfill?source={silent}&day=2026-11-19&last=2026-11-20&origins=sitemap%20pages&plan=on"
    assert "hours to capture" in text(page(counted, planned))
    assert "Somebody has to approve it" not in text(page(counted, planned))
    (start,) = page(counted, planned).xpath("//form[@method='post']")
    assert dict(start.form_values()) == {
        "source": silent,
        "day": "2026-11-19",
        "last": "2026-11-20",
        "origins": "sitemap pages",
        "refetch": "",
    }
    refused = html.fromstring(get(counted, planned, may_backfill=False).body.decode())
    assert not refused.xpath("//form[@method='post']")


def test_a_plan_above_a_limit_says_that_somebody_has_to_approve_it(counted: Settings, silent: str) -> None:
    limited = counted.model_copy(update={"approve_dates": 1})
    shown = text(page(limited, f"/coverage/backfill?source={silent}&day=2026-11-18&last=2026-11-19&plan=on"))
    assert "Somebody has to approve it: 2 dates, more than NEWS_APPROVE_DATES (1)" in shown
    assert "Required actions" in shown


@pytest.fixture(scope="module")
def filled(counted: Settings, sample: SampleWalk) -> BackfillRecord:
    """The record of a backfill of the silent source that changed eight records of a date, and a build's file of changes."""
    asked = BackfillRequest(DAY, DAY, (sample.catalogue.enabled_sources[0].id,), ("sitemap",))
    lake = Lake(counted.lake)
    plan = plan_backfill(counted, sample.catalogue, asked, now=NOW)
    urls = tuple(f"https://a.example/{number}" for number in range(5))
    change = Difference(
        before=9, after=16, new=7, changed=1, vanished=0, fields={"title": 1, "heat": 1}, new_urls=urls, changed_urls=urls[:1]
    )
    step = BackfillStep(articles=7, urls=7, dates=(DAY,), warnings=tuple(f"no origin reaches hour {hour}" for hour in range(12)))
    record = BackfillRecord(asked, plan, NOW, "c0de", "mark", (), state="done", steps={"2026-11-19T12": step}, finished=NOW)
    record = record.with_difference(DAY, change).with_difference(date(2026, 11, 18), difference(None, schema.ARTICLES.empty_table()))
    lake.write_bytes(storage.backfill_path(record.id), to_json(record))
    of_build = {"knownUntil": NOW, "build": "b" * 12, "buildBefore": "a" * 12}
    rows = [
        {"webUrl": urls[0], "change": "changed", "field": "title", "old": '"One"', "new": f'"{"long " * 100}"', **of_build},
        {"webUrl": urls[0], "change": "changed", "field": "heat", "old": "3", "new": "70", **of_build},
        {"webUrl": urls[1], "change": "gone", "field": None, "old": None, "new": None, **of_build},
    ]
    path = f"changes/published_date={DAY}/20261120T133000Z-{'a' * 12}-{'b' * 12}.parquet"
    lake.write_table(path, checked_table(rows, schema.CHANGES, name="changes"))
    return record


def test_after_a_backfill_its_page_says_what_changed_by_field_and_leaves_nothing_out_silently(
    counted: Settings, filled: BackfillRecord
) -> None:
    (link,) = page(counted, "/coverage").xpath("//section[h2[@id='backfills']]//tbody/tr/th/a/@href")
    gap = f"/coverage/backfill?source={filled.asked.sources[0]}&day={DAY}&last={DAY}&origins=sitemap"
    for address in (link.removeprefix("/news"), gap):
        document = page(counted, address)
        assert "In all 7 new, 1 changed (heat 1, title 1), 0 vanished of 9 records; 1 date without a change" in text(document)
        assert "and 2 more" in text(document.xpath("//details")[0])
        assert "and 2 more; backfills/" in text(document.xpath("//main//ul[li]")[-1])
        (day,) = document.xpath("//table[caption[starts-with(., 'What it changed')]]//tbody/tr/th/a/@href")
        assert day == f"/news/changes?day={DAY}"
    assert "has begun" in text(page(counted, "/backfills/0123456789ab", status=404))


def test_the_changes_of_a_date_are_counted_by_build_and_field_and_filtered(counted: Settings, filled: BackfillRecord) -> None:
    assert filled.state == "done"
    document = page(counted, f"/changes?day={DAY}")
    (build,) = [row for row in document.xpath("//section[h2[@id='builds']]//tbody/tr") if "b" * 12 in text(row)]
    assert [text(cell) for cell in build.xpath("td")[1:]] == ["0", "1", "1", "heat 1, title 1"]
    titles = page(counted, f"/changes?day={DAY}&field=title").xpath("//section[h2[@id='changes']]//tbody/tr")
    (title,) = titles
    assert [text(cell) for cell in title.xpath("td")[:3]] == ["changed", "title", '"One"']
    assert text(title.xpath("td")[3]).endswith("… and 202 more characters")
    assert len(page(counted, f"/changes?day={DAY}&change=gone").xpath("//section[h2[@id='changes']]//tbody/tr")) == 1
    assert "No change fits" in text(page(counted, f"/changes?day={DAY}&words=nobody"))
    assert "No build has changed this date" in text(page(counted, "/changes?day=2020-01-01"))
    assert "needs a day" in text(page(counted, "/changes", status=404))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("source=nobody&day=2026-11-19", "is not a followed source"),
        ("source={silent}", "the form needs a day"),
        ("source={silent}&day=2026-11-19&last=2026-11-18", "the earliest first"),
        ("source={silent}&day=2026-11-19&origins=ftp", "is no origin"),
    ],
)
def test_a_form_that_asks_for_nothing_possible_says_why(counted: Settings, silent: str, query: str, reason: str) -> None:
    assert reason in text(page(counted, f"/coverage/backfill?{query.format(silent=silent)}", status=404))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_days_of_which_there_is_nothing(counted: Settings, silent: str, day: str) -> None:
    assert "there are no records of" in text(page(counted, f"/stories?day={day}", status=404))
    for address in (f"/stories/0123456789abcdef?day={day}", f"/hours?hour={day}T{'00' if day < '1' else '23'}"):
        assert "too near to an end of the calendar" in text(page(counted, address, status=404))
    assert get(counted, f"/coverage/backfill?source={silent}&day={day}").status in (200, 404)


def test_why_says_what_the_command_says(counted: Settings) -> None:
    url = Lake(counted.lake).read_table(storage.articles_path(date(2026, 11, 20)), columns=["webUrl"])["webUrl"][0].as_py()
    for span in ("1", "all"):
        document = page(counted, f"/why?span={span}&url={url}")
        assert "record of 2026-11-20" in text(document)
        assert document.xpath("//section[h2[@id='records']]//a/@href")[0].startswith("/news/record?url=")
    unknown = page(counted, "/why?url=https://nobody.example/at-all")
    assert "no ledger names it" in text(unknown)
    assert "Search the whole lake" in text(unknown)
    assert "not a URL" in text(page(counted, "/why?url=http://[", status=404))


def test_every_page_of_no_lake_and_of_a_lake_without_articles_says_what_to_do(sample: SampleWalk, tmp_path: Path) -> None:
    nothing = sample.settings.model_copy(update={"lake": str(tmp_path / "none")})
    for path, _ in NAVIGATION:
        assert "There is no lake at" in text(page(nothing, f"/{path}"))
    assert not (tmp_path / "none").exists()
    bare = sample.settings.model_copy(update={"lake": str(tmp_path / "bare")})
    Lake(bare.lake).write_bytes("raw/interval=2026-11-20T12/.part=00.lock", b"")
    said = {path: text(page(bare, f"/{path}")) for path, _ in NAVIGATION}
    assert "No hour has been captured yet" in said["today"]
    assert "not asked yet" in said["sources"]
    assert "No records yet" in said["stories"]
    assert "No day was counted yet" in said["coverage"]


def test_a_damaged_file_is_named_with_what_rebuilds_it(counted: Settings, tmp_path: Path) -> None:
    broken = counted.model_copy(update={"lake": str(tmp_path / "lake")})
    shutil.copytree(counted.lake, broken.lake)
    (Path(broken.lake) / storage.articles_path(date(2026, 11, 20))).write_bytes(b"PAR1 no more")
    url = "https://a.example/x"
    assert "articles.parquet" in text(page(broken, f"/record?url={url}", status=503))
    part = Part(Interval.parse("2026-11-20T12"), "00")
    (Path(broken.lake) / storage.ledger_path(part)).write_bytes(b"PAR1 no more")
    for address in ("/hours?hour=2026-11-20T12", f"/why?url={url}"):
        assert "ledger/interval=2026-11-20T12" in text(page(broken, address, status=503))


def test_a_page_is_the_same_whether_duckdb_or_arrow_reads_the_files(counted: Settings, silent: str, tmp_path: Path) -> None:
    """In a path with a bracket, which DuckDB would take for a pattern, Arrow reads the files, as it does in an object store."""
    other = counted.model_copy(update={"lake": str(tmp_path / "lake [1]")})
    shutil.copytree(counted.lake, other.lake)
    listed = page(counted, f"/sources/{silent}").xpath("//section[h2[@id='outcomes']]//tbody/tr[td[2]='page']/td/a/@href")
    story = page(counted, "/stories").xpath("//h3//a/@href")[0]
    addresses = [*(f"/{path}" for path, _ in NAVIGATION), f"/sources/{silent}", "/hours?hour=2026-11-20T12"]
    for address in [*addresses, story.removeprefix("/news"), listed[-1].removeprefix("/news")]:
        assert get(counted, address).body == get(other, address).body, address


def test_a_file_that_was_replaced_is_read_again(counted: Settings, tmp_path: Path) -> None:
    changed = counted.model_copy(update={"lake": str(tmp_path / "lake")})
    shutil.copytree(counted.lake, changed.lake)
    lake, address = Lake(changed.lake), "/hours?hour=2026-11-20T12"
    path = storage.ledger_path(Part(Interval.parse("2026-11-20T12"), "00"))
    before, times = get(changed, address).body, (Path(changed.lake) / path).stat()
    ledger = lake.read_table(path)
    lake.write_table(path, ledger.slice(0, 1))
    os.utime(Path(changed.lake) / path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert len(page(changed, address).xpath("//tbody/tr")) == 1
    lake.write_table(path, ledger)
    assert get(changed, address).body == before


def test_there_is_no_other_page(counted: Settings) -> None:
    for path in ("/nothing", "/today/more", "/record/x", "/coverage/other", "/static/style.css", "/images/../articles", "/style.css/x"):
        assert get(counted, path).status == 404, path
    assert get(counted, "/style.css").content_type == "text/css; charset=utf-8"


def test_no_page_may_load_run_frame_or_send_anything_elsewhere(counted: Settings, silent: str) -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert {"default-src 'none'", "frame-ancestors 'self'", "form-action 'self'", "base-uri 'none'"} <= set(policy.split("; "))
    assert "unsafe" not in policy
    addresses = [*(f"/{path}" for path, _ in NAVIGATION), f"/sources/{silent}", "/nothing", "/style.css"]
    for address in addresses:
        got = get(counted, address)
        assert got.headers["Content-Security-Policy"] == policy
        assert (got.headers["X-Content-Type-Options"], got.headers["Referrer-Policy"]) == ("nosniff", "same-origin")
        assert not re.search(r"<style|<[^>]*\s(style|on\w+)=", got.body.decode())


@pytest.fixture
def hostile(sample: SampleWalk, tmp_path: Path) -> Settings:
    return sample.settings.model_copy(update={"lake": write_hostile_lake(tmp_path / "hostile").root})


def test_texts_of_strangers_are_texts_on_every_page(hostile: Settings) -> None:
    day = MOMENT.date()
    addresses = [
        "/today",
        f"/stories?day={day}",
        f"/stories/0123456789abcdef?day={day}",
        *(f"/record?url=https://evil.example/{number}&day={day}" for number in range(len(TEXTS))),
        *(f"/why?span=all&url=https://evil.example/{number}" for number in range(3)),
        f"/stories?day={day}&topic=%3Cscript%3E&words=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/why?url=javascript:alert(1)",
        "/sources/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
    ]
    for address in addresses:
        markup = get(hostile, address).body.decode()
        document = html.fromstring(markup)
        assert [script.get("src") for script in document.iter("script")] == ["/news/frame.js"], address
        assert not CONTROLS.search(markup), address
        assert not document.xpath("//@style | //@onerror | //@onmouseover | //@onclick"), address
        assert all(source.startswith("/news/images/") for source in document.xpath("//img/@src")), address
        for href in document.xpath("//a/@href"):
            assert href.startswith(("/news/", "#main", "https://evil.example/")), (address, href)
        for link in document.xpath("//a[starts-with(@href, 'http')]"):
            assert link.get("rel") == "noopener noreferrer nofollow"
    shown = page(hostile, f"/stories?day={day}").xpath("//h3")
    assert " ".join(MARKUP.split()) in {text(title) for title in shown}
