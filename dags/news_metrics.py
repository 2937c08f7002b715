"""What the DAG files share about metrics: values of reports go to StatsD or OpenTelemetry, as Airflow is configured."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from airflow.sdk.observability import stats

if TYPE_CHECKING:
    from pipeline.operations.metrics import Metric


def emit(metrics: Iterable[Metric]) -> None:
    """Send the metrics; nothing happens where Airflow has no receiver for metrics."""
    for metric in metrics:
        if metric.is_counter:
            stats.incr(metric.name, int(metric.value))
        else:
            stats.gauge(metric.name, metric.value)


def stage_timer(stage: str) -> AbstractContextManager[Any]:
    """A context manager that times its block as the metric `news.stage.STAGE`."""
    timer: AbstractContextManager[Any] = stats.timer(f"news.stage.{stage}")
    return timer
