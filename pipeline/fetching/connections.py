"""HTTP connections that go only to checked addresses, record every octet, and end in time. Only `pipeline.fetching.fetcher` uses them.

They are the connections of urllib3 with three changes:

- the host is resolved, each address is checked, and the connection goes to a checked address, so that a name cannot resolve differently
  for the check and for the connection (DNS rebinding);
- the octets of request and answer are kept as they cross the socket, for WARC records;
- each read is bounded by the time and the octets that the `Recording` of the calling thread has left.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from pipeline.core.errors import PermanentFetchError, TransientFetchError
from pipeline.core.settings import parse_route
from pipeline.fetching.addresses import why_refused
from pipeline.text.counts import counted

MAX_INTERIM_ANSWERS = 16
"""Interim answers that are read before a final one. A plain choice: servers send one or two."""


@dataclass(slots=True)
class Recording:
    """The octets that one exchange has sent and received so far, and its bounds."""

    url: str
    deadline: float
    """The value of time.monotonic at which the exchange must have ended."""
    max_bytes: int
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)

    def remaining_s(self) -> float:
        """Seconds until the deadline. Raises TransientFetchError when it has passed."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TransientFetchError(f"{self.url}: no complete answer in time", url=self.url, reason="timeout")
        return left


_running = threading.local()


def start_recording(recording: Recording) -> None:
    """Record in `recording` all that the calling thread sends and receives from now on."""
    _running.recording = recording


class _RecordingReader(io.RawIOBase):
    """An unbuffered reader of a socket that records octets and enforces the bounds of the thread's `Recording`."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._patience_s = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        recording: Recording = _running.recording
        left = recording.remaining_s()
        self._sock.settimeout(min(left, self._patience_s or left))
        count = self._raw.readinto(buffer) or 0
        recording.received += memoryview(buffer)[:count]
        if len(recording.received) > recording.max_bytes:
            message = f"{recording.url}: the answer has more than {counted(recording.max_bytes, 'byte')}"
            raise PermanentFetchError(message, url=recording.url, reason="tooLarge")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _RecordingSocket:
    """The part of a socket that http.client needs to read an answer."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: Literal["rb"]) -> io.BufferedReader:
        raw: Any = self._sock.makefile(mode, buffering=0)
        return io.BufferedReader(_RecordingReader(raw, self._sock), 1 << 16)


class _RecordingResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_RecordingSocket(sock), *args, **kwargs)  # type: ignore[arg-type]

    def _read_status(self) -> tuple[str, int, str]:
        """Pass over interim answers (RFC 9110, section 15.2), in the recording too; http.client takes 103 for the answer."""
        recording: Recording = _running.recording
        for _ in range(MAX_INTERIM_ANSWERS):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200 or status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)
            ahead = len(self.fp.peek())  # reads from the socket when nothing is buffered
            del recording.received[: len(recording.received) - ahead]
        message = f"{recording.url}: more than {MAX_INTERIM_ANSWERS} interim answers"
        raise PermanentFetchError(message, url=recording.url, reason="protocol")


@dataclass(frozen=True)
class Routes:
    """The addresses to connect to: those of `connect_to` (by host and port, `*` for any host), else the checked answers of DNS."""

    connect_to: tuple[str, ...] = ()
    allow_networks: tuple[str, ...] = ()

    @cached_property
    def ports(self) -> frozenset[int]:
        """The ports of `connect_to`, which are allowed besides those of web servers."""
        return frozenset(parse_route(route)[1] for route in self.connect_to)

    def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        """The (IP, port) pairs to try. Raises PermanentFetchError for a forbidden address, TransientFetchError when the host has none."""
        for route in self.connect_to:
            route_host, route_port, address, to_port = parse_route(route)
            if route_port == port and route_host in ("*", host.lower()):
                return [(address, to_port)]
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise TransientFetchError(f"{host}: no address: {error}", url=host, reason="dns") from error
        addresses = list(dict.fromkeys((str(info[4][0]), port) for info in found))
        for address, _ in addresses:
            refusal = why_refused(address, allowed=self.allow_networks)
            if refusal is not None:
                message = f"{host}: refused: {refusal}; NEWS_ALLOW_NETWORKS lists exceptions"
                raise PermanentFetchError(message, url=host, reason="forbiddenAddress")
        return addresses


def _recording_connection(base: type[HTTPConnection], routes: Routes) -> type[HTTPConnection]:
    class RecordingConnection(base):  # type: ignore[valid-type, misc]
        response_class = _RecordingResponse

        def _new_conn(self) -> socket.socket:
            last: OSError | None = None
            for address, port in routes.addresses(self.host, self.port):
                try:
                    sock = socket.create_connection((address, port), self.timeout)
                except OSError as error:
                    last = error
                    continue
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
            reason = "timeout" if isinstance(last, TimeoutError) else "connection"
            raise TransientFetchError(f"{self.host}: no connection: {last}", url=self.host, reason=reason) from last

        def send(self, data: Any) -> None:
            super().send(data)
            if isinstance(data, bytes | bytearray):
                _running.recording.sent += data

    return RecordingConnection


class RecordingAdapter(HTTPAdapter):
    """A requests adapter over recording connections; all TLS connections use `context`."""

    def __init__(self, routes: Routes, *, context: ssl.SSLContext, pool_hosts: int) -> None:
        self._routes = routes
        self._context = context
        self._last: tuple[str, Any] = ("", None)
        super().__init__(pool_connections=pool_hosts, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Create the pools of recording connections; requests calls it."""

        class RecordingHttpPool(HTTPConnectionPool):
            ConnectionCls = _recording_connection(HTTPConnection, self._routes)

        class RecordingHttpsPool(HTTPSConnectionPool):
            ConnectionCls = _recording_connection(HTTPSConnection, self._routes)  # type: ignore[assignment]

        options["ssl_context"] = self._context
        manager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)
        manager.pool_classes_by_scheme = {"http": RecordingHttpPool, "https": RecordingHttpsPool}
        self.poolmanager = manager

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """The pool of the request's host, kept from the last request to the same host: looking it up costs a tenth of a request."""
        origin = request.url[: request.url.index("/", 8)]
        if origin != self._last[0]:
            self._last = (origin, super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert))
        return self._last[1]

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Build the response as requests does, but without cookies and without guessing the charset."""
        response = requests.Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.raw = resp
        response.url = req.url
        response.request = req
        return response

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """The key of the pool, without certificates: requests would load the authorities for each connection; `context` verifies."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: `context` verifies."""


def ended_before_tls(error: BaseException | None) -> bool:
    """Whether TLS failed because the connection ended, which says nothing about the certificate: a server that restarts does so."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__context__
    return isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError)
