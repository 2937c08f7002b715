"""What a well-behaved server answers: conditional requests, content coding, lengths. Values in, bytes out, no sockets.

RFC 9110 rules kept here: If-None-Match is looked at before If-Modified-Since and hides it (13.2.2), entity tags are compared weakly
for it (13.1.2), a 304 carries Date, ETag, Last-Modified and Vary and no body (15.4.5), HEAD has the lengths of GET and no body (9.3.2).
A tag goes weak when the body is gzipped, as nginx does it.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus

COMPRESSIBLE = ("text/", "application/xml", "application/rss", "application/atom", "application/json", "application/feed+json")
SMALLEST_COMPRESSED_BYTES = 256


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that stands at a URL. A header that is None is left out, any other replaces the server's own."""

    body: bytes | Callable[[], bytes]
    content_type: str
    status: int = 200
    headers: Mapping[str, str | None] = field(default_factory=dict)
    last_modified: datetime | None = None

    @property
    def octets(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else self.body()


@dataclass(frozen=True, slots=True)
class Answer:
    """One response message; `body` is as it goes over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def head(self) -> bytes:
        """Status line and header section, blank line included."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}", *(f"{n}: {v}" for n, v in self.headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    @property
    def wire(self) -> bytes:
        return self.head + self.body

    def with_headers(self, **headers: str) -> Answer:
        """Replace or add headers; `_` in a keyword stands for `-`."""
        names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in names}
        return Answer(self.status, kept | {name.title(): value for name, value in names.items()}, self.body)


def redirect(location: str, *, status: int = 301) -> Resource:
    text = f'<html><body>Moved to <a href="{location}">{location}</a>.</body></html>\n'
    return Resource(text.encode(), "text/html; charset=utf-8", status=status, headers={"Location": location})


def message(status: int, *, headers: Mapping[str, str | None] | None = None) -> Resource:
    """A short page that says the status in words."""
    title = f"{status} {_phrase(status)}"
    text = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Resource(text.encode(), "text/html; charset=utf-8", status=status, headers=headers or {})


def answer(resource: Resource, method: str, *, asked: Mapping[str, str], now: datetime) -> Answer:
    """The response to `method` with the request headers `asked` (names in lower case)."""
    body, own = resource.octets, {"Date": http_date(now), "Server": "newsroom", "Content-Type": resource.content_type}
    given = {name.lower() for name in resource.headers}
    zipped = resource.content_type.startswith(COMPRESSIBLE) and "content-encoding" not in given and len(body) >= SMALLEST_COMPRESSED_BYTES
    if zipped:
        own["Vary"] = "Accept-Encoding"
        zipped = _accepts_gzip(asked.get("accept-encoding", ""))
    if resource.status == HTTPStatus.OK:
        own["ETag"] = ("W/" if zipped else "") + f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        if resource.last_modified is not None:
            own["Last-Modified"] = http_date(resource.last_modified)
    kept = {name: value for name, value in own.items() if name.lower() not in given}
    headers = kept | {name: value for name, value in resource.headers.items() if value is not None}
    if resource.status == HTTPStatus.OK and method in ("GET", "HEAD") and _not_modified(headers, asked):
        return Answer(304, {name: value for name, value in headers.items() if name != "Content-Type"})
    if zipped:
        body, headers["Content-Encoding"] = gzip.compress(body, mtime=0), "gzip"
    if "content-length" not in given:
        headers["Content-Length"] = str(len(body))
    return Answer(resource.status, headers, b"" if method == "HEAD" else body)


def http_date(moment: datetime) -> str:
    """IMF-fixdate (RFC 9110, section 5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _not_modified(headers: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    by_name = {name.lower(): value for name, value in headers.items()}
    wanted = asked.get("if-none-match")
    if wanted is not None:
        tag = by_name.get("etag", "").removeprefix("W/")
        return bool(tag) and (wanted.strip() == "*" or tag in {t.strip().removeprefix("W/") for t in wanted.split(",")})
    since, changed = _date(asked.get("if-modified-since")), _date(by_name.get("last-modified"))
    return since is not None and changed is not None and changed <= since


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _accepts_gzip(accepted: str) -> bool:
    for offer in accepted.lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unassigned"
