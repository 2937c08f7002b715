"""Texts of strangers stay texts in all that `news` prints, for each of its commands, and on its console."""

from __future__ import annotations

import argparse
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.cli.arguments import make_parser
from pipeline.cli.screens.tables import make_table
from pipeline.cli.terminal import SafeConsole
from pipeline.lake.storage import Lake
from pipeline.text.control_characters import CONTROLS
from tests.integration.commands import News, root_logger_kept, say
from tests.integration.conftest import REPOSITORY
from tests.integration.hostile_lake import MARKUP, TERMINAL, TEXTS, write_hostile_lake

EVIL = "\x1b]0;owned\x07\x1b[31m\u202e"
ONE = "https://evil.example/1"
CALLS: dict[str, list[list[str]]] = {
    "run": [["run"]],
    "backfill": [["backfill", "--from", "2026-11-20", "--to", "2026-11-20", "--source", EVIL, "--dry-run"]],
    "erase": [["erase", f"evil{EVIL}.example", "--reason", EVIL, "--dry-run"], ["erase", "evil.example", "--reason", EVIL, "--dry-run"]],
    "maintain": [["maintain", "--interval", "2026-11-20T12"]],
    "ledger": [["ledger", "--until", "2026-11-20"], ["ledger", "--source", EVIL]],
    "import": [["import", f"FOLDER/{EVIL.replace('/', '')}.warc.gz"]],
    "extract": [["extract", "2026-11-20T12"]],
    "publish": [["publish"]],
    "top": [["top", "--limit", "99"], ["top", "--topic", EVIL]],
    "search": [["search", "1"], ["search", EVIL]],
    "show": [["show", ONE], ["show", f"https://evil.example/{EVIL}"]],
    "why": [["why", ONE], ["why", EVIL]],
    "story": [["story", ONE], ["story", "0123456789abcdef"], ["story", EVIL]],
    "stories": [["stories", "--limit", "99"], ["stories", "--topic", EVIL]],
    "open": [["open", ONE]],
    "digest": [["digest"], ["digest", "--format", "html"]],
    "export": [["export", "--format", form] for form in ("frontmatter", "jsonl", "csv", "rss", "atom", "html")],
    "sql": [
        ["sql"],
        ["sql", f"select '{EVIL}' as \"{EVIL}\""],
        ["sql", f"select {EVIL}"],
        *(
            ["sql", f"select * from {view}", "--format", form]
            for view in ("pages", "ledger", "related", "stories")
            for form in ("table", "csv", "json", "html")
        ),
        *(["sql", "--question", name] for name in ("hottest", "stories", "outcomes", "terms")),
    ],
    "serve-sql": [["serve-sql", "--duckdb", f"FOLDER/{EVIL.replace('/', '')}.duckdb"]],
    "sources check": [["sources", "check"]],
    "sources list": [["sources", "list"]],
    "sources heal": [["sources", "heal"]],
    "sources add": [["sources", "add", f"https://evil.example:0/{EVIL}", "--topic", EVIL]],
    "sources import-opml": [["sources", "import-opml", "FOLDER/evil.opml", "--topic", "AI"]],
    "sources export-opml": [["sources", "export-opml"]],
    "config init": [["config", "init", f"FOLDER/{EVIL.replace('/', '')}"]],
    "doctor": [["doctor", "--quick"]],
    "dictionary": [["dictionary"]],
    "alerts": [["alerts"]],
    "mcp": [],
}
"""Each command as it is called over the hostile lake; `mcp`, which speaks a protocol and prints nothing, has tests of its own."""


def _commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                below = list(_commands(inner))
                yield from (f"{name} {one}" for one in below) if below else [name]


@pytest.fixture
def hostile(tmp_path: Path) -> Lake:
    return write_hostile_lake(tmp_path / "hostile")


@pytest.fixture
def news(hostile: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[News]:
    """The command over the hostile lake, with a catalogue whose one source has a hostile name and is not followed."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    for name in ("topics", "providers", "scoring"):
        (folder / f"{name}.yaml").write_text((REPOSITORY / "data" / f"{name}.yaml").read_text())
    source = {"id": "evil", "name": MARKUP + EVIL, "feeds": [f"https://evil.example/{EVIL}"], "topic": "AI", "enabled": False}
    (folder / "sources.yaml").write_text(yaml.safe_dump({"sources": [source]}))
    outline = '<outline type="rss" text="&lt;b&gt;[red]x&#x202e;" xmlUrl="ftp://evil.example/[red]&#x202e;"/>'
    (tmp_path / "evil.opml").write_text(f'<opml version="2.0"><head/><body>{outline}</body></opml>')
    monkeypatch.setenv("NEWS_LAKE", hostile.root)
    monkeypatch.setenv("NEWS_CONFIG", str(folder))
    with root_logger_kept():
        yield lambda *arguments: say([word.replace("FOLDER", str(tmp_path)) for word in arguments], capsys)


def test_every_command_is_called() -> None:
    assert set(CALLS) == set(_commands(make_parser()))


@pytest.mark.parametrize("command", CALLS)
def test_no_command_prints_a_character_that_commands_a_terminal(news: News, command: str) -> None:
    for call in CALLS[command]:
        for options in ([], ["--json"]):
            said = news(*call, *options)
            assert said.code in (0, 1, 2, 3), (call, said)
            printed = (said.out + said.err).replace("\r\n", "\n")
            assert not CONTROLS.search(printed), (call, options, CONTROLS.findall(printed))
            if options and said.out:
                json.loads(said.out)


def test_markup_and_emoji_codes_are_shown_as_they_are_written() -> None:
    texts = ["[red]x[/red]", "[link=https://evil.example]y[/link]", "Cats :cat: and dogs", "[/]", "a\\[b]"]
    console = SafeConsole(file=io.StringIO(), width=200, force_terminal=True, color_system="standard")
    table = make_table("title")
    for text in texts:
        table.add_row(text)
        console.print(text)
    console.print(table)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue())
    assert [text for text in texts if shown.count(text) != 2] == []
    assert "\x1b]8" not in console.file.getvalue()


def test_titles_are_shown_whole_with_their_markup(news: News) -> None:
    shown = " ".join(news("sql", "select title from articles", "--limit", "99").out.split())
    assert MARKUP[:24] in shown
    assert TERMINAL.partition("\x1b[31m")[2][:3] in shown
    assert len(news("top", "--limit", "99", "--json").json) == len(TEXTS)
