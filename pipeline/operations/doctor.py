"""Is all in order? Settings, lake, catalogue, keys and versions, each as a finding."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import PipelineError, StorageError
from pipeline.core.settings import ENVIRONMENT_PREFIX, VERSION, Settings
from pipeline.lake.storage import Lake
from pipeline.operations.damage import damaged_files
from pipeline.publishing.sealing import Sealer
from pipeline.stories.embeddings import package_version
from pipeline.text.urls import without_credentials

PACKAGES = ("apache-airflow", "feedparser", "pandas", "pyarrow", "requests", "scipy", "trafilatura", "warcio")
PROBE = "doctor/probe"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` says what to do about a problem or an oddity."""

    area: str
    name: str
    value: str
    is_problem: bool = False
    advice: str | None = None


def examine(settings: Settings, *, is_quick: bool = False) -> list[Finding]:
    """Look at everything; a problem is a finding, nothing is raised. Writes and deletes one small file in a lake that exists.

    Every file of the lake is read for damage, unless `is_quick`.
    """
    lake = list(_lake(settings))
    files = () if is_quick or any(finding.is_problem for finding in lake) else _files(settings)
    return [*_versions(), *_settings(settings), *lake, *files, *_catalogue(settings), *_keys(settings)]


def _versions() -> Iterator[Finding]:
    yield Finding("versions", "news-pipeline", VERSION)
    yield Finding("versions", "python", platform.python_version())
    for package in PACKAGES:
        try:
            yield Finding("versions", package, version(package))
        except PackageNotFoundError:
            yield Finding("versions", package, "not installed", advice="the library runs without it" if "airflow" in package else None)


def _settings(settings: Settings) -> Iterator[Finding]:
    for name in Settings.model_fields:
        variable = f"{ENVIRONMENT_PREFIX}{name.upper()}"
        value = getattr(settings, name)
        shown = f"{len(value)} keys" if name == "sealing_keys" else without_credentials(str(value))
        advice = None
        if name == "contact" and not value:
            advice = "set it to a URL or address: webmasters want to know whom to ask"
        yield Finding("settings", variable, f"{shown}{'' if variable in os.environ else ' (default)'}", advice=advice)


def _lake(settings: Settings) -> Iterator[Finding]:
    def look() -> str:
        lake = Lake(settings.lake)
        if lake.is_local and not Path(lake.root).exists():
            _demand_writable(Path(lake.root))
            return "is not there yet: the first run or import makes it"
        lake.write_bytes(PROBE, b"probe")
        lake.delete(PROBE)
        return f"can be written; {len(lake.captured_intervals())} intervals captured, {len(lake.published_dates())} dates published"

    yield _attempt("lake", without_credentials(settings.lake), look, "create the directory, or mend NEWS_LAKE and the store's credentials")


def _demand_writable(folder: Path) -> None:
    """Raises StorageError where `folder`, which does not exist, cannot be made."""
    above = next(one for one in folder.parents if one.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise StorageError(f"{folder} cannot be made in {above}")


def _files(settings: Settings) -> Iterator[Finding]:
    try:
        damages = list(damaged_files(Lake(settings.lake)))
    except PipelineError as error:
        yield Finding("files", "read whole", str(error), is_problem=True, advice="mend what the message names, and ask again")
        return
    for damage in damages:
        yield Finding("files", damage.path, damage.problem, is_problem=True, advice=damage.remedy)
    if not damages:
        yield Finding("files", "read whole", "none is damaged")


def _catalogue(settings: Settings) -> Iterator[Finding]:
    def look() -> str:
        catalogue = load_catalogue(settings.config)
        embeddings = f", {package_version()}" if catalogue.scoring.stories.embeddings else ""
        return f"{len(catalogue.enabled_sources)} sources, {len(catalogue.topics)} topics{embeddings}"

    yield _attempt("catalogue", settings.config, look, "mend the line that the message names")


def _keys(settings: Settings) -> Iterator[Finding]:
    if not settings.sealing_keys:
        yield Finding("keys", "sealing", "none", advice="`secured` stays null until NEWS_SEALING_KEYS has a key")
        return
    yield _attempt("keys", "sealing", lambda: ", ".join(Sealer(settings.sealing_keys).key_ids), "mend NEWS_SEALING_KEYS")


def _attempt(area: str, name: str, look: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(area, name, look())
    except (PipelineError, OSError) as error:
        return Finding(area, name, str(error), is_problem=True, advice=advice)
