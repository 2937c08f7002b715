"""Alerts and metrics over the wire: what an SMTP server, a Slack webhook, a StatsD socket and an OpenTelemetry collector are sent."""

from __future__ import annotations

import json
from pathlib import Path

from tests.dags.conftest import Child
from tests.receivers import listen_udp, serve_otlp, serve_smtp
from tests.webhooks import SECRET, serve_webhook

LATE = {"run_type": "scheduled", "data_interval_start": "2026-11-20T12:00:00Z"}
SENTENCE = "hour 2026-11-20T12 is late: its run was not done 60 minutes after it was due"
HEADING = "News pipeline: 1 began"


def test_an_alert_is_mailed_through_the_connection_of_airflow(airflow: Child, tmp_path: Path) -> None:
    with serve_smtp() as mailbox:
        extra = {"from_email": "news@desk.example", "disable_ssl": True, "disable_tls": True}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": mailbox.port, "extra": extra}
        airflow.tell_late(
            LATE,
            environment={
                "NEWS_LAKE": str(tmp_path / "lake"),
                "NEWS_ALERT_EMAIL": "night@desk.example,day@desk.example",
                "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection),
            },
        )
    assert mailbox.envelopes == [("news@desk.example", ["night@desk.example", "day@desk.example"])]
    (message,) = mailbox.messages
    assert (message["Subject"], message["From"]) == (HEADING, "news@desk.example")
    body = message.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == f"<pre>{HEADING}\nbegan: {SENTENCE}</pre>"


def test_an_alert_is_posted_to_slack_through_the_connection_of_airflow(airflow: Child, tmp_path: Path) -> None:
    with serve_webhook() as slack:
        connection = {"conn_type": "slackwebhook", "schema": "http", "host": slack.url.removesuffix(SECRET), "password": SECRET}
        environment = {
            "NEWS_LAKE": str(tmp_path / "lake"),
            "NEWS_ALERT_SLACK": "news_slack",
            "AIRFLOW_CONN_NEWS_SLACK": json.dumps(connection),
        }
        airflow.tell_late(LATE, environment=environment)
    assert [path.rpartition("/")[2] for path in slack.paths] == [SECRET]
    assert [body["text"] for body in slack.bodies] == [f"{HEADING}\nbegan: {SENTENCE}"]


def test_metrics_reach_a_socket_of_statsd(airflow: Child) -> None:
    with listen_udp() as socket:
        airflow.send_metrics(environment={"STATSD_ON": "True", "STATSD_HOST": "127.0.0.1", "STATSD_PORT": str(socket.getsockname()[1])})
        lines = [socket.recv(1024).decode() for _ in range(6)]
    assert lines[:5] == [
        "airflow.news.outcomes.page.captured:7|c",
        "airflow.news.outcomes.page.failed:2|c",
        "airflow.news.captures:7|c",
        "airflow.news.bytes:900|c",
        "airflow.news.sources_failed:1|g",
    ]
    assert lines[5].startswith("airflow.news.stage.capture:")
    assert lines[5].endswith("|ms")


def test_metrics_reach_a_collector_of_opentelemetry(airflow: Child) -> None:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    with serve_otlp() as (port, bodies):
        airflow.send_metrics(environment={"OTEL_ON": "True", "OTEL_HOST": "127.0.0.1", "OTEL_PORT": str(port)})
    values = {}
    for body in bodies:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    kind = metric.WhichOneof("data")
                    (point,) = getattr(metric, kind).data_points
                    values[metric.name] = (kind, point.as_int or point.as_double if kind != "exponential_histogram" else point.count)
    assert values == {
        "airflow.news.outcomes.page.captured": ("sum", 7),
        "airflow.news.outcomes.page.failed": ("sum", 2),
        "airflow.news.captures": ("sum", 7),
        "airflow.news.bytes": ("sum", 900),
        "airflow.news.sources_failed": ("gauge", 1),
        "airflow.news.stage.capture": ("exponential_histogram", 1),
    }
