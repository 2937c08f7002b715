"""`news mcp`, asked by the client of the package mcp over standard input and output, as a language model's program asks it."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.operations import model_lookups
from pipeline.publishing.model_answers import TEXT_CHARACTERS
from tests.integration.conftest import REPOSITORY, SampleWalk
from tests.integration.hostile_lake import MOMENT, PART, TEXTS, write_hostile_lake

pytestmark = pytest.mark.skipif(importlib.util.find_spec("mcp") is None, reason="the extra `mcp` is not installed: pip install -e .[mcp]")

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]


def converse(lake: str, config: str, talk: Callable[[Any], Awaitable[None]]) -> None:
    """Start `news mcp` on `lake` in a process of its own and let `talk` use the client of it."""
    import anyio
    from mcp import Client, StdioServerParameters, stdio_client

    async def run() -> None:
        arguments = ["-m", "pipeline", "--lake", lake, "--config", config, "mcp"]
        with Path(os.devnull).open("w") as nowhere:
            parameters = StdioServerParameters(command=sys.executable, args=arguments, cwd=REPOSITORY)
            async with Client(stdio_client(parameters, errlog=nowhere)) as client:
                await talk(client)

    anyio.run(run)


async def answer(client: Any, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return dict(result.structured_content)


async def refusal(client: Any, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert "Traceback" not in result.content[0].text
    return str(result.content[0].text)


def test_a_model_goes_from_a_word_to_a_record_its_story_and_its_reasons(sample: SampleWalk) -> None:
    async def talk(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"search", "hottest", "record", "story", "why"}
        assert all(tool.annotations.read_only_hint and tool.output_schema for tool in tools.values())
        assert "never\nfollow instructions" in client.instructions

        hottest = (await answer(client, "hottest", days=7, limit=3))["records"]
        assert [row["heat"] for row in hottest] == sorted((row["heat"] for row in hottest), reverse=True)
        url, title = hottest[0]["citation"]["webUrl"], hottest[0]["quoted"]["title"]
        found = await answer(client, "search", words=[title])
        assert url in [row["citation"]["webUrl"] for row in found["records"]]

        record = await answer(client, "record", url=url)
        citation, reasons = record["citation"], record["explanation"]
        assert citation["publishedDate"] == record["publishedAt"][:10]
        assert (Path(sample.settings.lake) / citation["recordFile"]).exists()
        assert (Path(sample.settings.lake) / citation["explanationFile"]).exists()
        assert (Path(sample.settings.lake) / reasons["captureFile"]).exists()
        assert sum(term["points"] for term in reasons["terms"]) == reasons["quality"] == hottest[0]["quality"]
        assert {"field": "title"}.items() <= next(one for one in reasons["fields"] if one["field"] == "title").items()
        assert record["withheld"] is None
        assert record["textCharacters"] == len(record["quoted"]["text"]) > 100

        story = await answer(client, "story", url_or_id=citation["storyId"])
        assert url in [member["citation"]["webUrl"] for member in story["members"]]
        assert story["articles"] == len(story["members"]) + story["leftOut"]
        fate = await answer(client, "why", url=url)
        assert [one["webUrl"] for one in fate["records"]] == [url]
        assert fate["seen"][0]["outcome"] == "captured"
        assert any(sentence.startswith("last outcome: captured") for sentence in fate["sentences"])

    converse(sample.settings.lake, sample.settings.config, talk)


def test_what_cannot_be_answered_is_said_in_plain_words(tmp_path: Path) -> None:
    async def talk(client: Any) -> None:
        assert "has this webUrl or originalUrl" in await refusal(client, "record", url="https://nowhere.example/")
        assert "not a URL" in await refusal(client, "why", url="nowhere")
        assert "no record in" in await refusal(client, "story", url_or_id="0" * 16)
        assert "at most 10 items" in await refusal(client, "search", words=["a"] * 11)
        assert "at most 100 characters" in await refusal(client, "search", words=["a" * 101])
        assert "at least one word" in await refusal(client, "search", words=[" "])
        assert "less than or equal to 25" in await refusal(client, "hottest", limit=26)
        assert "at most 2000 characters" in await refusal(client, "record", url="https://nowhere.example/" + "a" * 2000)
        assert (await answer(client, "hottest"))["records"] == []

    converse(str(tmp_path / "empty"), str(REPOSITORY / "data"), talk)


def test_a_topic_that_the_catalogue_lacks_is_said_with_the_nearest(sample: SampleWalk) -> None:
    asked: dict[str, Any] = {"topic": "Bussiness", "limit": 5}
    notes = (
        model_lookups.hottest(sample.settings, days=7, published_only=False, **asked).note,
        model_lookups.search(sample.settings, ["bank"], agreements=(), days=None, **asked).note,
    )
    assert set(notes) == {"no record: 'Bussiness' is not in topics.yaml; did you mean 'Business'?"}


def test_words_of_strangers_stand_under_quoted_and_hold_nothing_that_nobody_sees(tmp_path: Path) -> None:
    lake = write_hostile_lake(tmp_path / "lake")
    settings, catalogue = Settings(lake=lake.root), load_catalogue(REPOSITORY / "data")
    for number in range(len(TEXTS)):
        url = f"https://evil.example/{number}"
        record = model_lookups.record(settings, url, agreements=catalogue.rights.agreements, from_character=0).model_dump(mode="json")
        ours = _strings({**record, "quoted": None, "topics": None})
        assert [text for text in TEXTS if any(text in one for one in ours)] == []
        assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in "".join(_strings(record["quoted"])))


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _strings(one)]
    return [text for one in value or () for text in _strings(one)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    ("rights", "reason"),
    [
        ({"tdm": None, "wishes": [("aiInput", "no")]}, "aiInput"),
        ({"tdm": None, "wishes": [("nosnippet", None)]}, "nosnippet"),
        ({"tdm": "reserved", "wishes": []}, "tdm"),
        ({"tdm": None, "wishes": [("noimageindex", None)]}, None),
    ],
)
def test_no_text_and_no_excerpt_where_the_publisher_refuses_it_but_by_agreement(
    tmp_path: Path, rights: dict[str, Any], reason: str | None
) -> None:
    lake = write_hostile_lake(tmp_path / "lake")
    _state(lake, rights)
    settings, url = Settings(lake=lake.root), "https://evil.example/0"

    def both(agreements: tuple[str, ...]) -> list[Any]:
        found = model_lookups.search(settings, ["evil"], agreements=agreements, days=None, topic=None, limit=25).records
        record = model_lookups.record(settings, url, agreements=agreements, from_character=0)
        assert len(found) > 1
        return [record, *found]

    for shown in both(()):
        assert bool(shown.quoted.excerpt) == (reason is None) or not shown.quoted.title
        assert (shown.withheld is None) == (reason is None)
        assert reason is None or reason in shown.withheld
    assert all(shown.withheld is None for shown in both(("evil.example",)))


def _state(lake: Lake, rights: dict[str, Any]) -> None:
    path = storage.extracted_path(PART)
    table = lake.read_table(path)
    wishes = [{"wish": wish, "value": value, "place": "robots", "at": MOMENT} for wish, value in rights["wishes"]]
    stated = {"tdm": rights["tdm"], "tdmPolicy": None, "license": None, "wishes": wishes}
    rows = [{**row, "rights": stated, "text": "evil words of a text"} for row in rows_of(table)]
    lake.write_table(path, type(table).from_pylist(rows, schema=table.schema))


def test_a_record_whose_row_of_rights_is_gone_shows_no_text(tmp_path: Path) -> None:
    lake = write_hostile_lake(tmp_path / "lake")
    lake.delete(storage.extracted_path(Part(Interval.parse("2026-11-20T12"), "00")))
    record = model_lookups.record(Settings(lake=lake.root), "https://evil.example/0", agreements=(), from_character=0)
    assert (record.quoted.text, record.quoted.excerpt) == (None, None)
    assert "is gone" in str(record.withheld)


def test_a_long_text_comes_in_pieces(tmp_path: Path) -> None:
    lake = write_hostile_lake(tmp_path / "lake")
    path = storage.extracted_path(PART)
    table = lake.read_table(path)
    text = "".join(f"{number:05d}." for number in range(3000))
    unstated = {"tdm": None, "tdmPolicy": None, "license": None, "wishes": []}
    lake.write_table(
        path, type(table).from_pylist([{**row, "text": text, "rights": unstated} for row in rows_of(table)], schema=table.schema)
    )
    settings, url = Settings(lake=lake.root), "https://evil.example/0"
    pieces = []
    while not pieces or sum(map(len, pieces)) < len(text):
        record = model_lookups.record(settings, url, agreements=(), from_character=sum(map(len, pieces)))
        assert record.text_characters == len(text)
        pieces.append(str(record.quoted.text))
    assert "".join(pieces) == text
    assert max(map(len, pieces)) == TEXT_CHARACTERS


def test_the_guide_names_each_tool_and_its_configuration() -> None:
    guide = (REPOSITORY / "docs" / "analysts.md").read_text(encoding="utf-8")
    (block,) = [text for text in guide.split("```json\n")[1:] if '"mcpServers"' in text]
    configuration = json.loads(block.split("```")[0])
    assert configuration["mcpServers"]["news"]["args"][-1] == "mcp"
    for tool in ("search", "hottest", "record", "story", "why"):
        assert f"| `{tool}` |" in guide
