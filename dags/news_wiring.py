"""What the DAG files share: the asset between them, when to retry, settings, and reports as JSON. Parses cheaply."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from airflow.sdk import Asset, Connection, ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowNotFoundException
from pydantic import TypeAdapter

from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.settings import Settings

SEALING_CONNECTION = "news_sealing"

TOUCHED = Asset(name="news_touched_dates", uri="x-news://extracted/published_date")
"""One partition for each published date whose records may have changed."""

ARTICLES = Asset(name="news_articles", uri="x-news://articles/published_date")

RETRIES: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_policy": ExceptionRetryPolicy(
        rules=[RetryRule(exception=TransientError, action=RetryAction.RETRY, reason="a transient error: a retry may help")],
        default=RetryAction.FAIL,
    ),
}
"""An error that is not transient fails at once; a worker that dies raises nothing, and its task is retried."""

Report = TypeVar("Report")


def settings(*, warc: Sequence[str] | None = None) -> Settings:
    """Settings from `NEWS_*`; the sealing keys from the connection's password where there is one, `warc` where a run names its files."""
    try:
        password = Connection.get(SEALING_CONNECTION).password
    except AirflowNotFoundException:
        password = None
    keys = tuple(key.strip() for key in password.split(",") if key.strip()) if password else None
    return Settings.from_environment(sealing_keys=keys, warc=tuple(warc) if warc else None)


def refuse_unknown(form: Mapping[str, Any] | None, fields: Collection[str]) -> None:
    """Raises ConfigError for a field that the DAG's form lacks; Airflow would do without it and say nothing."""
    unknown = sorted(set(form or {}) - set(fields))
    if unknown:
        raise ConfigError(f"the form has no field {', '.join(unknown)}: choose from {', '.join(fields)}")


def dump(report: object) -> dict[str, Any]:
    """A frozen dataclass of `pipeline.core.models` as JSON values."""
    plain: dict[str, Any] = TypeAdapter(type(report)).dump_python(report, mode="json")
    return plain


def load(kind: type[Report], plain: object) -> Report:
    """The dataclass that `dump` was given."""
    return TypeAdapter(kind).validate_python(plain)
