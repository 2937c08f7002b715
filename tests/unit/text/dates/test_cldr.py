"""The table of CLDR's dates is what Babel has."""

from __future__ import annotations

import pytest
from babel import localedata

from pipeline.text.dates.calendar_names import names_of
from pipeline.text.dates.cldr import date_words, date_words_of_babel, is_month_first_in_babel, month_first_locales
from pipeline.text.dates.parsing import DateStyle, find_moment


@pytest.fixture(autouse=True)
def _unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Babel as it is before any locale is read: each use of it may write names of one locale into others."""
    monkeypatch.setattr(localedata, "_cache", {})


@pytest.mark.parametrize("code", ["am", "ar_LB", "az", "de_AT", "en", "he", "ja", "nb", "sr_Latn", "th", "zh"])
def test_the_table_has_what_babel_says_of_a_locale(code: str) -> None:
    assert date_words(code) == date_words_of_babel(code), "run python -m bench.cldr"


def test_the_table_names_the_locales_that_write_the_month_first() -> None:
    asked = ("en_US", "en_PH", "es_PR", "en_GB", "de_DE", "es_MX", "zu_ZA", "pt_BR")
    assert [is_month_first_in_babel(name) for name in asked] == [name in month_first_locales() for name in asked]


def test_a_locale_that_is_not_in_the_table_is_read_from_babel() -> None:
    assert date_words("ga") == date_words_of_babel("ga")
    assert names_of("ga").exact["eanair"].number == 1
    assert date_words("xx") is None


def test_a_language_has_no_months_of_one_that_was_read_before_it() -> None:
    assert find_moment("5 yanvar 2024", DateStyle(("az",))) is not None
    date_words_of_babel("az")
    bulgarian = date_words_of_babel("bg")
    assert bulgarian is not None
    assert not [name for name, _ in bulgarian.months if name.isascii()]
