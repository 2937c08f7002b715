"""A news site on loopback that can misbehave: the sockets of the newsroom, and nothing about what the pages say.

Two listeners, plain and TLS, serve every host of the world by the Host header; a thread per connection, HTTP/1.1 with keep-alive. The
client reaches them through routes (`Newsroom.settings`), so URLs keep their real names and ports.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseServer, TCPServer, ThreadingMixIn
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import quote, urlsplit, urlunsplit

from tests.newsroom.answers import Answer, Resource, answer, message, redirect
from tests.newsroom.authority import Authority
from tests.newsroom.misbehaviours import Gone, Misbehaviour
from tests.newsroom.world import World

LOOPBACK = "127.0.0.1"
DEFAULT_PORTS = {"http": 80, "https": 443}
POLL_S = 0.01
"""How long closing may wait for a listener to look up; most tests close one."""


class Seen(NamedTuple):
    """A request that was answered; `status` is 0 where no HTTP answer went out. Header names are in lower case."""

    method: str
    host: str
    path: str
    status: int
    headers: dict[str, str]


Mounted = Callable[[str, Mapping[str, str]], Resource]
"""What answers below an address: the URL asked for and the request's headers (names in lower case) to what stands there."""


class Newsroom:
    """Serves `world` and whatever `add_page` puts beside it, while the context is open.

    `now` fixes the Date header; the world itself never changes with time. Thread-safe. Closing takes less than a second and raises
    RuntimeError when an answer failed by a fault of the newsroom's own.
    """

    def __init__(self, world: World | None = None, now: datetime | None = None) -> None:
        self.world = World.empty() if world is None else world
        self._now = now
        self._lock = threading.Lock()
        self._added: dict[str, Resource] = {}
        self._mounted: dict[str, Mounted] = {}
        self._behaviours: dict[str, Misbehaviour] = {}
        self._counts: Counter[str] = Counter()
        self._requests: list[Seen] = []
        self._faults: list[BaseException] = []

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="newsroom-")
        authority = Authority(Path(self._folder.name))
        self.ca_bundle = authority.bundle
        self._listeners = (_Listener(self, None), _Listener(self, authority.server_context()))
        self.http_port, self.https_port = (listener.server_address[1] for listener in self._listeners)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for listener in self._listeners:
            listener.close()
        self._folder.cleanup()
        if self._faults and kind is None:
            raise RuntimeError(f"the newsroom failed to answer: {self._faults[0]!r}") from self._faults[0]

    @property
    def settings(self) -> dict[str, Any]:
        """For `pipeline.core.settings.Settings`."""
        routes = (f"*:443={LOOPBACK}:{self.https_port}", f"*:80={LOOPBACK}:{self.http_port}")
        return {"connect_to": routes, "ca_bundle": str(self.ca_bundle)}

    @property
    def environment(self) -> dict[str, str]:
        """The same for a process, and the world's catalogue."""
        return {
            "NEWS_CONNECT_TO": ",".join(self.settings["connect_to"]),
            "NEWS_CA_BUNDLE": str(self.ca_bundle),
            "NEWS_CONFIG": str(self.world.catalogue),
            "NEWS_PACE_DIR": "",  # the world's hosts are others in each newsroom
        }

    @property
    def requests(self) -> list[Seen]:
        """The requests answered so far, in order; a copy."""
        with self._lock:
            return list(self._requests)

    def forget_requests(self) -> None:
        with self._lock:
            self._requests.clear()

    def add_page(
        self,
        url: str,
        body: bytes | str,
        *,
        content_type: str = "text/html; charset=utf-8",
        headers: Mapping[str, str | None] | None = None,
        status: int = 200,
    ) -> None:
        """Put something at any URL of any host; it hides a page of the world. Text is sent as UTF-8.

        A header that is None is left out of the answer (`{"ETag": None}`), any other replaces the server's own.
        """
        octets = body.encode() if isinstance(body, str) else body
        with self._lock:
            self._added[_key(url)] = Resource(octets, content_type, status=status, headers=dict(headers or {}))

    def mount(self, prefix: str, mounted: Mounted) -> None:
        """Let `mounted` answer for every URL that starts with `prefix`."""
        with self._lock:
            self._mounted[prefix] = mounted

    def misbehave(self, url: str, behaviour: Misbehaviour | None) -> None:
        """Let `url` misbehave from now on, or behave again with None. `https://host.example/*` means all that starts so."""
        with self._lock:
            self._counts.pop(_key(url), None)
            self._behaviours.pop(_key(url), None)
            if behaviour is not None:
                self._behaviours[_key(url)] = behaviour

    def now(self) -> datetime:
        return self._now or datetime.now(UTC)

    def resource(self, url: str, asked: Mapping[str, str] | None = None) -> Resource:
        """What stands at `url`; a query that no page knows is ignored, as content systems do."""
        with self._lock:
            mounted = next((answers for prefix, answers in self._mounted.items() if url.startswith(prefix)), None)
        if mounted is not None:
            return mounted(url, asked or {})
        key = _key(url)
        bare = key.partition("?")[0]
        for candidate in (key, bare):
            found = self._stored(candidate)
            if found is not None:
                return found
        if key.startswith("http://") and self._stored("https" + bare.removeprefix("http")) is not None:
            return redirect("https" + key.removeprefix("http"))
        return message(404)

    def _stored(self, key: str) -> Resource | None:
        with self._lock:
            return self._added.get(key) or self.world.resources.get(key)

    def behaviour(self, url: str) -> tuple[Misbehaviour | None, int]:
        """How `url` misbehaves, and how many requests to it did so before and with this one."""
        key = _key(url)
        with self._lock:
            patterns = [key] if key in self._behaviours else []
            patterns += sorted((p for p in self._behaviours if p.endswith("*") and key.startswith(p[:-1])), key=len)[::-1]
            if not patterns:
                return None, 0
            self._counts[patterns[0]] += 1
            return self._behaviours[patterns[0]], self._counts[patterns[0]]

    def saw(self, request: Seen) -> None:
        with self._lock:
            self._requests.append(request)

    def failed(self, fault: BaseException) -> None:
        with self._lock:
            self._faults.append(fault)


class _Listener(ThreadingMixIn, TCPServer):
    """One port. Every open connection is known, so that closing can end them all at once."""

    allow_reuse_address = True
    request_queue_size = 128
    disable_nagle_algorithm = True

    def __init__(self, room: Newsroom, tls: ssl.SSLContext | None) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.room, self.tls = room, tls
        self.scheme = "http" if tls is None else "https"
        self._open: set[socket.socket] = set()
        self._closing = False
        self._lock = threading.Lock()
        self._accepting = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": POLL_S}, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        self.shutdown()
        self._accepting.join()
        with self._lock:
            self._closing = True
            for connection in self._open:
                _hang_up(connection)
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        connection = request
        if self.tls is not None:
            connection = self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
            if self._closing:
                _hang_up(connection)
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            _Handler(connection, client_address, self)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        fault = sys.exception()
        if fault is not None and not isinstance(fault, (OSError, Gone)):
            self.room.failed(fault)


class _Handler(BaseHTTPRequestHandler):
    """One connection; also the `Exchange` of each request on it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener
    methods: ClassVar = ("GET", "HEAD")

    def __init__(self, request: Any, client_address: Any, server: BaseServer) -> None:
        self.url, self.number = "", 0
        super().__init__(request, client_address, server)

    def do_GET(self) -> None:
        room = self.server.room
        self.url = self._address()
        behaviour, self.number = room.behaviour(self.url)
        if behaviour is None:
            self.finish_with(self.of(room.resource(self.url, self._asked())))
            return
        self._finished = False
        behaviour.play(_Exchange(self))
        self.close_connection = self.close_connection or not self._finished

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def do_POST(self) -> None:
        self.url, self.close_connection = self._address(), True
        self.finish_with(self.of(message(405, headers={"Allow": "GET, HEAD", "Connection": "close"})))

    def of(self, resource: Resource) -> Answer:
        return answer(resource, self.command, asked=self._asked(), now=self.server.room.now())

    def begin(self, status: int) -> None:
        parts = urlsplit(self.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.server.room.saw(Seen(self.command, parts.netloc, path, status, self._asked()))

    def finish_with(self, full: Answer) -> None:
        self.begin(full.status)
        self._finished = True
        self.connection.sendall(full.wire)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: what was asked stands in `Newsroom.requests`."""

    def _asked(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _address(self) -> str:
        """The URL that the client means: target and Host header, without a port that says nothing."""
        if self.path.startswith(("http://", "https://")):
            return self.path
        host, _, port = self.headers.get("Host", "localhost").lower().partition(":")
        silent = {str(DEFAULT_PORTS[self.server.scheme]), str(self.server.server_address[1]), ""}
        return f"{self.server.scheme}://{host}{'' if port in silent else ':' + port}{self.path}"


class _Exchange:
    """What a misbehaviour may do with a request (`misbehaviours.Exchange`)."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self.url, self.number = handler.url, handler.number
        self.of, self.begin, self.finish = handler.of, handler.begin, handler.finish_with

    def real(self) -> Answer:
        found = self._handler.server.room.resource(self.url, self._handler._asked())
        return self.of(message(200) if found.status == 404 else found)

    def send(self, octets: bytes) -> None:
        try:
            self._handler.connection.sendall(octets)
        except OSError as error:
            raise Gone from error

    def pause(self, seconds: float) -> None:
        """Nothing more is due from the client: when its socket turns readable it has gone, or the listener hung up."""
        if seconds <= 0:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._handler.connection, selectors.EVENT_READ)
            if selector.select(seconds):
                raise Gone

    def reset(self) -> None:
        no_linger = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        raise Gone


def _hang_up(connection: socket.socket) -> None:
    """End a connection that another thread reads; the class's own method, as SSLSocket's would take the TLS layer away under it."""
    with contextlib.suppress(OSError):  # it is closed already
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _key(url: str) -> str:
    """The URL as a client sends it: host in lower case and punycode, no default port, no fragment, path percent-encoded."""
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode()
    port = "" if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    path, query = (quote(text, safe="%/:=&?~+!$,;'@()*[]") for text in (parts.path or "/", parts.query))
    return urlunsplit((parts.scheme, host + port, path, query, ""))
