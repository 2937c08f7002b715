"""Loads YAML with the parser of libyaml where PyYAML was built with it: it takes a tenth of the time, and every process loads some."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(text: str) -> Any:
    """The plain values of a YAML document. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - both loaders are safe


def packaged_yaml(package: str, name: str) -> Any:
    """The values of the file `name` in the folder `data` of `package`."""
    return load_yaml((resources.files(package) / "data" / name).read_text("utf-8"))
