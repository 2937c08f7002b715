"""Copies the shipped catalogue into a folder of the user, where it can be edited."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.errors import ConfigError
from pipeline.core.settings import default_catalogue


def copy_catalogue(folder: Path) -> tuple[Path, ...]:
    """Copy the files of the shipped catalogue into `folder`, created when missing, and return the paths of the copies.

    Raises ConfigError when one of the files exists already or cannot be written. No file is ever overwritten.
    """
    shipped = sorted(default_catalogue().glob("*.yaml"))
    copies = tuple(folder / one.name for one in shipped)
    there = [path for path in copies if path.exists()]
    if there:
        raise ConfigError(f"{there[0]} exists already: choose a new or empty folder, or delete the file")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one, copy in zip(shipped, copies, strict=True):
            with copy.open("xb") as file:
                file.write(one.read_bytes())
    except OSError as error:
        raise ConfigError(f"{error.filename}: cannot be written: {error.strerror}") from error
    return copies
