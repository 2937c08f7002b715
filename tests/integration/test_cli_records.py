"""`news top`, `show` and `open`: rows by heat, one record explained, its sealed values, and records that are not there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.core.schema import ARTICLES
from pipeline.publishing.sealing import key_id
from tests.integration.articles import HOST, warc
from tests.integration.commands import News
from tests.integration.conftest import KEY, OTHER_KEY


def test_top_of_an_empty_lake_is_an_empty_list_for_a_script(news: News, tmp_path: Path) -> None:
    assert news("--lake", str(tmp_path / "empty"), "top", "--json").json == []


def test_a_choice_that_leaves_no_record_says_so(news: News) -> None:
    said = news("top", "--topic", "weather on Mars")
    assert (said.code, "no record of these dates is as chosen" in said.out) == (0, True)


@pytest.mark.parametrize("command", ["top", "search quake", "stories", "export --format jsonl"])
def test_a_topic_that_the_catalogue_does_not_have_is_named_with_the_nearest(news: News, command: str) -> None:
    said = news(*command.split(), "--topic", "Bussiness")
    assert (said.code, said.err) == (0, "news: 'Bussiness' is not in topics.yaml; did you mean 'Business'?\n")
    assert news(*command.split(), "--topic", "SEMICONDUCTORS").err == ""


def test_what_finds_nothing_says_so_in_a_sentence(news: News, tmp_path: Path) -> None:
    assert news("search", "nobodywritesthis").out == "no record that was searched has all these words\n"
    assert news("stories", "--date", "2020-01-01").out.startswith("no story of this day is as chosen")
    for command in ("search word", "stories"):
        assert "has no published records yet" in news("--lake", str(tmp_path / "empty"), *command.split()).out
    assert news("search", " ").err == "news: name at least one word to search for\n"


def test_a_story_is_found_by_its_id_in_any_case_and_nothing_else_is_taken_for_one(news: News) -> None:
    (story, *_) = news("sql", "select storyId from explain where storyId similar to '.*[a-f].*'", "--json").json
    told = news("story", story["storyId"].upper(), "--json").json["members"]
    exported = news("export", "--format", "json", "--story", story["storyId"].upper()).json
    assert {article["webUrl"] for article, _ in told} == {row["webUrl"] for row in exported} != set()
    for absent, message in (("0" * 16, "with this id"), (story["storyId"][1:], "neither a URL nor a story's id"), ("", "neither a URL")):
        said = news("story", absent)
        assert (said.code, said.out, message in said.err) == (1, "", True)
        said = news("export", "--format", "atom", "--story", absent)
        assert (said.code, said.out, "belongs to a story with this id" in said.err) == (1, "", True)


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
