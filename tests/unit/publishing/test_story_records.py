"""The table `stories`: one row for each story, in the table of the date of its first article."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from pipeline.publishing.record_tables import stories_table
from tests.unit.publishing.test_records import DAY, NOON, STORY, built_from, picture, records, row, story


def stories(*rows: Mapping[str, Any], day: date = DAY) -> list[dict[str, Any]]:
    """The table of a date as rows."""
    found: list[dict[str, Any]] = stories_table(built_from(rows, day=day).first_reported).to_pylist()
    return found


def test_a_story_is_a_row_of_the_date_of_its_first_article() -> None:
    rows = [*story("a", "b", sourceId="one"), *story("wire", language="de")]
    rows[2]["title"] = f"A robot on site: {STORY}"
    rows[1]["publishedDateTime"] = NOON + timedelta(days=2)
    rows[2]["publishedDateTime"] = NOON + timedelta(days=1)
    rows[2]["images"] = [picture("https://x.example/a.jpg")]
    (found,) = stories(*rows)
    alone = {"https://www.a.example/a": 1, "https://www.b.example/b": 3, "https://www.wire.example/wire": 2}
    assert found["leadUrl"] == "https://www.wire.example/wire"
    assert found["title"] == f"A robot on site: {STORY}"
    assert (found["firstReport"], found["lastReport"]) == (NOON, NOON + timedelta(days=2))
    assert (found["size"], found["newsrooms"], found["copies"]) == (3, 1, 2)
    assert found["languages"] == ["en", "de"]
    assert found["topics"] == ["AI", "Robots"]
    members = found["members"]
    assert [member["webUrl"] for member in members] == sorted(alone, key=alone.__getitem__)
    assert [member["domain"] for member in members] == ["a.example", "wire.example", "b.example"]
    assert [member["role"] for member in members] == ["member", "lead", "copy"]
    assert [member["similarity"] is None for member in members] == [False, True, False]
    for later in (1, 2):
        assert stories(*rows, day=DAY + timedelta(days=later)) == []


def test_a_row_of_stories_says_what_explain_says_of_its_members() -> None:
    rows = [*story("a", "b", "c"), row("alone")]
    (found,) = stories(*rows)
    explained = [one for one in records(*rows).explain if one["storyId"] is not None]
    assert {one["storyId"] for one in explained} == {found["storyId"]}
    assert {one["storySize"] for one in explained} == {found["size"]} == {len(found["members"])}
    assert {one["storyNewsrooms"] for one in explained} == {found["newsrooms"]}
    assert found["copies"] == sum(one["duplicateOf"] is not None for one in explained)
    (lead,) = (one for one in explained if one["isLead"])
    assert found["heat"] == lead["heat"]
    similarities = {link["webUrl"]: pytest.approx(link["similarity"]) for link in lead["links"]}
    assert {one["webUrl"]: one["similarity"] for one in found["members"] if one["role"] != "lead"} == similarities
