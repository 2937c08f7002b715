"""An S3 server in a process of its own (moto's), behind a proxy that counts requests by operation and can fail them."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlsplit

import pytest

LOOPBACK = "127.0.0.1"
ACCESS_KEY, SECRET_KEY = "AKIATESTKEY", "a-secret/of+the=tests"
STARTED_S = 60.0
SERVER = """
import os, sys, threading
from moto.s3.models import s3_backends
from moto.server import main

def serve_commands():  # each line is a bucket and a key for an empty object; the end of the lines ends the server with its parent
    backend = s3_backends["123456789012"]["aws"]
    for line in sys.stdin:
        bucket, _, key = line.rstrip().partition(" ")
        if key:
            backend.put_object(bucket, key, b"")
        else:
            print(line, end="", flush=True)
    os._exit(0)

threading.Thread(target=serve_commands, daemon=True).start()
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
"""


@dataclass(frozen=True, slots=True)
class S3Request:
    """One request: the name of its operation in the S3 API, and the key, or for a listing the prefix."""

    operation: str
    key: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a request: an error status, a delay before the answer, a cut halfway through its body, a cut after the server did
    the work, or a cut halfway through the answer."""

    status: int = 0
    delay_s: float = 0.0
    cuts_body: bool = False
    cuts_answer: bool = False
    cuts_download: bool = False


Faults = Callable[[S3Request], Fault | None]


class ObjectStore:
    """The server and its proxy, while the context is open. `requests` are those since the last `forget`, in the order of their arrival."""

    def __init__(self) -> None:
        self.requests: list[S3Request] = []
        self.faults: Faults = _no_faults
        self.heeds_conditions = True
        self.one_write = threading.Lock()
        self._lock = threading.Lock()
        self._buckets = 0

    def __enter__(self) -> Self:
        with socket.socket() as free:
            free.bind((LOOPBACK, 0))
            self.server_port = free.getsockname()[1]
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(self.server_port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._wait()
        self._proxy = _Proxy(self)
        self.port = self._proxy.server_address[1]
        threading.Thread(target=self._proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._proxy.shutdown()
        self._proxy.server_close()
        self._server.kill()
        self._server.communicate()

    def new_bucket(self, *, with_key: bool = True) -> str:
        """Create a bucket; returns the URI of a lake in it, by default with a key. The server accepts any."""
        with self._lock:
            self._buckets += 1
            bucket = f"lake{self._buckets}"
        assert self.ask("PUT", f"/{bucket}")[0] == 200
        options = f"region=us-east-1&scheme=http&endpoint_override={LOOPBACK}:{self.port}"
        key = f"{ACCESS_KEY}:{quote(SECRET_KEY, safe='')}@" if with_key else ""
        return f"s3://{key}{bucket}/lake?{options}"

    def fill(self, uri: str, paths: Iterable[str]) -> None:
        """Put empty objects into the lake at `uri`, a thousand times faster than by requests."""
        bucket = urlsplit(uri).hostname
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        for path in paths:
            self._server.stdin.write(f"{bucket} lake/{path}\n")
        self._server.stdin.write("done\n")
        self._server.stdin.flush()
        while self._server.stdout.readline() != "done\n":
            pass

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """The answer of the server to a request that goes around the proxy."""
        connection = http.client.HTTPConnection(LOOPBACK, self.server_port, timeout=30)
        with contextlib.closing(connection):
            connection.request(
                method, path, body, {"Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261130/us-east-1/s3/aws4_request"}
            )
            answer = connection.getresponse()
            return answer.status, answer.read()

    def forget(self) -> None:
        """Forget the requests that were counted, and the faults."""
        self.requests, self.faults = [], _no_faults

    def count(self) -> dict[str, int]:
        """The number of requests by operation."""
        return dict(sorted(Counter(request.operation for request in self.requests).items()))

    def received(self, request: S3Request) -> Fault:
        """Count the request; returns what shall go wrong with it."""
        with self._lock:
            self.requests.append(request)
            return self.faults(request) or Fault()

    def _wait(self) -> None:
        until = time.monotonic() + STARTED_S
        while True:
            try:
                assert self.ask("GET", "/")[0] == 200
            except OSError:
                if time.monotonic() > until or self._server.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return


@contextlib.contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A running `ObjectStore`; skips the test where moto, which the extra `dev` installs, is missing."""
    pytest.importorskip("moto", reason="the extra `dev` installs moto, whose S3 server this test starts")
    with ObjectStore() as store:
        yield store


def _no_faults(_: S3Request) -> Fault | None:
    return None


def s3_request(method: str, target: str) -> S3Request:
    """The S3 operation that an HTTP request stands for."""
    split = urlsplit(target)
    query = parse_qs(split.query, keep_blank_values=True)
    key = split.path.lstrip("/").partition("/")[2]
    if method == "GET" and not key:
        return S3Request("ListObjectsV2" if "list-type" in query else "GetBucket", query.get("prefix", [""])[0])
    if method == "POST":
        return S3Request(
            "CreateMultipartUpload" if "uploads" in query else "DeleteObjects" if "delete" in query else "CompleteMultipartUpload", key
        )
    if "uploadId" in query:
        return S3Request("UploadPart" if method == "PUT" else "AbortMultipartUpload", key)
    return S3Request(f"{method.capitalize()}{'Object' if key else 'Bucket'}", key)


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        super().__init__((LOOPBACK, 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that breaks off is what the tests ask for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Proxy

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._upstream = http.client.HTTPConnection(LOOPBACK, self.server.store.server_port, timeout=60)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def _forward(self) -> None:
        fault = self.server.store.received(s3_request(self.command, self.path))
        if fault.cuts_body:
            self.rfile.read(int(self.headers.get("Content-Length", 0)) // 2)
            self.close_connection = True
            return
        body = self._body()
        if fault.status:
            code = {403: "AccessDenied", 503: "SlowDown"}.get(fault.status, "InternalError")
            self._answer(
                fault.status, [("Content-Type", "application/xml")], f"<Error><Code>{code}</Code><Message>fault</Message></Error>".encode()
            )
            return
        dropped = HOP_BY_HOP if self.server.store.heeds_conditions else HOP_BY_HOP | CONDITIONS
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        # moto looks at a condition and stores the object in two steps, which S3 does in one
        with self.server.store.one_write if CONDITIONS & {name.lower() for name in headers} else contextlib.nullcontext():
            self._upstream.request(self.command, self.path, body, headers)
            answer = self._upstream.getresponse()
            content = answer.read()
        time.sleep(fault.delay_s)
        if fault.cuts_answer:
            self.close_connection = True
            return
        self._answer(answer.status, answer.getheaders(), content, sent=len(content) // 2 if fault.cuts_download else None)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, *, sent: int | None = None) -> None:
        self.send_response_only(status)
        length = next((value for name, value in headers if name.lower() == "content-length"), str(len(content)))
        for name, value in [
            *((name, value) for name, value in headers if name.lower() not in HOP_BY_HOP),
            ("Content-Length", length if self.command == "HEAD" else str(len(content))),
        ]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:sent])
        self.close_connection = self.close_connection or sent is not None

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _forward  # noqa: N815 (BaseHTTPRequestHandler prescribes the names)

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""


HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "keep-alive", "content-length", "expect"})
CONDITIONS = frozenset({"if-match", "if-none-match"})
