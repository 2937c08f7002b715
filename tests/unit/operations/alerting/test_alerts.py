"""One alert when a finding begins, one when it changes, one when it ends, and none in between."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.core.models import Interval
from pipeline.operations.alerting.alerts import (
    ALERT_STATES,
    MOST_SHOWN,
    Alert,
    AlertState,
    Finding,
    after_telling,
    alerts_of,
    assess,
    message,
)
from pipeline.operations.alerting.assessments import gap_start, missing_hours


def gate(state: str = "red", sentence: str = "8 of 12 sources failed") -> Finding:
    return Finding("gate", "", state, sentence)


def source(name: str, reason: str = "HTTP 503") -> Finding:
    return Finding("source", name, reason, f"source {name}: {reason}")


def told(
    state: AlertState, found: Sequence[Finding], *, at: str, covers: Sequence[str] = ("gate", "source")
) -> tuple[AlertState, list[str]]:
    """The state after an assessment whose alerts were sent, and these alerts as `change subject`."""
    now = assess(state, found, covers=lambda one: one.kind in covers, at=at)
    return after_telling(now), [f"{alert.change} {alert.subject or alert.kind}" for alert in alerts_of(now)]


def test_a_finding_is_told_when_it_begins_changes_and_ends_and_not_every_hour() -> None:
    state, alerts = told(AlertState(), [gate()], at="01")
    assert alerts == ["began gate"]
    state, alerts = told(state, [gate(sentence="9 of 12 sources failed")], at="02")
    assert alerts == []
    state, alerts = told(state, [gate("offline")], at="03")
    assert alerts == ["changed gate"]
    state, alerts = told(state, [], at="04")
    assert alerts == ["ended gate"]
    assert state.is_empty


def test_a_source_is_told_at_its_third_failing_hour_in_a_row() -> None:
    state, alerts = told(AlertState(), [source("one")], at="01")
    state, more = told(state, [source("one")], at="02")
    assert alerts + more == []
    broken, alerts = told(state, [], at="03")
    broken, more = told(broken, [source("one")], at="04")
    assert alerts + more == []
    state, alerts = told(state, [source("one")], at="03")
    assert alerts == ["began one"]
    state, alerts = told(state, [], at="04")
    assert alerts == ["ended one"]


def test_three_dead_feeds_are_three_alerts_once() -> None:
    state = AlertState()
    sent = []
    for hour in range(24):
        state, alerts = told(state, [source(name) for name in ("a", "b", "c")], at=f"{hour:02d}")
        sent += alerts
    assert sent == ["began a", "began b", "began c"]


def test_a_source_that_was_not_asked_stays_as_it_was() -> None:
    state = AlertState()
    for hour in ("01", "02", "03"):
        state, _ = told(state, [source("one")], at=hour)
    state, alerts = told(state, [], at="04", covers=())
    assert (alerts, [one.subject for one in state.standing]) == ([], ["one"])


def test_the_same_hour_assessed_again_tells_nothing_and_gives_the_same_bytes() -> None:
    state, _ = told(AlertState(), [source("one"), gate()], at="01")
    again, alerts = told(state, [gate(), source("one")], at="01")
    assert alerts == []
    assert ALERT_STATES.to_json(again) == ALERT_STATES.to_json(state)
    assert ALERT_STATES.from_json(ALERT_STATES.to_json(state), path="x") == state


def test_an_earlier_hour_assessed_late_changes_nothing() -> None:
    state, _ = told(AlertState(), [], at="05")
    state, alerts = told(state, [gate()], at="04")
    assert (alerts, state.standing) == ([], ())


def test_what_could_not_be_sent_is_sent_with_the_next_assessment() -> None:
    unsent = assess(AlertState(), [gate()], covers=lambda _: True, at="01")
    state, alerts = told(unsent, [gate()], at="02")
    assert alerts == ["began gate"]
    ended = assess(state, [], covers=lambda _: True, at="03")
    assert [alert.change for alert in alerts_of(assess(ended, [], covers=lambda _: True, at="04"))] == ["ended"]


def test_a_gap_keeps_its_beginning_while_it_grows_and_another_has_its_own() -> None:
    captured = {"2026-11-20T08", "2026-11-20T11"}
    assert [gap_start(captured, hour) for hour in ("2026-11-20T09", "2026-11-20T10")] == ["2026-11-20T09"] * 2
    assert [gap_start(captured, hour) for hour in ("2026-11-20T12", "2026-11-22T23")] == ["2026-11-20T12"] * 2


def test_a_message_has_a_heading_and_the_sentences_of_the_log() -> None:
    alerts = [Alert("began", "source", "one", "source one: HTTP 503"), Alert("ended", "gate", "", "hour 01: 8 of 12 sources failed")]
    assert message(alerts).splitlines() == [
        "News pipeline: 1 began, 1 ended",
        "began: source one: HTTP 503",
        "ended: hour 01: 8 of 12 sources failed",
    ]
    many = message([Alert("began", "source", str(number), "x") for number in range(MOST_SHOWN + 2)])
    assert len(many.splitlines()) == MOST_SHOWN + 2
    assert "and 2 more alerts" in many


def test_hours_are_missing_between_the_first_captured_one_and_the_present_one() -> None:
    captured = {"2026-11-20T08", "2026-11-20T09", "2026-11-20T11"}
    assert missing_hours(captured, until=Interval.parse("2026-11-20T13")) == ("2026-11-20T10", "2026-11-20T12")
    assert missing_hours(set(), until=Interval.parse("2026-11-20T13")) == ()
    assert len(missing_hours({"2026-01-01T00"}, until=Interval.parse("2026-11-20T13"))) == 24
