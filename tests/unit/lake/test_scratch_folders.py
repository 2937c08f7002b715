"""Scratch folders and temporary files of dead processes are swept, those of living ones never."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.lake.replacements import replaced_file, sweep_temporaries
from pipeline.lake.scratch_folders import scratch_folder
from tests.conftest import REPOSITORY

HOLDER = """
import sys, time
from pathlib import Path
from pipeline.lake.replacements import replaced_file
from pipeline.lake.scratch_folders import scratch_folder
with scratch_folder("test") as folder, replaced_file(Path(sys.argv[1], "articles", "a.parquet")) as file:
    (folder / "page").write_bytes(b"x")
    file.write(b"half")
    file.flush()
    print(folder, file.name, sep="\\n", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has a scratch folder and writes a file of the lake."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "lake")], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    with process:
        yield process
        process.kill()


def paths(process: subprocess.Popen[str]) -> tuple[Path, Path]:
    assert process.stdout is not None
    return Path(process.stdout.readline().strip()), Path(process.stdout.readline().strip())


def test_what_a_living_process_works_on_stays_and_what_a_killed_one_left_goes(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    folder, temporary = paths(holder)
    with scratch_folder("test") as mine:
        assert mine != folder
        assert (folder / "page").exists()
    assert not mine.exists()
    assert sweep_temporaries(tmp_path / "lake") == 0
    assert temporary.exists()
    holder.kill()
    holder.wait()
    with scratch_folder("test"):
        assert not folder.exists()
    assert sweep_temporaries(tmp_path / "lake") == 1
    assert not temporary.exists()


def test_files_that_are_no_temporary_ones_stay(tmp_path: Path) -> None:
    with replaced_file(tmp_path / "lake" / "articles" / "a.parquet") as file:
        file.write(b"x")
    assert sweep_temporaries(tmp_path / "lake") == 0
    assert (tmp_path / "lake/articles/a.parquet").read_bytes() == b"x"
