"""The page Sources: each source with its polls, rhythm, yield, fields and health; and one source with its feeds and outcomes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.models import Part
from pipeline.discovery.health.findings import BLOCK_STATUSES, feed_findings
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import FeedState
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.operations.pages.drawings import line
from pipeline.operations.pages.partitions import completeness_days, completeness_paths, newest_hours, paths_of_hours
from pipeline.publishing.lookup import Row
from pipeline.publishing.sql.database import open_tables, run_query

if TYPE_CHECKING:
    import duckdb

RHYTHM_DAYS = 28
"""Days that the line of a source's pages shows."""
YIELD_DAYS = 7
"""Days over which found and published pages are added up."""
FIELD_HOURS = 24
"""Hours whose articles say which fields a source's pages have."""
OUTCOME_HOURS = 24
"""Hours whose outcomes the page of one source lists."""
STATE_HOURS = 3
"""Newest hours whose manifests are read for the state of the feeds: the newest one may be under way, and a late one stand before it."""
SPARK = (112.0, 24.0)
"""Width and height of the view box of a source's line."""
FIELDS = ("authors", "picture", "time", "language")
SORTS = ("health", "name", "last", "found", "yield", "fields")
STATES = ("all", "problem", "ok")


@dataclass(frozen=True, slots=True)
class FieldShares:
    """The share of a source's articles of the last `FIELD_HOURS` hours that have each field of `FIELDS`."""

    articles: int
    shares: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean of all shares."""
        return sum(self.shares) / len(self.shares)

    @property
    def weakest(self) -> tuple[str, float]:
        """The field that is missing most often, and its share."""
        return min(zip(FIELDS, self.shares, strict=True), key=lambda field: field[1])


@dataclass(frozen=True, slots=True)
class FollowedSource:
    """A row of the page: a source of the catalogue with what the newest manifests and completeness tables say of it."""

    source: Source
    last_poll: datetime | None
    next_poll: datetime | None
    days: tuple[tuple[date, int], ...]
    """Pages found on each of the last `RHYTHM_DAYS` days that have a row."""
    found: int
    """Pages found in the last `YIELD_DAYS` days."""
    published: int
    blocked: int
    """Number of feeds that the server or robots.txt refuses to give us."""
    fields: FieldShares | None
    problems: tuple[str, ...]
    since: date | None
    """The first day of the unbroken run up to the newest day in which it was silent or no poll succeeded."""

    @property
    def spark(self) -> str:
        """Points of the line through `days`."""
        return line([float(found) for _, found in self.days], width=SPARK[0], height=SPARK[1])

    @property
    def yield_share(self) -> float | None:
        """The share of the found pages that became records; None when none was found."""
        return self.published / self.found if self.found else None


@dataclass(frozen=True, slots=True)
class SourcesPage:
    """What the page Sources shows: the wanted rows in order, and how many sources there are and have a problem."""

    rows: tuple[FollowedSource, ...]
    followed: int
    with_problem: int


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """Requests with the same purpose, outcome and reason."""

    kind: str
    outcome: str
    reason: str | None
    requests: int


@dataclass(frozen=True, slots=True)
class SourcePage:
    """What the page of one source shows; `listed` are rows of the ledger, the newest first, from `offset` on."""

    row: FollowedSource
    feeds: tuple[FeedState, ...]
    outcomes: tuple[OutcomeCount, ...]
    listed: tuple[Row, ...]
    total: int
    dropped: tuple[Row, ...]
    """Rows of `completeness`, the newest first."""


def read_sources(lake: Lake, catalogue: Catalogue, *, now: datetime, sort: str, words: str, state: str) -> SourcesPage:
    """Read the page: sources whose id or name has `words`, in the order `sort` (of `SORTS`), filtered by `state` (of `STATES`)."""
    followed = catalogue.enabled_sources
    with open_tables(lake, _paths(lake, now=now), columns={"extracted": _FIELD_COLUMNS, "completeness": _DAY_COLUMNS}) as connection:
        history = _by_source(run_rows(connection, _HISTORY))
        fields = run_rows(connection, _FIELDS.format(condition="sourceId is not null"))
    rows = _followed(followed, feed_states(lake, {source.id for source in followed}, now=now), history, fields, now=now)
    kept = [row for row in rows if words.casefold() in f"{row.source.id} {row.source.name}".casefold()]
    kept = [row for row in kept if state == "all" or bool(row.problems) == (state == "problem")]
    kept.sort(key=lambda row: (_rank(row, sort), row.source.id))
    return SourcesPage(tuple(kept), followed=len(rows), with_problem=sum(1 for row in rows if row.problems))


def _rank(row: FollowedSource, sort: str) -> float:
    """What a sort puts first: problems, the oldest poll, the fewest pages, the lowest yield, the emptiest fields."""
    if sort == "health":
        return -len(row.problems)
    if sort == "last":
        return row.last_poll.timestamp() if row.last_poll else 0.0
    if sort == "found":
        return row.found
    if sort == "yield":
        return row.yield_share if row.yield_share is not None else -1.0
    if sort == "fields":
        return row.fields.mean if row.fields else 2.0
    return 0.0


def _followed(
    sources: Sequence[Source],
    states: Sequence[FeedState],
    history: Mapping[str, Sequence[Row]],
    fields: Iterable[Row],
    *,
    now: datetime,
) -> list[FollowedSource]:
    """A row for each source from the states of the feeds, the days in `completeness` by source id, and the rows of `_FIELDS`."""
    problems: dict[str, list[str]] = {}
    for finding in feed_findings(states, now=now):
        problems.setdefault(finding.source_id, []).append(finding.text)
    of_source, shares = _by_source_id(states), {row["sourceId"]: row for row in fields}
    return [
        _row(
            source,
            of_source.get(source.id, []),
            history.get(source.id, []),
            shares.get(source.id),
            tuple(problems.get(source.id, ())),
        )
        for source in sources
    ]


def _by_source_id(states: Iterable[FeedState]) -> dict[str, list[FeedState]]:
    found: dict[str, list[FeedState]] = {}
    for state in states:
        found.setdefault(state.source_id, []).append(state)
    return found


def _paths(lake: Lake, *, now: datetime) -> dict[str, list[str]]:
    """The files that say what sources brought: the articles of the last hours, the completeness of the last days."""
    return {
        "extracted": paths_of_hours(lake, "extracted", newest_hours(lake, FIELD_HOURS, now=now)),
        "completeness": completeness_paths(completeness_days(lake)[-RHYTHM_DAYS:]),
    }


def run_rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
    """The rows of a query."""
    return rows_of(run_query(connection, query, parameters=parameters))


_FIELDS = """
    select sourceId, count(*) as articles, avg((len(authors) > 0)::int) as authors, avg((len(images) > 0)::int) as picture,
        avg((publishedPrecision <> 'day')::int) as time, avg((language is not null)::int) as language
    from lake.extracted where vanishedAt is null and movedTo is null and {condition} group by sourceId"""
_FIELD_COLUMNS = ("sourceId", "authors", "images", "publishedPrecision", "language", "vanishedAt", "movedTo")
_DAY_COLUMNS = ("sourceId", "day", "found", "published", "polls", "failedPolls", "isGap")
_LEDGER_COLUMNS = ("interval", "kind", "outcome", "reason", "url", "status", "at", "sourceId")
_HISTORY = f"select {', '.join(_DAY_COLUMNS)} from lake.completeness order by day"


def _by_source(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["sourceId"], []).append(row)
    return found


def _row(source: Source, states: Sequence[FeedState], days: Sequence[Row], fields: Row | None, problems: tuple[str, ...]) -> FollowedSource:
    silent = silent_since(days)
    said = [f"far fewer pages than it usually brings since {silent}"] if silent is not None else []
    asked = [state.schedule.asked for state in states if state.schedule.asked is not None]
    due = [state.schedule.next_poll for state in states if state.schedule.next_poll is not None]
    recent = days[-YIELD_DAYS:]
    return FollowedSource(
        source=source,
        last_poll=max(asked, default=None),
        next_poll=min(due, default=None),
        days=tuple((row["day"], row["found"]) for row in days),
        found=sum(row["found"] for row in recent),
        published=sum(row["published"] for row in recent),
        blocked=sum(1 for state in states if state.status in BLOCK_STATUSES or state.verdict == "disallowed"),
        fields=FieldShares(fields["articles"], tuple(fields[name] or 0.0 for name in FIELDS)) if fields else None,
        problems=(*problems, *said),
        since=silent or _unread_since(days),
    )


def silent_since(days: Sequence[Row]) -> date | None:
    """The first day of the unbroken run of gaps that ends with the newest day; None when the newest day is no gap."""
    return _first_of_the_last(days, [bool(row["isGap"]) for row in days])


def _unread_since(days: Sequence[Row]) -> date | None:
    return _first_of_the_last(days, [row["failedPolls"] > 0 and row["polls"] == 0 for row in days])


def _first_of_the_last(days: Sequence[Row], holds: Sequence[bool]) -> date | None:
    first: date | None = None
    for row, is_so in zip(reversed(days), reversed(holds), strict=True):
        if not is_so:
            break
        first = row["day"]
    return first


def feed_states(lake: Lake, source_ids: Collection[str], *, now: datetime) -> tuple[FeedState, ...]:
    """The newest state of each feed, by source and URL, from the newest manifests: of as many hours as name all of `source_ids`.

    The newest hour may be under way. A source that the last `STATE_HOURS` hours do not name has no state.
    """
    newest: dict[tuple[str, str], FeedState] = {}
    for hour in reversed(newest_hours(lake, STATE_HOURS, now=now)):
        for name in lake.captured_parts(hour.key):
            newest = {(state.source_id, state.url): state for state in read_manifest(lake, Part(hour, name)).feeds} | newest
        if set(source_ids) <= {source_id for source_id, _ in newest}:
            break
    return tuple(newest[key] for key in sorted(newest))


def _related(states: Sequence[FeedState], source: Source) -> list[FeedState]:
    """The states that a finding about the source can rest on: its own, and those that share an address or an entry with one of them."""
    names = {name for state in states if state.source_id == source.id for name in _names(state)}
    return [state for state in states if state.source_id == source.id or not names.isdisjoint(_names(state))]


def _names(state: FeedState) -> tuple[str, ...]:
    return (state.url, state.moved_to or state.url, *state.seen)


def read_source(lake: Lake, source: Source, *, now: datetime, limit: int, offset: int) -> SourcePage:
    """Read the page of one source: its row, its feeds, and its outcomes of the last `OUTCOME_HOURS` hours from `offset` on."""
    states = feed_states(lake, [source.id], now=now)
    paths = _paths(lake, now=now) | {"ledger": paths_of_hours(lake, "ledger", newest_hours(lake, OUTCOME_HOURS, now=now))}
    parameters = {"source": source.id}
    with open_tables(lake, paths, columns={"extracted": _FIELD_COLUMNS, "ledger": _LEDGER_COLUMNS}) as connection:
        seen = run_query(
            connection,
            """select interval, kind, outcome, reason, url, status, "at" from lake.ledger
            where sourceId = $source order by interval desc, "at" desc nulls last, url""",
            parameters=parameters,
        )
        days = run_rows(connection, "select * from lake.completeness where sourceId = $source order by day", parameters)
        fields = run_rows(connection, _FIELDS.format(condition="sourceId = $source"), parameters)
    (row,) = _followed([source], _related(states, source), {source.id: days}, fields, now=now)
    counts = seen.group_by(["kind", "outcome", "reason"]).aggregate([([], "count_all")]).to_pylist()
    counts.sort(key=lambda one: (one["kind"], -one["count_all"], one["outcome"], one["reason"] or ""))
    return SourcePage(
        row=row,
        feeds=tuple(state for state in states if state.source_id == source.id),
        outcomes=tuple(OutcomeCount(one["kind"], one["outcome"], one["reason"], one["count_all"]) for one in counts),
        listed=tuple(rows_of(seen.slice(offset, limit))),
        total=seen.num_rows,
        dropped=tuple(reversed(days)),
    )
