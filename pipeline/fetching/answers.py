"""Reads answers within bounds: the body as received, its decoded content, the target of a redirect. Opens no connection."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from pipeline.core.errors import PermanentFetchError, TransientFetchError
from pipeline.core.models import Kind
from pipeline.text.content_codings import codings_of, decode
from pipeline.text.counts import counted

CHUNK = 1 << 16
"""Bytes read at a time. A plain choice."""
TEXT_KINDS = frozenset({"feed", "section", "page", "amp", "robots"})
"""Kinds whose answers are text, so that gzip in them is a content coding even if no header says so. Others may be gzip files."""


def receive_body(response: requests.Response, received: bytearray, *, limit: int, url: str, is_cut: bool) -> None:
    """Append the body to `received` with its codings; with `is_cut` reading stops after `limit` bytes.

    Raises TransientFetchError when the answer stops or breaks off.
    """
    try:
        while not (is_cut and len(received) > limit) and (chunk := response.raw.read1(CHUNK, decode_content=False)):
            received += chunk
    except TimeoutError as error:
        raise TransientFetchError(f"{url}: the answer stopped", url=url, reason="timeout") from error
    except HTTPError as error:
        reason = "timeout" if "timed out" in str(error).lower() else "truncated"
        raise TransientFetchError(f"{url}: the answer broke off: {error}", url=url, reason=reason) from error


def decoded_body(response: requests.Response, received: bytes, *, limit: int, url: str, kind: Kind) -> bytes:
    """The body without codings, at most `limit` bytes. A longer robots.txt is cut there, any other longer body is refused.

    Raises PermanentFetchError for a body that is too large, TransientFetchError for one that cannot be decoded.
    """
    codings = codings_of(response.headers.get("Content-Encoding"))
    try:
        body = decode(received, codings, limit=limit + 1, is_text=kind in TEXT_KINDS)
    except ValueError as error:
        raise TransientFetchError(f"{url}: the answer cannot be decoded: {error}", url=url, reason="truncated") from error
    if len(body) > limit and kind != "robots":
        raise PermanentFetchError(f"{url}: the answer has more than {counted(limit, 'byte')}", url=url, reason="tooLarge")
    return body[:limit]


def redirect_target(url: str, location: str) -> str:
    """The URL that a Location header in the answer for `url` names: without blanks around it, raw octets percent-encoded.

    http.client reads headers as Latin-1, one character for each octet; a host name in raw octets is read as UTF-8. Raises
    PermanentFetchError when it is no URL.
    """
    try:
        target = urljoin(url, location.strip(" \t\r\n"))
        host = urlsplit(target).netloc or "/"
    except ValueError as error:
        raise PermanentFetchError(f"{url}: the redirect does not name a URL: {error}", url=url, reason="protocol") from error
    before, _, after = target.partition(host)
    named = host.encode("latin-1", errors="replace").decode("utf-8", errors="replace")
    return before + named + "".join(char if "!" <= char <= "~" else f"%{ord(char) & 0xFF:02X}" for char in after)
