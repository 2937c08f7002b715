"""Recognises AMP pages, and builds the URL of a page in the AMP cache.

Pure: nothing is fetched, so a built URL says nothing about whether the cache has the page.
"""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import urlsplit

CACHE = "cdn.ampproject.org"
MAX_LABEL = 63
"""Characters in a DNS label (RFC 1035, section 2.3.4)."""

_AMP_ROOT = re.compile(rb"<html\b[^>]{0,1000}?[\s\"'](?:amp|\xe2\x9a\xa1(?:\xef\xb8\x8f)?)(?=[\s=>/])", re.IGNORECASE)
_ROOT_WITHIN = 10_000
"""Bytes in which the root element is searched, after a doctype and comments. A plain choice."""

DEFAULT_PORTS = {"http": 80, "https": 443}

# The two character classes are those of the official tool; a label may not mix them (RFC 5893).
_LEFT_TO_RIGHT = re.compile(
    "[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02b8\u0300-\u0590\u0800-\u1fff\u200e\u2c00-\ufb1c\ufe00-\ufe6f\ufefd-\uffff]"
)
_RIGHT_TO_LEFT = re.compile("[\u0591-\u06ef\u06fa-\u07ff\u200f\ufb1d-\ufdff\ufe70-\ufefc]")


def cache_url(amp_web_url: str) -> str:
    """The AMP cache URL of an AMP page: `https://<subdomain>.cdn.ampproject.org/c/[s/]<host><path>[?query]`.

    `s/` is for https. The rule is "AMP Cache URL format" of the AMP documentation; the results equal its test vectors, except those of
    images and fonts (`/i/`, `/r/`): a page linked as amphtml is a document, whatever its path ends in. The fragment is left out. Raises
    ValueError when `amp_web_url` is not an absolute http or https URL.
    """
    parts = urlsplit(amp_web_url)
    host = parts.hostname
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise ValueError(f"the URL of an AMP page must be absolute, with http or https, not {amp_web_url!r}")
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    secure = "s/" if parts.scheme == "https" else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{cache_subdomain(host)}.{CACHE}/c/{secure}{host}{port}{parts.path}{query}"


def is_amp(document: bytes) -> bool:
    """Whether an HTML document says that it is an AMP page: `<html amp>` or `<html ⚡>` ("Required markup" of the AMP specification)."""
    return _AMP_ROOT.search(document[:_ROOT_WITHIN]) is not None


def cache_subdomain(host: str) -> str:
    """The label under which the cache serves `host`: readable where DNS allows it, else a hash of the host.

    Readable: punycode is decoded, `-` becomes `--`, `.` becomes `-`; a label with dashes at the third and fourth place, which DNS reserves
    for punycode, gets `0-` before and `-0` after; characters beyond ASCII are encoded again. Hash: base32 of SHA-256 of the ASCII host.
    """
    host = host.lower()
    ascii_host = ".".join(map(_to_ascii, host.split(".")))
    unicode_host = ".".join(map(_to_unicode, ascii_host.split(".")))
    mixes_directions = bool(_LEFT_TO_RIGHT.search(unicode_host) and _RIGHT_TO_LEFT.search(unicode_host))
    if "." in host and len(ascii_host) <= MAX_LABEL and not mixes_directions:
        readable = unicode_host.replace("-", "--").replace(".", "-")
        if readable[2:4] == "--":
            readable = f"0-{readable}-0"
        label = _to_ascii(readable)
        if len(label) <= MAX_LABEL:
            return label
    digest = hashlib.sha256(ascii_host.encode("ascii")).digest()
    return base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def _to_ascii(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _to_unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode").lower()
    except UnicodeError:
        return label
