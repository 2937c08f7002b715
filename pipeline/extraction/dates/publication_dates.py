"""Chooses when an article was published and last changed among the dates that the page, the feed and the URL state.

Pure: reads a `Page` and its `Entry`; the time of the capture is an argument. Values are in UTC, with the publisher's offset and the stated
precision. A date more than a day after the capture is not believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import NamedTuple

import lxml.etree
import lxml.html

from pipeline.core.models import Entry, Moment
from pipeline.extraction.dates import visible_dates
from pipeline.extraction.dates.publisher_zone import in_publisher_zone
from pipeline.extraction.html.furniture import class_and_id, surroundings
from pipeline.extraction.html.structured_data import PAGE_TYPES, VIDEO_TYPES, as_list, text_of, types_of
from pipeline.extraction.pages import Page
from pipeline.text.dates.parsing import DateStyle, bare_day, read_moment, style_of

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
"""Older dates are refused, because the first newspapers went online about then."""
CLOCK_SKEW = timedelta(days=1)
"""Time after its capture that a page may be dated: zones reach 14 hours ahead of UTC, and servers' clocks are wrong."""

PUBLISHED_META = (
    "article:published_time", "og:article:published_time", "article:published", "og:published_time", "datepublished", "parsely-pub-date",
    "sailthru.date", "bt:pubdate", "publishdate", "publish-date", "publish_date", "published_date", "published_time", "publication_date",
    "publication-date", "pubdate", "article_date_original", "article.published", "originalpublicationdate", "cxenseparse:recs:publishtime",
    "ptime", "dc.date.issued", "dcterms.issued",
    "citation_publication_date", "citation_date", "rbpubdate", "rnews:datepublished", "date.issued", "displaydate", "vr:published_time",
    "article-publication-date", "article:post_date", "release_date", "og:pubdate", "pdate", "shareaholic:article_published_time",
    "datecreated", "article.created", "date_published", "og:published", "weibo: article:create_at", "weibo:article:create_at",
    "mediator_published_time", "dateposted", "content_create_date", "dc.terms.issued", "pub_date", "issue_date",
)  # fmt: skip
WEAK_META = ("dcterms.created", "dc.date.created", "dc:created", "dcterms.date", "dc.date", "dc:date", "date", "created")
"""Content systems fill these with the file's date as often as with the article's."""
MODIFIED_META = (
    "article:modified_time", "og:updated_time", "article:modified", "datemodified", "lastmod", "last-modified", "dcterms.modified",
    "dc.date.modified", "cxenseparse:lastmodified", "revised", "article:updated_time", "updated_time", "utime",
)  # fmt: skip

GUESSED = frozenset({"htmldate", "page.script"})
"""Sources of dates that are neither declared nor visible in the article."""
SEARCHED = GUESSED | {"page.text"}
"""Sources of dates that were searched for: these, and the line nearest to the text."""

_LATER = timedelta(days=2)
"""Two dates that are further apart differ by more than zones, or a URL made on the day before, can explain."""
_SHOWN_LATER = timedelta(hours=15)
"""More than the difference between two readings of one time without a zone."""
_FRONT = re.compile(r"[a-z]+://[^/?#]*/*(?:#.*)?$", re.IGNORECASE)
_IN_URL = re.compile(r"(?<!\d)((?:19|20)\d{2})([/_-]?)(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)")
_IN_SCRIPT = re.compile(
    r"""pub(?:li(?:sh|shed|cation)_?(?:date|at|time|on)?|_?date)["']?\s*[:=]\s*["']((?:19|20)\d\d-?\d\d-?\d\d[^"']{0,25})["']"""
)
"""For scripts in lower case: without IGNORECASE and with fixed letters at the start the search is ten times as fast."""
_NAME_START = re.compile(r"(?<!\w)(?:first|original|date)?_?$")
_HATOM_TIMES = lxml.etree.XPath("/descendant-or-self::*/@title[contains(., '-') and contains(., ':')]/..")
"""The hAtom microformat: machine-readable times as titles; an entry without `published` was published when it was `updated`."""
_MAX_STATEMENTS = 12
"""Declarations of a date that are read of a page. A plain choice: real pages have fewer, it bounds the time."""
_MAX_UPDATES = 300
"""Entries of a live blog whose times are read. A plain choice: it bounds the time."""
_DATELINE_CLASSES = re.compile(
    r"publish|entry-date|post-date|article-date|date-published|pubdate|dateline|news-date|article__date|datum", re.IGNORECASE
)
_REVISION_CLASSES = re.compile(r"updated|modified", re.IGNORECASE)


class Dated(NamedTuple):
    """A moment, its source (`jsonld.datePublished`), and source and value of the other stated dates."""

    moment: Moment
    source: str
    others: tuple[tuple[str, str], ...] = ()


def published(page: Page, entry: Entry | None, *, at: datetime, language: str) -> Dated | None:
    """When the article was first published; None when neither page nor feed nor URL states it.

    The first date that can be read, of: the start of a live blog, JSON-LD `datePublished`, `<meta>`, the feed, the URL, times marked up as
    of the publication, scripts, a line at the heading that says "published", other marked-up times, any line at the heading, the `<meta>`
    names of `WEAK_META`, the date nearest to the text, and the date that htmldate finds. The last two are not used on a site's front page,
    nor when the page states a day after the capture. A time of the same day completes a day without a time. The date gives way to an
    earlier one when it is the time of the last change, and to one that the line at the heading confirms.
    """
    style = style_of(page.language_tag, language)
    declared = list(islice(_plainly_stated(page, entry, style), _MAX_STATEMENTS))
    dated = _first_published(page, entry, style, at, is_ahead=any(dated.moment.value > at + CLOCK_SKEW for dated in declared))
    if dated is None:
        return None
    with_zone = partial(in_publisher_zone, url=page.url, language=language, in_url=url_date(page.url))
    dated = dated._replace(moment=with_zone(dated.moment, _statements(page, declared, style)))
    rival = _before_change(page, dated, declared, style) or _outvoting(page, dated, declared, style)
    if rival is not None:
        dated = rival._replace(moment=with_zone(rival.moment, _statements(page, declared, style)))
    others = {other.source: _shown(other.moment) for other in reversed(declared) if not _agree(dated.moment, other.moment)}
    return dated._replace(others=tuple(sorted(others.items())))


def _first_published(page: Page, entry: Entry | None, style: DateStyle, at: datetime, *, is_ahead: bool) -> Dated | None:
    """The first date that can be believed; with `is_ahead`, a declared day after the capture, none is searched for in the texts."""
    believed: list[Dated] = []
    for dated in _stated(page, entry, style):
        if not _is_believable(dated.moment, at):
            continue
        if dated.moment.precision != "day":
            # A day without a time is midnight in an unknown zone; a time of that day is more precise.
            return dated if not believed or _completes(dated.moment, believed[0].moment) else believed[0]
        believed.append(dated)
        if len(believed) > 1 and believed[-1].moment != believed[0].moment:
            break
    # A date in the texts of a front page belongs to another page. When a day after the capture is stated, no date in the texts is meant.
    if believed or is_ahead or _FRONT.match(page.url):
        return believed[0] if believed else None
    beside = visible_dates.beside_text(page, style, earliest=EARLIEST, latest=at + CLOCK_SKEW)
    if beside is not None:
        return Dated(beside, "page.text")
    searched = visible_dates.found_by_htmldate(page, style, latest=at + CLOCK_SKEW)
    return Dated(searched, "htmldate") if searched is not None else None


def _before_change(page: Page, dated: Dated, declared: Sequence[Dated], style: DateStyle) -> Dated | None:
    """An earlier date, when `dated` is the time of the last change: that of the feed or the URL, if it is at least two days earlier.

    Else the time shown at the heading, if the change came between 15 hours and two days after it.
    """
    earlier = [
        other
        for other in declared
        if other.source in {"feed.published", "url"}
        and other.moment.value >= EARLIEST
        and dated.moment.value - other.moment.value >= _LATER
    ]
    if dated.moment.precision == "day" or all(change.moment.value != dated.moment.value for change in _modified(page, style)):
        return None
    return earlier[0] if earlier else _shown_earlier(page, dated.moment, style)


def _shown_earlier(page: Page, moment: Moment, style: DateStyle) -> Dated | None:
    """The date and time shown at the heading, if `moment` is 15 hours to two days later."""
    line = visible_dates.at_heading(page, style)
    if line is None or line.precision == "day" or not _SHOWN_LATER <= moment.value - line.value <= _LATER:
        return None
    return Dated(line, "page.dateline")


def _outvoting(page: Page, dated: Dated, declared: Sequence[Dated], style: DateStyle) -> Dated | None:
    """Another date of the page that the line at its heading confirms and that is not the day of the last change.

    Candidates are declared dates and those of `WEAK_META`; when `dated` has no time of day, also the times in the mark-up.
    """
    weak = [(f"meta.{name}", content) for name in WEAK_META for content in page.meta.get(name, ())]
    if dated.moment.precision == "day":
        weak += _marked_up(page, is_sure=False)
    read = ((source, read_moment(text, style)) for source, text in weak)
    others = [*declared, *(Dated(moment, source) for source, moment in read if moment)]
    rivals = [other for other in others if not _agree(dated.moment, other.moment) and other.source != "url"]
    line = visible_dates.at_heading(page, style) if rivals else None
    if line is None or _agree(line, dated.moment) or any(_agree(line, change.moment) for change in _modified(page, style)):
        return None
    return next((rival for rival in rivals if _agree(line, rival.moment)), None)


def modified(page: Page, entry: Entry | None, *, at: datetime, language: str) -> Dated | None:
    """When the article was last changed, according to the page, else to the feed; None when neither states it."""
    for dated in _modified(page, style_of(page.language_tag, language)):
        if _is_believable(dated.moment, at):
            return dated._replace(moment=in_publisher_zone(dated.moment, (), url=page.url, language=language))
    if entry and entry.modified and _is_believable(entry.modified, at):
        return Dated(entry.modified, "feed.updated")
    return None


def url_date(url: str) -> Moment | None:
    """The day that the path of `url` names (`/2021/03/08/`, `/2021-03-08-title`, `/20210308/`)."""
    path = url.partition("://")[2].partition("/")[2].partition("?")[0]
    for match in _IN_URL.finditer(path):
        if match[2] or len(match[0]) == 8:
            try:
                return bare_day(date(int(match[1]), int(match[3]), int(match[4])))
            except ValueError:
                continue
    return None


def _agree(moment: Moment, other: Moment) -> bool:
    """Whether both have a day in common, in UTC or in their zones."""
    days = {moment.value.date(), moment.local_day}
    return other.value.date() in days or other.local_day in days - {None}


def _shown(moment: Moment) -> str:
    return moment.value.strftime("%Y-%m-%d" if moment.precision == "day" else "%Y-%m-%dT%H:%M:%SZ")


def _plainly_stated(page: Page, entry: Entry | None, style: DateStyle) -> Iterator[Dated]:
    """The publication dates that the page's head, the feed and the URL state, the most trusted first."""
    yield from islice(_live_starts(page, style), 1)
    for source, text in _declared(page):
        moment = read_moment(text, style)
        if moment:
            yield Dated(moment, source)
    if entry and entry.published:
        yield Dated(entry.published, "feed.published")
    in_url = url_date(page.url)
    if in_url:
        yield Dated(in_url, "url")


def _live_starts(page: Page, style: DateStyle) -> Iterator[Dated]:
    """The start of each live blog: some publishers set its date of publication to that of the newest entry."""
    for article in page.articles:
        if "LiveBlogPosting" not in types_of(article):
            continue
        texts = [(f"jsonld.{key}", _text_of_date(article.get(key))) for key in ("coverageStartTime", "datePublished")]
        if not any(text for _, text in texts):
            updates = (update for update in as_list(article.get("liveBlogUpdate")) if isinstance(update, dict))
            texts = [("jsonld.liveBlogUpdate", _text_of_date(update.get("datePublished"))) for update in islice(updates, _MAX_UPDATES)]
        read = [Dated(moment, source) for source, text in texts if (moment := read_moment(text, style))]
        if read:
            yield min(read, key=lambda dated: dated.moment.value)


def _stated(page: Page, entry: Entry | None, style: DateStyle) -> Iterator[Dated]:
    """All publication dates that head, feed, URL, mark-up, scripts and visible lines state, the most trusted first."""
    yield from _plainly_stated(page, entry, style)
    for source, text in _marked_up(page, is_sure=True):
        moment = read_moment(text, style)
        if moment:
            yield Dated(moment, source)
    found = _in_scripts(page, style)
    if found:
        yield found
    named = visible_dates.at_heading(page, style, is_named=True)
    if named:
        yield Dated(named, "page.dateline")
    for source, text in _marked_up(page, is_sure=False):
        moment = read_moment(text, style)
        if moment:
            yield Dated(moment, source)
    line = visible_dates.at_heading(page, style)
    if line:
        yield Dated(line, "page.dateline")
    for name in WEAK_META:
        for content in page.meta.get(name, ()):
            moment = read_moment(content, style)
            if moment:
                yield Dated(moment, f"meta.{name}")


def _in_scripts(page: Page, style: DateStyle) -> Dated | None:
    """The time of publication in the page's scripts (`publishedAt: "2021-03-08"`), if all scripts that state one agree on the day."""
    found: list[Moment] = []
    for script in page.tree.iter("script") if page.tree is not None else ():
        for text in islice(_publication_times(script.text or ""), 4):
            moment = read_moment(text, style)
            if moment:
                found.append(moment)
    days = {moment.value.date() for moment in found}
    return Dated(found[0], "page.script") if len(days) == 1 else None


def _publication_times(script: str) -> Iterator[str]:
    lowered = script.lower()
    for match in _IN_SCRIPT.finditer(lowered):
        if _NAME_START.search(lowered[max(0, match.start() - 10) : match.start()]):
            start, end = match.span(1)
            yield script[start:end] if len(script) == len(lowered) else match[1]


def _declared(page: Page) -> Iterator[tuple[str, str]]:
    for key in ("datePublished", "dateCreated", "uploadDate"):
        for article in page.articles:
            yield f"jsonld.{key}", _text_of_date(article.get(key))
    for name in PUBLISHED_META:
        for content in page.meta.get(name, ()):
            yield f"meta.{name}", content
    for node in page.nodes:
        if types_of(node) & (PAGE_TYPES | VIDEO_TYPES):
            yield "jsonld.datePublished", _text_of_date(node.get("datePublished")) or _text_of_date(node.get("uploadDate"))


def _text_of_date(value: object) -> str:
    """A JSON-LD date as a text; some dates are numbers of seconds or milliseconds."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(value)


def _marked_up(page: Page, *, is_sure: bool) -> Iterator[tuple[str, str]]:
    """Times in the page's mark-up: with `is_sure` those marked as times of publication, else the other `<time>` elements of the article."""
    if page.tree is None:
        return
    if is_sure:
        for element in page.properties.get("datePublished", ())[:5]:
            yield "page.datePublished", element.get("datetime") or element.get("content") or element.text_content()
        for name in ("published", "updated"):
            titled = _HATOM_TIMES(page.tree) if name in page.class_text else ()
            yield from ((f"page.{name}", element.get("title")) for element in titled if name in element.get("class", "").split())
    for element, names in _time_elements(page):
        is_named = element.get("pubdate") is not None or bool(_DATELINE_CLASSES.search(names))
        if is_named == is_sure:
            yield "page.time", element.get("datetime") or element.text_content()


def _time_elements(page: Page) -> Iterator[tuple[lxml.html.HtmlElement, str]]:
    """The first `<time>` elements of the article whose class and itemprop name no revision, each with its class and itemprop."""
    for element in islice(page.elements("time"), 20):
        names = element.get("class", "") + " " + element.get("itemprop", "")
        if not _REVISION_CLASSES.search(names) and _is_of_article(page, element):
            yield element, names


def _statements(page: Page, declared: Sequence[Dated], style: DateStyle) -> Iterator[Moment]:
    """The moments of `declared` and of the article's time elements."""
    yield from (other.moment for other in declared)
    for element, _ in _time_elements(page):
        moment = read_moment(element.get("datetime") or "", style)
        if moment:
            yield moment


def _is_of_article(page: Page, element: lxml.html.HtmlElement) -> bool:
    """Whether `element` belongs to the article, and not to a list of comments or of other articles."""
    return not any(
        place.tag in {"footer", "nav", "aside"} or visible_dates.is_beside_article(class_and_id(place))
        for place in surroundings(element, shared=page.heading_path)
    )


def _modified(page: Page, style: DateStyle) -> Iterator[Dated]:
    for article in page.articles:
        moment = read_moment(_text_of_date(article.get("dateModified")), style)
        if moment:
            yield Dated(moment, "jsonld.dateModified")
    for name in MODIFIED_META:
        for content in page.meta.get(name, ()):
            moment = read_moment(content, style)
            if moment:
                yield Dated(moment, f"meta.{name}")


def _is_believable(moment: Moment, at: datetime) -> bool:
    return EARLIEST <= moment.value <= at + CLOCK_SKEW


def _completes(moment: Moment, bare: Moment) -> bool:
    """Whether `moment` has a time of day and is within the day `bare` in some zone."""
    return moment.precision != "day" and timedelta(hours=-14) <= moment.value - bare.value < timedelta(hours=36)
