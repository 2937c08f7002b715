"""An installed package works without a checkout: what a wheel holds is built here and run from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.articles import PAGES, warc
from tests.integration.conftest import REPOSITORY

BUILD = "import sys, runpy; sys.argv = ['setup.py', '-q', 'egg_info', '--egg-base', sys.argv[1], 'build_py', '--build-lib', sys.argv[2]]; "


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as site-packages is after the wheel's installation."""
    pytest.importorskip("setuptools", reason="the extra `dev` installs setuptools")
    folder = tmp_path_factory.mktemp("wheel")
    code = f"{BUILD}runpy.run_path('setup.py')"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(folder), str(folder / "lib")], cwd=REPOSITORY, check=True)
    return folder / "lib"


def news(installed: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the installed command in `home`, where no checkout is."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NEWS_", "PYTHON"))}
    command = [sys.executable, "-m", "pipeline", *arguments]
    environment |= {"PYTHONPATH": str(installed), "HOME": str(home), "COLUMNS": "200"}
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_the_packages_their_data_and_the_catalogue(installed: Path) -> None:
    shipped = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    packages = [path for name in ("pipeline", "news_airflow") for path in (REPOSITORY / name).rglob("*")]
    here = {str(path.relative_to(REPOSITORY)) for path in packages if path.is_file() and path.suffix != ".pyc"}
    catalogue = {f"pipeline/catalogue/{path.name}" for path in (REPOSITORY / "data").glob("*.yaml")}
    assert shipped == here | catalogue
    assert "pipeline/py.typed" in shipped


def test_an_installed_command_imports_a_file_and_finds_its_catalogue(installed: Path, tmp_path: Path) -> None:
    path = warc(tmp_path / "a.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *PAGES)
    done = news(installed, "--lake", "lake", "import", str(path), home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "lake" / "articles").is_dir()
    done = news(installed, "--lake", "lake", "doctor", "--json", home=tmp_path)
    assert done.returncode == 0, done.stdout
    assert str(installed / "pipeline" / "catalogue") in done.stdout


def test_an_installed_command_writes_a_catalogue_to_edit(installed: Path, tmp_path: Path) -> None:
    done = news(installed, "config", "init", "mine", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "mine").iterdir()} == {
        path.name: path.read_bytes() for path in (REPOSITORY / "data").glob("*.yaml")
    }
    again = news(installed, "config", "init", "mine", home=tmp_path)
    assert again.returncode == 1
    assert "mine/editorial.yaml exists already" in again.stderr
