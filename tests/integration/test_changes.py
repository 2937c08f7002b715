"""What changed in the records of a date, told build by build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.publishing.sql.database import open_database
from tests.integration import walking
from tests.integration.test_capture import HOUR, NEXT, ONE, article, feed, source
from tests.newsroom import Newsroom


@pytest.fixture
def catalogue(room: Newsroom, make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    room.add_page(f"{ONE}/a", article("The harbour bridge is closed"))
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/a"), content_type="application/rss+xml")
    return make_catalogue([source(ONE)])


def test_what_changed_since_a_moment_is_one_query(room: Newsroom, settings: Settings, catalogue: Catalogue) -> None:
    first = walking.StoppedClock()
    stages.run(settings, catalogue, HOUR, live=True, clock=first)
    room.add_page(f"{ONE}/b", article("The harbour bridge is closed to traffic"))
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/a", f"{ONE}/b"), content_type="application/rss+xml")
    later = walking.StoppedClock(NEXT.end)
    report = stages.run(settings, catalogue, NEXT, live=True, clock=later)
    since = first.now().isoformat()
    with open_database(Lake(settings.lake)) as database:
        query = f"select distinct webUrl, change from changes where knownUntil > timestamptz '{since}' order by webUrl"
        found = database.execute(query).fetchall()
    assert (f"{ONE}/b", "new") in found
    assert (f"{ONE}/a", "new") not in found, "it was new before that moment"
    assert {one.changes is not None for one in report.publishes if one.rebuilt} == {True}


def test_a_build_of_the_same_inputs_tells_nothing_again(room: Newsroom, settings: Settings, catalogue: Catalogue) -> None:
    report = stages.run(settings, catalogue, HOUR, live=True, clock=walking.StoppedClock())
    told = sorted(Path(settings.lake, "changes").rglob("*.parquet"))
    assert len(told) == len(report.publishes)
    again = stages.run(settings, catalogue, HOUR, live=True, clock=walking.StoppedClock())
    assert again.publishes == ()
    assert sorted(Path(settings.lake, "changes").rglob("*.parquet")) == told
