"""`news digest` and `news export`: every format over the sample world, and over a lake whose every text is an attack."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pyarrow as pa
import pytest
import yaml
from lxml import html
from rich.cells import cell_len

from pipeline.core import schema
from pipeline.lake.storage import Lake, extracted_path
from pipeline.publishing.exports.digests import choose_digest, digest_text
from pipeline.publishing.exports.links import safe_link
from pipeline.publishing.exports.pages import SCRIPT
from pipeline.publishing.sql.record_selection import RecordChoice, select_records
from pipeline.text.control_characters import drop_controls
from tests.integration.commands import News, root_logger_kept, say
from tests.integration.conftest import SampleWalk
from tests.integration.hostile_lake import FORMULAS, LINKS, MOMENT, PART, TEXTS, write_hostile_lake

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]")
FORMATS = ("frontmatter", "jsonl", "csv", "rss", "atom", "html")


@pytest.fixture
def news(sample: SampleWalk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[News]:
    monkeypatch.setenv("NEWS_LAKE", sample.settings.lake)
    monkeypatch.setenv("NEWS_CONFIG", sample.settings.config)
    with root_logger_kept():
        yield lambda *arguments: say(arguments, capsys)


@pytest.fixture
def hostile(tmp_path: Path) -> Lake:
    return write_hostile_lake(tmp_path / "hostile")


def test_the_digest_is_the_ten_hottest_published_of_the_day(news: News, sample: SampleWalk) -> None:
    day = date(2026, 11, 20)
    records = select_records(Lake(sample.settings.lake), RecordChoice(first=day, last=day))
    hottest = sorted((row for row in records if row["published"]), key=lambda row: -row["heat"])[:10]
    chosen = news("digest", "--json").json
    assert [row["heat"] for row in chosen] == [row["heat"] for row in hottest]
    assert set(chosen[0]) == {"published_date", *schema.ARTICLES.names}
    letter = news("digest", "--date", "2026-11-20").out
    assert letter.startswith("Digest of 2026-11-20\n\n1. ")
    assert all(row["webUrl"] in letter for row in chosen)
    assert max(len(line) for line in letter.splitlines() if "http" not in line) <= 78
    assert news("digest", "--format", "html").out.count('<li class="record">') == len(chosen)
    assert "Nothing was published" in news("digest", "--date", "2020-01-01").out


@pytest.mark.parametrize(
    "text",
    [
        "日本銀行が金利を引き上げ、市場は大きく揺れ動いている。" * 4,
        "한국은행 기준금리 동결, 시장은 안도했지만 " * 4,
        "🚀 👩‍👩‍👧 emoji " * 20,
        "Donau" * 40,
        "=1",
    ],
    ids=["Japanese", "Korean", "emoji", "one word", "short"],
)
def test_a_line_of_the_digest_has_at_most_78_columns_and_no_character_is_lost(text: str) -> None:
    row = {"title": text, "publishedDateTime": MOMENT, "provider": {"name": text}, "heat": 1, "related": [], "excerpt": text, "webUrl": "x"}
    letter = digest_text([row], day=MOMENT.date())
    assert max(map(cell_len, letter.splitlines())) <= 78
    assert "".join(letter.split()).count("".join(text.split())) == 3


def test_the_digest_counts_twenty_four_hours_and_breaks_ties_by_quality_time_and_url() -> None:
    def row(url: str, *, heat: int = 90, quality: int = 50, hour: int = 9, day: int = 20, published: bool = True) -> dict[str, Any]:
        moment = datetime(2026, 11, day, hour, tzinfo=UTC)
        return {"webUrl": url, "heat": heat, "quality": quality, "publishedDateTime": moment, "published": published}

    until = datetime(2026, 11, 20, 12, tzinfo=UTC)
    rows = [row("b"), row("a"), row("q", quality=60), row("early", hour=8), row("hot", heat=99), row("no", published=False)]
    outside = [row("later", hour=12), row("before", day=19, hour=11), row("edge", day=19, hour=12)]
    chosen = [one["webUrl"] for one in choose_digest([*rows, *outside], until=until)]
    assert chosen == ["hot", "q", "edge", "early", "a", "b"]
    assert len(choose_digest([row(str(number)) for number in range(30)], until=until)) == 10


def test_every_format_has_every_chosen_record(news: News, tmp_path: Path) -> None:
    choice = ("export", "--from", "2026-11-19", "--to", "2026-11-20")
    lines = [json.loads(line) for line in news(*choice, "--format", "jsonl").out.splitlines()]
    titles = {row["title"] for row in lines}
    assert {row["published_date"] for row in lines} == {"2026-11-19", "2026-11-20"}
    assert [row["publishedDateTime"] for row in lines] == sorted(row["publishedDateTime"] for row in lines)
    assert news(*choice, "--json").json == news(*choice, "--format", "json").json == lines
    assert news(*choice).code == 1
    cells = list(csv.DictReader(io.StringIO(news(*choice, "--format", "csv").out)))
    assert {row["title"] for row in cells} == titles
    assert json.loads(cells[0]["provider"]) == lines[0]["provider"]
    for form in ("rss", "atom"):
        parsed = feedparser.parse(news(*choice, "--format", form).out)
        assert not parsed.bozo
        assert {entry.title for entry in parsed.entries} == titles
        assert parsed.entries[0].published_parsed is not None
    folder = tmp_path / "documents"
    assert f"{len(lines)} files" in news(*choice, "--format", "frontmatter", "--output", str(folder)).out
    documents = [yaml.safe_load(file.read_text()[4:-5]) for file in folder.iterdir()]
    assert {document["title"] for document in documents} == titles
    page = html.fromstring(news(*choice, "--format", "html").out)
    leads = {row["title"] for row in lines if row["heat"] >= 0}
    assert {heading.text_content() for heading in page.iter("h3")} == leads


def test_an_export_keeps_to_a_topic_a_story_and_what_is_published(news: News) -> None:
    everything = [json.loads(line) for line in news("export", "--format", "jsonl").out.splitlines()]
    topical = [json.loads(line) for line in news("export", "--format", "jsonl", "--topic", "ai", "--published").out.splitlines()]
    assert topical == [row for row in everything if "AI" in row["topics"] and row["published"]] != []
    (story,) = news("sql", "select storyId from explain where storySize > 2 order by storyId limit 1", "--json").json
    members = news("story", story["storyId"], "--json").json["members"]
    parsed = feedparser.parse(news("export", "--format", "atom", "--story", story["storyId"]).out)
    assert {entry.id for entry in parsed.entries} == {article["webUrl"] for article, _ in members}
    assert parsed.feed.title == f"News of the story {story['storyId']}"
    again = feedparser.parse(news("export", "--format", "atom", "--story", story["storyId"]).out)
    assert again.feed.id == parsed.feed.id != feedparser.parse(news("export", "--format", "atom").out).feed.id
    assert news("export", "--format", "csv", "--from", "2026-11-20", "--to", "2026-11-19").code == 1
    assert feedparser.parse(news("export", "--format", "atom", "--topic", "Nonsense").out).entries == []


@pytest.mark.parametrize("form", FORMATS)
def test_no_export_holds_a_character_that_commands_a_terminal(hostile: Lake, news: News, form: str) -> None:
    said = news("--lake", hostile.root, "export", "--format", form)
    assert said.code == 0
    assert not CONTROL.search(said.out)


def test_digests_of_hostile_records_command_no_terminal(hostile: Lake, news: News) -> None:
    for options in ((), ("--format", "html"), ("--json",)):
        assert not CONTROL.search(news("--lake", hostile.root, "digest", *options).out)


def test_a_description_of_rss_is_html_that_shows_the_excerpt_as_it_is_written(hostile: Lake, news: News) -> None:
    channel = ET.fromstring(news("--lake", hostile.root, "export", "--format", "rss").out)
    descriptions = [element.text or "" for element in channel.findall("channel/item/description")]
    shown = {html.fromstring(f"<div>{text}</div>").text_content() for text in descriptions}
    assert {"".join(text.split()) for text in shown} == {"".join(drop_controls(text).split()) for text in TEXTS}
    assert not any(len(html.fromstring(f"<div>{text}</div>")) for text in descriptions), "no element but text"


def test_hostile_texts_come_back_as_texts(hostile: Lake, news: News, tmp_path: Path) -> None:
    lake = ("--lake", hostile.root, "export", "--format")
    assert {json.loads(line)["title"] for line in news(*lake, "jsonl").out.splitlines()} == set(TEXTS)
    for form, path in (("rss", "channel/item/title"), ("atom", "{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}title")):
        titles = {element.text for element in ET.fromstring(news(*lake, form).out).findall(path)}
        assert titles == {drop_controls(text).replace("\r\n", "\n").replace("\r", "\n") for text in TEXTS}
    cells = [cell for row in csv.reader(io.StringIO(news(*lake, "csv").out.replace("\r\n", "\n"))) for cell in row]
    assert [cell for cell in cells if re.match(r"\s*[=+\-@＝]|[\t\r\n]", cell) and not re.fullmatch(r"-?\d+", cell)] == []
    assert f"'{FORMULAS[0]}" in cells
    folder = tmp_path / "documents"
    assert news(*lake, "frontmatter", "--output", str(folder)).code == 0
    files = list(folder.iterdir())
    assert {yaml.safe_load(file.read_bytes().decode()[4:-5])["title"] for file in files} == set(TEXTS)
    assert all(re.fullmatch(r"2026-11-20-[a-z0-9-]+\.md", file.name) for file in files)


@pytest.mark.parametrize("command", [("export", "--format", "html"), ("digest", "--format", "html")])
def test_a_page_of_hostile_records_has_no_script_no_foreign_address_and_a_policy(
    hostile: Lake, news: News, command: tuple[str, ...]
) -> None:
    text = news("--lake", hostile.root, *command).out
    page = html.fromstring(text)
    names = {element.tag for element in page.iter() if isinstance(element.tag, str)}
    scripts = [element.text for element in page.iter("script")]
    assert scripts == ([SCRIPT] if command[0] == "export" else []), "no script but ours"
    assert names.isdisjoint({"img", "iframe", "object", "embed", "link", "form", "input", "svg", "base"})
    attributes = {(name, value) for element in page.iter() for name, value in element.attrib.items()}
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("src", "style", "srcset", "action")]
    assert {value.partition(":")[0] for name, value in attributes if name == "href" and not value.startswith("#")} == {"https"}
    (policy,) = (meta.get("content") for meta in page.iter("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    (style,) = (element.text for element in page.iter("style"))
    assert policy.startswith("default-src 'none'; ")
    for text in (style, *scripts):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy
    assert "unsafe" not in policy
    shown = {heading.text_content() for heading in page.iter("h3")}
    if command[0] == "export":
        assert len(shown) == len({drop_controls(text) for text in TEXTS})
    assert "@media (prefers-color-scheme: dark)" in style
    assert "max-width: 34rem" in style


def test_a_report_has_a_table_of_all_records(news: News) -> None:
    page = html.fromstring(news("export", "--format", "html").out)
    (table,) = page.xpath("//div[@class='sorts']/table")
    assert [head.text_content() for head in table.iter("th")] == ["heat", "quality", "time (UTC)", "publisher", "topics", "title"]
    titles = [row.xpath("td")[-1].text_content() for row in table.xpath("tbody/tr")]
    rows = [json.loads(line) for line in news("export", "--format", "jsonl").out.splitlines()]
    assert sorted(titles) == sorted(row["title"] for row in rows)


def test_the_rows_of_a_query_are_a_page_whose_table_sorts(news: News, tmp_path: Path) -> None:
    file = tmp_path / "outcomes.html"
    assert news("sql", "--question", "outcomes", "--output", str(file)).code == 0
    page = html.fromstring(file.read_text(encoding="utf-8"))
    (table,) = page.xpath("//div[@class='sorts']/table")
    answer = news("sql", "--question", "outcomes", "--json").json
    assert [(head.text_content(), head.get("class")) for head in table.iter("th")] == [
        *((name, None) for name in ("sourceId", "outcome", "reason")),
        ("pages", "number"),
    ]
    shown = [[cell.text_content() for cell in row.iter("td")] for row in table.xpath("tbody/tr")]
    assert shown == [[str(value) if value is not None else "" for value in row.values()] for row in answer]
    assert [script.text for script in page.iter("script")] == [SCRIPT]
    linked = html.fromstring(news("sql", "select webUrl, 'javascript:x' as other from articles limit 1", "--format", "html").out)
    assert [(link.get("href"), link.text) for link in linked.iter("a")] == [(link.text, link.text) for link in linked.iter("a")]
    assert len(list(linked.iter("a"))) == 1


def test_only_web_addresses_become_links() -> None:
    assert [url for url in LINKS if safe_link(url)] == []
    assert safe_link("https://a.example/x?y=1&z=é#p") == "https://a.example/x?y=1&z=é#p"
    refused = (
        "JAVASCRIPT:alert(1)",
        "//a.example/",
        "https:///x",
        "https://u:p@a.example/",
        "http://[1",
        "https://a.example/\x1b[31m",
        None,
        "",
    )
    assert [url for url in refused if safe_link(url)] == []


def test_what_publishers_refuse_is_left_out_unless_there_is_an_agreement(hostile: Lake) -> None:
    path = extracted_path(PART)
    rows = hostile.read_table(path).to_pylist()
    for row, wish in zip(rows, ("nosnippet", "noimageai"), strict=False):
        wishes = [{"wish": wish, "value": None, "place": "meta.robots", "at": MOMENT}]
        row["rights"] = {"tdm": None, "tdmPolicy": None, "license": None, "wishes": wishes}
    hostile.write_table(path, pa.Table.from_pylist(rows, schema=schema.EXTRACTED))
    records = {row["webUrl"]: row for row in select_records(hostile, RecordChoice())}
    snippet, picture, other = (records[f"https://evil.example/{number}"] for number in range(3))
    assert (snippet["excerpt"], bool(snippet["images"])) == (None, True)
    assert (picture["excerpt"], picture["images"]) == (TEXTS[1], [])
    assert (other["excerpt"], bool(other["images"])) == (TEXTS[2], True)
    assert [(one["excerpt"], bool(one["images"])) for one in other["related"]] == [(None, True), (TEXTS[1], False)]
    agreed = select_records(hostile, RecordChoice(), agreements=("evil.example",))
    assert all(row["excerpt"] is not None and row["images"] for row in agreed)
