"""The laws over windows of extracted rows, case by case, and the rows that other tests of records begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue, OfficialSource, Provider, ProviderList, Scoring, Source, Topic
from pipeline.core.settings import Settings
from pipeline.lake.tables import checked_table
from pipeline.publishing.article_stories import read_stories
from pipeline.publishing.record_tables import article_row, explain_row
from pipeline.publishing.records import DateRecords, Seal, build_records
from pipeline.publishing.timeline.captured_days import articles_of_day, fold_rules
from pipeline.publishing.versions import ArticleVersion, newest_versions, read_versions
from pipeline.stories.timeline.folds import KeptTimeline

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WINDOW = timedelta(hours=168)
STORY = "Earthquake closes the harbour of Valparaiso"
TEXT = "The earthquake shook Valparaiso at dawn. The harbour and all bridges are closed, the mayor of Valparaiso said. Nobody was hurt."
EVENTS = {
    "quake": "Earthquake shakes the harbour of Valparaiso and closes its bridges",
    "vote": "Parliament of Freedonia votes on the new pension law tonight",
    "robot": "A robot wins the marathon of Utrecht ahead of all runners",
    "bees": "Beekeepers count fewer hives after the cold spring in Carinthia",
}


def catalogue(**scoring: Any) -> Catalogue:
    return Catalogue(
        sources=(Source(id="one", name="One", feeds=("https://one.example/feed",), topic="AI"),),
        topics=(
            Topic(name="AI", keywords=("ai", "artificial intelligence")),
            Topic(name="Robots", parent="AI", keywords=("robot", "robots")),
        ),
        provider_lists=(ProviderList(name="reference", weight=50, providers=(Provider(domain="wire.example", name="The Wire"),)),),
        official=(OfficialSource(topic="Robots", domain="maker.example", weight=60),),
        scoring=Scoring(**scoring),
    )


CATALOGUE = catalogue()


def picture(url: str, width: int | None = 640, height: int | None = 360, *, is_cached: bool = True) -> dict[str, Any]:
    return {"url": url, "width": width, "height": height, "isCached": is_cached}


def row(name: str, **given: Any) -> dict[str, Any]:
    """An extracted row of a page of `domain`; what is not given is plain."""
    domain = given.pop("domain", "any.example")
    url = f"https://www.{domain}/{name}"
    plain = {
        **dict.fromkeys(schema.EXTRACTED.names),
        "originalUrl": url,
        "webUrl": url,
        "title": f"Title {name}",
        "excerpt": f"Excerpt {name}.",
        "text": f"Text of {name}.",
        "authors": [],
        "publishedDateTime": NOON,
        "publishedPrecision": "second",
        "modifiedDateTime": None,
        "language": "en",
        "providerName": None,
        "providerDomain": domain,
        "images": [],
        "ampWebUrl": None,
        "type": "article",
        "keywords": [],
        "isAccessibleForFree": None,
        "sourceId": None,
        "via": "feed",
        "capturedAt": NOON,
        "captureFile": "raw/interval=2026-11-20T12/part=00/captures.warc.gz",
        "captureOffset": int.from_bytes(name.encode()[:6], "big"),
        "payloadDigest": f"sha256:{name}",
        "imageFile": None,
        "provenance": [],
    }
    assert given.keys() <= plain.keys()
    return {**plain, **given}


def versions(rows: Sequence[Mapping[str, Any]]) -> list[ArticleVersion]:
    return read_versions(checked_table(rows, schema.EXTRACTED, name="extracted"))


@dataclass(frozen=True)
class Rows:
    """A date's records as the rows of its tables."""

    articles: tuple[Mapping[str, Any], ...]
    explain: tuple[Mapping[str, Any], ...]
    stories: int


def as_rows(built: DateRecords) -> Rows:
    return Rows(tuple(map(article_row, built.articles)), tuple(map(explain_row, built.explanations)), built.stories)


def records(*rows: Mapping[str, Any], laws: Catalogue = CATALOGUE, day: date = DAY) -> Rows:
    return as_rows(built_from(rows, laws=laws, day=day))


def built_from(rows: Iterable[Mapping[str, Any]], *, laws: Catalogue = CATALOGUE, day: date = DAY, seal: Seal | None = None) -> DateRecords:
    """The records of a date from rows of `extracted`, whose stories are folded in memory."""
    found, rules, timeline = versions(list(rows)), fold_rules(laws, Settings()), KeptTimeline()
    for captured in sorted({version.captured_at.date() for version in found}):
        articles, gone = articles_of_day((one for one in found if one.captured_at.date() == captured), rules.is_kept)
        timeline.fold((captured - date(1970, 1, 1)).days, articles, gone, constants=rules.constants)
    return build_records(found, laws, day, stories=read_stories(timeline, day, laws.scoring.stories), seal=seal)


def article(*rows: Mapping[str, Any], laws: Catalogue = CATALOGUE) -> Mapping[str, Any]:
    """The one record of `rows`."""
    (found,) = records(*rows, laws=laws).articles
    return found


def story(*names: str, **given: Any) -> list[dict[str, Any]]:
    """Reports of one event, each at a site of its own, an hour apart."""
    return [
        row(name, domain=f"{name}.example", title=f"{STORY}, {name}", text=TEXT, publishedDateTime=NOON + timedelta(hours=number), **given)
        for number, name in enumerate(names)
    ]


def by_url(built: Rows) -> dict[str, Mapping[str, Any]]:
    return {one["webUrl"]: one for one in built.articles}


def test_a_record_shows_what_was_extracted() -> None:
    found = article(row("a", title="A robot learns", sourceId="one", providerName="Any News", images=[picture("https://x.example/a.jpg")]))
    assert list(found) == schema.ARTICLES.names
    assert found["topics"] == ["Robots", "AI"]
    assert found["quality"] == 20 + 2 * 2 + 15
    assert found["provider"] == {"name": "Any News", "domain": "any.example"}
    assert found["images"] == [picture("https://x.example/a.jpg")]
    assert (found["category"], found["secured"], found["related"]) == ("news", None, [])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"domain": "wire.example", "providerName": "wire dot example"}, "The Wire"),
        ({"providerName": "Any News"}, "Any News"),
        ({}, "any.example"),
    ],
)
def test_a_provider_has_its_best_name(given: dict[str, Any], name: str) -> None:
    assert article(row("a", **given))["provider"]["name"] == name


def test_an_article_that_stands_alone_has_its_quality_as_heat() -> None:
    found = article(row("a", domain="wire.example", images=[picture("https://x.example/a.jpg")], sourceId="one"))
    assert (found["quality"], found["heat"], found["published"]) == (72, 72, True)


def test_the_lead_of_a_story_stands_for_the_others() -> None:
    rows = [*story("a", "b"), *story("wire")]
    rows[2]["images"] = [picture("https://x.example/a.jpg")]
    built = records(*rows)
    found = by_url(built)
    lead = found["https://www.wire.example/wire"]
    assert built.stories == 1
    assert lead["quality"] == 50 + 20
    assert lead["heat"] == 70 + 2 * 10
    assert [other["webUrl"] for other in lead["related"]] == ["https://www.a.example/a", "https://www.b.example/b"]
    assert {found[url]["heat"] for url in found if url != lead["webUrl"]} == {-1}
    explained = {one["webUrl"]: one for one in built.explain}
    assert {one["leadUrl"] for one in explained.values()} == {lead["webUrl"]}
    assert explained[lead["webUrl"]]["heatRelated"] == 20
    assert [link["webUrl"] for link in explained[lead["webUrl"]]["links"]] == [other["webUrl"] for other in lead["related"]]


def test_the_lead_of_a_weak_story_gains_nothing() -> None:
    found = by_url(records(*story("a", "b", "c")))
    assert found["https://www.a.example/a"]["heat"] == found["https://www.a.example/a"]["quality"] < 50


def test_a_member_of_another_date_is_related_and_not_listed() -> None:
    rows = story("a", "b")
    rows[1]["publishedDateTime"] = NOON + timedelta(days=2)
    built = records(*rows)
    assert list(by_url(built)) == ["https://www.a.example/a"]
    assert [other["webUrl"] for other in built.articles[0]["related"]] == ["https://www.b.example/b"]


def test_equal_leads_are_told_apart_by_time_and_then_by_url() -> None:
    rows = story("b", "c", "a")
    assert {one["leadUrl"] for one in records(*rows).explain} == {"https://www.b.example/b"}
    for one in rows:
        one["publishedDateTime"] = NOON
    assert {one["leadUrl"] for one in records(*rows).explain} == {"https://www.a.example/a"}


@pytest.mark.parametrize("name", ["webUrl", "originalUrl"])
def test_a_removed_url_is_never_published(name: str) -> None:
    hot = row(
        "a", domain="wire.example", images=[picture("https://x.example/a.jpg")], sourceId="one", originalUrl="https://wire.example/r/1"
    )
    assert article(hot)["published"]
    found = article(hot, laws=catalogue(removed=(hot[name],)))
    assert (found["heat"], found["published"]) == (72, False)


@pytest.mark.parametrize(
    ("width", "height", "is_shown"),
    [(201, 201, True), (200, 400, False), (400, 200, False), (None, 400, False), (400, None, False), (None, None, False), (1, 1, False)],
)
def test_a_picture_has_more_than_200_pixels_on_both_sides(width: int | None, height: int | None, is_shown: bool) -> None:
    found = article(row("a", images=[picture("https://x.example/a.jpg", width, height)]))
    assert bool(found["images"]) == is_shown
    assert found["quality"] == (20 if is_shown else 0)


def test_the_newest_version_of_a_page_is_shown() -> None:
    old = row("a", title="Old")
    new = row("a", title="New", capturedAt=NOON + timedelta(hours=1), payloadDigest="sha256:new")
    assert article(new, old)["title"] == article(old, new)["title"] == "New"


def test_a_page_whose_date_changed_is_listed_under_the_new_one_only() -> None:
    old = row("a", capturedAt=NOON)
    new = row("a", capturedAt=NOON + timedelta(hours=1), publishedDateTime=NOON + timedelta(days=1))
    assert records(old, new).articles == ()
    assert len(records(old, new, day=DAY + timedelta(days=1)).articles) == 1


LATER = {"capturedAt": NOON + timedelta(hours=1), "captureOffset": 1}
SHOWN = picture("https://x.example/a.jpg")


def test_the_last_good_probe_of_an_unchanged_page_stands() -> None:
    good = row("a", images=[SHOWN], ampWebUrl="https://www.any.example/a/amp")
    failed = row("a", **LATER)
    for rows in ([good, failed], [failed, good]):
        found = article(*rows)
        assert found["images"] == [SHOWN]
        assert found["ampWebUrl"] == "https://www.any.example/a/amp"
        assert found["quality"] == 40


def test_a_picture_that_was_fetched_counts_for_more_than_one_that_is_only_declared() -> None:
    declared = picture("https://x.example/declared.jpg", is_cached=False)
    assert article(row("a", images=[SHOWN]), row("a", images=[declared], **LATER))["images"] == [SHOWN]


def test_the_probe_of_a_page_that_changed_does_not_stand() -> None:
    good = row("a", images=[SHOWN], ampWebUrl="https://www.any.example/a/amp")
    changed = row("a", payloadDigest="sha256:changed", **LATER)
    found = article(good, changed)
    assert (found["images"], found["ampWebUrl"], found["quality"]) == ([], None, 0)


def test_versions_captured_at_the_same_moment_are_told_apart() -> None:
    one, other = row("a", title="One", captureOffset=1), row("a", title="Other", captureOffset=2)
    assert newest_versions(versions([one, other]))[0].title == newest_versions(versions([other, one]))[0].title == "Other"


def test_a_featured_video_of_a_topics_own_source_gains_fifty() -> None:
    found = records(row("a", domain="maker.example", title="Our robot", type="video"))
    (explained,) = found.explain
    assert (explained["qualityVideo"], explained["qualityProvider"]) == (50, 60)
    assert records(row("a", domain="other.example", title="Our robot", type="video")).explain[0]["qualityVideo"] == 0


def test_an_empty_window_has_no_records() -> None:
    assert records() == Rows((), (), 0)


def test_what_is_sealed_is_the_private_side_of_the_record() -> None:
    seen: list[tuple[Mapping[str, object], str]] = []

    def seal(private: Mapping[str, object], url: str) -> str:
        seen.append((private, url))
        return "sealed"

    built = built_from([row("a", sourceId="one")], seal=seal)
    assert built.articles[0].secured == "sealed"
    ((private, url),) = seen
    assert url == "https://www.any.example/a"
    assert set(private) == {"source", "via", "capture", "payloadDigest", "quality"}
    assert sum(private["quality"].values()) == built.articles[0].quality  # type: ignore[attr-defined]
