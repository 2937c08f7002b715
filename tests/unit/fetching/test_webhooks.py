"""Where alerts may be sent to, by the URL alone."""

from __future__ import annotations

import pytest

from pipeline.fetching.webhooks import why_refused_webhook


@pytest.mark.parametrize("url", ["https://hooks.example/T0/secret", "http://localhost:9000/x", "http://127.0.0.1:9000/x", "http://[::1]/x"])
def test_https_and_this_machine_are_allowed(url: str) -> None:
    assert why_refused_webhook(url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://hooks.example/secret", "http is allowed only to this machine"),
        ("http://localhost.example/secret", "http is allowed only to this machine"),
        ("http://192.168.1.2/secret", "http is allowed only to this machine"),
        ("ftp://hooks.example/secret", "the scheme ftp is not https"),
        ("https:///secret", "it has no host"),
        ("https://hooks.example:port/secret", "it is not a URL"),
        ("secret", "it has no host"),
    ],
)
def test_others_are_refused_without_showing_the_url(url: str, reason: str) -> None:
    refusal = str(why_refused_webhook(url))
    assert reason in refusal
    assert "secret" not in refusal
