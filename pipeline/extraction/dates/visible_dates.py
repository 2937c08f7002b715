"""Finds dates in the visible text of a page: on the line at its heading, beside its text, and by htmldate.

Pure: reads a `Page` and does not change it. Dates in the page's head and mark-up are read by `publication_dates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from itertools import islice, pairwise
from typing import Any

import htmldate
import htmldate.core
import htmldate.extractors
import lxml.etree
import lxml.html
from htmldate.validators import plausible_year_filter

from pipeline.core.models import Moment
from pipeline.core.out_of_memory import is_out_of_memory
from pipeline.extraction.html import furniture
from pipeline.extraction.html.furniture import surroundings
from pipeline.extraction.pages import Page, containing_element, shown_text
from pipeline.text.dates.parsing import DateStyle, find_moment, names_a_month, read_moment
from pipeline.text.phrases import phrase_pattern
from pipeline.text.plain_text import letters_only, squeeze

_phrases = partial(phrase_pattern, "pipeline.extraction")
_REVISED = "%(revised)s"
_EDITED = "%(edited)s"
"""The phrases by which wikis name the day of a page's last change; they name no day of publication."""
_PUBLISHED = r"(?:%(published)s)\b"
_NEARBY = 10
"""Texts after the heading that are searched before those in front of it; 6 to 14 gave the same days on the shared pages."""
_MAX_AFTER = 20
"""Texts after the heading in which its date is searched. A plain choice."""
_MAX_BEFORE = 6
"""Texts before the heading in which its date is looked for."""
_XML_SPACE = re.compile(r"[ \t\r\n]+")
_DATELINE_OPENING = re.compile(r"^(?:[^\W\d_][\w.\-/ ]{0,30}[,:]\s*)?\((?=[^()]*\d)[^()]{6,25}\)")
"""The opening of a press release: `Berlin, (12.11.2021). ...`"""
_MAX_PROSES = 5
"""Paragraphs whose beginning is searched for a dateline, because the first may be a teaser. A plain choice."""
_MIN_VISIBLE = 5
"""Characters up to which texts are separators and icons."""
_PROSE = 120
"""Characters from which a text is a paragraph."""
_MAX_DATELINE = 120
"""Characters of the longest line with the date of the article; a date in a longer text belongs to the article's subject."""
_MIN_TITLE = 12
"""Characters of the shortest title that is searched in a list; a shorter one can be a section's name."""
_MAX_LISTED_DATE = 30
"""Characters of the longest line that is a date and little else."""
is_beside_article = furniture.names_of(furniture.COMMENTS, furniture.OTHER_ARTICLES, furniture.MARGINS, furniture.TEASERS, match="anywhere")
"""Whether a class and id name a part of the page beside the article, which has dates of its own."""
_FULL_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_SHORTEST_DATE = 6
"""Characters of the shortest date of numbers for which htmldate has a pattern (`1/2/24`)."""
_DATE_RUN = re.compile(rf"[\d/.\-]{{{_SHORTEST_DATE},}}")
_WITH_WORDS = frozenset({htmldate.core.COPYRIGHT_PATTERN, htmldate.core.SIMPLE_PATTERN})
"""htmldate's patterns for years after a copyright sign and for single years."""
_BAR_IN_DATE = re.compile(r"(?<=\d) \| (?=\d)")


def at_heading(page: Page, style: DateStyle, *, is_named: bool = False) -> Moment | None:
    """The date on the first short line after the page's heading, else just before it; lines about a revision are skipped.

    With `is_named` only lines count that begin with a word for "published".
    """
    heading = page.heading
    if heading is None or heading.tag != "h1" or not shown_text(heading).strip():
        heading = next((one for one in page.elements("h1") if shown_text(one).strip()), None)
    if heading is None:
        return None
    for text, place in _texts_around(heading):
        if not any(map(str.isdigit, text)) or len(text) > 4 * _MAX_DATELINE:
            continue
        line = _before_revision(" ".join(text.split()))
        if (
            len(line) <= _MAX_DATELINE
            and not _phrases(_REVISED).search(line)
            and place.tag not in {"script", "style", "noscript", "option", "a"}
            and (_phrases(_PUBLISHED).match(line) or not is_named)
            and not _is_listed(page, place)
        ):
            moment = find_moment(line, style)
            if moment:
                return moment
    return None


def _before_revision(line: str) -> str:
    """The part of a line before a revision with a time of its own: `January 19, 2020 / 12:25 PM / Updated 8 hours ago`."""
    revised = _phrases(_REVISED).search(line)
    before, behind = (line[: revised.start()], line[revised.end() :]) if revised else (line, "")
    return before if any(map(str.isdigit, before)) and any(map(str.isdigit, behind)) else line


def _texts_around(heading: lxml.html.HtmlElement) -> Iterator[tuple[str, lxml.html.HtmlElement]]:
    """The texts nearest to the heading, each with its element: ten after it, six before it, then ten more after it."""
    after = islice((found for found in _texts_after(heading) if len(" ".join(found[0].split())) > _MIN_VISIBLE), _MAX_AFTER)
    yield from islice(after, _NEARBY)
    before = (found for found in _texts_before(heading) if len(_XML_SPACE.sub(" ", found[0]).strip(" ")) > _MIN_VISIBLE)
    yield from islice(before, _MAX_BEFORE)
    yield from after


def _texts_after(element: lxml.html.HtmlElement) -> Iterator[tuple[str, lxml.html.HtmlElement]]:
    """The texts after `element` in document order, each with the element whose `text` or `tail` it is in lxml."""
    while element is not None:
        if element.tail:
            yield element.tail, element
        for following in element.itersiblings():
            for event, place in lxml.etree.iterwalk(following, events=("start", "end")):
                text = place.text if event == "start" else place.tail
                if text:
                    yield text, place
        element = element.getparent()


def _texts_before(element: lxml.html.HtmlElement) -> Iterator[tuple[str, lxml.html.HtmlElement]]:
    """The texts before `element`, the nearest first, each with the element whose `text` or `tail` it is in lxml."""
    while element is not None:
        for before in element.itersiblings(preceding=True):
            yield from _texts_backwards(before)
        element = element.getparent()
        if element is not None and element.text:
            yield element.text, element


def _texts_backwards(element: lxml.html.HtmlElement) -> Iterator[tuple[str, lxml.html.HtmlElement]]:
    """The texts of `element` and the one behind it, the last first."""
    places = [(element, False)]
    while places:
        place, is_entered = places.pop()
        text = place.text if is_entered else place.tail
        if text:
            yield text, place
        if not is_entered:
            places.append((place, True))
            places += [(child, False) for child in place]


def _is_listed(page: Page, element: lxml.html.HtmlElement) -> bool:
    """Whether a class around `element` names a list of comments or of other articles; ids such as `comments-date` name an article's own."""
    return any(is_beside_article(place.get("class", "")) for place in surroundings(element, shared=page.heading_path))


def beside_text(page: Page, style: DateStyle, *, earliest: datetime, latest: datetime) -> Moment | None:
    """The date of the page's own entry in a list of articles, else of a press release's opening, else on the nearest line to the text.

    The nearest line is the short one with the fewest texts between it and the first paragraph; links and lines over 60 characters count
    as 20 texts further away. Only dates from `earliest` to `latest` count.
    """
    if page.tree is None:
        return None
    nodes = [node for node in page.texts if len(node) > _MIN_VISIBLE and _is_visible(node) and len(" ".join(node.split())) > _MIN_VISIBLE]
    lines = [squeeze(node) for node in nodes]
    in_list = _behind_title(page, lines, style)
    if in_list is not None and earliest <= in_list.value <= latest:
        return in_list
    proses = [number for number, node in enumerate(nodes) if len(node) >= _PROSE and _is_prose(node)]
    for number in proses[:_MAX_PROSES]:
        opening = _DATELINE_OPENING.match(nodes[number].lstrip())
        moment = find_moment(opening[0], style) if opening else None
        if moment and earliest <= moment.value <= latest:
            return moment
    start = proses[0] if proses else 0
    best: tuple[int, Moment] | None = None
    for number, node in enumerate(nodes):
        if ("20" not in node and "19" not in node) or len(node) > 4 * _MAX_DATELINE:
            continue
        line = lines[number]
        if len(line) > _MAX_DATELINE or _phrases(_REVISED).search(line) or (number and _is_label_of_revision(lines[number - 1])):
            continue
        distance = abs(number - start) + (20 if len(line) > _MAX_DATELINE // 2 or node.getparent().tag == "a" else 0)
        if best is None or distance < best[0]:
            moment = find_moment(line, style)
            if moment and earliest <= moment.value <= latest:
                best = distance, moment
    return best[1] if best else None


def _behind_title(page: Page, lines: list[str], style: DateStyle) -> Moment | None:
    """The date right after the page's title, as in a list of the site's articles that contains the page's own."""
    heading = "" if page.heading is None else shown_text(page.heading)
    titles = {letters_only(title) for title in (heading, *page.meta.get("og:title", ()))}
    for title, line in pairwise(lines):
        if len(title) >= _MIN_TITLE and len(line) <= _MAX_LISTED_DATE and letters_only(title) in titles and any(map(str.isdigit, line)):
            moment = find_moment(line, style)
            if moment:
                return moment
    return None


def _is_label_of_revision(line: str) -> bool:
    return len(line) <= _MAX_DATELINE and line.endswith(":") and _phrases(_REVISED).search(line) is not None


def _is_prose(node: Any) -> bool:
    return len(node.strip()) >= _PROSE and node.getparent().tag != "a"


def _is_visible(text: Any) -> bool:
    return containing_element(text).tag not in {"noscript", "option", "script", "style"}


def found_by_htmldate(page: Page, style: DateStyle, *, latest: datetime) -> Moment | None:
    """The date, at most `latest`, that htmldate finds anywhere on the page; None for the day of a last edit and for 1 January."""
    if page.tree is None:
        return None
    try:
        with _faster_htmldate(style):
            found = htmldate.find_date(
                page.tree, original_date=True, extensive_search=True, max_date=latest.strftime("%Y-%m-%d"), url=page.url
            )
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return None  # htmldate raises errors of many kinds on malformed trees
    # htmldate reads a year alone, mostly that of the copyright, as 1 January.
    moment = read_moment(found) if found and not found.endswith("-01-01") else None
    return None if moment is None or _is_of_edit(page, moment, style) else moment


def _is_of_edit(page: Page, moment: Moment, style: DateStyle) -> bool:
    """Whether the page says that `moment` is the day of its last change, on the line that says so or on the next."""
    lines = (" ".join(text.split()) for text in page.texts if len(text) <= 2 * _MAX_DATELINE)
    named = (f"{line} {following}" for line, following in pairwise((*lines, "")) if _phrases(_EDITED).search(line))
    return any(edited.value.date() == moment.value.date() for edited in (find_moment(line, style) for line in named) if edited)


@contextmanager
def _faster_htmldate(style: DateStyle) -> Iterator[None]:
    """Make htmldate read unusual dates by `read_moment` instead of dateparser, which takes two seconds to load.

    Its patterns for dates of numbers search only the numbers of the page, which finds the same and takes a third of the time.
    """
    ours = {
        (htmldate.extractors, "get_external_parser"): partial(_DateReader, style),
        (htmldate.extractors, "has_date_cue"): partial(_has_date_cue, style),
        (htmldate.core, "plausible_year_filter"): partial(_plausible_years, plausible_year_filter),
    }
    theirs = {(module, name): getattr(module, name) for module, name in ours}
    try:
        for (module, name), function in ours.items():
            setattr(module, name, function)
        yield
    finally:
        for (module, name), function in theirs.items():
            setattr(module, name, function)


def _plausible_years(count_years: Callable[..., Any], page: str, *, pattern: re.Pattern[str], **bounds: Any) -> Any:
    """What htmldate's `count_years` counts in the source of a page; patterns that read words as well search all of it."""
    return count_years(page if pattern in _WITH_WORDS else numbers_of(page), pattern=pattern, **bounds)


@lru_cache(maxsize=1)
def numbers_of(page: str) -> str:
    """Every run of at least `_SHORTEST_DATE` digits, slashes, dots and hyphens in `page`, with the character on each side of it."""
    parts: list[str] = []
    end = 0
    for run in _DATE_RUN.finditer(page):
        parts.append(page[max(end, run.start() - 1) : run.end() + 1])
        end = run.end() + 1
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _DateReader:
    """Takes the place of dateparser's `DateDataParser` in htmldate."""

    style: DateStyle

    def get_date_data(self, text: str) -> dict[str, datetime | None]:
        moment = read_moment(_BAR_IN_DATE.sub(".", text), self.style)
        return {"date_obj": moment.value.replace(tzinfo=None) if moment else None}


def _has_date_cue(style: DateStyle, text: str, earliest: datetime, latest: datetime) -> bool:
    year = _FULL_YEAR.search(text)
    if year:
        return earliest.year <= int(year[0]) <= latest.year
    return names_a_month(text, style)
