"""`news doctor`: checks of versions, settings, lake, files, catalogue and sealing keys. Each check gives one result; none raises."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import PipelineError, StorageError
from pipeline.core.settings import ENVIRONMENT_PREFIX, SECRETS, VERSION, Settings
from pipeline.lake.storage import Lake
from pipeline.operations.damage import damaged_files
from pipeline.publishing.date_checks import broken_stories
from pipeline.publishing.publish import stale_dates
from pipeline.publishing.sealing import Sealer
from pipeline.stories.embeddings import package_version
from pipeline.text.counts import counted
from pipeline.text.urls import without_credentials

PACKAGES = ("apache-airflow", "feedparser", "pandas", "pyarrow", "requests", "scipy", "trafilatura", "warcio")
PROBE = ".doctor-probe"
"""The file that is written and deleted to show that the lake can be written."""


SHOWN_PROBLEMS = 10
"""Records whose stories disagree that are named. A plain choice."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check. `advice` tells the operator what to do when it is a problem or unusual."""

    area: str
    name: str
    value: str
    is_problem: bool = False
    advice: str | None = None


def run_checks(settings: Settings, *, is_quick: bool = False) -> list[CheckResult]:
    """Run all checks and return their results; a failed check is a result with `is_problem`, never an exception.

    Makes and deletes one small file in a lake that exists, else one folder where the lake would be made. Unless `is_quick`, the files of
    the lake are read to find damage.
    """
    lake = list(_lake(settings))
    files = [] if is_quick or any(finding.is_problem for finding in lake) else list(_files(settings))
    others = [*_catalogue(settings), *_keys(settings)]
    stories = _stories(settings) if files and not any(finding.is_problem for finding in [*files, *others]) else ()
    return [*_versions(), *_settings(settings), *lake, *files, *others, *stories]


def _versions() -> Iterator[CheckResult]:
    yield CheckResult("versions", "news-pipeline", VERSION)
    yield CheckResult("versions", "python", platform.python_version())
    for package in PACKAGES:
        try:
            yield CheckResult("versions", package, version(package))
        except PackageNotFoundError:
            yield CheckResult("versions", package, "not installed", advice="the library runs without it" if "airflow" in package else None)


def _settings(settings: Settings) -> Iterator[CheckResult]:
    usual = Settings.from_environment({name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)})
    for name in Settings.model_fields:
        value = getattr(settings, name)
        advice = None
        if name == "contact" and not value:
            advice = "set it to a URL or e-mail address, so that webmasters can reach you"
        ending = " (default)" if value == getattr(usual, name) else ""
        yield CheckResult("settings", f"{ENVIRONMENT_PREFIX}{name.upper()}", f"{_shown(name, value)}{ending}", advice=advice)


def _shown(name: str, value: object) -> str:
    """The value as it is written in the variable, without credentials; of secrets only that they are set, or their number."""
    if name == "sealing_keys" and isinstance(value, tuple):
        return counted(len(value), "key")
    if name in SECRETS and value:
        return "(set)"
    return without_credentials(",".join(value) if isinstance(value, tuple) else str(value)) or "empty"


def _lake(settings: Settings) -> Iterator[CheckResult]:
    def look() -> str:
        lake = Lake(settings.lake)
        if lake.is_local and not Path(lake.root).exists():
            _demand_writable(Path(lake.root))
            return "does not exist yet: the first run or import creates it"
        lake.write_bytes(PROBE, b"probe")
        lake.delete(PROBE)
        captured, published = counted(len(lake.captured_intervals()), "interval"), counted(len(lake.published_dates()), "date")
        return f"writable; {captured} captured, {published} published"

    yield _attempt(
        "lake", without_credentials(settings.lake), look, "create the directory, or correct NEWS_LAKE or the credentials of the store"
    )


def _demand_writable(folder: Path) -> None:
    """Raises StorageError when `folder`, which does not exist, could not be created."""
    above = next(one for one in folder.parents if one.exists())
    try:
        Path(tempfile.mkdtemp(prefix=PROBE, dir=above)).rmdir()  # its permissions alone do not tell: nobody makes a folder in /proc
    except OSError as error:
        raise StorageError(f"{folder} cannot be created in {above}: {error.strerror}") from error


def _files(settings: Settings) -> Iterator[CheckResult]:
    try:
        damages = list(damaged_files(Lake(settings.lake)))
    except PipelineError as error:
        yield CheckResult("files", "damage", str(error), is_problem=True, advice="mend what the message names, then run news doctor again")
        return
    for damage in damages:
        yield CheckResult("files", damage.path, damage.problem, is_problem=True, advice=damage.remedy)
    if not damages:
        yield CheckResult("files", "damage", "all files were read, none is damaged")


def _stories(settings: Settings) -> Iterator[CheckResult]:
    """Whether all records of the lake tell the same about their stories; only then, when no date waits for a build."""
    lake, catalogue = Lake(settings.lake), load_catalogue(settings.config)
    try:
        waiting = stale_dates(lake, settings, catalogue, lake.published_dates())
        problems = [] if waiting else list(broken_stories(lake))
    except PipelineError as error:
        yield CheckResult("stories", "agreement", str(error), is_problem=True, advice="mend what the message names")
        return
    for problem in problems[:SHOWN_PROBLEMS]:
        yield CheckResult("stories", "agreement", problem, is_problem=True, advice="delete the folder timeline, then run news publish")
    if (more := len(problems) - SHOWN_PROBLEMS) > 0:
        yield CheckResult("stories", "agreement", f"and {more} more", is_problem=True)
    if waiting:
        told = f"not checked: {counted(len(waiting), 'date')} would be built again, the first {waiting[0]}"
        yield CheckResult("stories", "agreement", told, advice="news publish builds them")
    elif not problems:
        yield CheckResult("stories", "agreement", "all records agree about their stories")


def _catalogue(settings: Settings) -> Iterator[CheckResult]:
    def look() -> str:
        catalogue = load_catalogue(settings.config)
        embeddings = f", {package_version()}" if catalogue.scoring.stories.embeddings else ""
        sources, topics = counted(len(catalogue.enabled_sources), "source"), counted(len(catalogue.topics), "topic")
        return f"{sources}, {topics}{embeddings}"

    yield _attempt("catalogue", settings.config, look, "correct the line that the message names")


def _keys(settings: Settings) -> Iterator[CheckResult]:
    if not settings.sealing_keys:
        yield CheckResult("keys", "sealing", "none", advice="the column `secured` stays null until NEWS_SEALING_KEYS holds a key")
        return
    yield _attempt("keys", "sealing", lambda: ", ".join(Sealer(settings.sealing_keys).key_ids), "correct NEWS_SEALING_KEYS")


def _attempt(area: str, name: str, look: Callable[[], str], advice: str) -> CheckResult:
    try:
        return CheckResult(area, name, look())
    except (PipelineError, OSError) as error:
        return CheckResult(area, name, str(error), is_problem=True, advice=advice)
