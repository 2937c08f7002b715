"""Decides which alerts are sent: one when a finding begins, one when it changes, one when it ends. Pure: findings in, alerts out.

A state holds the findings that stand and those that the receivers were told of. An alert is the difference of the two, so what could not
be sent is sent with the next assessment, and an assessment that is repeated sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.lake.json_records import JsonFormat
from pipeline.text.counts import counted

Change = Literal["began", "changed", "ended"]
FORMAT = 1
FAILURES_BEFORE_ALERT = 3
"""Consecutive assessed hours in which a source failed before an alert says so, as in `discovery.health.findings`: most failures do not
last."""
MOST_SHOWN = 50
"""Alerts whose sentences stand in one message. A plain choice: Slack cuts messages of more than 40,000 characters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that an operator has to know, for as long as it holds. (`kind`, `subject`) is its identity."""

    kind: str
    """`gate`, `source`, `silence`, `hour`, `date`."""
    subject: str
    """The source, hour or date that it is about; empty for the gate of live hours."""
    state: str
    """The finding counts as changed when this differs: a reason, not a number that differs every hour."""
    sentence: str
    """The sentence that the log has."""
    times: tuple[str, ...] = ()
    """The last assessments (`at`) that found it, at most `FAILURES_BEFORE_ALERT`, oldest first."""

    @property
    def is_ripe(self) -> bool:
        """Whether it was found often enough for an alert: a source in `FAILURES_BEFORE_ALERT` assessments, anything else in one."""
        return self.kind != "source" or len(self.times) >= FAILURES_BEFORE_ALERT


@dataclass(frozen=True, slots=True)
class AlertState:
    """The findings of one scope that stand, and those that the receivers were told of, each by kind and subject."""

    at: str = ""
    """The newest hour, day or moment that was assessed; an assessment of an earlier one changes nothing."""
    standing: tuple[Finding, ...] = ()
    told: tuple[Finding, ...] = ()
    format: int = FORMAT

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands and nothing has to be taken back."""
        return not (self.standing or self.told)


@dataclass(frozen=True, slots=True)
class Alert:
    """One change that is told."""

    change: Change
    kind: str
    subject: str
    sentence: str


ALERT_STATES = JsonFormat(AlertState, name="an alert state", number=FORMAT)


def assess(before: AlertState, found: Iterable[Finding], *, covers: Callable[[Finding], bool], at: str) -> AlertState:
    """The state after an assessment at `at` that found `found`; `before` unchanged when it is of a later moment.

    An earlier finding that is not among `found` has ended when the assessment `covers` it, and stays otherwise.
    """
    if at < before.at:
        return before
    earlier = {(one.kind, one.subject): one for one in before.standing}
    new = {(one.kind, one.subject): _again(earlier.get((one.kind, one.subject)), one, at=at) for one in found}
    kept = {key: one for key, one in earlier.items() if key not in new and not covers(one)}
    return replace(before, at=at, standing=_ordered([*kept.values(), *new.values()]))


def alerts_of(state: AlertState) -> tuple[Alert, ...]:
    """The alerts that the receivers lack, ordered by kind and subject."""
    now = {(one.kind, one.subject): one for one in state.standing if one.is_ripe}
    told = {(one.kind, one.subject): one for one in state.told}
    alerts = []
    for key in sorted(now.keys() | told.keys()):
        if key not in told:
            alerts.append(Alert("began", *key, now[key].sentence))
        elif key not in now:
            alerts.append(Alert("ended", *key, told[key].sentence))
        elif now[key].state != told[key].state:
            alerts.append(Alert("changed", *key, now[key].sentence))
    return tuple(alerts)


def after_telling(state: AlertState) -> AlertState:
    """The state once the receivers know what stands."""
    return replace(state, told=tuple(one for one in state.standing if one.is_ripe))


def message(alerts: Sequence[Alert]) -> str:
    """The alerts as text: a heading, then a line each."""
    counts = {change: sum(alert.change == change for alert in alerts) for change in ("began", "changed", "ended")}
    heading = f"News pipeline: {', '.join(f'{number} {change}' for change, number in counts.items() if number)}"
    lines = [f"{alert.change}: {alert.sentence}" for alert in alerts[:MOST_SHOWN]]
    more = len(alerts) - len(lines)
    return "\n".join([heading, *lines, *([f"and {counted(more, 'more alert')}; `news alerts` shows all"] if more else [])])


def _again(earlier: Finding | None, found: Finding, *, at: str) -> Finding:
    times = sorted({*(earlier.times if earlier is not None else ()), at})
    return replace(found, times=tuple(times[-FAILURES_BEFORE_ALERT:]))


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: (one.kind, one.subject)))
