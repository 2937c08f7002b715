"""Damaged files of a published date: made again by a publish, named by a look-up, and never the cause of a silent loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import DamagedError, ShrinkError
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.operations import lookups, stages
from pipeline.publishing.date_builds import FEW_DATES
from tests.integration.articles import DAY, HOST
from tests.integration.test_publish import catalogue, settings

__all__ = ["catalogue", "settings"]


def flip_a_byte(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[8] ^= 0xFF  # in the header of the first page
    path.write_bytes(whole)


DAMAGES: Mapping[str, Callable[[Path], Any]] = {
    "one flipped byte": flip_a_byte,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "empty": lambda path: path.write_bytes(b""),
    "missing": Path.unlink,
}


@pytest.mark.parametrize("table", ["articles", "explain", "stories"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_of_a_date_is_made_again_with_a_warning_that_names_it(
    settings: Settings, catalogue: Catalogue, damage: Callable[[Path], Any], table: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(settings.lake) / table / f"published_date={DAY}" / f"{table}.parquet"
    whole = path.read_bytes()
    damage(path)
    (report,) = stages.publish_dates(settings, catalogue, [DAY])
    assert report.rebuilt
    assert path.read_bytes() == whole
    is_told = not (table == "articles" and damage is Path.unlink)  # a date without `articles` was never published
    assert [table in warning for warning in report.warnings] == [True] * is_told
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == list(report.warnings)
    assert not stages.publish(settings, catalogue, DAY).rebuilt


def test_a_worker_makes_a_damaged_file_again_and_the_caller_logs_it(
    settings: Settings, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(settings.lake) / storage.articles_path(DAY)
    whole = path.read_bytes()
    path.write_bytes(b"")
    days = [DAY - timedelta(days=shift) for shift in range(FEW_DATES + 1)]
    reports = list(stages.publish_dates(settings.model_copy(update={"publish_processes": 2}), catalogue, days))
    assert path.read_bytes() == whole
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == list(reports[0].warnings) != []


def test_a_damaged_date_that_would_lose_its_records_is_refused(settings: Settings, catalogue: Catalogue) -> None:
    lake = Lake(settings.lake)
    lake.write_bytes(storage.articles_path(DAY), b"")
    for file in [*lake.files("touched"), *lake.files("extracted")]:
        lake.delete(file.path)
    with pytest.raises(ShrinkError):
        stages.publish(settings, catalogue, DAY)


@pytest.mark.parametrize("damage", [flip_a_byte, DAMAGES["empty"]], ids=["one flipped byte", "empty"])
def test_reading_a_damaged_date_names_the_file_and_is_not_worth_trying_again(settings: Settings, damage: Callable[[Path], Any]) -> None:
    damage(Path(settings.lake) / storage.articles_path(DAY))
    url = f"{HOST}/p3"
    for read in (lambda: lookups.top(settings), lambda: lookups.show(settings, url), lambda: lookups.story(settings, url)):
        with pytest.raises(DamagedError, match=f"{storage.articles_path(DAY)}.*news publish"):
            read()
