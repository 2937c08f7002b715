"""When an article was published and last changed, as its publisher says.

Pure: reads a `Page` and what its finder said, takes the time of the capture as an argument. A stated zone is kept (all values are UTC); how
much of the time was stated is the precision. A date after the capture is not believed.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import htmldate
from dateutil import parser as dateutil_parser

from pipeline.models import Entry, Moment, Precision
from pipeline.pages import Page
from pipeline.structured import PAGE_TYPES, VIDEO_TYPES, text_of, types_of

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
"""No news page is older than the news web."""
CLOCK_SKEW = timedelta(days=1)
"""How far after its capture a page may date itself: zones and servers' clocks."""

PUBLISHED_META = (
    "article:published_time", "og:article:published_time", "article:published", "og:published_time", "datepublished", "parsely-pub-date",
    "sailthru.date", "bt:pubdate", "publishdate", "publish-date", "publish_date", "published_date", "published_time", "publication_date",
    "publication-date", "pubdate", "article_date_original", "article.published", "originalpublicationdate", "cxenseparse:recs:publishtime",
    "ptime", "dc.date.issued", "dcterms.created", "dcterms.issued", "dcterms.date", "dc.date", "dc:date", "dc.date.created",
    "dc:created", "citation_publication_date", "citation_date", "rbpubdate", "rnews:datepublished", "date.issued", "displaydate", "vr:published_time",
    "article-publication-date", "article:post_date", "release_date", "og:pubdate", "pdate", "shareaholic:article_published_time",
    "datecreated", "article.created", "date_published", "created", "og:published", "weibo: article:create_at", "weibo:article:create_at",
    "mediator_published_time", "dateposted", "content_create_date", "dc.terms.issued", "pub_date", "issue_date", "date",
)  # fmt: skip
MODIFIED_META = (
    "article:modified_time", "og:updated_time", "article:modified", "datemodified", "lastmod", "last-modified", "dcterms.modified",
    "dc.date.modified", "cxenseparse:lastmodified", "revised", "article:updated_time", "updated_time", "utime",
)  # fmt: skip

_ISO = re.compile(
    r"^\s*(\d{4})-?(\d{2})-?(\d{2})(?:(?:\s*[T ]\s*|T)(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,:]\d+)?)?\s*"
    r"(Z|UTC|GMT|[+\-−]\d{1,2}(?::?\d{2}){0,2})?)?\s*(?:\[[^\]]*\])?\s*$",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"^\s*(\d{10})(\d{3})?(?:\.\d+)?\s*$")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?!\d)")
_YEAR_FIRST = re.compile(r"(?<!\d)((?:19|20)\d{2})\s?[./年-]\s?(\d{1,2})\s?[./月-]\s?(\d{1,2})(?!\d)")
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-3])[:.h]([0-5]\d)(?::([0-5]\d))?(?![\d:])\s*([ap]\.?m\.?(?![a-z]))?", re.IGNORECASE)
_IN_URL = re.compile(r"(?<!\d)((?:19|20)\d{2})([/_-]?)(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)")
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "ET": -5, "PT": -8, "CT": -6, "BST": 1,
          "IST": 5.5, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "WIB": 7,
          "SGT": 8, "HKT": 8, "GMT": 0, "UTC": 0, "Z": 0, "WEST": 1, "WET": 0, "SAST": 2, "NZST": 12, "NZDT": 13}  # fmt: skip
_TZINFOS = {name: int(hours * 3600) for name, hours in _ZONES.items()}


class Dated(NamedTuple):
    """A moment and the name of the place it was taken from."""

    moment: Moment
    source: str


def published(page: Page, entry: Entry | None, *, at: datetime) -> Dated | None:
    """When the article was first published; None when neither page nor finder nor URL says so.

    The first that parses of: JSON-LD `datePublished`, `<meta>`, marked-up times, the feed, the URL, the visible text (htmldate). A feed's or another
    declaration's time completes a bare date of the same day.
    """
    believed = [dated for dated in _declared(page) if _is_believable(dated.moment, at)]
    if entry and entry.published and _is_believable(entry.published, at):
        believed.append(Dated(entry.published, "feed.published"))
    in_url = url_date(page.url)
    if in_url and _is_believable(in_url, at):
        believed.append(Dated(in_url, "url"))
    if not believed:
        return _searched(page, at)
    best = believed[0]
    if best.moment.precision == "day":
        return next((dated for dated in believed if _completes(dated.moment, best.moment)), best)
    return best


def modified(page: Page, entry: Entry | None, *, at: datetime) -> Dated | None:
    """When the article was last changed; None when nothing says so."""
    for dated in _modified(page):
        if _is_believable(dated.moment, at):
            return dated
    if entry and entry.modified and _is_believable(entry.modified, at):
        return Dated(entry.modified, "feed.updated")
    return None


def read_moment(text: str, *, day_first: bool = True) -> Moment | None:
    """The moment that `text` states; None when it states none.

    ISO 8601, RFC 2822, seconds or milliseconds since 1970, and what dateutil reads. A time without zone is taken for UTC. Midnight to the second is taken
    for a bare date. `day_first` decides on 03/04/2021.
    """
    text = text.strip()[:120]
    if not text or not any(map(str.isdigit, text)):
        return None
    try:
        return _read_iso(text) or _read_epoch(text) or _read_mail(text) or _read_loose(text, day_first=day_first)
    except (ValueError, OverflowError, TypeError, AttributeError, IndexError, ArithmeticError):
        return None


def url_date(url: str) -> Moment | None:
    """The day that the path of `url` names (`/2021/03/08/`, `/2021-03-08-title`, `/20210308/`)."""
    path = url.partition("://")[2].partition("/")[2].partition("?")[0]
    for match in _IN_URL.finditer(path):
        if match[2] or len(match[0]) == 8:
            try:
                return _day(date(int(match[1]), int(match[3]), int(match[4])))
            except ValueError:
                continue
    return None


def _declared(page: Page) -> Iterator[Dated]:
    day_first = not page.language_tag.lower().startswith("en-us")
    for source, text in _publication_texts(page):
        moment = read_moment(text, day_first=day_first)
        if moment:
            yield Dated(moment, source)


def _publication_texts(page: Page) -> Iterator[tuple[str, str]]:
    for key in ("datePublished", "dateCreated", "uploadDate"):
        for article in page.articles:
            yield f"jsonld.{key}", text_of(article.get(key))
    for name in PUBLISHED_META:
        for content in page.meta.get(name, ()):
            yield f"meta.{name}", content
    for thing in page.things:
        if types_of(thing) & (PAGE_TYPES | VIDEO_TYPES):
            yield "jsonld.datePublished", text_of(thing.get("datePublished")) or text_of(thing.get("uploadDate"))
    yield from _marked_up(page)


def _marked_up(page: Page) -> Iterator[tuple[str, str]]:
    if page.tree is None:
        return
    for element in page.tree.iterfind(".//*[@itemprop='datePublished']"):
        yield "page.datePublished", element.get("datetime") or element.get("content") or element.text_content()
    times = list(page.tree.iter("time"))[:40]
    for element in times:
        if element.get("pubdate") is not None or "publish" in (element.get("class") or "") or "entry-date" in (element.get("class") or ""):
            yield "page.time", element.get("datetime") or element.text_content()
    if times:
        yield "page.time", times[0].get("datetime") or ""


def _modified(page: Page) -> Iterator[Dated]:
    for article in page.articles:
        moment = read_moment(text_of(article.get("dateModified")))
        if moment:
            yield Dated(moment, "jsonld.dateModified")
    for name in MODIFIED_META:
        for content in page.meta.get(name, ()):
            moment = read_moment(content)
            if moment:
                yield Dated(moment, f"meta.{name}")


def _searched(page: Page, at: datetime) -> Dated | None:
    if page.tree is None:
        return None
    latest = (at + CLOCK_SKEW).strftime("%Y-%m-%d")
    try:
        found = htmldate.find_date(copy.deepcopy(page.tree), original_date=True, extensive_search=True, max_date=latest, url=page.url)
    except Exception:  # noqa: BLE001  it meets every malformed tree of the web
        return None
    moment = read_moment(found) if found else None
    return Dated(moment, "htmldate") if moment else None


def _is_believable(moment: Moment, at: datetime) -> bool:
    return EARLIEST <= moment.value <= at + CLOCK_SKEW


def _completes(moment: Moment, bare: Moment) -> bool:
    """Whether `moment` tells the time of the day that `bare` names, in whatever zone that day was meant."""
    return moment.precision != "day" and timedelta(hours=-14) <= moment.value - bare.value < timedelta(hours=36)


def _day(day: date) -> Moment:
    return Moment(datetime.combine(day, time(), tzinfo=UTC), "day")


def _moment(value: datetime, precision: Precision) -> Moment:
    if value.time() == time():
        return _day(value.date())
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return Moment(value.replace(microsecond=0), precision)


def _read_iso(text: str) -> Moment | None:
    match = _ISO.match(text)
    if not match:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if match[4] is None:
        return _day(date(year, month, day))
    value = datetime(year, month, day, int(match[4]) % 24, int(match[5]), min(int(match[6] or 0), 59), tzinfo=UTC)
    offset = _offset(match[7] or "")
    if value.time() == time():
        return _day(value.date())
    return _moment(value - offset, "minute" if match[6] is None else "second")


def _offset(zone: str) -> timedelta:
    digits = re.sub(r"\D", "", zone)
    if not digits:
        return timedelta(0)
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) in {3, 4} else (int(digits[:2]), int(digits[2:4] or 0))
    offset = timedelta(hours=hours, minutes=minutes)
    if offset > timedelta(hours=15):
        return timedelta(0)
    return -offset if zone[0] in "-−" else offset


def _read_epoch(text: str) -> Moment | None:
    match = _EPOCH.match(text)
    return _moment(datetime.fromtimestamp(int(match[1]), UTC), "second") if match else None


def _read_mail(text: str) -> Moment | None:
    if not re.match(r"^\w{3},? \d{1,2} \w{3} \d{4} \d", text):
        return None
    return _moment(parsedate_to_datetime(text), "second")


def _read_loose(text: str, *, day_first: bool) -> Moment | None:
    clock = _CLOCK.search(text)
    numeric, year_first = _NUMERIC.search(text), _YEAR_FIRST.search(text)
    if year_first:
        day = date(int(year_first[1]), int(year_first[2]), int(year_first[3]))
    elif numeric:
        day = _numeric_day(numeric, day_first=day_first)
    else:
        if not re.search(r"(?<!\d)(?:19|20)\d{2}(?!\d)", text):
            return None
        value = dateutil_parser.parse(text, dayfirst=day_first, tzinfos=_TZINFOS, default=datetime(1900, 1, 1))  # noqa: DTZ001  the zone is read or UTC
        if value.year == 1900 or not re.search(r"(?<!\d)(?:[0-2]?\d|3[01])(?!\d)", text):
            return None
        return _moment(value, "second" if clock and clock[3] else "minute") if clock else _day(value.date())
    if not clock:
        return _day(day)
    hour = int(clock[1]) % 12 + 12 * clock[4].lower().startswith("p") if clock[4] else int(clock[1])
    zone = re.search(r"\b([A-Z]{1,4})\b|([+-]\d{2}:?\d{2})\s*$", text[clock.end() :])
    offset = timedelta(0)
    if zone:
        offset = _offset(zone[2]) if zone[2] else timedelta(hours=_ZONES.get(zone[1], 0))
    value = datetime.combine(day, time(hour, int(clock[2]), int(clock[3] or 0)), tzinfo=UTC)
    return _moment(value - offset, "second" if clock[3] else "minute")


def _numeric_day(match: re.Match[str], *, day_first: bool) -> date:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    year += 2000 if year < 100 else 0
    is_day_first = first > 12 or (second <= 12 and (day_first or match[2] == "."))
    return date(year, second, first) if is_day_first else date(year, first, second)
