"""A small client of the newsroom for tests of the newsroom itself: standard library only, no retries, nothing followed."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.newsroom.server import Newsroom


@dataclass(frozen=True)
class Got:
    status: int
    headers: Mapping[str, str]
    body: bytes


def connect(room: Newsroom, url: str, *, timeout_s: float = 5.0) -> socket.socket:
    """A connection to the newsroom, with TLS checked against its authority where the URL asks for it."""
    parts = urlsplit(url)
    port = room.https_port if parts.scheme == "https" else room.http_port
    plain = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
    if parts.scheme == "http":
        return plain
    context = ssl.create_default_context(cafile=str(room.ca_bundle))
    try:
        return context.wrap_socket(plain, server_hostname=parts.hostname)
    except BaseException:
        plain.close()
        raise


def get(room: Newsroom, url: str, *, method: str = "GET", timeout_s: float = 5.0, **headers: str) -> Got:
    """One request; `_` in a keyword stands for `-` in the header's name."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    with connect(room, url, timeout_s=timeout_s) as connection:
        client = http.client.HTTPConnection(parts.netloc)
        client.sock = connection
        client.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        with client.getresponse() as response:
            return Got(response.status, dict(response.getheaders()), response.read())
