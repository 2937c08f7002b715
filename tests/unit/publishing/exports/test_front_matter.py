"""Records as the original's files have them: byte for byte, and safe for any text."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.core.schema import ARTICLES
from pipeline.publishing.exports.front_matter import front_matter
from tests.integration.hostile_lake import MOMENT, TEXTS

IMAGE = {"url", "width", "height", "isCached"}
PROVIDER = {"name", "domain"}


def read(document: str) -> dict[str, Any]:
    _, body, _ = document.split("---\n", 2) if document.count("---\n") == 2 else ("", document[4 : document.rindex("---\n")], "")
    loaded: dict[str, Any] = yaml.safe_load(body)
    return loaded


def record_of(document: dict[str, Any]) -> dict[str, Any]:
    """A row of `articles` with the fields of a document; those that it lacks are absent."""

    def filled(one: dict[str, Any]) -> dict[str, Any]:
        return {"images": [], "topics": [], "related": [], **one}

    return {**filled(document), "related": [filled(other) for other in document.get("related", [])]}


def is_of_our_fields(document: dict[str, Any]) -> bool:
    """Whether the document has no field that older or other sites of the original had."""
    ones = [document, *document.get("related", [])]
    return all(
        set(one) <= set(ARTICLES.names) and set(one["provider"]) <= PROVIDER and all(set(image) <= IMAGE for image in one.get("images", []))
        for one in ones
    )


def test_the_seed_and_the_original_s_files_are_written_byte_for_byte(shared: Path) -> None:
    files = [*(shared / "seed").glob("*.txt"), *sorted((shared / "corpora/origin/schema_samples").glob("*.md"))]
    texts = {file.name: file.read_bytes().decode() for file in files}
    documents = {name: read(text) for name, text in texts.items()}
    same = {name for name, document in documents.items() if is_of_our_fields(document)}
    assert len(same) >= 5
    assert [name for name in sorted(same) if front_matter(record_of(documents[name])) != texts[name]] == []


@pytest.mark.parametrize(
    "text",
    [*TEXTS, "yes", "null", "1.5", "2026-11-20", "a: b", "a #b", "- x", "x\u2028y", "\ufeffx", "é 日本", "", "[a]", "Yahoo! Finance"],
)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    provider = {"name": text, "domain": "evil.example"}
    image = {"url": text, "width": 1, "height": 2, "isCached": False}
    other = {
        **{"title": text, "excerpt": text, "publishedDateTime": MOMENT, "webUrl": text, "ampWebUrl": None, "cdnAmpWebUrl": None},
        **{"type": "article", "provider": provider, "quality": 1, "images": [image]},
    }
    record = {
        **{"category": "news", "title": text, "excerpt": None, "publishedDateTime": MOMENT, "originalUrl": text, "webUrl": text},
        **{"ampWebUrl": None, "cdnAmpWebUrl": None, "type": "article", "quality": 1, "heat": -1, "published": False, "provider": provider},
        **{"topics": [text], "images": [image], "related": [other], "secured": None},
    }
    document = front_matter(record)
    assert document.startswith("---\ncategory: news\n")
    assert document.endswith("\n---\n\n")
    assert sum(line == "---" for line in document.split("\n")) == 2
    loaded = yaml.safe_load(document[4:-5])
    given = {key: value for key, value in record.items() if value is not None}
    given["related"] = [{key: value for key, value in other.items() if value is not None}]
    assert loaded == given
    assert isinstance(loaded["publishedDateTime"], datetime)
