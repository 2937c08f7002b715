"""Writes a record in the format of the seed: a document of YAML front matter. Pure.

The format is that of the original system's files, byte for byte: texts and URLs in double quotes, names without quotes where YAML reads
them as texts, an empty line before each group, no line for an absent field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

from pipeline.text.control_characters import CONTROLS

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
UNPRINTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""Characters that YAML does not allow in a quoted text, or reads as the end of a line."""
PLAIN = re.compile(r"\w[^\n\t\"\\]*")
HEAD = (
    "category",
    "title",
    "excerpt",
    "publishedDateTime",
    "originalUrl",
    "webUrl",
    "ampWebUrl",
    "cdnAmpWebUrl",
    "type",
    "quality",
    "heat",
)
RELATED_HEAD = ("title", "excerpt", "publishedDateTime", "webUrl", "ampWebUrl", "cdnAmpWebUrl", "type")
QUOTED = frozenset({"title", "excerpt", "originalUrl", "webUrl", "ampWebUrl", "cdnAmpWebUrl", "url", "secured"})


def front_matter(record: Mapping[str, Any]) -> str:
    """The document of a row of `articles`."""
    groups = [
        [*_fields(record, (*HEAD, "published"))],
        ["provider:", *_indented(_fields(record["provider"], ("name", "domain")))],
        _named_list("topics", ([_plain(topic)] for topic in record["topics"])),
        _named_list("images", (_image(image) for image in record["images"])),
        _named_list("related", (_related(other) for other in record["related"])),
        [*_fields(record, ("secured",))],
    ]
    body = "\n\n".join("\n".join(lines) for lines in groups if lines)
    return f"---\n{body}\n---\n\n"


def _fields(row: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if row.get(name) is not None:
            yield f"{name}: {_scalar(name, row[name])}"


def _scalar(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, int):
        return str(value)
    return _quoted(value) if name in QUOTED else _plain(value)


def _quoted(text: str) -> str:
    escaped = "".join(ESCAPES.get(character, character) for character in text)
    for pattern in (UNPRINTED, CONTROLS):
        escaped = pattern.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
    return f'"{escaped}"'


def _plain(text: str) -> str:
    """The text without quotes if YAML then reads the same text, else in quotes."""
    if not PLAIN.fullmatch(text) or CONTROLS.search(text) or UNPRINTED.search(text):
        return _quoted(text)
    try:
        is_same = yaml.safe_load(f"- {text}\n") == [text]
    except yaml.YAMLError:
        is_same = False
    return text if is_same else _quoted(text)


def _indented(lines: Iterator[str] | Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _named_list(name: str, items: Iterator[list[str]]) -> list[str]:
    lines = [f"{'  - ' if place == 0 else '    '}{line}" for item in items for place, line in enumerate(item)]
    return [f"{name}:", *lines] if lines else []


def _image(image: Mapping[str, Any]) -> list[str]:
    return [*_fields(image, ("url", "width", "height", "isCached"))]


def _related(other: Mapping[str, Any]) -> list[str]:
    return [
        *_fields(other, RELATED_HEAD),
        "provider:",
        *_indented(_fields(other["provider"], ("name", "domain"))),
        *_fields(other, ("quality",)),
        *_named_list("images", (_image(image) for image in other["images"])),
    ]
