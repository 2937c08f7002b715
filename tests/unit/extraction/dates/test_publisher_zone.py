"""Moments that name no zone, or only UTC, on the publisher's clock."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pipeline.core.models import Moment
from pipeline.extraction.dates.publisher_zone import in_publisher_zone
from pipeline.text.dates.parsing import read_moment


def moment(text: str) -> Moment:
    read = read_moment(text)
    assert read is not None
    return read


def shown(
    text: str, *others: str, url: str = "https://kestrel.example/", language: str = "en", in_url: str = ""
) -> tuple[str, str, str, str]:
    found = in_publisher_zone(
        moment(text), [moment(other) for other in others], url=url, language=language, in_url=moment(in_url) if in_url else None
    )
    hours = "" if found.offset is None else f"{found.offset / timedelta(hours=1):+g}"
    return found.value.isoformat()[:19], found.precision, str(found.local_day or ""), hours


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("5 March 2019 14:20", ("2019-03-05T05:20:00", "minute", "2019-03-05", "+9")),
        ("2019-03-05T00:20:10", ("2019-03-04T15:20:10", "second", "2019-03-05", "+9")),
        ("2019-03-05T15:20:10Z", ("2019-03-05T15:20:10", "second", "2019-03-06", "+9")),
        ("2019-03-05T15:20:10-05:00", ("2019-03-05T20:20:10", "second", "2019-03-05", "-5")),
        ("2019-03-05", ("2019-03-05T00:00:00", "day", "", "+9")),
        ("2019-03-04T15:00:00Z", ("2019-03-05T00:00:00", "day", "", "+9")),
        ("2019-03-05T00:00:00+09:00", ("2019-03-05T00:00:00", "day", "", "+9")),
    ],
)
def test_the_country_s_clock_is_meant_where_no_zone_is_named(text: str, wanted: tuple[str, ...]) -> None:
    assert shown(text, url="https://kestrel.jp/") == wanted


def test_without_a_country_a_time_stays_in_utc_and_its_offset_is_not_known() -> None:
    assert shown("2019-03-05T14:20:10") == ("2019-03-05T14:20:10", "second", "", "")
    assert shown("2019-03-05T14:20:10Z") == ("2019-03-05T14:20:10", "second", "", "")
    assert shown("2019-03-05") == ("2019-03-05T00:00:00", "day", "", "")


def test_another_statement_of_the_same_time_tells_the_zone() -> None:
    eastern = ("2023-11-09T03:28:35", "second", "2023-11-08", "-5")
    assert shown("2023-11-09T03:28:35Z", "2023-11-08T22:28:35-05:00") == eastern
    assert shown("2023-11-09T03:28:35Z", "2023-11-08T22:28:35") == eastern
    assert shown("2023-11-08T22:28:35", "2023-11-09T03:28:35Z") == eastern
    assert shown("2023-11-08T22:28:35", "2023-11-09T03:28:35Z", url="https://kestrel.jp/") == eastern
    assert shown("2023-11-09T03:28:35Z", "2023-11-08T22:28:36-05:00")[3] == ""
    assert shown("2023-11-09T03:28:00Z", "2023-11-08T22:28:00-05:00")[3] == ""  # whole minutes agree by chance


def test_the_same_reading_in_utc_says_that_utc_was_meant() -> None:
    assert shown("2020-12-24T07:47:27", "2020-12-24T07:47:27Z", url="https://kestrel.be/") == (
        "2020-12-24T07:47:27",
        "second",
        "2020-12-24",
        "+1",
    )


def test_the_day_of_the_address_is_the_local_one_where_it_may_be() -> None:
    assert shown("2023-11-09T03:28:35Z", in_url="2023-11-08")[2] == "2023-11-08"
    assert shown("2023-11-09T03:28:35Z", in_url="2023-11-02")[2] == ""
    assert shown("2023-11-09T03:28:35Z", "2023-11-09T12:28:35+09:00", in_url="2023-11-08")[2] == "2023-11-09"


def test_moments_are_equal_whatever_their_clock() -> None:
    found = in_publisher_zone(moment("2023-11-09T03:28:35Z"), (), url="https://kestrel.de/", language="")
    assert found == moment("2023-11-09T03:28:35Z")
    assert found.local_day == date(2023, 11, 9)


@pytest.mark.parametrize(
    ("text", "other"), [("2020-04-25T07:25:06Z", "2020-04-24T21:25:06Z"), ("2020-04-24T21:25:06Z", "2020-04-25T07:25:06Z")]
)
def test_of_two_times_in_utc_that_are_a_clock_of_the_country_apart_one_was_that_clocks(text: str, other: str) -> None:
    assert shown(text, other, url="https://kestrel.com.au/") == ("2020-04-24T21:25:06", "second", "2020-04-25", "+10")
    assert shown(text, other, url="https://kestrel.in/")[0] == text[:19]
    assert shown(text, other)[0] == text[:19]
    assert shown(text, other, url="https://kestrel.io/")[0] == text[:19]
