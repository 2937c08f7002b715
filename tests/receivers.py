"""Receivers of mail and metrics on loopback for tests: an SMTP server, a StatsD socket, and an OTLP collector over HTTP."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Mailbox:
    """The mail that an SMTP server took: sender and recipients of the envelope, and the message."""

    port: int = 0
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)


@contextmanager
def serve_smtp() -> Iterator[Mailbox]:
    """An SMTP server (RFC 5321) without TLS and log-in until the block ends."""
    kept = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            sender, recipients = "", []
            self._say("220 mail.example ESMTP")
            while line := self.rfile.readline():
                verb, _, rest = line.decode().strip().partition(" ")
                match verb.upper():
                    case "EHLO" | "HELO":
                        self._say("250 mail.example")
                    case "MAIL":
                        sender = rest.partition("<")[2].partition(">")[0]
                        self._say("250 OK")
                    case "RCPT":
                        recipients.append(rest.partition("<")[2].partition(">")[0])
                        self._say("250 OK")
                    case "DATA":
                        self._say("354 End with a dot")
                        kept.messages.append(message_from_bytes(self._data(), policy=policy.default))
                        kept.envelopes.append((sender, recipients))
                        self._say("250 Taken")
                    case "QUIT":
                        self._say("221 Bye")
                        return
                    case _:
                        self._say("502 Not implemented")

        def _data(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return b"".join(lines)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with _served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)) as port:
        kept.port = port
        yield kept


@contextmanager
def serve_otlp() -> Iterator[tuple[int, list[bytes]]]:
    """A collector of OpenTelemetry metrics until the block ends: its port, and the bodies of the requests to `/v1/metrics`."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/metrics":
                bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, bodies


@contextmanager
def _served(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def listen_udp() -> Iterator[socket.socket]:
    """A socket that takes the datagrams of StatsD until the block ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(10)
        yield listening
