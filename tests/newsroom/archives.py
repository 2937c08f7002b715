"""Archives of the web on loopback, each in the format of its model: a Wayback Machine with its CDX API, and Common Crawl's news files."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qsl, quote_plus, urlsplit
from uuid import uuid4

from tests.newsroom.answers import Resource, message, redirect
from tests.newsroom.server import Newsroom

FIELDS = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


@dataclass(frozen=True, slots=True)
class Kept:
    """One snapshot."""

    url: str
    timestamp: str
    body: bytes
    content_type: str
    status: int
    row: tuple[str, ...]
    """As the index has it, `FIELDS`."""


class Wayback:
    """A web archive at `root`: `/cdx/search/cdx` lists its snapshots, `/web/<timestamp>id_/<url>` gives one as it was."""

    def __init__(self, room: Newsroom, root: str = "https://archive.example") -> None:
        self.root = root
        self.most_rows = 150_000
        """Rows of one answer, at most."""
        self._kept: dict[str, list[Kept]] = {}
        """By host, as urlkeys write it."""
        room.mount(f"{root}/cdx/search/cdx", self._list)
        room.mount(f"{root}/web/", self._show)

    @property
    def settings(self) -> dict[str, str]:
        """For `pipeline.core.settings.Settings`."""
        return {"wayback_cdx": f"{self.root}/cdx/search/cdx", "wayback": f"{self.root}/web"}

    def add(self, url: str, at: datetime, body: str, *, content_type: str = "text/html; charset=utf-8", status: int = 200) -> None:
        body_octets, timestamp, key = body.encode(), stamp(at), urlkey(url)
        digest = hashlib.sha1(body_octets).hexdigest()[:32].upper()
        row = (key, timestamp, url, content_type.partition(";")[0], str(status), digest, str(len(body_octets)))
        self._kept.setdefault(key.partition(")")[0], []).append(Kept(url, timestamp, body_octets, content_type, status, row))

    def _list(self, url: str, _asked: Mapping[str, str]) -> Resource:
        given = parse_qsl(urlsplit(url).query)
        rows = list(self._rows(given))
        one = dict(given)
        after = one.get("resumeKey", "")
        rows = [row for row in rows if not after or _resume_key(row) > after]
        limit = min(int(one.get("limit", self.most_rows)), self.most_rows)
        lines: list[object] = [list(FIELDS), *(list(row) for row in rows[:limit])] if rows else []
        if one.get("showResumeKey") == "true" and len(rows) > limit:
            lines += [[], [quote_plus(_resume_key(rows[limit - 1]))]]
        if one.get("output") != "json":
            return message(400)
        return Resource((json.dumps(lines) + "\n").encode(), "application/json", headers={"ETag": None})

    def _rows(self, given: Iterable[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
        one = dict(given)
        wanted, is_host = urlkey(one["url"]), one.get("matchType") == "host"
        start, end = one.get("from", "").ljust(14, "0"), one.get("to", "").ljust(14, "9")
        filters = [value.split(":", 1) for name, value in given if name == "filter"]
        collapsed: str | None = None
        for row in sorted({kept.row for kept in self._kept.get(wanted.partition(")")[0], []) if is_host or kept.row[0] == wanted}):
            if not start <= row[1] <= end:
                continue
            if not all(re.fullmatch(pattern, row[FIELDS.index(name)]) for name, pattern in filters):
                continue
            value = row[FIELDS.index(one["collapse"])] if "collapse" in one else None
            if value is None or value != collapsed:
                yield row
            collapsed = value

    def _show(self, url: str, _asked: Mapping[str, str]) -> Resource:
        timestamp, _, original = url.removeprefix(f"{self.root}/web/").partition("id_/")
        key = urlkey(original)
        same = [kept for kept in self._kept.get(key.partition(")")[0], []) if kept.row[0] == key]
        if not same:
            return message(404)
        nearest = min(same, key=lambda kept: abs(int(kept.timestamp) - int(timestamp)))
        if nearest.timestamp != timestamp:
            return redirect(f"{self.root}/web/{nearest.timestamp}id_/{nearest.url}", status=302)
        moment = datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        headers = {"Memento-Datetime": format_datetime(moment, usegmt=True), "x-archive-src": "sample.warc.gz"}
        return Resource(nearest.body, nearest.content_type, status=nearest.status, headers=headers)


def urlkey(url: str) -> str:
    """A URL as the archives order them (SURT): `com,example)/path`, scheme and `www.` left out."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    host = (parts.hostname or "").removeprefix("www.")
    path = parts.path.lower() or "/"
    return f"{','.join(reversed(host.split('.')))}){path}" + (f"?{parts.query.lower()}" if parts.query else "")


def _resume_key(row: tuple[str, ...]) -> str:
    return f"{row[0]} {row[1]}"


@dataclass(frozen=True, slots=True)
class NewsPage:
    """A page in a news file."""

    url: str
    at: datetime
    body: str
    content_type: str = "text/html; charset=utf-8"
    status: str = "200 OK"


class CommonCrawl:
    """Common Crawl's news data at `root`: a listing of WARC files for each month, files that can be asked for by byte ranges."""

    def __init__(self, room: Newsroom | None = None, root: str = "https://crawl.example") -> None:
        self.root = root
        self.files: dict[str, bytes] = {}
        if room is not None:
            room.mount(f"{root}/crawl-data/", self._give)

    @property
    def settings(self) -> dict[str, str]:
        return {"ccnews": self.root}

    def add(self, started: datetime, pages: Iterable[NewsPage], *, number: int = 1) -> str:
        """A file whose crawl began at `started`; its path. Each page comes with its request, as the crawler writes it."""
        name = f"CC-NEWS-{stamp(started)}-{number:05d}.warc.gz"
        path = f"crawl-data/CC-NEWS/{started:%Y/%m}/{name}"
        octets = _record("warcinfo", None, started, b"software: StormCrawler\r\nisPartOf: CC-NEWS\r\n", "application/warc-fields")
        for page in pages:
            asked = f"GET {urlsplit(page.url).path} HTTP/1.1\r\nHost: {urlsplit(page.url).netloc}\r\nUser-Agent: CCBot/2.0\r\n\r\n".encode()
            head = f"HTTP/1.1 {page.status}\r\nContent-Type: {page.content_type}\r\n\r\n".encode()
            octets += _record("request", page.url, page.at, asked, "application/http; msgtype=request")
            octets += _record("response", page.url, page.at, head + page.body.encode(), "application/http; msgtype=response")
        self.files[path] = octets
        return path

    def listing(self, month: str) -> bytes:
        """The `warc.paths.gz` of a month (`2026/11`)."""
        paths = sorted(path for path in self.files if path.startswith(f"crawl-data/CC-NEWS/{month}/"))
        return gzip.compress("".join(f"{path}\n" for path in paths).encode(), mtime=0)

    def save(self, folder: Path) -> None:
        """Write the listings and files to a local folder, under the same paths."""
        for path, octets in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(octets)
        for month in {path.split("/")[2] + "/" + path.split("/")[3] for path in self.files}:
            (folder / f"crawl-data/CC-NEWS/{month}/warc.paths.gz").write_bytes(self.listing(month))

    def _give(self, url: str, asked: Mapping[str, str]) -> Resource:
        path = url.removeprefix(f"{self.root}/")
        if path.endswith("/warc.paths.gz"):
            month = "/".join(path.split("/")[2:4])
            is_there = any(f"/{month}/" in name for name in self.files)
            return Resource(self.listing(month), "application/gzip") if is_there else message(404)
        octets = self.files.get(path)
        if octets is None:
            return message(404)
        return _ranged(octets, asked.get("range"))


def _record(kind: str, url: str | None, at: datetime, block: bytes, content_type: str) -> bytes:
    """A record of WARC/1.0 (ISO 28500:2009), a gzip member of its own, as the crawler's writer makes it."""
    lines = ["WARC/1.0", f"WARC-Type: {kind}", f"WARC-Date: {at:%Y-%m-%dT%H:%M:%SZ}", f"WARC-Record-ID: <urn:uuid:{uuid4()}>"]
    lines += [f"WARC-Target-URI: {url}"] if url is not None else []
    lines += [f"Content-Type: {content_type}", f"Content-Length: {len(block)}", "", ""]
    return gzip.compress("\r\n".join(lines).encode() + block + b"\r\n\r\n", mtime=0)


def _ranged(octets: bytes, wanted: str | None) -> Resource:
    """RFC 9110, section 14: one range of octets."""
    headers = {"Accept-Ranges": "bytes", "ETag": None}
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted or "")
    if match is None:
        return Resource(octets, "application/octet-stream", headers=headers)
    start, end = int(match[1]), min(int(match[2] or len(octets)), len(octets) - 1)
    if start >= len(octets):
        return Resource(b"", "text/plain", status=416, headers={"Content-Range": f"bytes */{len(octets)}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{len(octets)}"
    return Resource(octets[start : end + 1], "application/octet-stream", status=206, headers=headers)
