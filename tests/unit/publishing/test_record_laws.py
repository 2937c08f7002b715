"""The laws over whatever rows a window has, as properties."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.publishing.record_tables import articles_table, explain_table, read_explanations, read_records
from pipeline.text.amp import cache_url
from tests.unit.publishing.test_records import DAY, EVENTS, NOON, WINDOW, Rows, built_from, by_url, catalogue, picture, records, row

SITES = ["wire.example", "maker.example", "a.example", "b.example"]
PICTURES = [picture(f"https://x.example/{number}.jpg", 150 + 100 * number, 400, is_cached=number % 2 == 0) for number in range(4)]


@st.composite
def window_rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of a window: several events, several versions of some pages, shared and small pictures, AMP pages, long titles."""
    rows = []
    for number in range(draw(st.integers(0, 12))):
        event = draw(st.sampled_from(sorted(EVENTS)))
        versions = draw(st.integers(1, 3))
        site, name = draw(st.sampled_from(SITES)), f"{event}-{number}"
        published = NOON + timedelta(hours=draw(st.sampled_from([-168, -30, 0, 1, 11, 168])))
        rows.extend(
            row(
                name,
                domain=site,
                title=EVENTS[event] + draw(st.sampled_from(["", " again", ", say two ai experts" * 4])),
                text=f"{EVENTS[event]}. " * draw(st.integers(0, 3)),
                type=draw(st.sampled_from(["article", "video"])),
                publishedDateTime=published,
                images=draw(st.lists(st.sampled_from(PICTURES), max_size=1)),
                ampWebUrl=draw(st.sampled_from([None, f"https://amp.{site}/{name}"])),
                sourceId=draw(st.sampled_from([None, "one", "gone"])),
                payloadDigest=f"sha256:{draw(st.integers(0, 1))}",
                capturedAt=NOON + timedelta(hours=draw(st.integers(0, 2))),
                captureOffset=100 * number + version,
            )
            for version in range(versions)
        )
    return rows


REMOVED = catalogue(removed=("https://www.wire.example/quake-0",), publishedHeat=50)


def build_all(rows: list[dict[str, Any]]) -> Rows:
    """The window as one: every record, whatever its date, as the build of each date sees it when all rows are inside its window."""
    days = sorted({one["publishedDateTime"].date() for one in rows})
    built = [records(*rows, laws=REMOVED, day=day) for day in days]
    return Rows(
        tuple(one for part in built for one in part.articles),
        tuple(one for part in built for one in part.explain),
        sum(part.stories for part in built),
    )


def hold_stories(built: Rows, found: Mapping[str, Mapping[str, Any]]) -> None:
    """A story has one lead, its best, and all its members know each other."""
    members: dict[str, list[Mapping[str, Any]]] = {}
    for reason in built.explain:
        if reason["storyId"] is not None:
            members.setdefault(reason["storyId"], []).append(reason)
        else:
            assert reason["isLead"]
            assert reason["leadUrl"] is None
            assert found[reason["webUrl"]]["related"] == []
    for group in members.values():
        urls = {reason["webUrl"] for reason in group}
        assert len(urls) > 1
        assert sum(reason["isLead"] for reason in group) == 1
        (lead,) = (reason["webUrl"] for reason in group if reason["isLead"])
        assert {reason["leadUrl"] for reason in group} == {lead}
        assert found[lead]["quality"] == max(found[url]["quality"] for url in urls)
        for url in urls:
            assert {other["webUrl"] for other in found[url]["related"]} == urls - {url}


@settings(deadline=None, max_examples=40)
@given(window_rows())
def test_the_laws_hold(rows: list[dict[str, Any]]) -> None:
    built = build_all(rows)
    found, explained = by_url(built), {one["webUrl"]: one for one in built.explain}
    assert len(found) == len(built.articles) == len({one["webUrl"] for one in rows}), "every page has one record"
    assert [one["webUrl"] for one in built.explain] == [one["webUrl"] for one in built.articles]
    hold_stories(built, found)
    for url, record in found.items():
        reason = explained[url]
        terms = [value for name, value in reason.items() if name.startswith("quality") and name != "quality"]
        assert sum(terms) == record["quality"] == reason["quality"] >= 0
        related = [other["webUrl"] for other in record["related"]]
        assert url not in related
        assert len(related) == len(set(related))
        order = [(-other["quality"], other["publishedDateTime"], other["webUrl"]) for other in record["related"]]
        assert order == sorted(order)
        expected = record["quality"] + (10 * len(related) if record["quality"] >= 50 else 0)
        assert record["heat"] == reason["heat"] == (expected if reason["isLead"] else -1)
        is_removed = url == "https://www.wire.example/quake-0"
        assert record["published"] == (record["heat"] >= 50 and not is_removed)
        assert record["cdnAmpWebUrl"] == (cache_url(record["ampWebUrl"]) if record["ampWebUrl"] else None)
        assert all(min(image["width"], image["height"]) > 200 for image in record["images"])
        for other in record["related"]:
            shown = found[other["webUrl"]]
            assert {name: shown[name] for name in other} == other, "a related record is shown as it is"
            assert abs(shown["publishedDateTime"] - record["publishedDateTime"]) <= WINDOW


@settings(deadline=None, max_examples=40)
@given(window_rows(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[dict[str, Any]], chance: random.Random) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert records(*shuffled) == records(*rows)


@settings(deadline=None, max_examples=15)
@given(window_rows())
def test_records_fit_the_contract_and_are_read_back_as_they_were(rows: list[dict[str, Any]]) -> None:
    built = built_from(rows)
    assert read_records(articles_table(built.articles)) == list(built.articles)
    assert {record.published.date() for record in built.articles} <= {DAY}
    explain = explain_table(built.explanations)
    assert explain_table(read_explanations(explain)) == explain, "similarities are of single precision in the table"
