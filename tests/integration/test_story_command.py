"""`news story`: a story's timeline, and what became of a story whose id somebody noted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.lake.storage import Lake, articles_path, explain_path
from tests.integration.articles import DAY, warc
from tests.integration.commands import News, root_logger_kept, say

FIRE = "The shipyard fire of Iquique: workers were rescued, a crane collapsed"
BID = "The Halvorsen takeover of Brightwater: shareholders hold an offer of a billion"
FIRST_DAY = {
    "fire.example/a": ("Iquique shipyard fire: Halvorsen silent", f"{FIRE}. Halvorsen was silent."),
    "bid.example/b": ("Brightwater takeover: Halvorsen silent on fire", f"{BID}. It was silent on the shipyard."),
}
NEXT_DAY = {
    "harbour.example/c": ("Iquique shipyard fire: workers rescued", f"{FIRE}. {FIRE}. Smoke stood over the harbour."),
    "coast.example/d": ("Crane collapsed in Iquique shipyard fire", f"{FIRE}. {FIRE}. The harbour is closed."),
    "money.example/e": ("Brightwater shareholders welcome takeover offer", f"{BID}. {BID}. The board agreed."),
    "city.example/f": ("Takeover offer: Brightwater shareholders to vote", f"{BID}. {BID}. The board agreed."),
    "weather.example/g": ("Frost returns to the northern valleys", "Growers lit candles between their apple trees before dawn. " * 4),
}


def answer(place: str, title: str, text: str, *, hour: int) -> tuple[str, bytes]:
    metas = f"<meta property='og:title' content='{title}'><meta property='article:published_time' content='{DAY}T{hour:02}:10:00Z'>"
    html = f"<html lang='en'><head><title>{title}</title>{metas}</head><body><article><h1>{title}</h1><p>{text}</p></article></body></html>"
    return f"https://www.{place}", b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()


@pytest.fixture
def news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> News:
    monkeypatch.setenv("NEWS_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("NEWS_EXTRACT_PROCESSES", "1")
    return lambda *arguments, **_environment: say(arguments, capsys)


def test_a_story_tells_who_reported_who_copied_and_what_it_was_split_from(news: News, tmp_path: Path) -> None:
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    with root_logger_kept():
        first = [answer(place, *told, hour=hour) for hour, (place, told) in enumerate(FIRST_DAY.items(), start=8)]
        assert news("import", str(warc(tmp_path / "0.warc.gz", noon, *first))).code == 0
        before = news("story", "https://www.bid.example/b").out
        (noted,) = re.findall(r"story ([0-9a-f]{16}): 2 articles, 2 newsrooms, 0 copies", before)

        following = [answer(place, *told, hour=hour) for hour, (place, told) in enumerate(NEXT_DAY.items(), start=13)]
        assert news("import", str(warc(tmp_path / "1.warc.gz", noon + timedelta(days=1), *following))).code == 0
        fire, bid = (news("story", f"https://www.{place}").out for place in FIRST_DAY)
        alone = news("story", "https://www.weather.example/g").out
        listed, shown = news("stories", "--date", str(DAY), "--json").json, news("stories").out
        none = [news("stories", *chosen, "--json").json for chosen in (("--min-newsrooms", "4"), ("--topic", "no such"))]
        other = news("stories", "--date", str(DAY + timedelta(days=1)), "--json").json

    assert re.search(rf"story {noted}: 3 articles, \d newsrooms, \d cop", fire)
    assert "split from" not in fire
    assert noted not in bid.partition(":")[0]
    rows = [line for line in bid.splitlines() if "Brightwater" in line]
    assert [line.split()[1] for line in rows] == ["09:10", "15:10", "16:10"]
    assert sum("lead" in line for line in rows) == 1
    assert "asked for" in rows[0]
    assert "copy (rewrite 0." in rows[2]
    assert noted in " ".join(bid.split())
    explained = {row["webUrl"]: row["splitFromStoryIds"] for row in Lake(str(tmp_path / "lake")).read_table(explain_path(DAY)).to_pylist()}
    assert {url: ids for url, ids in explained.items() if ids} == {"https://www.bid.example/b": [noted]}
    assert alone.strip() == "It stands alone: no other article reports its story."
    assert [fire.partition(":")[0], bid.partition(":")[0]] == [
        f"story {row['storyId']}" for row in sorted(listed, key=lambda row: row["firstReport"])
    ]
    for row in listed:
        roles = {member["webUrl"]: member["role"] for member in row["members"]}
        assert len(roles) == row["size"] == 3
        assert roles[row["leadUrl"]] == "lead"
    assert [noted in row["splitFromStoryIds"] for row in sorted(listed, key=lambda row: row["firstReport"])] == [False, True]
    assert all(row["storyId"] in shown for row in listed)
    assert "2 stories" in shown
    assert [*none, other] == [[], [], []]


def test_a_date_as_of_then_says_what_it_said_then(news: News, tmp_path: Path) -> None:
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)

    def said(lake: Path) -> list[object]:
        tables = [Lake(str(lake)).read_table(path) for path in (articles_path(DAY), explain_path(DAY))]
        return [table.to_pylist() for table in tables]

    with root_logger_kept():
        first = [answer(place, *told, hour=hour) for hour, (place, told) in enumerate(FIRST_DAY.items(), start=8)]
        assert news("import", str(warc(tmp_path / "0.warc.gz", noon, *first))).code == 0
        before = said(tmp_path / "lake")
        following = [answer(place, *told, hour=hour) for hour, (place, told) in enumerate(NEXT_DAY.items(), start=13)]
        assert news("import", str(warc(tmp_path / "1.warc.gz", noon + timedelta(days=1), *following))).code == 0
        assert said(tmp_path / "lake") != before
        moment = (noon + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M")
        assert news("publish", str(DAY), "--as-of", moment, "--into", str(tmp_path / "then")).code == 0
    assert said(tmp_path / "then") == before
