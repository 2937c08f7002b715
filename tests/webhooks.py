"""A webhook on loopback for tests: a server that keeps what it is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "T00-secret-path"


@dataclass
class Webhook:
    """What the server was sent, and how it is to answer."""

    answers: list[int] = field(default_factory=list)
    """The statuses of the first answers; then 200."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serve_webhook() -> Iterator[Webhook]:
    """A webhook that answers until the block ends."""
    kept = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.paths.append(self.path)
            kept.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status = kept.answers.pop(0) if kept.answers else 200
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/{SECRET}"
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
