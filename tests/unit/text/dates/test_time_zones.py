"""The clock of a publisher, by its country or its language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.dates import time_zones

SUMMER = datetime(2022, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "language", "hours"),
    [
        ("https://www.kestrel.jp/news", "en", 9),
        ("https://www.kestrel.co.uk/news", "en", 1),
        ("https://www.kestrel.de:8443/news", "en", 2),
        ("https://WWW.KESTREL.IN./news", "en", 5.5),
        ("https://www.kestrel.com.uy/news", "es", -3),
        ("https://kestrel.es", "es", 2),
        ("https://kestrel.cn", "", 8),
        ("https://kestrel.example/x.jp", "de-DE", 2),
        ("https://kestrel.example", "ja", 9),
        ("https://kestrel.example", "uk", 3),
        ("https://kestrel.eu", "it", 2),
        ("https://kestrel.io", "pl_PL", 2),
        ("https://kestrel.example", "en", None),
        ("https://kestrel.example", "fr", None),
        ("https://kestrel.example", "", None),
        ("https://kestrel.io", "en", None),
        ("https://kestrel.us", "en", None),
        ("https://kestrel.ca", "en", None),
        ("https://kestrel.ca", "fr", -4),
        ("no URL", "en", None),
    ],
)
def test_the_country_decides_and_under_a_generic_domain_the_language(url: str, language: str, hours: float | None) -> None:
    wanted = None if hours is None else timedelta(hours=hours)
    assert time_zones.offset_at(SUMMER, url=url, language=language) == wanted
    assert time_zones.offset_of_local_time(SUMMER, url=url, language=language) == wanted


def test_summer_time_is_that_of_the_day_and_of_the_clock_that_is_meant() -> None:
    place = {"url": "https://kestrel.de/", "language": ""}
    change = datetime(2022, 3, 27, 1, tzinfo=UTC)
    assert time_zones.offset_at(change - timedelta(seconds=1), **place) == timedelta(hours=1)
    assert time_zones.offset_at(change, **place) == timedelta(hours=2)
    assert time_zones.offset_of_local_time(datetime(2022, 3, 27, 1, 59, tzinfo=UTC), **place) == timedelta(hours=1)
    assert time_zones.offset_of_local_time(datetime(2022, 3, 27, 3, tzinfo=UTC), **place) == timedelta(hours=2)


@given(
    st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001  naive as hypothesis asks
    st.sampled_from(sorted(get_global("territory_zones"))),
    st.text(max_size=5),
)
def test_any_country_and_any_language_has_one_clock_or_none(value: datetime, country: str, language: str) -> None:
    for found in (
        time_zones.offset_at(value.replace(tzinfo=UTC), url=f"https://x.{country.lower()}/", language=language),
        time_zones.offset_of_local_time(value, url="https://x.example/", language=language),
    ):
        assert found is None or abs(found) <= timedelta(hours=15)
