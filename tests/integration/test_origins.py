"""A past interval from each origin of history: what was published in it, from the first origin that has it, and nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from pipeline.core.errors import ConfigError
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.past import DAY, HOUR, MINUTE, NOON, Make, Take, asked, captured, every, index, inside, page, put, rss, sitemap
from tests.integration.test_capture import ONE, TWO, endings, manifest_of, source
from tests.integration.test_rebuild import files
from tests.newsroom import Newsroom, Status
from tests.newsroom.archives import Wayback


@pytest.fixture
def archived(room: Newsroom) -> list[tuple[str, datetime]]:
    """A site with sitemaps: archives by month whose lastmod says nothing, one of pages without dates, and a news sitemap of two days."""
    entries = every(timedelta(minutes=20), start=NOON - timedelta(days=40), end=datetime(2026, 11, 20, 13, tzinfo=UTC))
    put(room, [one for one in entries if abs(one[1] - NOON) < timedelta(hours=3)])
    children: list[tuple[str, str | None]] = [(f"{ONE}/sitemap-news.xml", "2026-11-20T12:40:00Z"), (f"{ONE}/sitemap-pages.xml", None)]
    for month in ("2026-10", "2026-11"):
        mine = [one for one in entries if f"{one[1]:%Y-%m}" == month]
        room.add_page(f"{ONE}/sitemap-{month}.xml", sitemap(mine), content_type="application/xml")
        children.append((f"{ONE}/sitemap-{month}.xml", "2026-11-20T12:40:00Z"))
    children += [(f"{ONE}/sitemap-{month}.xml", "2026-11-20T12:00:00Z") for month in ("2026-08", "2026-09")]
    room.add_page(f"{ONE}/sitemap.xml", index(*children), content_type="application/xml")
    room.add_page(f"{ONE}/sitemap-news.xml", sitemap(entries[:100], is_news=True), content_type="application/xml")
    undated = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>{ONE}/about</loc></url></urlset>"
    room.add_page(f"{ONE}/sitemap-pages.xml", undated, content_type="application/xml")
    return entries


RSS = "application/rss+xml"
SITEMAPS = {"feeds": [], "sitemaps": [f"{ONE}/sitemap.xml"]}


def test_sitemaps_give_what_was_published_in_the_interval(
    room: Newsroom, archived: list[tuple[str, datetime]], make_catalogue: Make, take: Take
) -> None:
    report, manifest = take(make_catalogue([source(ONE, **SITEMAPS)]), origins=["sitemap"])
    assert captured(manifest) == set(endings(manifest)) == inside(archived)
    assert len(inside(archived)) == 3
    assert manifest.origins == {"one": "sitemap"}
    assert {outcome.via for outcome in manifest.outcomes if outcome.kind == "page"} == {"sitemap"}
    assert (report.failed_sources, report.warnings) == ({}, ())


def test_archives_of_other_months_are_not_asked_for_whatever_their_lastmod(
    room: Newsroom, archived: list[tuple[str, datetime]], make_catalogue: Make, take: Take
) -> None:
    _, manifest = take(make_catalogue([source(ONE, **SITEMAPS)]), origins=["sitemap"])
    names = ("", "-2026-11", "-news", "-pages")
    assert set(endings(manifest, "sitemap").items()) == {(f"{ONE}/sitemap{name}.xml", "captured") for name in names}


def test_robots_txt_names_the_sitemaps_of_a_source_without(
    room: Newsroom, archived: list[tuple[str, datetime]], make_catalogue: Make, take: Take
) -> None:
    room.add_page(f"{ONE}/robots.txt", f"Sitemap: {ONE}/sitemap.xml\nUser-agent: *\nDisallow: /private", content_type="text/plain")
    _, manifest = take(make_catalogue([source(ONE)]))
    assert captured(manifest) == inside(archived)
    assert manifest.origins == {"one": "sitemap"}


def test_the_sitemaps_of_a_site_say_nothing_about_one_of_its_sections(
    room: Newsroom, archived: list[tuple[str, datetime]], make_catalogue: Make, take: Take
) -> None:
    room.add_page(f"{ONE}/robots.txt", f"Sitemap: {ONE}/sitemap.xml", content_type="text/plain")
    mine = [(f"{ONE}/section", NOON + 10 * MINUTE), (f"{ONE}/older", NOON - 10 * MINUTE)]
    room.add_page(f"{ONE}/world/feed", rss(mine), content_type="application/rss+xml")
    put(room, mine)
    _, manifest = take(make_catalogue([source(ONE, feeds=[f"{ONE}/world/feed"])]), origins=["sitemap", "pages"])
    assert (captured(manifest), manifest.origins) == ({f"{ONE}/section"}, {"one": "pages"})


def test_the_hours_of_a_day_ask_for_each_document_once(
    room: Newsroom, archived: list[tuple[str, datetime]], make_catalogue: Make, take: Take
) -> None:
    put(room, [one for one in archived if one[1].date() == HOUR.start.date()])
    catalogue = make_catalogue([source(ONE, **SITEMAPS)])
    found = [captured(take(catalogue, hour, origins=["sitemap"])[1]) for hour in DAY[::2]]
    assert found == [inside(archived, hour) for hour in DAY[::2]]
    documents = {path: count for path, count in asked(room).items() if "sitemap" in path}
    assert documents == dict.fromkeys((f"/sitemap{name}.xml" for name in ("", "-2026-11", "-news", "-pages")), 1)


def test_a_document_older_than_the_interval_is_asked_for_again(
    room: Newsroom, archived: list[tuple[str, datetime]], make_catalogue: Make, take: Take, clock: FrozenClock
) -> None:
    catalogue = make_catalogue([source(ONE, **SITEMAPS)])
    take(catalogue, origins=["sitemap"])
    clock.moment += timedelta(hours=3)
    take(catalogue, Interval.parse("2026-11-20T13"), origins=["sitemap"])
    assert asked(room)["/sitemap.xml"] == 2
    take(catalogue, Interval.parse("2026-11-20T12"), origins=["sitemap"])
    assert asked(room)["/sitemap.xml"] == 2


def test_a_sitemap_that_ends_before_the_interval_says_nothing_about_it(room: Newsroom, make_catalogue: Make, take: Take) -> None:
    old = every(timedelta(hours=1), start=NOON - timedelta(days=9), end=NOON - timedelta(days=8))
    room.add_page(f"{ONE}/sitemap.xml", sitemap(old), content_type="application/xml")
    report, manifest = take(make_catalogue([source(ONE, **SITEMAPS)]), origins=["sitemap"])
    assert manifest.unserved == ("one",)
    assert report.warnings == ("one: no origin reaches back to 2026-11-18T12",)


@pytest.fixture
def paged(room: Newsroom) -> list[tuple[str, datetime]]:
    """A feed of ten entries a page, told by rel=next and answering to ?paged=N."""
    entries = every(timedelta(minutes=30), start=NOON - timedelta(days=2), end=datetime(2026, 11, 20, 13, tzinfo=UTC))
    put(room, [one for one in entries if abs(one[1] - NOON) < timedelta(hours=3)])
    pages = [entries[number : number + 10] for number in range(0, len(entries), 10)]
    for number, mine in enumerate(pages, start=1):
        older = f"?page={number + 1}" if number < len(pages) else None
        for host, url, following in ((ONE, f"{ONE}/feed", older), (TWO, f"{TWO}/feed", None)):
            address = url if number == 1 else f"{url}?page={number}" if host == ONE else f"{url}?paged={number}"
            room.add_page(address, rss(mine, older=following), content_type="application/rss+xml")
    room.misbehave(f"{TWO}/feed?paged={len(pages) + 1}", Status(404))
    return entries


@pytest.mark.parametrize("site", [source(ONE), source(TWO, paging="?paged={page}")], ids=["rel=next", "?paged=N"])
def test_a_feed_is_read_page_by_page_down_to_an_older_entry(
    room: Newsroom, paged: list[tuple[str, datetime]], make_catalogue: Make, take: Take, site: dict[str, Any]
) -> None:
    _, manifest = take(make_catalogue([site]), origins=["pages"])
    assert captured(manifest) == inside(paged)
    assert manifest.origins == {site["id"]: "pages"}
    later = sum(at >= HOUR.start for _, at in paged)
    assert len(endings(manifest, "feed")) == later // 10 + 1
    assert set(endings(manifest).values()) == {"captured", "rejected outsideInterval"}
    assert Counter(endings(manifest).values())["rejected outsideInterval"] == 10, "the feed's own entries, which were seen"


def test_the_end_of_a_feed_s_pages_is_an_answer(
    room: Newsroom, paged: list[tuple[str, datetime]], make_catalogue: Make, take: Take
) -> None:
    long_ago = Interval.parse("2026-11-10T12")
    _, manifest = take(make_catalogue([source(ONE)]), long_ago, origins=["pages"])
    assert (manifest.origins, captured(manifest)) == ({"one": "pages"}, set())
    _, manifest = take(make_catalogue([source(TWO, paging="?paged={page}")]), Interval.parse("2026-11-10T13"), origins=["pages"])
    assert manifest.origins == {"two": "pages"}


def test_pages_that_repeat_themselves_end_the_walk_and_prove_nothing(room: Newsroom, make_catalogue: Make, take: Take) -> None:
    room.add_page(f"{ONE}/feed", rss([(f"{ONE}/a", NOON + timedelta(days=1))]), content_type="application/rss+xml")
    _, manifest = take(make_catalogue([source(ONE, paging="?paged={page}")]), origins=["pages"])
    assert asked(room) == {"/feed": 1, "/feed?paged=2": 1}
    assert manifest.unserved == ("one",)


def test_no_more_pages_are_read_than_the_settings_allow(
    room: Newsroom, paged: list[tuple[str, datetime]], settings: Settings, make_catalogue: Make, take: Take
) -> None:
    own = settings.model_copy(update={"history_pages": 3})
    _, manifest = take(make_catalogue([source(ONE)]), own=own, origins=["pages"])
    assert len(endings(manifest, "feed")) == 3
    assert manifest.unserved == ("one",)


def test_a_page_that_is_older_than_the_one_before_it_is_asked_for_again(
    room: Newsroom, paged: list[tuple[str, datetime]], make_catalogue: Make, take: Take, clock: FrozenClock
) -> None:
    catalogue = make_catalogue([source(ONE)])
    take(catalogue, origins=["pages"])
    take(catalogue, Interval.parse("2026-11-18T13"), origins=["pages"])
    assert {count for path, count in asked(room).items() if "feed" in path} == {1}
    clock.moment += timedelta(hours=2)
    take(catalogue, Interval.parse("2026-11-20T13"), origins=["pages"])
    assert asked(room)["/feed"] == 2
    take(catalogue, Interval.parse("2026-11-18T14"), origins=["pages"])
    assert asked(room)["/feed?page=2"] == 2
    assert asked(room)["/feed"] == 2


def test_each_source_is_served_by_the_first_origin_that_has_the_interval(
    room: Newsroom,
    archived: list[tuple[str, datetime]],
    paged: list[tuple[str, datetime]],
    wayback: Wayback,
    archive: Settings,
    make_catalogue: Make,
    take: Take,
) -> None:
    three, four = "https://three.example", "https://four.example"
    for host in (three, four):
        room.add_page(f"{host}/feed", rss([(f"{host}/new", NOON + timedelta(days=2))]), content_type=RSS)
    shown = [(f"{three}/a", NOON + 10 * MINUTE), (f"{three}/b", NOON - 10 * MINUTE)]
    wayback.add(f"{three}/feed", NOON + timedelta(hours=2), rss(shown), content_type=RSS)
    put(room, shown)
    catalogue = make_catalogue([source(ONE, **SITEMAPS), source(TWO, paging="?paged={page}"), source(three), source(four)])
    report, manifest = take(catalogue, own=archive, origins=["sitemap", "pages", "wayback"])
    assert manifest.origins == {"one": "sitemap", "two": "pages", "three": "wayback"}
    assert report.warnings == ("four: no origin reaches back to 2026-11-18T12",)
    assert captured(manifest) == inside(archived) | inside(paged) | {f"{three}/a"}
    pages = [outcome.url for outcome in manifest.outcomes if outcome.kind == "page"]
    assert len(pages) == len(set(pages))


def test_the_order_is_the_operator_s(
    room: Newsroom, paged: list[tuple[str, datetime]], wayback: Wayback, archive: Settings, make_catalogue: Make, take: Take
) -> None:
    shown = [(f"{ONE}/a", NOON + 10 * MINUTE), (f"{ONE}/b", NOON - 10 * MINUTE)]
    wayback.add(f"{ONE}/feed", NOON + timedelta(hours=2), rss(shown), content_type=RSS)
    put(room, shown)
    _, manifest = take(make_catalogue([source(ONE)]), own=archive, origins=["wayback", "pages"])
    assert manifest.origins == {"one": "wayback"}
    with pytest.raises(ConfigError, match="origins: 'attic' is not one of"):
        take(make_catalogue([source(ONE)]), origins=["attic"])


def rows(settings: Settings, layer: str) -> list[dict[str, Any]]:
    return ds.dataset(f"{settings.lake}/{layer}", format="parquet").to_table().to_pylist()


def test_an_article_published_outside_the_range_is_not_taken_in_and_is_counted(
    room: Newsroom, settings: Settings, make_catalogue: Make, clock: FrozenClock
) -> None:
    entries = [(f"{ONE}/old", NOON + 10 * MINUTE), (f"{ONE}/new", NOON + 20 * MINUTE), (f"{ONE}/before", NOON - 10 * MINUTE)]
    room.add_page(f"{ONE}/feed", rss(entries), content_type=RSS)
    room.add_page(f"{ONE}/old", page("Touched up, but of last year", NOON - timedelta(days=365)))
    room.add_page(f"{ONE}/new", page("Of this very hour", NOON + 20 * MINUTE))
    catalogue = make_catalogue([source(ONE)])
    report = stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["pages"])
    assert [(one.articles, dict(one.rejected)) for one in report.extracts] == [(1, {"outOfRange": 1})]
    ended = {row["url"]: (row["outcome"], row["reason"]) for row in rows(settings, "ledger") if row["kind"] == "page"}
    assert ended == {
        f"{ONE}/old": ("rejected", "outOfRange"),
        f"{ONE}/new": ("captured", None),
        f"{ONE}/before": ("rejected", "outsideInterval"),
    }
    assert [row["webUrl"] for row in rows(settings, "articles")] == [f"{ONE}/new"]


def test_the_range_of_a_backfill_overrules_the_neighbourhood(
    room: Newsroom, settings: Settings, make_catalogue: Make, clock: FrozenClock
) -> None:
    entries = [(f"{ONE}/a", NOON + 10 * MINUTE), (f"{ONE}/before", NOON - 10 * MINUTE)]
    room.add_page(f"{ONE}/feed", rss(entries), content_type=RSS)
    room.add_page(f"{ONE}/a", page("Published on the day before", NOON - timedelta(hours=20)))
    taken = (datetime(2026, 11, 18, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC))
    report = stages.run(settings, make_catalogue([source(ONE)]), HOUR, live=False, clock=clock, origins=["pages"], taken=taken)
    assert dict(report.extracts[0].rejected) == {"outOfRange": 1}
    assert manifest_of(settings, Part(HOUR, "00")).taken == taken


def test_our_own_captures_alone_ask_for_nothing(
    room: Newsroom, paged: list[tuple[str, datetime]], settings: Settings, make_catalogue: Make, clock: FrozenClock
) -> None:
    catalogue = make_catalogue([source(ONE)])
    assert stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["captures"]).captures == ()
    first = stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["pages"])
    before, _ = files(settings.lake), room.forget_requests()
    again = stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["captures"])
    assert room.requests == []
    assert again.captures[0].reused
    assert again.extracts == first.extracts
    assert files(settings.lake) == before


def test_a_refetch_captures_again_into_parts_of_its_own_and_the_newest_version_wins(
    room: Newsroom, settings: Settings, make_catalogue: Make, clock: FrozenClock
) -> None:
    entries = [(f"{ONE}/a", NOON + 10 * MINUTE), (f"{ONE}/before", NOON - 10 * MINUTE)]
    room.add_page(f"{ONE}/feed", rss(entries), content_type=RSS)
    room.add_page(f"{ONE}/a", page("As it was misread", NOON + 10 * MINUTE))
    catalogue = make_catalogue([source(ONE)])
    stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["pages"])
    before = {name: digest for name, digest in files(settings.lake).items() if name.startswith("raw/interval")}
    room.add_page(f"{ONE}/a", page("As it is read now", NOON + 10 * MINUTE))
    clock.moment += timedelta(minutes=30)
    report = stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["pages"], refetch="0badcafe")
    assert [one.part for one in report.captures] == ["00-r0badcafe"]
    assert before.items() <= files(settings.lake).items()
    assert [row["title"] for row in rows(settings, "articles")] == ["As it is read now"]
    room.forget_requests()
    again = stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["pages"], refetch="0badcafe")
    assert again.captures[0].reused
    assert room.requests == []


def test_only_the_wanted_sources_are_captured_and_the_others_can_follow(
    room: Newsroom, paged: list[tuple[str, datetime]], settings: Settings, make_catalogue: Make, clock: FrozenClock
) -> None:
    catalogue = make_catalogue([source(ONE), source(TWO, paging="?paged={page}")])
    first = stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["pages"], sources=["two"])
    assert [(one.part, one.sources) for one in first.captures] == [("00", ("two",))]
    assert not any(seen.host == "one.example" and seen.path.startswith("/feed") for seen in room.requests)
    second = stages.run(settings, catalogue, HOUR, live=False, clock=clock, origins=["pages"])
    assert [(one.part, one.sources, one.reused) for one in second.captures] == [("00", ("two",), True), ("01", ("one",), False)]
    with pytest.raises(ConfigError, match="'nobody' is not a followed source"):
        stages.plan(settings, catalogue, HOUR, sources=["nobody"])


def test_a_kept_document_that_was_cut_is_asked_for_again(
    room: Newsroom, archived: list[tuple[str, datetime]], settings: Settings, make_catalogue: Make, take: Take
) -> None:
    catalogue = make_catalogue([source(ONE, **SITEMAPS)])
    take(catalogue, origins=["sitemap"])
    for path in Path(settings.lake, "raw/documents").glob("*/*.warc.gz"):
        path.write_bytes(path.read_bytes()[:40])
    _, manifest = take(catalogue, Interval.parse("2026-11-18T13"), origins=["sitemap"])
    assert captured(manifest) == inside(archived, Interval.parse("2026-11-18T13"))
