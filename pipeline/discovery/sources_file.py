"""Changes of sources.yaml that keep its comments, its order and every other byte: text in, text out, and one checked replacement.

The new file is read as a whole catalogue before it takes the old one's place, so that no wrong file is ever there to be read.
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
from pipeline.lake.replacements import replacing

NAME = "sources.yaml"


def with_listing(text: str, *, source_id: str, old: str, new: str) -> str:
    """The file's text with the address `old` of one source replaced by `new`. Raises ConfigError when the source has no such address."""
    for source in _sources(text):
        values = {key.value: value for key, value in source.value}
        if "id" not in values or values["id"].value != source_id:
            continue
        for name in ("feeds", "sitemaps", "sections"):
            for item in getattr(values.get(name), "value", ()):
                if item.value == old:
                    return text[: item.start_mark.index] + json.dumps(new, ensure_ascii=False) + text[item.end_mark.index :]
    raise ConfigError(f"{NAME}: the source {source_id!r} has no address {old}")


def write_sources(folder: Path, text: str) -> None:
    """Replace sources.yaml in `folder`. Raises ConfigError, and leaves the file as it was, when `text` makes no valid catalogue with the
    files beside it."""
    with tempfile.TemporaryDirectory() as scratch:
        for path in folder.glob("*.yaml"):
            shutil.copy(path, scratch)
        Path(scratch, NAME).write_text(text, encoding="utf-8")
        try:
            load_catalogue(scratch)
        except ConfigError as error:
            raise ConfigError(str(error).replace(scratch, str(folder))) from error
    with replacing(folder / NAME) as file:
        file.write(text.encode())


def _sources(text: str) -> Iterable[yaml.MappingNode]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return []
    lists = (value for key, value in root.value if key.value == "sources")
    return [source for listed in lists for source in listed.value if isinstance(source, yaml.MappingNode)]
