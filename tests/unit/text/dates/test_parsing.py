"""Dates as publishers write them: languages, calendars, halves of the day, zones."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from babel import Locale
from babel.dates import format_date, format_datetime

from pipeline.text.dates.calendar_names import codes_of, date_names, month_named
from pipeline.text.dates.calendars import gregorian_day, islamic_day, persian_day
from pipeline.text.dates.orders import is_month_first
from pipeline.text.dates.parsing import DateStyle, find_moment, read_moment, style_of
from tests.hostile import LONG_TEXTS, grows_at_most_in_proportion

LANGUAGES = date_names()["languages"].split()


def read(text: str, *languages: str, day_first: bool = True) -> str | None:
    moment = find_moment(text, DateStyle(languages, day_first))
    return moment and moment.value.strftime("%Y-%m-%d" if moment.precision == "day" else "%Y-%m-%dT%H:%MZ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_date_in_words_is_read_in_its_language_and_never_as_another_day(language: str) -> None:
    unread, total = 0, 0
    for locale in map(Locale.parse, codes_of(language)):
        for day in (date(2021, month, 23) for month in range(1, 13)):
            for length in ("full", "long", "medium"):
                text = format_date(day, length, locale=locale)
                total += 1
                unread += read(text, language) is None
                assert read(text, language) in {None, day.isoformat()}, text
    assert unread <= total / 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_half_of_the_day_is_read_before_and_behind_the_time(language: str) -> None:
    for locale in map(Locale.parse, codes_of(language)):
        for hour in (0, 2, 9, 12, 14, 21):
            for pattern in ("yyyy-MM-dd h:mm a", "yyyy-MM-dd a h:mm", "yyyy-MM-dd, h:mma"):
                text = format_datetime(datetime(2021, 3, 5, hour, 30), pattern, locale=locale)  # noqa: DTZ001  no zone is written
                assert read(text, language) == f"2021-03-05T{hour:02}:30Z", text


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("12. listopada 2023.", "hr", "2023-10-12"),
        ("12 listopada 2023", "pl", "2023-11-12"),
        ("12. listopadu 2023", "cs", "2023-11-12"),
        ("3. lipnja 2023.", "hr", "2023-06-03"),
        ("3 lipca 2023", "pl", "2023-07-03"),
        ("12. července 2023", "cs", "2023-07-12"),
        ("12. června 2023", "cs", "2023-06-12"),
        ("8. srpnja 2023.", "hr", "2023-07-08"),
        ("8. srpna 2023", "cs", "2023-08-08"),
        ("10. marraskuuta 2023", "fi", "2023-11-10"),
        ("10 maj 2023", "pl", "2023-05-10"),
        ("10. mai 2023", "no", "2023-05-10"),
        ("10. mai 2023", "et", "2023-05-10"),
        ("10 Mac 2023", "ms", "2023-03-10"),
        ("10 Ogos 2023", "ms", "2023-08-10"),
        ("10 iulie 2023", "ro", "2023-07-10"),
        ("21 Δεκέμβρη 2023", "el", "2023-12-21"),
        ("21 ΜΑΪΟΥ 2023", "el", "2023-05-21"),
        ("5 лютого 2023 року", "uk", "2023-02-05"),
        ("5 лютага 2023", "be", "2023-02-05"),
        ("5 травня 2023", "uk", "2023-05-05"),
        ("5 აგვისტო, 2023", "ka", "2023-08-05"),
        ("5 أيار / مايو 2023", "ar", "2023-05-05"),
        ("٥ تشرين الثاني ٢٠٢٣", "ar", "2023-11-05"),
        ("5 جويلية 2023", "ar", "2023-07-05"),
        ("5 במרץ 2023", "he", "2023-03-05"),
        ("५ मई २०२३", "hi", "2023-05-05"),
        ("2023. gada 5. marts", "lv", "2023-03-05"),
        ("2023 m. kovo 5 d.", "lt", "2023-03-05"),
        ("2023. március 5-én", "hu", "2023-03-05"),
        ("2023ko martxoaren 5a", "eu", "2023-03-05"),
        ("2023 оны 3-р сарын 5", "mn", "2023-03-05"),
        ("5 tháng 3 năm 2023", "vi", "2023-03-05"),
        ("2023년 3월 5일", "ko", "2023-03-05"),
        ("2023年3月5日", "zh", "2023-03-05"),
        ("3 Mart 2023", "tr", "2023-03-03"),
        ("5 August 2023", "hr", "2023-08-05"),
        ("5 août 2023", "en", "2023-08-05"),
        ("12 Marathons 2023", "en", None),
        ("12 Personen 2023", "de", None),
    ],
)
def test_the_language_says_what_a_name_of_a_month_means(text: str, language: str, day: str | None) -> None:
    assert read(text, language) == day


def test_a_name_means_what_most_languages_mean_where_none_is_known() -> None:
    assert read("12 listopada 2023") is None  # Croatian October, Polish November
    assert read("12 maj 2023") == "2023-05-12"
    assert read("12 iulie 2023") == "2023-07-12"
    assert month_named("") is None


@pytest.mark.parametrize(
    ("text", "language", "moment"),
    [
        ("2024.03.05. 오후 2:30", "ko", "2024-03-05T14:30Z"),
        ("2024년 3월 5일 오후 2시 30분", "ko", "2024-03-05T14:30Z"),
        ("05 de marzo de 2024, 2:30 p. m.", "es", "2024-03-05T14:30Z"),
        ("05 de marzo de 2024, 2:30\u202fp.\u00a0m.", "es", "2024-03-05T14:30Z"),
        ("5 de março de 2024, 8:30 da noite", "pt", "2024-03-05T20:30Z"),
        ("2024年3月5日 下午2:30", "zh", "2024-03-05T14:30Z"),
        ("2024年3月5日 晚上6:30", "", "2024-03-05T18:30Z"),
        ("2024年3月5日 凌晨12:30", "zh", "2024-03-05T00:30Z"),
        ("2024年3月5日 下午14:30", "zh", "2024-03-05T14:30Z"),
        ("5 مارس 2024 02:30 م", "ar", "2024-03-05T14:30Z"),
        ("5 مارس 2024 - 02:30 صباحا", "ar", "2024-03-05T02:30Z"),
        ("5 Mart 2024 ÖS 2:30", "tr", "2024-03-05T14:30Z"),
        ("2024. márc. 5., du. 2:30", "hu", "2024-03-05T14:30Z"),
        ("5 मार्च 2024, शाम 5:30 बजे", "hi", "2024-03-05T17:30Z"),
        ("5 Μαρτίου 2024, 2:30 μ.μ.", "el", "2024-03-05T14:30Z"),
        ("5/3/2024 2:30 CH", "vi", "2024-03-05T14:30Z"),
        ("March 5, 2024 12:30 AM", "en", "2024-03-05T00:30Z"),
        ("March 5, 2024 12:30 p.m.", "en", "2024-03-05T12:30Z"),
        ("March 5, 2024 at 2 p.m.", "en", "2024-03-05T14:00Z"),
        ("5 mars 2024 à 14h30", "fr", "2024-03-05T14:30Z"),
        ("5.3.2024 klo 14.30", "fi", "2024-03-05T14:30Z"),
        ("5 Maret 2024 14.30", "id", "2024-03-05T14:30Z"),
        ("5. März 2024 14.30", "de", "2024-03-05T14:30Z"),
        ("5 March 2024 14.30 kg", "en", "2024-03-05"),
        ("2024年3月5日14時30分", "ja", "2024-03-05T14:30Z"),
        ("14:30 | 5 March 2024", "en", "2024-03-05T14:30Z"),
    ],
)
def test_a_time_is_read_with_its_half_of_the_day(text: str, language: str, moment: str) -> None:
    assert read(text, language) == moment


@pytest.mark.parametrize(
    ("zone", "language", "winter", "summer"),
    [
        ("ET", "en", "19:30", "18:30"),
        ("CT", "en", "20:30", "19:30"),
        ("MT", "en", "21:30", "20:30"),
        ("PT", "en", "22:30", "21:30"),
        ("EST", "en", "19:30", "19:30"),
        ("EDT", "en", "18:30", "18:30"),
        ("CET", "en", "13:30", "12:30"),
        ("EET", "en", "12:30", "11:30"),
        ("WET", "pt", "14:30", "13:30"),
        ("MEZ", "de", "13:30", "12:30"),
        ("GMT", "en", "14:30", "14:30"),
        ("IST", "en", "09:00", "09:00"),
        ("IST", "he", "12:30", "11:30"),
        ("CST", "zh", "06:30", "06:30"),
        ("Eastern Time", "en", "19:30", "18:30"),
        ("(Eastern Standard Time)", "en", "19:30", "19:30"),
        ("Central European Summer Time", "en", "12:30", "12:30"),
        ("(GMT+7)", "vi", "07:30", "07:30"),
        ("UTC-5", "en", "19:30", "19:30"),
        ("GMT+0200", "en", "12:30", "12:30"),
        ("UTC+05:30", "en", "09:00", "09:00"),
        ("GMT +3", "tr", "11:30", "11:30"),
        ("UTC/GMT +7", "th", "07:30", "07:30"),
        ("+05:30", "en", "09:00", "09:00"),
        ("+5:30", "en", "09:00", "09:00"),
        ("-0300", "pt", "17:30", "17:30"),
        ("Uhr MESZ", "de", "12:30", "12:30"),
        ("- 5 comments", "en", "14:30", "14:30"),
        ("+1 more", "en", "14:30", "14:30"),
        ("XYZT", "en", "14:30", "14:30"),
    ],
)
def test_a_zone_has_the_offset_of_its_day(zone: str, language: str, winter: str, summer: str) -> None:
    assert read(f"2024-01-05 14:30 {zone}", language) == f"2024-01-05T{winter}Z"
    assert read(f"2024-07-05 14:30 {zone}", language) == f"2024-07-05T{summer}Z"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tue Mar 05 2024 14:30:00 GMT+0100 (Central European Standard Time)", "2024-03-05T13:30Z"),
        ("Tue Mar  5 14:30:00 CET 2024", "2024-03-05T13:30Z"),
        ("Tue Mar 05 14:30:00 +0800 2024", "2024-03-05T06:30Z"),
        ("Mon, 19 Aug 24 17:42:08 +0200", "2024-08-19T15:42Z"),
        ("Fri, 20 Nov 2026 03:10:05 PM +0100", "2026-11-20T14:10Z"),
        ("Wed, 11 Sep 2019 22:52:30+5:30", "2019-09-11T17:22Z"),
        ("Mo, 07 Okt 2024 09:15:00 +0200", "2024-10-07T07:15Z"),
        ("sáb, 05 ago 2023 10:00:00 -0500", "2023-08-05T15:00Z"),
        ("gio, 05 gen 2023 10:00:00 +0100", "2023-01-05T09:00Z"),
        ("05-Mar-24 2:30 PM", "2024-03-05T14:30Z"),
        ("05-Mar-2024 14:30:00 EST", "2024-03-05T19:30Z"),
        ("5 Mar 98", "1998-03-05"),
        ("5 Mar '24", "2024-03-05"),
        ("05.03.24 14:30", "2024-03-05T14:30Z"),
        ("Thu, 05 Sep 2024 14:30:00 -0000", "2024-09-05T14:30Z"),
    ],
)
def test_a_date_of_a_program_is_read(text: str, moment: str) -> None:
    found = read_moment(text)
    assert found is not None
    assert found.value.strftime("%Y-%m-%dT%H:%MZ" if found.precision != "day" else "%Y-%m-%d") == moment


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("5 มีนาคม 2567", "th", "2024-03-05"),
        ("5 มี.ค. 2567", "th", "2024-03-05"),
        ("5 มี.ค. 67", "th", "2024-03-05"),
        ("05/03/2567", "th", "2024-03-05"),
        ("5 มีนาคม พ.ศ. 2567", "th", "2024-03-05"),
        ("5 มีนาคม 2024", "th", "2024-03-05"),
        ("05/03/2567", "en", None),
        ("۱۵ اسفند ۱۴۰۲", "fa", "2024-03-05"),
        ("سه شنبه 15 اسفند 1402", "fa", "2024-03-05"),
        ("۱۴۰۲/۱۲/۱۵", "fa", "2024-03-05"),
        ("5 مارس 2024", "fa", "2024-03-05"),
        ("25 شعبان 1445 هـ", "ar", "2024-03-06"),
        ("1 رمضان 1445", "ar", "2024-03-11"),
        ("1 ذو الحجة 1445", "ar", "2024-06-08"),
        ("令和6年3月5日", "ja", "2024-03-05"),
        ("平成元年3月5日", "ja", "1989-03-05"),
        ("民國113年3月5日", "zh", "2024-03-05"),
    ],
)
def test_another_calendar_is_read_where_a_language_uses_it(text: str, language: str, day: str | None) -> None:
    assert read(text, language) == day


def test_the_persian_calendar_has_the_new_years_of_iran() -> None:
    starts = {1358: "1979-03-21", 1375: "1996-03-20", 1379: "2000-03-20", 1400: "2021-03-21", 1403: "2024-03-20", 1404: "2025-03-21"}
    assert {year: persian_day(year, 1, 1).isoformat() for year in starts} == starts
    assert persian_day(1403, 12, 30).isoformat() == "2025-03-20"
    with pytest.raises(ValueError, match="no day"):
        persian_day(1402, 12, 30)
    with pytest.raises(ValueError, match="no day"):
        islamic_day(1445, 13, 1)
    with pytest.raises(ValueError, match="is not a year"):
        gregorian_day(1402, 1, 1, "gregorian")


@pytest.mark.parametrize(
    ("tag", "month_first"),
    [("en-US", True), ("en_US", True), ("es-PR", True), ("en-PH", True), ("en-GB", False), ("es-US", False), ("en", False), ("", False)],
)
def test_the_order_of_numbers_is_that_of_the_country(tag: str, month_first: bool) -> None:
    assert is_month_first(tag) == month_first
    assert style_of(tag).day_first != month_first
    assert read("03/04/2021", day_first=style_of(tag).day_first) == ("2021-03-04" if month_first else "2021-04-03")


@pytest.mark.parametrize("text", LONG_TEXTS)
def test_a_hostile_text_takes_time_in_proportion(text: str) -> None:
    for language in ("en", "th", "mn"):
        style = DateStyle((language,))
        grows_at_most_in_proportion(lambda long, style=style: (find_moment(long, style), read_moment(long, style)), text)
