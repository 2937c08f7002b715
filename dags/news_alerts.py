"""What the DAG files share about alerts: sending them through the receivers of the settings. What is sent is decided in `pipeline`.

Nothing here fails a task: an alert that cannot be assessed or sent is a warning in the log, and the next assessment sends it again.
"""

from __future__ import annotations

import html
import importlib.util
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.core.errors import ConfigError, SchemaError, ShrinkError
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.text.counts import counted

if TYPE_CHECKING:
    from pipeline.operations.alerting.alerts import Alert
    from pipeline.operations.alerting.assessments import Assessment

log = logging.getLogger(__name__)

PROVIDERS = {"NEWS_ALERT_EMAIL": "smtp", "NEWS_ALERT_SLACK": "slack"}
"""Setting to the Airflow provider that it needs."""


def assess_and_send(own: Settings, assess: Callable[[], Iterable[Assessment]]) -> None:
    """Send the alerts of the assessments that `assess` returns, in one message, and write the states with what the receivers know."""
    from pipeline.operations.alerting.assessments import write_state

    try:
        assessments = list(assess())
        is_told = send(own, [alert for assessment in assessments for alert in assessment.alerts])
        for assessment in assessments:
            write_state(own, assessment, is_told=is_told)
    except Exception as error:  # noqa: BLE001 - an alert never fails a run
        log.warning("alerts were not assessed: %s: %s", type(error).__name__, error)


@contextmanager
def alert_if_refused(own: Settings, published_date: date) -> Iterator[None]:
    """Send an alert when the block refuses the published date, because it shrinks or breaks its contract; the error is raised again."""
    from pipeline.operations.alerting.assessments import assess_date

    try:
        yield
    except (ShrinkError, SchemaError) as error:
        refusal = error  # the name of the handler's variable ends with the handler
        assess_and_send(own, lambda: [assess_date(own, published_date, refusal)])
        raise


def late_hour(context: Mapping[str, Any]) -> None:
    """The callback of the deadline of `news_ingest`: send the alert that a scheduled hour is late. Airflow calls it outside any task."""
    from pipeline.operations.alerting.assessments import assess_late_hour

    run = context["dag_run"]
    if run["run_type"] != "scheduled":
        return  # a backfill queues its runs for longer, and whoever starts a run by hand looks at it
    own = Settings.from_environment()
    interval = Interval.containing(datetime.fromisoformat(str(run["data_interval_start"])))
    assess_and_send(own, lambda: [assess_late_hour(own, interval, limit=timedelta(minutes=own.late_after_minutes))])


def late_after() -> timedelta:
    """`NEWS_LATE_AFTER_MINUTES`; its default when the settings are wrong, which the tasks then say."""
    try:
        minutes = Settings.from_environment().late_after_minutes
    except ConfigError:
        minutes = int(Settings.model_fields["late_after_minutes"].default)
    return timedelta(minutes=minutes)


def send(own: Settings, alerts: Sequence[Alert]) -> bool:
    """Send the alerts to every receiver; False when there are receivers and none took them."""
    receivers = {
        "the webhook": (own.alert_url, _to_webhook),
        "e-mail": (own.alert_email, _to_email),
        "Slack": (own.alert_slack, _to_slack),
    }
    chosen = {name: receiver for name, (setting, receiver) in receivers.items() if setting}
    if not alerts or not chosen:
        return True
    taken = [name for name, receiver in chosen.items() if _is_taken(name, receiver, own, alerts)]
    if taken:
        log.info("%s sent to %s", counted(len(alerts), "alert"), ", ".join(taken))
    return bool(taken)


def _is_taken(name: str, receiver: Callable[[Settings, Sequence[Alert]], None], own: Settings, alerts: Sequence[Alert]) -> bool:
    try:
        receiver(own, alerts)
    except Exception as error:  # noqa: BLE001 - an alert never fails a run
        log.warning("alerts were not sent to %s: %s: %s", name, type(error).__name__, error)
        return False
    return True


def _to_webhook(own: Settings, alerts: Sequence[Alert]) -> None:
    from pipeline.fetching.fetcher import SystemClock
    from pipeline.operations.alerting.assessments import send_to_webhook

    send_to_webhook(own, alerts, clock=SystemClock())


def _to_email(own: Settings, alerts: Sequence[Alert]) -> None:
    from pipeline.operations.alerting.alerts import message

    _demand_provider("NEWS_ALERT_EMAIL")
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    text = message(alerts)
    shown = f"<pre>{html.escape(text)}</pre>"
    # notify, not a call: a call would take words of strangers in the sentences for a Jinja template
    SmtpNotifier(to=list(own.alert_email), subject=text.splitlines()[0], html_content=shown, mime_subtype="alternative").notify({})


def _to_slack(own: Settings, alerts: Sequence[Alert]) -> None:
    from pipeline.operations.alerting.alerts import message

    _demand_provider("NEWS_ALERT_SLACK")
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    notifier: Any = SlackWebhookNotifier(slack_webhook_conn_id=own.alert_slack, text=message(alerts))  # has no types
    notifier.notify({})


def _demand_provider(variable: str) -> None:
    """Raises ConfigError when the provider that the setting needs is not installed."""
    provider = PROVIDERS[variable]
    if importlib.util.find_spec(f"airflow.providers.{provider}") is None:
        raise ConfigError(f"{variable} needs apache-airflow-providers-{provider}, which is not installed")
