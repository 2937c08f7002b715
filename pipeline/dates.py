"""When an article was published and last changed, as its publisher says.

Pure: reads a `Page` and what its finder said, takes the time of the capture as an argument. A stated zone is kept (all values are UTC); how
much of the time was stated is the precision. A date after the capture is not believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

import htmldate
import htmldate.extractors
import lxml.etree
import lxml.html

from pipeline.models import Entry, Moment
from pipeline.moments import bare_day, find_moment, read_moment
from pipeline.pages import Page, holder
from pipeline.structured import PAGE_TYPES, VIDEO_TYPES, text_of, types_of

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
"""No news page is older than the news web."""
CLOCK_SKEW = timedelta(days=1)
"""How far after its capture a page may date itself: zones and servers' clocks."""

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

_FRONT = re.compile(r"[a-z]+://[^/?#]*/*(?:#.*)?$", re.IGNORECASE)
_IN_URL = re.compile(r"(?<!\d)((?:19|20)\d{2})([/_-]?)(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)")
_IN_SCRIPT = re.compile(
    r"""pub(?:li(?:sh|shed|cation)_?(?:date|at|time|on)?|_?date)["']?\s*[:=]\s*["']((?:19|20)\d\d-?\d\d-?\d\d[^"']{0,25})["']"""
)
"""In lower case: a pattern that begins with letters, and minds their case, is found ten times as fast."""
_NAME_START = re.compile(r"(?<!\w)(?:first|original|date)?_?$")
_REVISED = re.compile(
    r"updated?\b|aktualisiert|modified|geändert|bearbeitet|ergänzt|stand\s*:|mis à jour|modifié|actualizado|aggiornato|atualizado"
    r"|bijgewerkt|обновлено|revised|copyright|©|\(c\)",
    re.IGNORECASE,
)
_MAX_AFTER = 20
"""Texts behind the heading in which its date is looked for."""
_BEFORE_HEADING = lxml.etree.XPath("preceding::text()[string-length(normalize-space(.)) > 5][position() <= 6]")
_PUBLISHED = lxml.etree.XPath("//@itemprop[. = 'datePublished']/..")
_MIN_VISIBLE = 5
_PROSE = 120
_MAX_STATEMENTS = 12
_MAX_DATELINE = 120
"""Characters; a longer text around a date is prose, and the date one of the article's subject."""
_DATELINE_CLASSES = re.compile(
    r"publish|entry-date|post-date|article-date|date-published|pubdate|dateline|news-date|article__date|datum", re.IGNORECASE
)
_ELSEWHERE = re.compile(r"comment|related|recommend|sidebar|teaser|footer|popular|trending|latest|widget_|event", re.IGNORECASE)
_LISTED = re.compile(r"related|recommend|teaser|popular|trending|comment|ticker|most-?read", re.IGNORECASE)

_SHORT_YEAR = re.compile(r"(?<![\d.:])([0-3]?\d\.?\s+[^\W\d_]{3,12}\.?,?\s+)(\d\d)(?![\d.:])")
"""A year of two digits that stands behind a day and the name of a month."""
_BAR = re.compile(r"(?<=\d) \| (?=\d)")


class Dated(NamedTuple):
    """A moment, the name of the place it was taken from, and what others said that disagrees: (source, value)."""

    moment: Moment
    source: str
    others: tuple[tuple[str, str], ...] = ()


def published(page: Page, entry: Entry | None, *, at: datetime) -> Dated | None:
    """When the article was first published; None when neither page nor finder nor URL says so.

    The first that parses of: JSON-LD `datePublished`, `<meta>`, the feed, the URL, marked-up times, the line at the heading, the date
    nearest to the text, and last what htmldate finds; these two not on a site's front. A time that another of them states completes a bare
    date of the same day.
    """
    dated = _first_published(page, entry, at)
    if dated is None:
        return None
    declared = list(islice(_plainly_stated(page, entry), _MAX_STATEMENTS))
    moment = _in_local_time(dated.moment, declared, url_date(page.url))
    others = {other.source: _shown(other.moment) for other in reversed(declared) if not _agree(moment, other.moment)}
    return Dated(moment, dated.source, tuple(sorted(others.items())))


def _first_published(page: Page, entry: Entry | None, at: datetime) -> Dated | None:
    believed: list[Dated] = []
    for dated in _stated(page, entry):
        if not _is_believable(dated.moment, at):
            continue
        if dated.moment.precision != "day":
            # Midnight stands for a day in a zone nobody stated; a clock time of that day says more.
            return dated if not believed or _completes(dated.moment, believed[0].moment) else believed[0]
        believed.append(dated)
        if len(believed) > 1 and believed[-1].moment != believed[0].moment:
            break
    if believed or _FRONT.match(page.url):  # a date in the texts of a front is that of another page
        return believed[0] if believed else None
    return _beside_text(page, at) or _searched(page, at)


def modified(page: Page, entry: Entry | None, *, at: datetime) -> Dated | None:
    """When the article was last changed; None when nothing says so."""
    for dated in _modified(page):
        if _is_believable(dated.moment, at):
            return dated
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


def _in_local_time(moment: Moment, declared: Sequence[Dated], in_url: Moment | None) -> Moment:
    """`moment` with the day in the publisher's calendar, where it was stated in UTC and the page tells that day elsewhere.

    That is the day in its URL, or that of a clock time which is the same instant in another zone: zones differ from UTC by quarters
    of an hour. On the shared pages these two and stated offsets raise the share of right days from 0.897 to 0.910.
    """
    if moment.precision == "day" or moment.local_day is not None:
        return moment
    days = [in_url.value] if in_url else []
    if moment.precision == "second" and moment.value.second:
        days += [
            other.moment.value
            for other in declared
            if other.moment.precision == "second"
            and other.moment.local_day is None
            and not (other.moment.value - moment.value) % timedelta(minutes=15)
        ]
    for day in days:
        if day.date() != moment.value.date() and _has_zone(moment.value, day.date()):
            return replace(moment, local_day=day.date())
    return moment


def _has_zone(value: datetime, day: date) -> bool:
    """Whether it is `day` at the instant `value` somewhere between 11 hours west and 13 hours east of Greenwich."""
    return (value - timedelta(hours=11)).date() <= day <= (value + timedelta(hours=13)).date()


def _agree(moment: Moment, other: Moment) -> bool:
    """Whether both name one day, in UTC or where the publisher is."""
    days = {moment.value.date(), moment.local_day}
    return other.value.date() in days or other.local_day in days - {None}


def _shown(moment: Moment) -> str:
    return moment.value.strftime("%Y-%m-%d" if moment.precision == "day" else "%Y-%m-%dT%H:%M:%SZ")


def _plainly_stated(page: Page, entry: Entry | None) -> Iterator[Dated]:
    """The publication dates that head, finder and URL state, the most trusted first."""
    day_first = not page.language_tag.lower().startswith(("en-us", "en_us"))
    for source, text in _declared(page):
        moment = read_moment(text, day_first=day_first)
        if moment:
            yield Dated(moment, source)
    if entry and entry.published:
        yield Dated(entry.published, "feed.published")
    in_url = url_date(page.url)
    if in_url:
        yield Dated(in_url, "url")


def _stated(page: Page, entry: Entry | None) -> Iterator[Dated]:
    """Every publication date that somebody states, the most trusted first."""
    yield from _plainly_stated(page, entry)
    day_first = not page.language_tag.lower().startswith(("en-us", "en_us"))
    for source, text in _marked_up(page, is_sure=True):
        moment = read_moment(text, day_first=day_first)
        if moment:
            yield Dated(moment, source)
    found = _in_scripts(page) or _dateline(page, day_first=day_first)
    if found:
        yield found
    for name in WEAK_META:
        for content in page.meta.get(name, ()):
            moment = read_moment(content, day_first=day_first)
            if moment:
                yield Dated(moment, f"meta.{name}")
    for source, text in _marked_up(page, is_sure=False):
        moment = read_moment(text, day_first=day_first)
        if moment:
            yield Dated(moment, source)


def _in_scripts(page: Page) -> Dated | None:
    """What the page's own scripts call its time of publication, where all of them that do name one day."""
    found: list[Moment] = []
    for script in page.tree.iter("script") if page.tree is not None else ():
        for text in islice(_publication_times(script.text or ""), 4):
            moment = read_moment(text)
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
            yield f"jsonld.{key}", text_of(article.get(key))
    for name in PUBLISHED_META:
        for content in page.meta.get(name, ()):
            yield f"meta.{name}", content
    for thing in page.things:
        if types_of(thing) & (PAGE_TYPES | VIDEO_TYPES):
            yield "jsonld.datePublished", text_of(thing.get("datePublished")) or text_of(thing.get("uploadDate"))


def _marked_up(page: Page, *, is_sure: bool) -> Iterator[tuple[str, str]]:
    """Times in the page's mark-up: surely those of publication, or any `<time>` of the article."""
    if page.tree is None:
        return
    if is_sure:
        for element in _PUBLISHED(page.tree)[:5]:
            yield "page.datePublished", element.get("datetime") or element.get("content") or element.text_content()
    for element in islice(page.tree.iter("time"), 20):
        text = element.get("datetime") or element.text_content()
        names = element.get("class", "") + " " + element.get("itemprop", "")
        is_named = element.get("pubdate") is not None or bool(_DATELINE_CLASSES.search(names))
        if is_named == is_sure and not re.search(r"updated|modified", names, re.IGNORECASE) and _is_of_article(element):
            yield "page.time", text


def _dateline(page: Page, *, day_first: bool) -> Dated | None:
    """The first date that stands alone after the page's heading, or else just before it; that of a revision is passed over."""
    heading = page.tree.find(".//h1") if page.tree is not None else None
    if heading is None:
        return None
    for text, place in _texts_around(heading):
        if not any(map(str.isdigit, text)) or len(text) > 4 * _MAX_DATELINE:
            continue
        line = " ".join(text.split())
        if (
            len(line) <= _MAX_DATELINE
            and not _REVISED.search(line)
            and place.tag not in {"script", "style", "noscript", "option", "a"}
            and not _is_listed(place)
        ):
            moment = find_moment(line, day_first=day_first)
            if moment:
                return Dated(moment, "page.dateline")
    return None


def _texts_around(heading: lxml.html.HtmlElement) -> Iterator[tuple[str, lxml.html.HtmlElement]]:
    """The first texts behind the heading, then the last before it, the nearest first, each with its place; the shortest are passed over."""
    yield from islice((found for found in _texts_after(heading) if len(" ".join(found[0].split())) > _MIN_VISIBLE), _MAX_AFTER)
    yield from ((text, text.getparent()) for text in reversed(_BEFORE_HEADING(heading)))


def _texts_after(element: lxml.html.HtmlElement) -> Iterator[tuple[str, lxml.html.HtmlElement]]:
    """The texts behind `element` in document order, each with the element that it is in, or right behind, as lxml has it."""
    while element is not None:
        if element.tail:
            yield element.tail, element
        for following in element.itersiblings():
            for event, place in lxml.etree.iterwalk(following, events=("start", "end")):
                text = place.text if event == "start" else place.tail
                if text:
                    yield text, place
        element = element.getparent()


def _is_listed(element: lxml.html.HtmlElement) -> bool:
    """Whether `element` or one close above it says that it shows another article."""
    for _ in range(5):
        if element is None or element.tag in {"body", "main", "article"}:
            return False
        if _LISTED.search(element.get("class", "")):
            return True
        element = element.getparent()
    return False


def _is_of_article(element: lxml.html.HtmlElement) -> bool:
    """Whether `element` stands in no list of comments or of other articles."""
    for _ in range(12):
        if element is None or element.tag in {"body", "main"}:
            return True
        if element.tag in {"footer", "nav", "aside"} or _ELSEWHERE.search(element.get("class", "") + " " + element.get("id", "")):
            return False
        element = element.getparent()
    return True


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


def _beside_text(page: Page, at: datetime) -> Dated | None:
    """The date on a line of its own that stands nearest to the page's first long text; one in a link or a longer line counts as further."""
    if page.tree is None:
        return None
    nodes = [node for node in page.texts if len(" ".join(node.split())) > _MIN_VISIBLE and _is_visible(node)]
    start = next(
        (
            number
            for number, node in enumerate(nodes)
            if len(node) >= _PROSE and len(node.strip()) >= _PROSE and node.getparent().tag != "a"
        ),
        0,
    )
    best: tuple[int, Moment] | None = None
    for number, node in enumerate(nodes):
        if ("20" not in node and "19" not in node) or len(node) > 4 * _MAX_DATELINE:
            continue
        line = " ".join(node.split())
        if len(line) > _MAX_DATELINE or _REVISED.search(line):
            continue
        distance = abs(number - start) + (20 if len(line) > _MAX_DATELINE // 2 or node.getparent().tag == "a" else 0)
        if best is None or distance < best[0]:
            moment = find_moment(line)
            if moment and _is_believable(moment, at):
                best = distance, moment
    return Dated(best[1], "page.text") if best else None


def _is_visible(text: Any) -> bool:
    return holder(text).tag not in {"noscript", "option"}


def _searched(page: Page, at: datetime) -> Dated | None:
    if page.tree is None:
        return None
    latest = (at + CLOCK_SKEW).strftime("%Y-%m-%d")
    parser = htmldate.extractors.get_external_parser
    htmldate.extractors.get_external_parser = _DateReader  # type: ignore[assignment]
    try:
        found = htmldate.find_date(page.tree, original_date=True, extensive_search=True, max_date=latest, url=page.url)
    except Exception:  # noqa: BLE001  it meets every malformed tree of the web
        return None
    finally:
        htmldate.extractors.get_external_parser = parser
    # The first of January is what it makes of a bare year, mostly that of the copyright.
    moment = read_moment(found) if found and not found.endswith("-01-01") else None
    return Dated(moment, "htmldate") if moment else None


class _DateReader:
    """Reads the dates that htmldate cannot, in the place of dateparser, which takes two seconds of each process to load its languages."""

    def get_date_data(self, text: str) -> dict[str, datetime | None]:
        moment = read_moment(_SHORT_YEAR.sub(r"\g<1>20\2", _BAR.sub(".", text)))
        return {"date_obj": moment.value.replace(tzinfo=None) if moment else None}


def _is_believable(moment: Moment, at: datetime) -> bool:
    return EARLIEST <= moment.value <= at + CLOCK_SKEW


def _completes(moment: Moment, bare: Moment) -> bool:
    """Whether `moment` tells the time of the day that `bare` names, in whatever zone that day was meant."""
    return moment.precision != "day" and timedelta(hours=-14) <= moment.value - bare.value < timedelta(hours=36)
