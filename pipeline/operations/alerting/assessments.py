"""Assesses what operators have to know, keeps in the lake what they were told of, and sends it to the webhook of the settings.

The state of a scope is `alerts/SCOPE.json`: `sources` (gate and failed sources of live hours), `hours` (late or missing), `silence` (the
daily completeness), `date-DATE` and `hour-HOUR` (one published date, one past hour). Two processes that assess one scope at the same time
write one after the other; the next assessment finds the same.

What is decided is in `alerts`. An assessment writes nothing until `write_state`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import ConfigError, PipelineError
from pipeline.core.models import HOUR, CaptureReport, Clock, Interval
from pipeline.core.settings import Settings
from pipeline.fetching.webhooks import post_json
from pipeline.lake.removals.erased_providers import without_erased
from pipeline.lake.storage import Lake
from pipeline.operations.alerting.alerts import ALERT_STATES, Alert, AlertState, Finding, after_telling, alerts_of, assess, message
from pipeline.operations.completeness import SourceDay
from pipeline.operations.maintenance import completeness
from pipeline.operations.stages import FailureAssessment
from pipeline.text.counts import counted

LOOK_BACK = timedelta(hours=24)
"""How far back hours without captures are looked for: a day, after which the daily completeness shows what is missing."""
SOURCES, HOURS, SILENCE = "sources", "hours", "silence"


def alert_state_path(scope: str) -> str:
    """The findings of a scope that stand, and those that operators were told of."""
    return f"alerts/{scope}.json"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The state of one scope after an assessment, and the alerts that the receivers lack."""

    scope: str
    state: AlertState
    alerts: tuple[Alert, ...]


def assess_hour(
    settings: Settings,
    catalogue: Catalogue | None,
    interval: Interval,
    *,
    live: bool,
    reports: Sequence[CaptureReport],
    assessment: FailureAssessment,
) -> tuple[Assessment, ...]:
    """The assessments after the gate of an hour: of the gate and each asked source, and of the hours before it without captures.

    While a live gate is red, single sources are not assessed: one cause makes them fail together. Of a past hour, the gate alone is
    assessed. Findings of sources that the catalogue does not follow end; with `catalogue` None (it was not read) they stay.
    """
    red = [Finding("gate", "" if live else interval.key, "red", f"hour {interval.key}: {assessment.message}")] if assessment.is_red else []
    if not live:
        return (_assess(settings, f"hour-{interval.key}", red, covers=lambda _: True, at=interval.key),)
    failed = {} if assessment.is_red else assessment.failures
    asked = {source for report in reports for source in report.sources} | failed.keys()
    unfollowed = _unfollowed(without_erased(Lake(settings.lake), catalogue)) if catalogue is not None else lambda _: False
    found = [*red, *(Finding("source", source, reason, f"source {source}: {reason}") for source, reason in failed.items())]

    def covers(one: Finding) -> bool:
        return one.kind == "gate" or unfollowed(one.subject) or (not assessment.is_red and one.subject in asked)

    sources = _assess(settings, SOURCES, found, covers=covers, at=interval.key)
    return (sources, assess_hours(settings, until=interval))


def assess_hours(settings: Settings, *, until: Interval) -> Assessment:
    """The hours of the day before `until` that have no captures, since the first hour that has, as one finding."""
    captured = {one.key for one in Lake(settings.lake).captured_intervals()}
    missing = missing_hours(captured, until=until)
    found = [Finding("hour", "", gap_start(captured, missing[-1]), _missing_sentence(missing))] if missing else []
    return _assess(settings, HOURS, found, covers=lambda _: True, at=until.key)


def missing_hours(captured: Collection[str], *, until: Interval) -> tuple[str, ...]:
    """The keys of the hours in the day before `until`, later than the first of `captured`, that are not in `captured`."""
    hours = (Interval.containing(until.start - shift * HOUR).key for shift in range(LOOK_BACK // HOUR, 0, -1))
    first = min(captured, default=until.key)
    return tuple(hour for hour in hours if hour > first and hour not in captured)


def gap_start(captured: Collection[str], missing: str) -> str:
    """The key of the first hour of the gap that `missing` is in: the hour after the newest captured one before it."""
    return Interval.containing(Interval.parse(max(hour for hour in captured if hour < missing)).end).key


def assess_late_hour(settings: Settings, interval: Interval, *, limit: timedelta) -> Assessment:
    """The finding that the run of this hour was not done within `limit`. It ends when this hour or a later one reaches its gate."""
    sentence = f"hour {interval.key} is late: its run was not done {limit // timedelta(minutes=1)} minutes after it was due"
    return _assess(settings, HOURS, [Finding("hour", interval.key, "late", sentence)], covers=lambda _: False, at=interval.key)


def assess_silence(settings: Settings, rows: Iterable[SourceDay]) -> Assessment:
    """The sources that were silent on the newest day of the completeness table `rows`."""
    rows = list(rows)
    newest = max((row.day for row in rows), default=date.min)
    silent = [(row, gap) for row in rows if row.day == newest and (gap := row.gap) is not None]
    found = [Finding("silence", row.source_id, "asked" if row.polls else "not read", f"silent source: {gap}") for row, gap in silent]
    return _assess(settings, SILENCE, found, covers=lambda _: True, at=newest.isoformat())


def assess_date(settings: Settings, published_date: date, error: PipelineError | None) -> Assessment:
    """A published date that was refused (a shrink, a broken contract) for `error`, or built and checked (None)."""
    found = [Finding("date", published_date.isoformat(), type(error).__name__, f"{published_date}: {error}")] if error is not None else []
    return _assess(settings, f"date-{published_date.isoformat()}", found, covers=lambda _: True, at="")


def assess_lake(settings: Settings, catalogue: Catalogue, *, now: datetime) -> tuple[Assessment, ...]:
    """All scopes: silence and missing hours as the lake has them now, the others as they were assessed last."""
    fresh = (
        assess_silence(settings, completeness(settings, catalogue, days=1, now=now)),
        assess_hours(settings, until=Interval.containing(now - HOUR)),
    )
    lake = Lake(settings.lake)
    kept = (file.path.removeprefix("alerts/").removesuffix(".json") for file in lake.files("alerts") if file.path.endswith(".json"))
    others = (Assessment(scope, state := _read(lake, scope), alerts_of(state)) for scope in sorted(kept) if scope not in (HOURS, SILENCE))
    return (*fresh, *others)


def write_state(settings: Settings, assessment: Assessment, *, is_told: bool) -> None:
    """Write the state of the scope, with `is_told` as one whose alerts the receivers know.

    The empty state of a published date or a past hour has no file.
    """
    lake, path = Lake(settings.lake), alert_state_path(assessment.scope)
    state = after_telling(assessment.state) if is_told else assessment.state
    if not state.is_empty or assessment.scope in (SOURCES, HOURS, SILENCE):
        data = ALERT_STATES.to_json(state)
        if not lake.exists(path) or lake.read_bytes(path) != data:
            lake.write_bytes(path, data)
    elif lake.exists(path):
        lake.delete(path)


def send_to_webhook(settings: Settings, alerts: Sequence[Alert], *, clock: Clock) -> None:
    """Send the alerts in one request to `NEWS_ALERT_URL`.

    Raises ConfigError when that variable is not set, PipelineError when the webhook does not accept the request.
    """
    if not settings.alert_url:
        raise ConfigError("NEWS_ALERT_URL is not set: there is no webhook to send alerts to")
    body = {"text": message(alerts), "alerts": [asdict(alert) for alert in alerts], "lake": Lake(settings.lake).uri}
    post_json(settings, settings.alert_url, body, clock=clock)


def _unfollowed(catalogue: Catalogue) -> Callable[[str], bool]:
    followed = {source.id for source in catalogue.enabled_sources}
    return lambda source: source not in followed


def _missing_sentence(missing: Sequence[str]) -> str:
    span = missing[0] if len(missing) == 1 else f"{missing[0]} to {missing[-1]}"
    return f"{counted(len(missing), 'hour')} of the last day without captures ({span}): a backfill of news_ingest takes them from the past"


def _assess(settings: Settings, scope: str, found: Iterable[Finding], *, covers: Callable[[Finding], bool], at: str) -> Assessment:
    state = assess(_read(Lake(settings.lake), scope), found, covers=covers, at=at)
    return Assessment(scope, state, alerts_of(state))


def _read(lake: Lake, scope: str) -> AlertState:
    path = alert_state_path(scope)
    return ALERT_STATES.from_json(lake.read_bytes(path), path=path) if lake.exists(path) else AlertState()
