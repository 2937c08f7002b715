"""The page Today: the last 24 hours of the ledger, how long records take, the hottest stories, what is late and what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.core.models import Interval
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.operations.alerting.alerts import ALERT_STATES
from pipeline.operations.completeness import NOT_WANTED
from pipeline.operations.pages.drawings import Rectangle, stacked_bars
from pipeline.operations.pages.partitions import completeness_days, completeness_paths, newest_hours, paths_of_dates, paths_of_hours
from pipeline.operations.pages.pictures import picture_digests
from pipeline.publishing.lookup import Row
from pipeline.publishing.sql.database import open_tables, run_query
from pipeline.text.counts import counted

if TYPE_CHECKING:
    import duckdb

HOURS = 24
OUTCOMES = ("captured", "notModified", "duplicate", "rejected", "disallowed", "failed")
"""In the order in which bars stack them, from below."""
LATE_AFTER = timedelta(hours=2)
"""Time after the end of the newest hour from which it is late: news_ingest runs at the end of each hour, and a run takes minutes."""
HOTTEST = 6
"""Stories that the page shows."""
FAILURES = 12
"""Lines of failed requests that the page shows."""
COLUMNS = {
    "ledger": ("interval", "url", "sourceId", "kind", "outcome", "reason"),
    "extracted": ("publishedDateTime", "publishedPrecision", "capturedAt", "vanishedAt", "movedTo"),
    "completeness": ("day", "sourceId", "found", "expected", "isGap"),
}
"""The columns that the page reads of a table."""
DELAYS = ((15, "within 15 minutes"), (60, "within an hour"), (360, "within 6 hours"), (1440, "within a day"))
"""Upper ends of the shares of articles by minutes from publication to capture."""
CHART = (720.0, 140.0)
"""Width and height of the chart's view box."""


@dataclass(frozen=True, slots=True)
class HourOutcomes:
    """Pages of one hour by outcome; no `outcomes` in an hour without a ledger."""

    start: datetime
    outcomes: Mapping[str, int]

    @property
    def total(self) -> int:
        """All pages of the hour."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class DelayFigures:
    """Minutes from publication to capture over the articles of the last hours whose time of day is known."""

    articles: int
    median_minutes: float
    ninety_minutes: float
    """Nine of ten articles took at most this long."""
    shares: tuple[tuple[str, float], ...]
    """Words for each upper end of `DELAYS`, and the share of the articles up to it."""


@dataclass(frozen=True, slots=True)
class HotStory:
    """A record that stands for its story, with what a page shows of it."""

    published_date: date
    url: str
    title: str
    excerpt: str | None
    provider: str
    published_at: datetime
    heat: int
    quality: int
    topics: tuple[str, ...]
    story_id: str | None
    articles: int
    newsrooms: int
    is_published: bool
    picture: str | None
    """SHA-256 of the cached picture."""


@dataclass(frozen=True, slots=True)
class FailureCount:
    """Requests of a source that ended with the same outcome and reason."""

    source_id: str | None
    kind: str
    outcome: str
    reason: str | None
    requests: int


@dataclass(frozen=True, slots=True)
class TodayPage:
    """What the page Today shows; `hours` is empty for a lake without a ledger."""

    hours: tuple[HourOutcomes, ...]
    bars: tuple[Rectangle, ...]
    delays: DelayFigures | None
    hottest: tuple[HotStory, ...]
    late: tuple[str, ...]
    findings: tuple[str, ...]
    """The sentences of the standing findings."""
    failures: tuple[FailureCount, ...]
    more_failures: int


def read_today(lake: Lake, *, now: datetime) -> TodayPage:
    """Read the page from the newest `HOURS` hours, the two newest published dates, the newest day of completeness, and the alerts."""
    hours = newest_hours(lake, HOURS, now=now)
    dates = [day for day in lake.published_dates() if day <= now.date()][-2:]
    gap_day = completeness_days(lake)[-1:]
    paths = {
        "ledger": paths_of_hours(lake, "ledger", hours),
        "extracted": paths_of_hours(lake, "extracted", hours),
        "completeness": completeness_paths(gap_day),
        **paths_of_dates(lake, dates),
    }
    with open_tables(lake, paths, columns={**COLUMNS, **STORY_TABLES}) as connection:
        by_hour, failed = _seen(connection)
        gaps = rows_of(run_query(connection, "select sourceId, found, expected, day from lake.completeness where isGap order by sourceId"))
        delays, hottest = _delays(connection), hottest_rows(connection, limit=HOTTEST)
    counts, failures = _outcomes_by_hour(by_hour, hours), _failures(failed)
    return TodayPage(
        hours=counts,
        bars=tuple(stacked_bars([one.outcomes for one in counts], OUTCOMES, width=CHART[0], height=CHART[1])),
        delays=delays,
        hottest=hot_stories(lake, hottest),
        late=(*late_hours(counts, now=now), *(_gap_sentence(row) for row in gaps)),
        findings=standing_findings(lake),
        failures=failures[:FAILURES],
        more_failures=len(failures[FAILURES:]),
    )


def standing_findings(lake: Lake) -> tuple[str, ...]:
    """The sentences of the findings that the assessments of hours, days and dates found last and that operators are told of."""
    paths = [f"alerts/{name}" for name in lake.names("alerts") if name.endswith(".json")]
    states = [ALERT_STATES.from_json(lake.read_bytes(path), path=path) for path in paths]
    return tuple(sorted({finding.sentence for state in states for finding in state.standing if finding.is_ripe}))


def late_hours(hours: Sequence[HourOutcomes], *, now: datetime) -> tuple[str, ...]:
    """One sentence if the newest hour ended more than `LATE_AFTER` ago, and one if any of `hours` has no pages."""
    if not hours:
        return ()
    said = []
    over = now - (hours[-1].start + timedelta(hours=1))
    if over > LATE_AFTER:
        since = counted(int(over / timedelta(hours=1)), "hour") if over < timedelta(days=2) else counted(over.days, "day")
        said.append(
            f"The newest hour is {hours[-1].start:%Y-%m-%d %H}:00 UTC, which ended {since} ago: see whether news_ingest is paused or red."
        )
    if missing := [one for one in hours if not one.outcomes]:
        said.append(
            f"{counted(len(missing), 'hour')} of these {len(hours)} have no pages, the last at {missing[-1].start:%Y-%m-%d %H}:00 UTC."
        )
    return tuple(said)


def _gap_sentence(row: Row) -> str:
    return f"{row['sourceId']}: {counted(row['found'], 'page')} found on {row['day']}, about {row['expected']:.0f} expected."


def _seen(connection: duckdb.DuckDBPyConnection) -> tuple[list[Row], list[Row]]:
    """Pages by hour and outcome, and requests that failed by source, purpose, outcome and reason: both from one reading of the ledger."""
    query = f"""
        with seen as (
            select *, kind = 'page' and coalesce(reason, '') not in ({", ".join(f"'{reason}'" for reason in sorted(NOT_WANTED))}) as isPage,
                outcome in ('failed', 'disallowed') or (outcome = 'rejected' and kind <> 'page') as isFailure
            from lake.ledger
        )
        select interval, sourceId, kind, outcome, reason, grouping(interval) as isOfAllHours, count(distinct url) filter (isPage) as pages,
            count(*) filter (isFailure) as requests
        from seen where isPage or isFailure
        group by grouping sets ((interval, outcome), (sourceId, kind, outcome, reason))"""
    rows = rows_of(run_query(connection, query))
    by_hour = [row for row in rows if not row["isOfAllHours"] and row["pages"]]
    return by_hour, [row for row in rows if row["isOfAllHours"] and row["requests"]]


def _outcomes_by_hour(rows: Sequence[Row], hours: Sequence[Interval]) -> tuple[HourOutcomes, ...]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["interval"], {})[row["outcome"]] = row["pages"]
    return tuple(HourOutcomes(hour.start, found.get(hour.key, {})) for hour in hours)


def _delays(connection: duckdb.DuckDBPyConnection) -> DelayFigures | None:
    shares = ", ".join(f"avg((minutes <= {minutes})::int) as share{place}" for place, (minutes, _) in enumerate(DELAYS))
    query = f"""
        select count(*) as articles, median(minutes) as half, quantile_cont(minutes, 0.9) as ninety, {shares} from (
            select date_diff('second', publishedDateTime, capturedAt) / 60 as minutes from lake.extracted
            where publishedPrecision <> 'day' and vanishedAt is null and movedTo is null
        )"""
    (row,) = rows_of(run_query(connection, query))
    if not row["articles"]:
        return None
    return DelayFigures(
        articles=row["articles"],
        median_minutes=row["half"],
        ninety_minutes=row["ninety"],
        shares=tuple((words, row[f"share{place}"]) for place, (_, words) in enumerate(DELAYS)),
    )


def _failures(rows: Sequence[Row]) -> tuple[FailureCount, ...]:
    counts = [FailureCount(row["sourceId"], row["kind"], row["outcome"], row["reason"], row["requests"]) for row in rows]
    return tuple(sorted(counts, key=lambda one: (-one.requests, one.source_id or "", one.kind, one.outcome, one.reason or "")))


STORY_COLUMNS = """a.published_date, a.webUrl, a.title, a.excerpt, a.provider.name as providerName, a.publishedDateTime, a.heat, a.quality,
    a.topics, a.published, e.storyId, e.storySize, e.storyNewsrooms, e.captureFile, e.captureOffset"""
"""What `hot_stories` needs of `lake.articles a` and `lake.explain e`."""
STORY_TABLES = {
    "articles": (
        *("published_date", "webUrl", "title", "excerpt", "provider", "publishedDateTime", "heat", "quality", "topics", "published"),
    ),
    "explain": ("published_date", "webUrl", "storyId", "storySize", "storyNewsrooms", "captureFile", "captureOffset"),
}
"""The columns of these tables in `STORY_COLUMNS`."""


def hottest_rows(connection: duckdb.DuckDBPyConnection, *, limit: int) -> list[Row]:
    """The rows for `hot_stories` of the `limit` hottest records that stand for their story."""
    query = f"""
        select {STORY_COLUMNS} from lake.articles a join lake.explain e using (published_date, webUrl)
        where a.heat >= 0 order by a.heat desc, a.quality desc, a.publishedDateTime, webUrl limit {int(limit)}"""
    return rows_of(run_query(connection, query))


def hot_stories(lake: Lake, rows: Sequence[Row]) -> tuple[HotStory, ...]:
    """Stories of `rows` with the columns `STORY_COLUMNS`, with the digests of their pictures."""
    pictures = picture_digests(lake, rows)
    return tuple(_hot_story(row, pictures) for row in rows)


def _hot_story(row: Row, pictures: Mapping[tuple[str, int], str]) -> HotStory:
    return HotStory(
        published_date=row["published_date"],
        url=row["webUrl"],
        title=row["title"],
        excerpt=row["excerpt"],
        provider=row["providerName"],
        published_at=row["publishedDateTime"],
        heat=row["heat"],
        quality=row["quality"],
        topics=tuple(row["topics"]),
        story_id=row["storyId"],
        articles=row["storySize"],
        newsrooms=row["storyNewsrooms"],
        is_published=row["published"],
        picture=pictures.get((row["captureFile"], row["captureOffset"])),
    )
