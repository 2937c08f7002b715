"""All pages by their path: from a path and a query to an answer with its status, headers and body. Needs no web server.

Whoever serves an answer has checked who asks. An answer says what the reader may do with it: no script, style, picture, form or frame of
another origin.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

from pipeline.core.catalogue import Catalogue, load_catalogue
from pipeline.core.errors import ConfigError, PermanentError, PipelineError, SchemaError, TransientError
from pipeline.core.models import Interval, Origin
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.operations.backfill.plans import BackfillRequest
from pipeline.operations.pages import backfills, changes, coverage, hours, sources, stories, today, whys
from pipeline.operations.pages.pictures import read_picture
from pipeline.operations.pages.rendering import render
from pipeline.text.urls import without_credentials

log = logging.getLogger(__name__)

STATIC = {"style.css": "text/css; charset=utf-8", "frame.js": "text/javascript; charset=utf-8"}
STATIC_FOLDER = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
HTML = "text/html; charset=utf-8"
KEPT = "private, max-age=86400, immutable"
"""What a browser may do with a picture, whose address is the digest of its content."""
NAVIGATION = (("today", "Today"), ("sources", "Sources"), ("stories", "Stories"), ("coverage", "Coverage"), ("why", "Why"))
SOURCES_PER_PAGE = 50
LISTED_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What is sent to a browser."""

    status: int
    body: bytes
    content_type: str = HTML
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)


@dataclass(frozen=True, slots=True)
class SiteRequest:
    """What a browser asks for: the path below the mount `base`, its query, and who asks."""

    path: str
    query: Mapping[str, str]
    base: str
    now: datetime
    user: str = ""
    may_backfill: bool = False
    """Whether Airflow lets the user start a backfill; the form says so otherwise."""

    def word(self, name: str, allowed: tuple[str, ...] | Mapping[str, object]) -> str:
        """The value of a parameter where it is allowed, else the first allowed one."""
        value = self.query.get(name, "")
        return value if value in allowed else next(iter(allowed))

    @property
    def offset(self) -> int:
        """The number of rows before the first shown one."""
        text = self.query.get("from", "0")
        return int(text) if text.isdigit() and len(text) < 8 else 0

    def day(self, name: str) -> date | None:
        """The date in a parameter; None without one. Raises PermanentError for what is no date."""
        text = self.query.get(name, "")
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise PermanentError(f"{text!r} is not a date; write it as 2026-11-23") from error


def answer(settings: Settings, asked: SiteRequest) -> SiteAnswer:
    """The answer to a request; every failure is a page that says what is wrong and what to do."""
    section, _, rest = asked.path.strip("/").partition("/")
    if section in STATIC and not rest:
        return SiteAnswer(200, (STATIC_FOLDER / section).read_bytes(), STATIC[section])
    try:
        if section == "images":
            return _picture(settings, rest)
        return _page(settings, asked, section or "today", unquote(rest))
    except ConfigError as error:
        return failure(asked, 500, "The configuration is wrong", str(error))
    except (SchemaError, TransientError, FileNotFoundError) as error:
        log.warning("a page could not be read: %s", error)
        return failure(asked, 503, "The lake could not be read", str(error))
    except PipelineError as error:
        return failure(asked, 404, "Not found", str(error))
    except OverflowError:
        return failure(asked, 404, "Not found", "a day or hour in this address is too near to an end of the calendar")


def failure(asked: SiteRequest, status: int, title: str, reason: str) -> SiteAnswer:
    """A page that says why there is no other."""
    return SiteAnswer(status, render("failure", **_frame(asked, ""), title=title, reason=reason, status=status))


def _picture(settings: Settings, digest: str) -> SiteAnswer:
    found = read_picture(Lake(settings.lake), digest)
    if found is None:
        return SiteAnswer(404, b"no such picture", "text/plain; charset=utf-8")
    policy = {**HEADERS, "Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": KEPT}
    return SiteAnswer(200, found[0], found[1], policy)


def _page(settings: Settings, asked: SiteRequest, section: str, rest: str) -> SiteAnswer:
    maker = _MAKERS.get((section, bool(rest)))
    if maker is None:
        return failure(asked, 404, "Not found", f"there is no page {asked.path}")
    lake = Lake(settings.lake)
    if not lake.names(""):
        shown = without_credentials(settings.lake)
        return SiteAnswer(200, render("empty", **_frame(asked, section), title="No lake yet", lake=shown))
    template, values = maker(settings, asked, rest)
    return SiteAnswer(200, render(template, **_frame(asked, section), **values))


def _frame(asked: SiteRequest, section: str) -> dict[str, object]:
    """What every template needs."""
    return {
        "base": asked.base,
        "section": section,
        "navigation": NAVIGATION,
        "now": asked.now,
        "query": dict(asked.query),
        "user": asked.user,
    }


def _catalogue(settings: Settings) -> Catalogue:
    """The catalogue, read again only when one of its files has changed: YAML takes longer to read than a page."""
    files = sorted(Path(settings.config).glob("*.yaml"))
    return _read_catalogue(settings.config, tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files))


@lru_cache(maxsize=2)
def _read_catalogue(folder: str, _files: tuple[tuple[str, int, int], ...]) -> Catalogue:
    return load_catalogue(folder)


Made = tuple[str, dict[str, object]]
"""A template and its values."""


def _today(settings: Settings, asked: SiteRequest, _: str) -> Made:
    page = today.read_today(Lake(settings.lake), now=asked.now)
    return "today", {"title": "Today", "page": page, "kinds": today.OUTCOMES, "chart": today.CHART}


def _sources(settings: Settings, asked: SiteRequest, _: str) -> Made:
    sort, state = asked.word("sort", sources.SORTS), asked.word("state", sources.STATES)
    words = asked.query.get("words", "")
    page = sources.read_sources(Lake(settings.lake), _catalogue(settings), now=asked.now, sort=sort, words=words, state=state)
    shown = page.rows[asked.offset : asked.offset + SOURCES_PER_PAGE]
    values = {"sort": sort, "sorts": sources.SORTS, "state": state, "states": sources.STATES, "words": words, "spark": sources.SPARK}
    paging = _paging(asked.offset, SOURCES_PER_PAGE, len(page.rows))
    return "sources", {"title": "Sources", "page": page, "rows": shown, "paging": paging, **values}


def _source(settings: Settings, asked: SiteRequest, source_id: str) -> Made:
    source = _catalogue(settings).source(source_id)
    if source is None:
        raise PermanentError(f"the catalogue has no source with the id {source_id!r}")
    page = sources.read_source(Lake(settings.lake), source, now=asked.now, limit=LISTED_PER_PAGE, offset=asked.offset)
    paging = _paging(asked.offset, LISTED_PER_PAGE, page.total)
    return "source", {"title": source.name, "page": page, "paging": paging, "hours": sources.OUTCOME_HOURS, "spark": sources.SPARK}


def _stories(settings: Settings, asked: SiteRequest, _: str) -> Made:
    wanted = stories.StoryFilter(
        order=asked.word("sort", stories.ORDERS),
        topic=asked.query.get("topic", ""),
        words=asked.query.get("words", ""),
        published_only=asked.query.get("published") == "on",
        offset=asked.offset,
    )
    page = stories.read_stories(Lake(settings.lake), asked.day("day"), wanted)
    paging = _paging(asked.offset, wanted.limit, page.total)
    title = f"Stories of {page.day}" if page.day else "Stories"
    return "stories", {"title": title, "page": page, "wanted": wanted, "orders": tuple(stories.ORDERS), "paging": paging}


def _story(settings: Settings, asked: SiteRequest, story_id: str) -> Made:
    lake = Lake(settings.lake)
    day = asked.day("day") or next(iter(reversed(lake.published_dates())), asked.now.date())
    page = stories.read_story(lake, story_id.lower(), day)
    return "story", {"title": page.lead.row["title"], "page": page, "width": stories.TIMELINE_WIDTH}


def _record(settings: Settings, asked: SiteRequest, _: str) -> Made:
    page = stories.read_record(Lake(settings.lake), asked.query.get("url", ""), asked.day("day"))
    threshold = _catalogue(settings).scoring.published_heat
    return "record", {"title": page.record.article["title"], "page": page, "threshold": threshold}


def _coverage(settings: Settings, asked: SiteRequest, _: str) -> Made:
    spans = {str(span): span for span in coverage.SPANS}
    span, words, only_gaps = asked.word("days", spans), asked.query.get("words", ""), asked.query.get("gaps") == "on"
    catalogue = _catalogue(settings)
    lake = Lake(settings.lake)
    page = coverage.read_coverage(lake, catalogue, span=spans[span], words=words, only_gaps=only_gaps, offset=asked.offset)
    recent, more = backfills.recent_backfills(lake)
    paging = _paging(asked.offset, coverage.rows_shown(spans[span]), page.total)
    values = {"span": span, "spans": tuple(spans), "words": words, "only_gaps": only_gaps}
    return "coverage", {"title": "Coverage", "page": page, "paging": paging, "recent": recent, "more": more, **values}


def _backfill(settings: Settings, asked: SiteRequest, rest: str) -> Made:
    if rest != "backfill":
        raise PermanentError(f"there is no page {asked.path}")
    catalogue = _catalogue(settings)
    wish = backfill_wish(asked, catalogue)
    page = backfills.read_gap(settings, catalogue, wish.request, with_plan=asked.query.get("plan") == "on", now=asked.now)
    values = {"origins": get_args(Origin), "may_backfill": asked.may_backfill, "started": asked.query.get("started", "")}
    return "backfill", {"title": f"Backfill of {wish.source_id}", "page": page, "wish": wish, **values}


def _backfill_state(settings: Settings, _: SiteRequest, backfill_id: str) -> Made:
    return "filled", {"title": f"Backfill {backfill_id}", "state": backfills.read_backfill(Lake(settings.lake), backfill_id)}


def _changes(settings: Settings, asked: SiteRequest, _: str) -> Made:
    day = asked.day("day")
    if day is None:
        raise PermanentError("the page of changes needs a day: /changes?day=2026-11-23")
    wanted = changes.ChangeFilter(
        build=asked.query.get("build", ""),
        kind=asked.word("change", changes.KINDS),
        field=asked.query.get("field", ""),
        words=asked.query.get("words", ""),
        offset=asked.offset,
    )
    page = changes.read_changes(Lake(settings.lake), day, wanted)
    paging = _paging(asked.offset, wanted.limit, page.total)
    return "changes", {"title": f"Changes of {day}", "page": page, "wanted": wanted, "kinds": changes.KINDS, "paging": paging}


def _hour(settings: Settings, asked: SiteRequest, _: str) -> Made:
    text = asked.query.get("hour", "")
    try:
        hour = Interval.parse(text)
    except ValueError as error:
        raise PermanentError(f"{text!r} is not an hour; write it as 2026-11-23T14") from error
    page = hours.read_hour(Lake(settings.lake), hour, limit=LISTED_PER_PAGE, offset=asked.offset)
    paging = _paging(asked.offset, LISTED_PER_PAGE, page.total)
    return "hour", {"title": f"Hour {hour.start:%Y-%m-%d %H}:00", "page": page, "kinds": today.OUTCOMES, "paging": paging}


@dataclass(frozen=True, slots=True)
class BackfillWish:
    """A backfill as the form asks for it: one followed source, whole UTC days, origins in order."""

    source_id: str
    days: tuple[date, ...]
    origins: tuple[str, ...]
    refetch: bool

    @property
    def form(self) -> dict[str, object]:
        """The fields of the form of `news_backfill`."""
        days = {"first": self.days[0].isoformat(), "last": self.days[-1].isoformat()}
        return {**days, "sources": [self.source_id], "origins": list(self.origins) or None, "refetch": self.refetch}

    @property
    def request(self) -> BackfillRequest:
        """The request that `news_backfill` makes of the form."""
        return BackfillRequest(self.days[0], self.days[-1], (self.source_id,), self.origins, self.refetch)


def backfill_wish(asked: SiteRequest, catalogue: Catalogue) -> BackfillWish:
    """The wish in the request's parameters. Raises PermanentError for an unknown source or origin, and for days that are none."""
    source_id, first = asked.query.get("source", ""), asked.day("day")
    source = catalogue.source(source_id)
    if source is None or not source.enabled:
        raise PermanentError(f"{source_id!r} is not a followed source")
    if first is None:
        raise PermanentError("the form needs a day")
    origins = tuple(word for word in asked.query.get("origins", "").replace(",", " ").split() if word)
    if unknown := sorted(set(origins) - set(get_args(Origin))):
        raise PermanentError(f"{unknown[0]!r} is no origin; choose from {', '.join(get_args(Origin))}")
    try:
        days = backfills.days_between(first, asked.day("last") or first)
    except ValueError as error:
        raise PermanentError(str(error)) from error
    return BackfillWish(source_id, days, origins, asked.query.get("refetch") == "on")


def _why(settings: Settings, asked: SiteRequest, _: str) -> Made:
    span = asked.word("span", whys.SPANS)
    page = whys.read_why(settings, asked.query.get("url", "").strip(), span, now=asked.now)
    return "why", {"title": "Why", "page": page, "spans": whys.SPANS}


@dataclass(frozen=True, slots=True)
class Paging:
    """Where the shown rows lie among all: numbers from 1, and the offsets of the pages before and after (None: there is none)."""

    first: int
    last: int
    total: int
    before: int | None
    after: int | None

    @property
    def more(self) -> int:
        """Rows after the shown ones."""
        return self.total - self.last


def _paging(offset: int, size: int, total: int) -> Paging:
    last = min(offset + size, total)
    return Paging(min(offset + 1, total), last, total, max(0, offset - size) if offset else None, last if last < total else None)


_MAKERS: Mapping[tuple[str, bool], Callable[[Settings, SiteRequest, str], Made]] = {
    ("today", False): _today,
    ("sources", False): _sources,
    ("sources", True): _source,
    ("stories", False): _stories,
    ("stories", True): _story,
    ("record", False): _record,
    ("coverage", False): _coverage,
    ("coverage", True): _backfill,
    ("backfills", True): _backfill_state,
    ("changes", False): _changes,
    ("hours", False): _hour,
    ("why", False): _why,
}
