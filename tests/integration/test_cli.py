"""The `news` command: exit codes, JSON, and messages that say what to mend."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.core.catalogue import load_catalogue
from pipeline.core.schema import ARTICLES, TABLES
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.operations import lookups
from pipeline.publishing.sealing import key_id
from tests.integration.commands import News, Said, root_logger_kept, say
from tests.integration.conftest import KEY, REPOSITORY
from tests.integration.test_capture import ONE, TWO, article, feed, source
from tests.integration.test_publish import HOST, PAGES, page, warc
from tests.newsroom import Newsroom, Status

OTHER_KEY = "/////wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
COMMANDS = [
    "run",
    "backfill",
    "maintain",
    "ledger",
    "import",
    "extract",
    "publish",
    "top",
    "search",
    "why",
    "show",
    "open",
    "sql",
    "serve-sql",
    "digest",
    "export",
    "sources",
    "doctor",
    "config",
    "dictionary",
]
SUBCOMMANDS = ["check", "list", "heal", "add", "import-opml", "export-opml"]


SOURCE = "sources:\n  - id: one\n    name: One\n"


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the caller's NEWS_ variables, and restore the root logger afterwards."""
    import os

    for name in list(os.environ):
        if name.startswith("NEWS_") and name != "NEWS_SHARED":
            monkeypatch.delenv(name)
    with root_logger_kept():
        yield


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake that `news import` filled."""
    folder = tmp_path_factory.mktemp("filled")
    path = warc(folder / "a.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *PAGES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEWS_SEALING_KEYS", KEY)
        patch.setattr("sys.stdout", io.StringIO())
        assert main.main(["--lake", str(folder / "lake"), "import", str(path)]) == 0
    return folder / "lake"


@pytest.fixture
def news(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> News:
    """Run the command over a copy of the filled lake; `environment` gives NEWS_ variables."""
    shutil.copytree(filled, tmp_path / "lake")

    def run(*arguments: str, **environment: str) -> Said:
        with monkeypatch.context() as patch:
            for name, value in {
                "NEWS_LAKE": str(tmp_path / "lake"),
                "NEWS_SEALING_KEYS": KEY,
                "NEWS_EXTRACT_PROCESSES": "1",
                **environment,
            }.items():
                patch.setenv(name, value)
            return say(arguments, capsys)

    return run


def test_help_names_every_command(news: News) -> None:
    said = news("--help")
    assert said.code == 0
    assert all(re.search(rf"^\s+{name}\b", said.out, re.MULTILINE) for name in COMMANDS)
    for name in COMMANDS:
        said = news(name, "--help")
        assert (said.code, said.err) == (0, "")
        assert said.out.startswith(f"usage: news {name}")
    for name in SUBCOMMANDS:
        assert news("sources", name, "--help").out.startswith(f"usage: news sources {name}")
    assert news("config", "init", "--help").out.startswith("usage: news config init")


def test_the_version_is_the_packages(news: News) -> None:
    assert re.fullmatch(r"news \d+\.\d+\.\d+\n", news("--version").out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["sources"], "required: COMMAND"),
        (["import"], "required: FILE.warc.gz"),
        (["show"], "required: URL"),
        (["extract", "yesterday"], "write the hour in UTC as 2026-11-23T14"),
        (["run", "--interval", "2026-11-23T14:30"], "one whole hour"),
        (["publish", "23.11.2026"], "write it as 2026-11-23"),
        (["top", "--limit", "0"], "not a number above 0"),
        (["top", "--days", "²"], "--days"),
        (["top", "--lake", "elsewhere"], "unrecognized arguments: --lake"),
    ],
)
def test_a_wrong_command_line_is_2_and_says_why(news: News, arguments: list[str], message: str) -> None:
    said = news(*arguments)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_options_for_all_commands_stand_before_the_command(news: News, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    said = news("--lake", str(elsewhere), "top")
    assert said.code == 0
    assert f"{elsewhere} has no published records yet" in said.out
    assert not elsewhere.exists(), "looking makes no directories"
    said = news("--config", str(tmp_path / "nowhere"), "sources", "list")
    assert said.code == 1
    assert f"{tmp_path}/nowhere/topics.yaml: there is no such file" in said.err


def test_top_of_an_empty_lake_is_an_empty_list_for_a_script(news: News, tmp_path: Path) -> None:
    assert news("--lake", str(tmp_path / "empty"), "top", "--json").json == []


def test_top_shows_the_hottest_records(news: News) -> None:
    rows = news("top", "--limit", "5", "--json").json
    assert len(rows) == 5
    assert list(rows[0]) == ARTICLES.names
    assert [row["heat"] for row in rows] == sorted((row["heat"] for row in rows), reverse=True)
    assert rows[0]["publishedDateTime"] == "2026-11-20T09:10:00Z"
    said = news("top")
    assert rows[0]["title"][:20] in said.out
    assert "2026-11-20 09:10" in said.out
    assert news("top", "--published", "--json").json == [row for row in news("top", "--limit", "99", "--json").json if row["published"]]


def test_show_explains_a_record(news: News) -> None:
    said = news("show", f"{HOST}/quake-1")
    assert said.code == 0
    assert all(words in said.out for words in ("taken from", "quality", "which it leads", "captures.warc.gz", "say officials"))
    found = news("show", f"{HOST}/quake-1", "--json").json
    assert found["article"]["webUrl"] == f"{HOST}/quake-1"
    assert found["published_date"] == "2026-11-20"
    terms = [value for name, value in found["explain"].items() if name.startswith("quality") and name != "quality"]
    assert sum(terms) == found["article"]["quality"]
    assert dict(found["extracted"]["provenance"])["title"] in said.out
    assert f"{100 * found['extracted']['confidence']['title']:.0f} %" in said.out


def test_a_record_is_found_by_another_spelling_of_its_url(news: News) -> None:
    assert news("show", f"{HOST.upper().replace('HTTPS', 'https')}/quake-1?utm_source=mail#top", "--json").code == 0


@pytest.mark.parametrize(
    ("url", "message"),
    [(f"{HOST}/nothing", "no record in "), ("quake-1", "not a URL"), ("file:///etc/passwd", "not a URL")],
)
@pytest.mark.parametrize("command", ["show", "open"])
def test_a_record_that_is_not_there_is_1_and_says_so(news: News, command: str, url: str, message: str) -> None:
    said = news(command, url)
    assert (said.code, said.out) == (1, "")
    assert f"news: {url}: {message}" in said.err


def test_open_opens_the_sealed_part_and_says_which_key_did(news: News) -> None:
    opened = news("open", f"{HOST}/quake-1", "--json", NEWS_SEALING_KEYS=f"{OTHER_KEY},{KEY}").json
    assert opened["key_id"] == key_id(KEY)
    assert opened["private"]["via"] == "warc"
    said = news("open", f"{HOST}/quake-1")
    assert said.code == 0
    assert key_id(KEY) in said.out
    assert KEY not in said.out + said.err


@pytest.mark.parametrize(
    ("keys", "message"),
    [(OTHER_KEY, "no key of 1 opens"), ("", "there is no key"), ("bm90IGEga2V5", "key 1 is not base64 of 32, 48 or 64 bytes")],
)
def test_a_wrong_key_opens_nothing_and_is_not_shown(news: News, keys: str, message: str) -> None:
    said = news("open", f"{HOST}/quake-1", NEWS_SEALING_KEYS=keys)
    assert (said.code, said.out) == (1, "")
    assert message in said.err
    assert not keys or keys not in said.err


def test_publish_builds_what_changed_and_says_so(news: News) -> None:
    (report,) = news("publish", "--json").json
    assert (report["published_date"], report["articles"], report["rebuilt"]) == ("2026-11-20", 12, False)
    (report,) = news("publish", "2026-11-20", "--json", NEWS_SEALING_KEYS=OTHER_KEY).json
    assert report["rebuilt"]
    assert "built" in news("publish", NEWS_SEALING_KEYS=KEY).out


def test_a_shrinking_partition_is_1_until_it_is_allowed(news: News, tmp_path: Path) -> None:
    moved = warc(
        tmp_path / "moved.warc.gz",
        datetime(2026, 11, 25, 12, tzinfo=UTC),
        *(page(f"p{number}", day=date(2026, 11, 21)) for number in range(4)),
    )
    said = news("import", str(moved))
    assert said.code == 1
    assert "news publish 2026-11-20 --allow-shrink" in said.err
    assert news("publish", "2026-11-20", "--allow-shrink", "--json").json[0]["articles"] == 8


def test_extract_runs_again_over_what_was_captured(news: News) -> None:
    (report,) = news("extract", "2026-11-20T12", "--json").json
    assert (report["articles"], report["rejected"]) == (12, {})
    assert news("extract", "2026-11-20T13", "--json").json == []


def test_a_lake_that_does_not_answer_is_75(news: News, tmp_path: Path) -> None:
    path = warc(tmp_path / "a.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *PAGES)
    said = news("import", str(path), NEWS_LAKE="/proc/lake")
    assert said.code == 75
    assert "the lake did not answer" in said.err


def test_a_lake_that_is_a_file_is_1_and_says_so(news: News, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    said = news("publish", "2026-11-20", NEWS_LAKE=str(tmp_path / "file"))
    assert (said.code, said.out) == (1, "")
    assert said.err == f"news: NEWS_LAKE: '{tmp_path}/file' is a file; a lake is a directory or an s3:// URI\n"


@pytest.mark.parametrize("command", ["top", "publish", "ledger", "sql --question days", "digest", "maintain", f"why {HOST}/quake-1"])
def test_a_lake_below_a_file_is_1_for_every_command(news: News, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file" / "lake", Path("/dev/null")):
        said = news("--lake", str(place), *command.split())
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(f"news: NEWS_LAKE: '{place}' ")
        assert "a lake is a directory or an s3:// URI" in said.err


@pytest.mark.parametrize("option", [(), ("--lake", "")])
def test_a_lake_without_a_name_is_not_the_folder_that_one_stands_in(news: News, option: tuple[str, ...]) -> None:
    said = news(*option, "top", NEWS_LAKE="")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("news: NEWS_LAKE: ")


def test_an_interrupt_is_130_without_a_traceback(news: News, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lookups, "top", interrupted)
    said = news("top")
    assert (said.code, said.out) == (130, "")
    assert said.err.startswith("news: interrupted")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("NEWS_LAKES", "x", "NEWS_LAKES is not a setting; `news doctor` lists all settings"),
        ("NEWS_FETCH_THREADS", "many", "NEWS_FETCH_THREADS: "),
        ("NEWS_FETCH_THREADS", "0", "NEWS_FETCH_THREADS: "),
        ("NEWS_ALLOW_NETWORKS", "10.0.0.0/8,inside", "NEWS_ALLOW_NETWORKS: "),
        ("NEWS_CONNECT_TO", "nowhere", "NEWS_CONNECT_TO: "),
        ("NEWS_LAKE", "ftp://host/lake", "NEWS_LAKE: "),
    ],
)
def test_a_wrong_setting_is_1_and_named(news: News, name: str, value: str, message: str) -> None:
    said = news("top", **{name: value})
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"news: {message}")


@pytest.mark.parametrize(
    ("file", "text", "where"),
    [
        ("sources.yaml", f"{SOURCE}    feeds: [https://one.example/feed]\n    topic: Nonsense\n", r"sources\.yaml:5: sources\.0\.topic"),
        ("sources.yaml", f"{SOURCE}    feeds: [one.example/feed]\n    topic: AI\n", r"sources\.yaml:4: sources\.0\.feeds\.0"),
        ("sources.yaml", f"{SOURCE}    fees: [https://one.example/feed]\n    topic: AI\n", r"sources\.yaml:\d: sources\.0\.fee"),
        ("topics.yaml", "topics:\n  - name: AI\n  - name: AI\n", r"topics\.yaml:3: topics\.1\.name: .*'AI' occurs twice"),
        ("scoring.yaml", "heat:\n  related: much\n", r"scoring\.yaml:2: heat\.related"),
        ("scoring.yaml", "heat: [\n", r"scoring\.yaml:2: not YAML"),
    ],
)  # fmt: skip
def test_a_wrong_catalogue_is_1_with_file_line_and_key(news: News, tmp_path: Path, file: str, text: str, where: str) -> None:
    shutil.copytree(REPOSITORY / "data", tmp_path / "mine", ignore=shutil.ignore_patterns("sample", "lake"))
    (tmp_path / "mine" / file).write_text(text)
    said = news("--config", str(tmp_path / "mine"), "publish")
    assert (said.code, said.out) == (1, "")
    assert re.search(where, said.err), said.err


@pytest.mark.parametrize("place", ["/dev/null/lake", "/proc/lake"])
@pytest.mark.parametrize(
    "command", [["top"], ["publish"], ["import", "FILE"], ["run"], ["ledger"], ["maintain"]], ids=lambda words: words[0]
)
def test_a_lake_where_none_can_be_is_said_in_words(news: News, tmp_path: Path, place: str, command: list[str]) -> None:
    path = warc(tmp_path / "a.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *PAGES)
    said = news("--lake", place, *(str(path) if word == "FILE" else word for word in command), NEWS_CONFIG=str(_no_sources(tmp_path)))
    assert said.code in (0, 1, 75)  # a lake that is not there is empty for those who only read
    if command[0] in ("import", "maintain"):
        assert said.code in (1, 75)
        assert place in said.err


def _no_sources(folder: Path) -> Path:
    shutil.copytree(REPOSITORY / "data", folder / "mine", ignore=shutil.ignore_patterns("sample", "lake"))
    (folder / "mine" / "sources.yaml").write_text("sources: []\n")
    return folder / "mine"


def test_a_rejected_page_is_shown_with_what_the_ledger_knows(news: News, tmp_path: Path) -> None:
    path = warc(
        tmp_path / "b.warc.gz",
        datetime(2026, 11, 21, 12, tzinfo=UTC),
        (f"{HOST}/empty", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>x"),
    )
    assert news("import", str(path)).code == 0
    for command in ("show", "story", "open"):
        said = news(command, f"{HOST}/empty")
        assert said.code == 1
        assert "its outcome in the ledger of 2026-11-21T12 is rejected (" in said.err
        assert f"`news why {HOST}/empty` tells more" in said.err


def test_publish_of_a_date_without_articles_writes_nothing(news: News, tmp_path: Path) -> None:
    said = news("publish", "2020-01-01")
    assert said.code == 1
    assert "no article published on 2020-01-01" in said.err
    assert not (tmp_path / "lake/articles/published_date=2020-01-01").exists()


def test_the_dictionary_has_every_column(news: News) -> None:
    said = news("dictionary")
    assert said.code == 0
    assert all(f"| `{column.name}` |" in said.out for contract in TABLES.values() for column in contract)
    for form in ("odcs", "croissant", "frictionless"):
        assert news("dictionary", "--format", form).json["name"] == "news-pipeline"


def test_the_sources_are_listed(news: News) -> None:
    listed = news("sources", "list", "--json").json
    assert [one["id"] for one in listed] == [one.id for one in load_catalogue(REPOSITORY / "data").sources]
    assert listed[0]["id"] in news("sources", "list").out


@pytest.fixture
def world(room: Newsroom, make_catalogue: Callable[..., Any], tmp_path: Path) -> dict[str, str]:
    """Two sources, the second without a feed; the variables that lead to them."""
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/a"), content_type="application/rss+xml")
    room.add_page(f"{ONE}/a", article("The harbour bridge is closed"))
    room.misbehave(f"{TWO}/feed", Status(404))
    make_catalogue([source(ONE), source(TWO)])
    return {**room.environment, "NEWS_CONFIG": str(tmp_path / "catalogue"), "NEWS_LAKE": str(tmp_path / "fresh")}


def test_run_walks_an_hour_from_feeds_to_records(news: News, world: dict[str, str], tmp_path: Path) -> None:
    said = news("run", "--interval", "2026-11-20T12", "--live", "--json", **world)
    assert said.code == 0
    (capture,) = said.json["captures"]
    assert capture["failed_sources"] == {"two": "status 404"}
    assert said.json["judgement"]["is_red"] is False
    assert Lake(str(tmp_path / "fresh")).exists(storage.articles_path(date(2026, 11, 20)))
    said = news("run", "--interval", "2026-11-20T12", **world)
    shown = " ".join(said.out.split())  # lines are broken by their length
    assert "captured before; no request was sent" in shown
    assert "1 of 2 sources failed (two: status 404)" in shown


def test_a_run_whose_sources_fail_is_3(news: News, world: dict[str, str]) -> None:
    said = news("run", "--interval", "2026-11-20T12", "--live", **world, NEWS_TOLERATED_FAILURES="0.4")
    assert said.code == 3
    assert "two: status 404" in said.out


def test_sources_check_is_3_when_a_feed_cannot_be_read(news: News, world: dict[str, str], room: Newsroom) -> None:
    said = news("sources", "check", "--json", **world)
    assert said.code == 3
    good, bad = said.json
    assert (good["source_id"], good["entries"], good["problem"]) == ("one", 1, None)
    assert (bad["source_id"], bad["status"]) == ("two", 404)
    assert not Path(world["NEWS_LAKE"]).exists(), "nothing is written"
    room.misbehave(f"{TWO}/feed", None)
    room.add_page(f"{TWO}/feed", feed(), content_type="application/rss+xml")
    assert news("sources", "check", **world).code == 0
