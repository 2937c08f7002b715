"""A command starts at once: what takes time to import is imported where it is used."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.catalogue import load_catalogue
from pipeline.core.settings import Settings
from pipeline.operations import stages
from tests.integration.articles import DAY, HOST, PAGES, page, warc
from tests.integration.conftest import REPOSITORY

READERS_OF_PAGES = {
    "babel",
    "cryptography",
    "feedparser",
    "ftfy",
    "htmldate",
    "lxml",
    "pandas",
    "PIL",
    "pyarrow.compute",
    "requests",
    "scipy",
    "tldextract",
    "trafilatura",
    "urllib3",
}
ANY_WORK = {*READERS_OF_PAGES, "numpy", "pyarrow", "pydantic", "rich", "yaml"}
OLDER = "older"
"""An article that is not on the newest published date, where a look-up begins."""
CHILD = """
import contextlib, io, json, sys
from pipeline.cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    code = main(sys.argv[1:])
    assert code == 0, code
print(json.dumps(sorted(sys.modules)))
"""


PLAN = """
import datetime, json, sys
from pipeline.core.catalogue import load_catalogue
from pipeline.core.settings import Settings
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import BackfillRequest
settings = Settings(lake=sys.argv[1])
day, now = datetime.date(2026, 11, 20), datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
assert plan_backfill(settings, load_catalogue(settings.config), BackfillRequest(day, day), now=now).archives
print(json.dumps(sorted(sys.modules)))
"""


def imported(*arguments: str) -> set[str]:
    """Run the command in a process of its own; returns the modules that the process has imported by the end."""
    return modules_after(CHILD, *arguments)


def modules_after(code: str, *arguments: str) -> set[str]:
    """The modules that the code, whose last line prints them, has imported by its end."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start")
    path = warc(folder / "a.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *PAGES, page(OLDER, day=DAY - timedelta(days=2)))
    settings = Settings(lake=str(folder / "lake"))
    stages.import_files(settings, load_catalogue(settings.config), [path])
    return folder / "lake"


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_import_nothing_that_does_work(argument: str) -> None:
    assert not imported(argument) & ANY_WORK


def test_looking_up_records_imports_no_reader_of_pages_and_no_pandas(lake: Path) -> None:
    assert not imported("--lake", str(lake), "top") & READERS_OF_PAGES
    for name in ("quake-1", OLDER):
        assert not imported("--lake", str(lake), "show", f"{HOST}/{name}") & READERS_OF_PAGES


def test_a_plan_of_a_backfill_imports_no_reader_of_pages(lake: Path) -> None:
    assert not modules_after(PLAN, str(lake)) & {
        "feedparser",
        "htmldate",
        "lxml",
        "PIL",
        "scipy",
        "trafilatura",
        "pipeline.fetching.fetcher",
    }


def test_a_reader_of_a_pipe_that_goes_ends_the_command_without_a_traceback(lake: Path) -> None:
    command = f"{sys.executable} -m pipeline --lake {lake} top --json; echo $? >&2"
    done = subprocess.run(f"({command}) | true", shell=True, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == "141"
