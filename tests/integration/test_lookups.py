"""`news why`, `search`, `top --topic`, `story ID`: what the lake knows of a URL, records by words; all of it in 80 columns and as JSON."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from pipeline.cli import main
from pipeline.cli.screens.tables import NARROW, fitted_widths, make_table
from pipeline.cli.terminal import SafeConsole
from pipeline.core import schema
from pipeline.core.settings import Settings
from pipeline.operations import lookups
from tests.integration.articles import HOST, page, warc
from tests.integration.commands import News, root_logger_kept, say
from tests.integration.conftest import SampleWalk
from tests.integration.hostile_lake import TERMINAL, TEXTS, write_hostile_lake

PAYWALL = "halden-recall-costs"


@pytest.fixture
def news(sample: SampleWalk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[News]:
    monkeypatch.setenv("NEWS_LAKE", sample.settings.lake)
    monkeypatch.setenv("NEWS_CONFIG", sample.settings.config)
    monkeypatch.setenv("NEWS_EXTRACT_PROCESSES", "1")
    with root_logger_kept():
        yield lambda *arguments: say(arguments, capsys)


def url_with(news: News, part: str) -> str:
    (found,) = news("sql", f"select distinct url from ledger where kind = 'page' and url like '%{part}%'", "--json").json
    return str(found["url"])


def test_why_follows_a_record_from_the_ledger_to_its_heat(news: News) -> None:
    (hottest,) = news("top", "--limit", "1", "--json").json
    said = news("why", hottest["webUrl"])
    assert said.code == 0
    shown = " ".join(said.out.split())
    assert "last outcome: captured in the hour 2026-11-20T12" in shown
    assert "1 version of its article" in shown
    assert f"heat {hottest['heat']}, published" in shown
    found = news("why", hottest["webUrl"], "--json").json
    assert set(found["history"]["seen"][0]) == {*schema.LEDGER.names, "hour"}
    assert set(schema.ARTICLES.names) <= set(found["history"]["records"][0])
    assert len(found["history"]["versions"]) == 1


def test_why_says_the_reason_of_a_page_that_is_no_article_and_who_stands_for_another(news: News) -> None:
    said = news("why", url_with(news, PAYWALL))
    assert said.code == 0
    assert "last outcome: rejected (paywall)" in said.out
    member = next(row for row in news("top", "--limit", "99", "--json").json if row["heat"] < 0)
    assert "stands for its story" in " ".join(news("why", member["webUrl"]).out.split())


def test_why_knows_what_was_never_seen_and_what_is_no_url(news: News) -> None:
    said = news("why", "https://nowhere.example/")
    assert (said.code, "no ledger names it" in " ".join(said.out.split())) == (1, True)
    assert "not a URL" in news("why", "nowhere").err


def test_why_shows_each_version_and_an_erasure(tmp_path: Path, news: News) -> None:
    lake = tmp_path / "lake"
    for hour in (12, 15):
        path = warc(
            tmp_path / f"{hour}.warc.gz", datetime(2026, 11, 20, hour, tzinfo=UTC), page("a", title=f"Wording of hour {hour} is new")
        )
        assert news("--lake", str(lake), "import", str(path)).code == 0
    fate = lookups.why(Settings(lake=str(lake)), f"{HOST}/a?utm_source=mail")
    assert [row["title"] for row in fate.history.versions] == ["Wording of hour 12 is new", "Wording of hour 15 is new"]
    assert len(fate.history.seen) == 2
    assert news("--lake", str(lake), "erase", "any.example", "--reason", "asked", "--yes").code == 0
    said = news("--lake", str(lake), "why", f"{HOST}/a")
    assert "its provider was erased" in said.out


def test_search_finds_whole_words_without_accents_and_puts_titles_first(tmp_path: Path, news: News) -> None:
    titles = {"a": "Café closes its doors", "b": "Brain study begins", "e": "AI studies the brain", "d": "日本の首相が辞任を表明"}
    pages = [page(name, title=title) for name, title in titles.items()]
    path = warc(tmp_path / "x.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *pages)
    lake = ("--lake", str(tmp_path / "lake"))
    assert news(*lake, "import", str(path)).code == 0

    def titles_with(*words: str) -> set[str]:
        return {row["title"] for row in news(*lake, "search", *words, "--json").json}

    assert titles_with("cafe") == titles_with("CAFÉ", "doors") == {titles["a"]}
    assert titles_with("ai") == {titles["e"]}
    assert titles_with("brain study") == {titles["b"]}
    assert titles_with("首相") == {titles["d"]}
    assert titles_with("c.fe") == titles_with("zzz") == titles_with(" ") == set()


def test_search_and_top_keep_to_a_topic_in_any_case_and_to_what_is_published(news: News) -> None:
    for command in (("top", "--limit", "99"), ("search", "the", "--limit", "99")):
        everything = news(*command, "--json").json
        topical = news(*command, "--topic", "bAnKiNg", "--json").json
        assert topical == [row for row in everything if "Banking" in row["topics"]] != []
        assert news(*command, "--published", "--json").json == [row for row in everything if row["published"]]
    found = news("search", "norrmark", "--json").json
    assert [row["foundIn"] for row in found] == sorted((row["foundIn"] for row in found), key=lambda place: place != "title")
    assert set(found[0]) - {"foundIn", "published_date", "providerName", "providerDomain", "storyId", "language"} <= set(
        schema.ARTICLES.names
    )
    assert "records" in news("search", "norrmark").out


def test_a_story_is_found_by_its_id(news: News) -> None:
    (row,) = news("sql", "select storyId, webUrl from explain where storyId is not null order by webUrl limit 1", "--json").json
    by_id, by_url = news("story", row["storyId"], "--json").json, news("story", row["webUrl"], "--json").json
    assert [article["webUrl"] for article, _ in by_id["members"]] == [article["webUrl"] for article, _ in by_url["members"]]
    said = news("story", "0" * 16)
    assert (said.code, "no record" in said.err) == (1, True)


@pytest.mark.parametrize(
    "command",
    [
        "top",
        "search the",
        "show URL",
        "why URL",
        "story URL",
        "ledger --until 2026-11-20",
        "sources list",
        "doctor --quick",
        "sql",
        "publish",
    ],
)
def test_a_screen_fits_eighty_columns(
    command: str, news: News, sample: SampleWalk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command == "publish":  # writes, and the sample's lake is shared
        monkeypatch.setenv("NEWS_LAKE", str(shutil.copytree(sample.settings.lake, tmp_path / "lake")))
    url = news("top", "--limit", "1", "--json").json[0]["webUrl"]
    monkeypatch.setattr(main, "PIPED_WIDTH", 80)
    said = news(*(word if word != "URL" else url for word in command.split()))
    assert said.out
    assert max(map(len, said.out.splitlines())) <= 80
    assert "2026-1\n" not in said.out


def test_columns_that_can_be_spared_are_left_out_on_a_narrow_terminal() -> None:
    table = make_table("a", "b", "c", spare=(1,))
    table.add_row("1", "2", "3")
    for width, expected in ((NARROW, ["1", "2", "3"]), (NARROW - 1, ["1", "3"])):
        console = Console(width=width, file=io.StringIO())
        console.print(table)
        assert console.file.getvalue().split()[-len(expected) :] == expected


def test_names_and_times_stay_whole_where_other_columns_can_be_wrapped() -> None:
    table = make_table("day", "source", "dropped", "title", numbers=(2,))
    table.add_row("2026-11-20", "northlight-science", "12", "A title of many words that can be wrapped between any two of them")
    table.add_row("2026-11-20", "戦略研究所ニュース", "3", "日本語の見出しは単語の間に空白がないので、どこででも折り返される" * 2)
    console = Console(width=72, file=io.StringIO())
    console.print(table)
    lines = console.file.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= 72
    assert sum("northlight-science" in line for line in lines) == 1
    assert sum("2026-11-20" in line for line in lines) == 2
    assert all(column.width is None for column in table.columns), "the table is as it was"


@pytest.mark.parametrize(
    ("bounds", "available", "expected"),
    [
        ([(4, 4), (5, 60)], 40, [4, 36]),
        ([(4, 10), (5, 60)], 40, [10, 30]),
        ([(5, 60), (5, 60), (2, 3)], 30, [13, 14, 3]),
        ([(4, 4), (5, 6)], 40, None),
        ([(30, 30), (20, 20)], 40, None),
    ],
)
def test_widths_go_to_the_columns_that_need_least_more(bounds: list[tuple[int, int]], available: int, expected: list[int] | None) -> None:
    assert fitted_widths(bounds, available) == expected


def test_no_text_commands_the_terminal(tmp_path: Path, news: News) -> None:
    lake = write_hostile_lake(tmp_path / "lake")
    for command in (
        "top --limit 99",
        "search 1",
        f"why {lake.root}",
        "why https://evil.example/1",
        "show https://evil.example/1",
        "sql x\x1b[31m",
    ):
        said = news("--lake", lake.root, *command.split(" "))
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said.out + said.err), command
        said = news("--lake", lake.root, *command.split(" "), "--json")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said.out + said.err), command
    assert {row["title"] for row in news("--lake", lake.root, "top", "--limit", "99", "--json").json} == set(TEXTS)
    console = SafeConsole(file=io.StringIO(), force_terminal=True, color_system="standard", width=200)
    console.print(TERMINAL.replace("[31m", ""), style="red")
    assert "\x1b[31m" in console.file.getvalue(), "a style of ours is sent"
    assert "\x1b]0" not in console.file.getvalue()
