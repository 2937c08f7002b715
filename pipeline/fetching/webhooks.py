"""Sends a JSON document to a webhook that the operator chose. Bounded and retried; no message shows the URL.

The URL of a webhook is a secret: whoever knows it can write there. Errors name only its host, and redirects are not followed. It must be
`https`; only to this machine, by the name localhost or a loopback address, it may be `http`. Any other address that is not public is
refused unless `NEWS_ALLOW_NETWORKS` has it: the setting is the operator's own, but its name may come to lead into a private network.
"""

from __future__ import annotations

import ipaddress
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
from urllib3.exceptions import HTTPError

from pipeline.core.errors import FetchError, PermanentFetchError, TransientFetchError
from pipeline.core.models import Clock
from pipeline.core.settings import Settings
from pipeline.fetching.connections import Recording, RecordingAdapter, Routes, start_recording
from pipeline.fetching.politeness import TRANSIENT_STATUSES

WAITS_S = (1.0, 4.0)
"""Seconds before the second and the third attempt. A plain choice: an alert waits behind a task, not behind an outage."""
TOTAL_TIMEOUT_S = 15.0
"""Seconds for one attempt. A plain choice."""
MAX_ANSWER_BYTES = 64 * 1024
"""Octets of an answer, which is not read: its status alone counts."""
LOOPBACK = ("127.0.0.0/8", "::1/128")


def post_json(settings: Settings, url: str, body: Mapping[str, Any], *, clock: Clock) -> None:
    """POST `body` as JSON; a status from 200 to 299 is success.

    Raises TransientFetchError after three attempts without an answer or with a transient status, PermanentFetchError at once for any other
    failure.
    """
    for wait_s in WAITS_S:
        try:
            _post(settings, url, body)
            return
        except TransientFetchError:
            clock.sleep(wait_s)
    _post(settings, url, body)


def why_refused_webhook(url: str) -> str | None:
    """Why no document is sent to `url`; None when it may be. Names no part of it but the scheme."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is not a URL"
    if not host:
        return "it has no host"
    if parts.scheme not in ("http", "https"):
        return f"the scheme {parts.scheme or '(none)'} is not https"
    if parts.scheme == "http" and not is_loopback(host):
        return "http is allowed only to this machine (localhost); write https"
    return None


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by its name: localhost or a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _post(settings: Settings, url: str, body: Mapping[str, Any]) -> None:
    refusal = why_refused_webhook(url)
    if refusal is not None:
        raise PermanentFetchError(f"webhook: refused: {refusal}", url="webhook", reason="forbiddenUrl")
    host = urlsplit(url).hostname or ""
    name = f"webhook at {host}"
    allowed = (*settings.allow_networks, *(LOOPBACK if is_loopback(host) else ()))
    adapter = RecordingAdapter(
        Routes(connect_to=settings.connect_to, allow_networks=allowed),
        context=ssl.create_default_context(cafile=settings.ca_bundle or certifi.where()),
        pool_hosts=1,
    )
    start_recording(Recording(url=name, deadline=time.monotonic() + TOTAL_TIMEOUT_S, max_bytes=MAX_ANSWER_BYTES))
    try:
        status = _status(adapter, url, body, settings)
    except FetchError:
        raise  # names host and reason
    except requests.exceptions.SSLError:
        raise PermanentFetchError(f"{name}: TLS failed", url=name, reason="tls") from None  # the error of requests has the URL
    except (requests.exceptions.Timeout, requests.exceptions.ConnectionError):
        raise TransientFetchError(f"{name}: no answer", url=name, reason="connection") from None
    except (requests.exceptions.RequestException, HTTPError, ValueError):
        raise PermanentFetchError(f"{name}: it cannot be requested", url=name, reason="protocol") from None
    finally:
        adapter.close()
    if status in TRANSIENT_STATUSES:
        raise TransientFetchError(f"{name}: HTTP {status}", url=name, reason="status", status=status)
    if not 200 <= status < 300:
        raise PermanentFetchError(f"{name}: HTTP {status}", url=name, reason="status", status=status)


def _status(adapter: RecordingAdapter, url: str, body: Mapping[str, Any], settings: Settings) -> int:
    data = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": settings.user_agent}
    request = requests.Request("POST", url, data=data, headers=headers).prepare()
    with adapter.send(request, stream=True, timeout=(settings.connect_timeout_s, settings.read_timeout_s)) as response:
        return response.status_code
