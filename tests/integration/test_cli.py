"""What holds for every command of `news`: help, wrong arguments, settings and lakes, exit codes, and messages that say what to mend."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.operations import lookups
from tests.integration.articles import HOST, PAGES, warc
from tests.integration.commands import News
from tests.integration.conftest import REPOSITORY

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
