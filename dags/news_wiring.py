"""What the DAG files share: assets, owner and retry policy, settings, and the conversion of reports to JSON. Imports quickly."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from airflow.sdk import Asset, Connection, ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowNotFoundException
from news_links import OWNER, asset_uri
from pydantic import TypeAdapter

from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.settings import Settings

SEALING_CONNECTION = "news_sealing"
"""The Airflow connection whose password holds the sealing keys."""

NOTE = "note"
"""The XCom key of the sentence that `news_airflow.run_notes` shows as the note of the run."""

TOUCHED = Asset(name="news_touched_dates", uri="x-news://extracted/published_date")
"""One partition for each published date whose records may have changed."""

ARTICLES = Asset(name="news_articles", uri=asset_uri("articles", lake=os.environ.get("NEWS_LAKE", "")))
"""One partition for each published date whose records were built and checked."""

TASK_DEFAULTS: dict[str, Any] = {
    "owner": OWNER,
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_policy": ExceptionRetryPolicy(
        rules=[RetryRule(exception=TransientError, action=RetryAction.RETRY, reason="a transient error: a retry may help")],
        default=RetryAction.FAIL,
    ),
}
"""Only a TransientError is retried, any other exception fails the task at once. A task whose worker dies raised nothing and is retried."""

Report = TypeVar("Report")


def settings(*, warc: Sequence[str] | None = None) -> Settings:
    """Settings from `NEWS_*`; the sealing keys from the connection `news_sealing` when it exists, the WARC files from `warc` when given.

    Raises ConfigError when a variable is wrong.
    """
    try:
        password = Connection.get(SEALING_CONNECTION).password
    except AirflowNotFoundException:
        password = None
    keys = tuple(key.strip() for key in password.split(",") if key.strip()) if password else None
    return Settings.from_environment(sealing_keys=keys, warc=tuple(warc) if warc else None)


def refuse_unknown(form: Mapping[str, Any] | None, fields: Collection[str]) -> None:
    """Raises ConfigError when `form` has a field that the DAG's `fields` lack, which Airflow would ignore without a word."""
    unknown = sorted(set(form or {}) - set(fields))
    if unknown:
        raise ConfigError(f"the form has no field {', '.join(unknown)}: choose from {', '.join(fields)}")


def dump(report: object) -> dict[str, Any]:
    """A report, which is a frozen dataclass, as values that JSON can hold."""
    plain: dict[str, Any] = TypeAdapter(type(report)).dump_python(report, mode="json")
    return plain


def load(kind: type[Report], plain: object) -> Report:
    """The report of class `kind` from the values that `dump` made of it."""
    return TypeAdapter(kind).validate_python(plain)
