"""Loads a YAML file into a checked model. Reads only the given file.

An error names the file, the line and the key, and says what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.core.errors import ConfigError
from pipeline.core.yaml_files import load_yaml

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[int | str, ...]
"""Keys and list indexes that lead to a value in a YAML file."""


class PlacedError(ValueError):
    """A fault that a model validator finds in its part of the file; `place` and `earlier` are relative to that part.

    `earlier` is the place of the first of two values that exclude each other; the message then names its line too.
    """

    def __init__(self, message: str, place: Place, earlier: Place | None = None) -> None:
        super().__init__(message)
        self.place = place
        self.earlier = earlier


def load_model(path: Path, model: type[Model]) -> Model:
    """The file at `path` as `model`; an empty file gives the defaults. Raises ConfigError, which names file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
        data = load_yaml(text)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file; NEWS_CONFIG names the catalogue's folder") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigError(f"{where}: not YAML: {getattr(error, 'problem', None) or error}") from error
    try:
        return model.model_validate({} if data is None else data)
    except ValidationError as error:
        first = error.errors()[0]
        place, message = _told(first, model)
        cause = first.get("ctx", {}).get("error")
        earlier = (*first["loc"], *cause.earlier) if isinstance(cause, PlacedError) and cause.earlier is not None else None
        raise fault_at(path, place, message, earlier=earlier) from error


EXPECTED = {
    "missing": "this key is required, and is missing",
    **dict.fromkeys(("tuple_type", "list_type"), "a list is expected: one line `- VALUE` for each, or [VALUE, VALUE]"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "keys are expected: one line `KEY: VALUE` for each"),
    "string_type": "a text is expected; in quotes every value is one",
    "int_": "an integer is expected",
    "float_": "a number is expected",
    "bool_": "true or false is expected",
}
"""Faults of YAML's types, by the beginning of pydantic's name of the error: what should stand there."""


def _told(error: ErrorDetails, model: type[BaseModel]) -> tuple[Place, str]:
    """The place of a fault in the file and its description, in words of the file format instead of pydantic's."""
    place, cause = error["loc"], error.get("ctx", {}).get("error")
    if isinstance(cause, PlacedError):
        return place + cause.place, str(cause)
    if error["type"] == "extra_forbidden":
        keys = _keys_at(model, place[:-1])
        hint = near_name(str(place[-1]), keys) or f"; there are {', '.join(keys)}"
        return place, f"there is no such key{hint}"
    message = next((text for kind, text in EXPECTED.items() if error["type"].startswith(kind)), error["msg"])
    return place, str(cause) if isinstance(cause, ValueError) else message


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that are allowed at `place`, found by following it through models and lists of models."""
    for step in place:
        for name, field in model.model_fields.items():
            if step in (name, field.alias):
                inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
                model = next((kind for kind in inner if issubclass(kind, BaseModel)), model)
    return sorted(field.alias or name for name, field in model.model_fields.items())


def near_name(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` with the name among `known` that is spelt most like `name`; empty when none is similar."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


def fault_at(path: Path, location: Place, message: str, *, earlier: Place | None = None) -> ConfigError:
    """A ConfigError that names the line of `location`, and the line of `earlier`, with which it is at odds."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    before = f", first in line {_line(root, earlier)}" if earlier is not None else ""
    key = ".".join(str(step) for step in location) or "(whole file)"
    return ConfigError(f"{path}:{_line(root, location)}: {key}: {message}{before}")


def _line(node: yaml.Node | None, location: Place) -> int:
    """The line of the deepest YAML node on the way to `location`, counted from 1."""
    line = 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
