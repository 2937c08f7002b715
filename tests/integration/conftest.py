"""A lake, a clock and a catalogue for the tests that run the real stages against the newsroom."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.core import workers
from pipeline.core.catalogue import Catalogue, load_catalogue
from pipeline.core.models import CaptureReport, Interval
from pipeline.core.settings import Settings
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import Manifest
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration import walking
from tests.integration.articles import PAGES, warc
from tests.integration.commands import News, Said, root_logger_kept, say
from tests.integration.walking import StoppedClock
from tests.newsroom import Newsroom, World
from tests.newsroom.archives import Wayback

REPOSITORY = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 20, 13, 0, 5, tzinfo=UTC)
PAST_HOUR = Interval.parse("2026-11-18T12")
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER_KEY = "/////wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class FrozenClock:
    """A clock that stands still: `sleep` returns at once and notes the seconds."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture(scope="session", autouse=True)
def _server_of_processes() -> None:
    """Start the fork server with all modules that the tests' processes need, so that none of them imports these again for seconds."""
    workers.start_fork_server(workers.READING, workers.LISTING, workers.PUBLISHING, walking.__name__)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def room() -> Iterator[Newsroom]:
    """An empty newsroom: what it serves is what the test adds."""
    with Newsroom(now=NOON) as newsroom:
        yield newsroom


def impatient(room: Newsroom, lake: Path) -> Settings:
    """Settings for `lake` with short timeouts, and with one worker process, since each that a stage starts takes processor time."""
    short = {"connect_timeout_s": 2, "read_timeout_s": 1, "total_timeout_s": 3}
    return Settings(**room.settings, lake=str(lake), sealing_keys=(KEY,), extract_processes=1, **short)


@pytest.fixture
def settings(room: Newsroom, tmp_path: Path) -> Settings:
    return impatient(room, tmp_path / "lake")


def catalogue_with(folder: Path, sources: list[dict[str, Any]], **scoring: Any) -> Catalogue:
    """Write the shipped catalogue to `folder`, with these sources and with `scoring` in place of the same keys of scoring.yaml; load it."""
    folder.mkdir(exist_ok=True)
    for name in ("topics.yaml", "providers.yaml"):
        shutil.copy(REPOSITORY / "data" / name, folder / name)
    shipped = yaml.safe_load((REPOSITORY / "data" / "scoring.yaml").read_text())
    (folder / "scoring.yaml").write_text(yaml.safe_dump({**shipped, **scoring}))
    (folder / "sources.yaml").write_text(yaml.safe_dump({"sources": sources}))
    return load_catalogue(folder)


@pytest.fixture
def make_catalogue(tmp_path: Path) -> Callable[..., Catalogue]:
    """`catalogue_with` in a folder of the test's own."""
    return functools.partial(catalogue_with, tmp_path / "catalogue")


@pytest.fixture
def take(settings: Settings, clock: FrozenClock) -> Callable[..., tuple[CaptureReport, Manifest]]:
    """A function that captures a past hour, by default `PAST_HOUR`, and returns the report and the manifest."""

    def run(
        catalogue: Catalogue, interval: Interval = PAST_HOUR, *, own: Settings = settings, **options: Any
    ) -> tuple[CaptureReport, Manifest]:
        planned = {name: options[name] for name in ("origins", "refetch") if name in options}
        (part,) = stages.plan(own, catalogue, interval, **planned)
        report = stages.capture(own, catalogue, part, live=False, clock=clock, **options)
        return report, read_manifest(Lake(own.lake), part)

    return run


@pytest.fixture
def wayback(room: Newsroom) -> Wayback:
    return Wayback(room)


@pytest.fixture
def archive(settings: Settings, wayback: Wayback) -> Settings:
    """The settings with the address of the newsroom's Wayback Machine."""
    return settings.model_copy(update=wayback.settings)


@dataclass(frozen=True, slots=True)
class SampleWalk:
    """The sample world after one walk."""

    settings: Settings
    catalogue: Catalogue
    report: stages.WalkReport


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleWalk:
    with Newsroom(World.load(), now=NOON) as newsroom:
        settings = Settings.from_environment(
            {**newsroom.environment, "NEWS_LAKE": str(tmp_path_factory.mktemp("sample") / "lake"), "NEWS_SEALING_KEYS": KEY}
        )
        catalogue = load_catalogue(settings.config)
        report = stages.run(settings, catalogue, Interval.parse("2026-11-20T12"), live=True, clock=StoppedClock())
    return SampleWalk(settings, catalogue, report)


@pytest.fixture
def offline(tmp_path: Path) -> Settings:
    """The default settings with an empty lake: for work that asks no server."""
    return Settings(lake=str(tmp_path / "lake"))


@pytest.fixture
def shipped() -> Catalogue:
    """The catalogue of the project."""
    return load_catalogue(REPOSITORY / "data")


@pytest.fixture(scope="session")
def imported_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with twelve articles of one date, imported and published; not to be changed."""
    folder = tmp_path_factory.mktemp("imported")
    settings = Settings(lake=str(folder / "lake"), sealing_keys=(KEY,), extract_processes=1)
    path = warc(folder / "a.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *PAGES)
    stages.import_files(settings, load_catalogue(REPOSITORY / "data"), [path])
    return folder / "lake"


@pytest.fixture
def news(imported_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[News]:
    """Run the command over a copy of the imported lake, without the caller's NEWS_ variables; `environment` gives others."""
    shutil.copytree(imported_lake, tmp_path / "lake")
    for name in [name for name in os.environ if name.startswith("NEWS_") and name != "NEWS_SHARED"]:
        monkeypatch.delenv(name)

    def run(*arguments: str, **environment: str) -> Said:
        own = {"NEWS_LAKE": str(tmp_path / "lake"), "NEWS_SEALING_KEYS": KEY, "NEWS_EXTRACT_PROCESSES": "1"}
        with monkeypatch.context() as patch:
            for name, value in {**own, **environment}.items():
                patch.setenv(name, value)
            return say(arguments, capsys)

    with root_logger_kept():
        yield run
