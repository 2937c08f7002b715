"""`news import`: what it says of each file, and of files that are no web archive."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.articles import page, warc
from tests.integration.commands import News, Said, root_logger_kept, say
from tests.integration.conftest import KEY


@pytest.fixture
def news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[News]:
    """Run the command over a lake of the test's own, which is empty at first."""
    for name in [name for name in os.environ if name.startswith("NEWS_") and name != "NEWS_SHARED"]:
        monkeypatch.delenv(name)
    for name, value in {"NEWS_LAKE": str(tmp_path / "lake"), "NEWS_SEALING_KEYS": KEY, "NEWS_EXTRACT_PROCESSES": "1"}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Said:
        return say(arguments, capsys)

    with root_logger_kept():
        yield run


def test_import_reports_each_file(news: News, tmp_path: Path) -> None:
    path = warc(tmp_path / "more.warc.gz", datetime(2026, 11, 20, 18, tzinfo=UTC), page("new"))
    said = news("import", str(path), "--json").json
    (one,) = said["imports"]
    assert (one["file"], one["counts"], one["is_known"]) == (str(path), {"page.captured": 1}, False)
    assert "(imported before)" in news("import", str(path)).out


@pytest.mark.parametrize(("name", "octets"), [("letter.txt", b"Dear reader,"), ("missing.warc.gz", None)])
def test_a_file_that_cannot_be_imported_is_1_and_named(news: News, tmp_path: Path, name: str, octets: bytes | None) -> None:
    if octets is not None:
        (tmp_path / name).write_bytes(octets)
    said = news("import", str(tmp_path / name))
    assert said.code == 1
    assert name in said.err


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"<!doctype html><html><head><title>Secret title</title></head><body><p>Secret text of a page</p></body></html>\n", "HTML page"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "title": "Secret", "items": []}', "JSON document"),
        (b"Secret words in a line of five\n" * 1_000, "no WARC or ARC record begins here"),
        (b"", "it is empty"),
    ],
)
def test_a_file_that_is_no_archive_is_a_problem_in_plain_words_that_quotes_nothing(
    news: News, tmp_path: Path, caplog: pytest.LogCaptureFixture, octets: bytes, words: str
) -> None:
    (tmp_path / "given").write_bytes(octets)
    said = news("import", str(tmp_path / "given"))
    assert said.code == 1
    assert said.out == ""
    assert words in said.err
    assert "Secret" not in said.err + caplog.text


def test_a_file_that_is_no_archive_keeps_none_of_the_others_out(news: News, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"<!doctype html><html><title>Secret</title></html>")
    path = warc(tmp_path / "more.warc.gz", datetime(2026, 11, 20, 18, tzinfo=UTC), page("new"))
    said = news("import", str(tmp_path / "page.html"), str(path), "--json")
    assert said.code == 1
    bad, good = said.json["imports"]
    assert (bad["file"], bad["problem"]) == (str(tmp_path / "page.html"), "not a web archive: it is an HTML page")
    assert (good["counts"], good["problem"]) == ({"page.captured": 1}, None)
    assert sum(one["articles"] for one in said.json["walk"]["extracts"]) == 1
