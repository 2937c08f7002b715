"""`news doctor`: what it finds of settings, lake, catalogue, keys and damaged files, and its exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.publishing.sealing import key_id
from tests.integration.commands import News
from tests.integration.conftest import KEY, REPOSITORY


def test_the_doctor_finds_all_in_order(news: News) -> None:
    said = news("doctor", "--json")
    assert said.code == 0
    findings = {finding["name"]: finding for finding in said.json}
    assert "1 date published" in next(one["value"] for one in said.json if one["area"] == "lake")
    assert findings["NEWS_SEALING_KEYS"]["value"] == "1 key"
    assert key_id(KEY) in findings["sealing"]["value"]
    assert KEY not in said.out


def test_the_doctor_leaves_nothing_in_the_lake(news: News, tmp_path: Path) -> None:
    before = sorted((tmp_path / "lake").rglob("*"))
    assert news("doctor").code == 0
    assert sorted((tmp_path / "lake").rglob("*")) == before


def test_the_doctor_shows_settings_as_they_are_written_and_which_are_defaults(news: News) -> None:
    said = news("--config", str(REPOSITORY / "data" / "sample" / "catalogue"), "doctor", "--quick", "--json", NEWS_ORIGINS="captures,pages")
    values = {finding["name"]: finding["value"] for finding in said.json if finding["area"] == "settings"}
    assert values["NEWS_ORIGINS"] == "captures,pages"
    assert values["NEWS_CONNECT_TO"] == "empty (default)"
    assert values["NEWS_CONFIG"] == str(REPOSITORY / "data" / "sample" / "catalogue")
    assert values["NEWS_MAX_SHRINK"] == "0.2 (default)"


@pytest.mark.parametrize(
    ("environment", "area"),
    [
        ({"NEWS_SEALING_KEYS": "c2hvcnQ="}, "keys"),
        ({"NEWS_CONFIG": "/nonexistent"}, "catalogue"),
        ({"NEWS_LAKE": "/dev/null/lake"}, "lake"),
        ({"NEWS_LAKE": "/proc/lake"}, "lake"),
        ({"NEWS_LAKE": "s3://key:secret@bucket?nonsense=1&region=x"}, "lake"),
    ],
)
def test_the_doctor_finds_what_is_not(news: News, environment: dict[str, str], area: str) -> None:
    said = news("doctor", "--json", **environment)
    assert said.code == 1
    (problem,) = (finding for finding in said.json if finding["is_problem"])
    assert problem["area"] == area
    assert problem["advice"]
    assert "secret" not in said.out


def test_the_doctor_makes_no_lake_and_says_that_there_is_none(news: News, tmp_path: Path) -> None:
    said = news("--lake", str(tmp_path / "mistyped"), "doctor", "--json")
    assert said.code == 0
    assert next(one["value"] for one in said.json if one["area"] == "lake").startswith("does not exist yet")
    assert not (tmp_path / "mistyped").exists()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [_cut, _empty], ids=["truncated", "empty"])
@pytest.mark.parametrize(
    "layer", ["raw/interval=*/*/captures.warc.gz", "raw/interval=*/*/manifest.json", "extracted", "ledger", "articles", "explain"]
)
def test_the_doctor_finds_a_damaged_file_of_every_layer(news: News, tmp_path: Path, layer: str, harm: Callable[[Path], None]) -> None:
    pattern = layer if "*" in layer else f"{layer}/*/*.parquet"
    path = next((tmp_path / "lake").glob(pattern))
    harm(path)
    said = news("doctor", "--json")
    assert said.code == 1
    (problem,) = (finding for finding in said.json if finding["is_problem"])
    assert (problem["area"], problem["name"]) == ("files", str(path.relative_to(tmp_path / "lake")))
    assert problem["advice"]
    assert news("doctor", "--quick").code == 0
