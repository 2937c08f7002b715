"""Cookies of one redirect chain: servers that redirect to the same page until a cookie comes back get it. Opens no connection.

A cookie goes only to the host that set it, whatever its `Domain` says, and is forgotten with the chain.
"""

from __future__ import annotations

from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

import requests

MAX_HEADER_BYTES = 8 * 1024
"""Length of a Cookie header above which none is sent, because servers refuse such lines. RFC 6265, section 6.1: 4 KiB for one cookie."""


class ChainCookies:
    """The cookies that the hosts of one redirect chain have set so far, a jar for each host."""

    def __init__(self) -> None:
        self._jars: dict[str, CookieJar] = {}

    def take(self, response: requests.Response, url: str) -> None:
        """Keep what the answer for `url` sets, and drop what it unsets."""
        if "set-cookie" in response.headers:
            jar = self._jars.setdefault(_host(url), CookieJar())
            jar.extract_cookies(_Headers(response.raw.headers), _request(url))  # type: ignore[arg-type]

    def header(self, url: str) -> str | None:
        """The Cookie header for a request for `url`; None where its host has set none for that path."""
        jar = self._jars.get(_host(url)) if self._jars else None
        if jar is None:
            return None
        request = _request(url)
        jar.add_cookie_header(request)
        header = request.get_header("Cookie")
        return header if header and len(header) <= MAX_HEADER_BYTES else None


class _Headers:
    """The headers of an answer as http.cookiejar wants them."""

    def __init__(self, headers: Any) -> None:
        self._headers = headers

    def info(self) -> Any:
        return self._headers


def _request(url: str) -> Request:
    return Request(url)  # noqa: S310 - nothing is opened with it: http.cookiejar reads the address from it


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
