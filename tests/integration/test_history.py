"""A stretch of history from all origins at once, while the schedule goes on beside it: nothing missed, nothing twice, nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import manifest_of
from tests.newsroom import Newsroom
from tests.newsroom.histories import KEEPERS, History

START = datetime(2026, 11, 10, tzinfo=UTC)
NOW = datetime(2026, 11, 14, 9, tzinfo=UTC)
FROM, TO = datetime(2026, 11, 10, 12, tzinfo=UTC), datetime(2026, 11, 11, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def history(room: Newsroom) -> History:
    return History(room, seed=7, count=8, start=START, now=NOW)


def test_a_day_of_history_beside_the_schedule_is_taken_whole_and_once(
    history: History, settings: Settings, make_catalogue: Callable[..., Catalogue]
) -> None:
    own = settings.model_copy(update={**history.settings, "sources_per_part": 4, "origins": (*settings.origins, "ccnews")})
    catalogue, clock = make_catalogue(history.sources), FrozenClock(NOW)
    shown: set[str] = set()
    served: Counter[str] = Counter()
    for number in range(24):
        hour = Interval.containing(FROM + number * HOUR)
        if number % 6 == 0:
            clock.moment += HOUR
            history.publish(clock.moment - HOUR)
            shown |= history.shown()
            _capture(own, catalogue, Interval.containing(clock.moment - HOUR), clock, live=True)
        for part in _capture(own, catalogue, hour, clock, live=False):
            served.update(manifest_of(own, part).origins.values())
    captured = Counter(
        page.entry.url
        for interval in Lake(own.lake).captured_intervals()
        for name in Lake(own.lake).captured_parts(interval.key)
        for page in manifest_of(own, Part(interval, name)).pages
    )
    assert set(captured.values()) == {1}
    past = history.between(FROM, TO)
    assert len(past) > 100
    assert set(captured) == past | shown
    assert set(served) == set(KEEPERS)


def _capture(settings: Settings, catalogue: Catalogue, interval: Interval, clock: FrozenClock, *, live: bool) -> list[Part]:
    parts = stages.plan(settings, catalogue, interval, live=live)
    for part in parts:
        stages.capture(settings, catalogue, part, live=live, only_due=False, clock=clock)
    archived = () if live else stages.capture_archives(settings, catalogue, interval, clock=clock).parts
    return [*parts, *archived]
