"""Two builds of one date at once, and what a killed one leaves in `changes`: one build at a time, and each change told once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import BusyError
from pipeline.core.settings import Settings
from pipeline.lake import locks
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.publishing import publish
from pipeline.publishing.changes import Build, build_lock_path, changes_folder
from tests.integration.articles import DAY, page
from tests.integration.test_publish import catalogue, recapture, settings, titles

__all__ = ["catalogue", "recapture", "settings"]


def told(settings: Settings) -> list[str]:
    return [file.path for file in Lake(settings.lake).files(changes_folder(DAY))]


@contextlib.contextmanager
def built_by_another_meanwhile(monkeypatch: pytest.MonkeyPatch, build: Callable[[], Any]) -> Iterator[None]:
    """The first build that asks for the lock of its date waits until `build`, another one, has come to its end."""
    real = locks.lock_in_turn

    def late(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(publish, "lock_in_turn", real)
        build()
        return real(*arguments, **named)

    monkeypatch.setattr(publish, "lock_in_turn", late)
    yield
    assert vars(publish)["lock_in_turn"] is real


def test_a_build_that_waited_for_one_of_the_same_inputs_takes_what_that_one_has(
    settings: Settings, catalogue: Catalogue, recapture: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    recapture(page("p3", title="The corrected headline of the third report"))
    reports = []
    with built_by_another_meanwhile(monkeypatch, lambda: reports.append(stages.publish(settings, catalogue, DAY))):
        reports.append(stages.publish(settings, catalogue, DAY))
    assert [report.rebuilt for report in reports] == [True, False]
    assert len(told(settings)) == 2, "one file for the first build of the date, one for this change"


def test_a_build_that_waited_for_one_of_newer_inputs_does_not_go_back(
    settings: Settings, catalogue: Catalogue, recapture: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    recapture(page("p3", title="The corrected headline of the third report"))

    def other() -> None:
        recapture(page("p3", title="The last headline of the third report"), at=datetime(2026, 11, 26, 15, tzinfo=UTC))
        stages.publish(settings, catalogue, DAY)

    with built_by_another_meanwhile(monkeypatch, other):
        assert not stages.publish(settings, catalogue, DAY).rebuilt
    assert titles(settings)["p3"] == "The last headline of the third report"
    assert len(told(settings)) == 2


def test_while_a_date_is_built_no_other_process_builds_it(
    settings: Settings, catalogue: Catalogue, recapture: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    recapture(page("p3", title="The corrected headline of the third report"))
    monkeypatch.setattr(locks, "PATIENCE_S", 0.0)
    with (
        locks.exclusive_lock(Lake(settings.lake), build_lock_path(DAY), what="it"),
        pytest.raises(BusyError, match=f"the build of {DAY} is running"),
    ):
        stages.publish(settings, catalogue, DAY)
    assert stages.publish(settings, catalogue, DAY).rebuilt
    assert not Path(settings.lake, build_lock_path(DAY)).exists()


def test_changes_of_a_killed_build_are_not_told_when_its_inputs_are_gone_again(settings: Settings, catalogue: Catalogue) -> None:
    lake, (first,) = Lake(settings.lake), told(settings)
    fingerprint = stages.publish(settings, catalogue, DAY).fingerprint
    killed = Build(DAY, fingerprint, "f" * 64, None).path
    lake.write_bytes(killed, lake.read_bytes(first))
    Path(settings.lake, build_lock_path(DAY)).touch()
    assert not stages.publish(settings, catalogue, DAY).rebuilt
    assert told(settings) == [first]
    assert not Path(settings.lake, build_lock_path(DAY)).exists()
