"""Changes sources.yaml without touching its comments, its order or any other byte: text in, text out, and one checked write.

The new text is loaded as part of a complete catalogue before it replaces the file, so that the file is never invalid.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import ConfigError
from pipeline.lake.replacements import replaced_file

NAME = "sources.yaml"


def with_listing(text: str, *, source_id: str, old: str, new: str) -> str:
    """The text with the URL `old` of one source replaced by `new`. Raises ConfigError when the source has no such URL."""
    for source in _sources(text):
        values = {key.value: value for key, value in source.value}
        if "id" not in values or values["id"].value != source_id:
            continue
        for name in ("feeds", "sitemaps", "sections"):
            for item in getattr(values.get(name), "value", ()):
                if item.value == old:
                    return text[: item.start_mark.index] + json.dumps(new, ensure_ascii=False) + text[item.end_mark.index :]
    raise ConfigError(f"{NAME}: the source {source_id!r} has no URL {old}")


def write_sources(folder: Path, text: str) -> None:
    """Replace sources.yaml in `folder` by `text`.

    Raises ConfigError, without a change, when `text` and the other files of the folder are not a valid catalogue.
    """
    with tempfile.TemporaryDirectory() as scratch:
        for path in folder.glob("*.yaml"):
            shutil.copy(path, scratch)
        Path(scratch, NAME).write_text(text, encoding="utf-8")
        try:
            load_catalogue(scratch)
        except ConfigError as error:
            raise ConfigError(str(error).replace(scratch, str(folder))) from error
    with replaced_file(folder / NAME) as file:
        file.write(text.encode())


def _sources(text: str) -> Iterable[yaml.MappingNode]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return []
    lists = (value for key, value in root.value if key.value == "sources")
    return [source for listed in lists for source in listed.value if isinstance(source, yaml.MappingNode)]
