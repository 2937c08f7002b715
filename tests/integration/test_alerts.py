"""Alerts from the walk of an hour to a webhook on loopback: what is sent, when, and what is not shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import ConfigError, PermanentFetchError, ShrinkError, TransientFetchError
from pipeline.core.models import CaptureReport, Interval
from pipeline.core.settings import Settings
from pipeline.fetching.webhooks import post_json
from pipeline.lake.storage import Lake, manifest_path
from pipeline.operations import doctor, stages
from pipeline.operations.alerting import assessments
from pipeline.operations.alerting.alerts import Alert
from pipeline.operations.alerting.assessments import alert_state_path
from pipeline.operations.completeness import SourceDay
from tests.integration.commands import News, root_logger_kept, say
from tests.integration.conftest import FrozenClock, catalogue_with
from tests.webhooks import SECRET, Webhook, serve_webhook


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with serve_webhook() as kept:
        yield kept


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    names = ("a", "b", "c", "d", "e", "f", "g")
    sources = [{"id": name, "name": name, "feeds": [f"https://{name}.example/feed"], "topic": "AI"} for name in names]
    return catalogue_with(tmp_path / "catalogue", sources)


@pytest.fixture
def own(tmp_path: Path, webhook: Webhook) -> Settings:
    return Settings(lake=str(tmp_path / "lake"), alert_url=webhook.url)


def hour(own: Settings, catalogue: Catalogue, key: str, *dead: str, live: bool = True) -> list[str]:
    """Assess an hour in which these sources failed, as the gate does, send the alerts and keep the states; the alerts' sentences."""
    ids = tuple(source.id for source in catalogue.enabled_sources)
    report = CaptureReport(key, "00", {}, ids, dict.fromkeys(dead, "HTTP 503"))
    interval = Interval.parse(key)
    Lake(own.lake).write_bytes(manifest_path(stages.Part(interval, "00")), b"{}")
    assessment = stages.assess_failures(own, [report])
    sent: list[str] = []
    for one in assessments.assess_hour(own, catalogue, interval, live=live, reports=[report], assessment=assessment):
        if one.alerts:
            assessments.send_to_webhook(own, one.alerts, clock=FrozenClock())
        assessments.write_state(own, one, is_told=True)
        sent += [f"{alert.change} {alert.sentence}" for alert in one.alerts]
    return sent


def test_three_dead_feeds_are_told_once_and_again_when_they_answer(own: Settings, catalogue: Catalogue, webhook: Webhook) -> None:
    assert [hour(own, catalogue, f"2026-11-20T{number:02d}", "a", "b", "c") for number in (6, 7)] == [[], []]
    assert hour(own, catalogue, "2026-11-20T08", "a", "b", "c") == [f"began source {name}: HTTP 503" for name in "abc"]
    assert [hour(own, catalogue, f"2026-11-20T{number:02d}", "a", "b", "c") for number in (9, 10)] == [[], []]
    assert hour(own, catalogue, "2026-11-20T11", "b", "c") == ["ended source a: HTTP 503"]
    assert [body["text"].splitlines()[0] for body in webhook.bodies] == ["News pipeline: 3 began", "News pipeline: 1 ended"]
    assert webhook.bodies[0]["alerts"][0] == {"change": "began", "kind": "source", "subject": "a", "sentence": "source a: HTTP 503"}


def test_a_source_that_is_followed_no_more_is_over(own: Settings, catalogue: Catalogue) -> None:
    for number in (6, 7, 8):
        hour(own, catalogue, f"2026-11-20T{number:02d}", "a")
    fewer = catalogue.model_copy(update={"sources": catalogue.sources[1:]})
    assert hour(own, fewer, "2026-11-20T09") == ["ended source a: HTTP 503"]


def test_a_red_gate_is_told_by_itself_and_a_red_past_hour_too(own: Settings, catalogue: Catalogue) -> None:
    (red,) = hour(own, catalogue, "2026-11-20T06", *"abcdef")
    assert red.startswith("began hour 2026-11-20T06: 6 of 7 sources failed (a: HTTP 503; ")
    assert hour(own, catalogue, "2026-11-20T07", *"abcdef") == []
    (green,) = hour(own, catalogue, "2026-11-20T08")
    assert green.startswith("ended hour ")
    assert len(hour(own, catalogue, "2026-11-01T08", *"abcdef", live=False)) == 1
    assert Path(own.lake, alert_state_path("hour-2026-11-01T08")).exists()
    assert len(hour(own, catalogue, "2026-11-01T08", live=False)) == 1
    assert not Path(own.lake, alert_state_path("hour-2026-11-01T08")).exists()


def test_an_hour_that_no_run_took_is_told_and_so_is_a_late_one(own: Settings, catalogue: Catalogue) -> None:
    assert hour(own, catalogue, "2026-11-20T06") == []
    (gap,) = hour(own, catalogue, "2026-11-20T09")
    assert gap.startswith("began 2 hours of the last day without captures (2026-11-20T07 to 2026-11-20T08)")
    assert hour(own, catalogue, "2026-11-20T10") == []
    late = assessments.assess_late_hour(own, Interval.parse("2026-11-20T11"), limit=timedelta(hours=1))
    assert [alert.sentence for alert in late.alerts] == ["hour 2026-11-20T11 is late: its run was not done 60 minutes after it was due"]
    assessments.write_state(own, late, is_told=True)
    assert [text.split(":")[0] for text in hour(own, catalogue, "2026-11-20T11")] == ["ended hour 2026-11-20T11 is late"]


def test_a_silent_source_and_a_refused_date_are_told_until_they_are_over(own: Settings) -> None:
    def day(number: int, found: int) -> SourceDay:
        return SourceDay(date(2026, 11, number), "one", 20.0, "days", 24, 0, found, found, found, found)

    silent = assessments.assess_silence(own, [day(18, 20), day(19, 0)])
    assert [alert.sentence for alert in silent.alerts] == [
        "silent source: one: 0 pages found on 2026-11-19, about 20 expected; its listings were read 24 times"
    ]
    assessments.write_state(own, silent, is_told=True)
    assert assessments.assess_silence(own, [day(19, 0), day(20, 1)]).alerts == ()
    assert [alert.change for alert in assessments.assess_silence(own, [day(19, 0), day(20, 19)]).alerts] == ["ended"]
    refused = assessments.assess_date(own, date(2026, 11, 20), ShrinkError("it would lose 12 of 20 rows", "Allow it by hand."))
    assert [alert.sentence for alert in refused.alerts] == ["2026-11-20: it would lose 12 of 20 rows. Allow it by hand."]
    assessments.write_state(own, refused, is_told=True)
    assert [alert.change for alert in assessments.assess_date(own, date(2026, 11, 20), None).alerts] == ["ended"]


def test_a_webhook_is_tried_three_times_and_a_refusal_once(own: Settings, webhook: Webhook) -> None:
    clock, alert = FrozenClock(), Alert("began", "gate", "", "a sentence")
    webhook.answers = [503, 429]
    assessments.send_to_webhook(own, [alert], clock=clock)
    assert (len(webhook.bodies), clock.slept) == (3, [1.0, 4.0])
    webhook.answers = [503, 503, 503]
    with pytest.raises(TransientFetchError, match=r"webhook at 127\.0\.0\.1: HTTP 503") as problem:
        assessments.send_to_webhook(own, [alert], clock=clock)
    assert SECRET not in f"{problem.value} {problem.value.__cause__} {problem.value.url}"
    webhook.answers = [404]
    with pytest.raises(PermanentFetchError, match="HTTP 404"):
        assessments.send_to_webhook(own, [alert], clock=clock)
    webhook.answers = [302]
    with pytest.raises(PermanentFetchError, match="HTTP 302"):
        assessments.send_to_webhook(own, [alert], clock=clock)
    assert set(webhook.paths) == {f"/{SECRET}"}
    with pytest.raises(ConfigError, match="NEWS_ALERT_URL is not set"):
        assessments.send_to_webhook(own.model_copy(update={"alert_url": ""}), [alert], clock=clock)


@pytest.mark.parametrize("url", ["https://10.1.2.3/secret", "https://169.254.169.254/secret", "https://[fd00::1]/secret"])
def test_an_address_inside_is_refused_unless_the_operator_allows_it(own: Settings, url: str) -> None:
    with pytest.raises(PermanentFetchError, match="NEWS_ALLOW_NETWORKS lists exceptions") as problem:
        post_json(own, url, {}, clock=FrozenClock())
    assert "secret" not in str(problem.value)


def test_an_unreachable_webhook_is_named_by_its_host_alone(own: Settings, webhook: Webhook) -> None:
    url = "http://localhost:1/secret"
    with pytest.raises(TransientFetchError) as problem:
        post_json(own, url, {}, clock=FrozenClock())
    assert "secret" not in str(problem.value)
    assert "localhost" in str(problem.value)


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[News]:
    with root_logger_kept():
        yield lambda *arguments: say(arguments, capsys)


def test_the_command_shows_what_would_be_sent_and_sends_it_once(
    own: Settings, catalogue: Catalogue, webhook: Webhook, news: News, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEWS_LAKE", own.lake)
    monkeypatch.setenv("NEWS_CONFIG", str(tmp_path / "catalogue"))
    monkeypatch.setenv("NEWS_ALERT_URL", webhook.url)
    assert "no finding stands" in news("alerts").out
    gone = Interval.containing(datetime.now(UTC) - timedelta(hours=30))
    Lake(own.lake).write_bytes(manifest_path(stages.Part(gone, "00")), b"{}")
    shown = news("alerts", "--json").json
    assert (shown["isSent"], [alert["kind"] for alert in shown["alerts"]]) == (False, ["hour"])
    assert not Path(own.lake, "alerts").exists()
    said = news("alerts", "--send")
    assert (said.code, "1 alert sent" in said.out) == (0, True)
    assert "1 alert " not in news("alerts", "--send").out
    assert len(webhook.bodies) == 1
    monkeypatch.delenv("NEWS_ALERT_URL")
    Lake(own.lake).delete(alert_state_path("hours"))
    assert "NEWS_ALERT_URL is not set" in news("alerts", "--send").err


def test_the_url_is_shown_nowhere(own: Settings) -> None:
    shown = [check for check in doctor.run_checks(own, is_quick=True) if check.name == "NEWS_ALERT_URL"]
    assert [check.value for check in shown] == ["(set)"]
    assert SECRET not in repr(own)
