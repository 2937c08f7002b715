"""Entries whose link changes from poll to poll: links without session ids, and a second identity from the guid. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from pipeline.core.models import Entry
from pipeline.text.urls import canonical_url

ALIAS_VERSION = "1"
"""Version of the rule of `entry_alias`, hashed with each alias; raise it when the rule changes."""
SESSION_NAMES = frozenset(
    {
        "asp.net_sessionid",
        "aspxautodetectcookiesupport",
        "cfid",
        "cftoken",
        "jsessionid",
        "oscsid",
        "phpsessid",
        "sessid",
        "session_id",
        "sessionid",
        "zenid",
    }
)
"""URL parameters with the session id of a client without cookies: Java servlets, PHP, ColdFusion, ASP.NET, web shops."""
SESSION_PREFIXES = ("aspsessionid",)
_PATH_PARAMETER = re.compile(r";([^;/?=]+)=?[^;/?]*")
_PATH_SESSION = re.compile(r"/\((?:[A-Z]\([0-9A-Za-z_-]{1,64}\)){1,4}\)(?=/)")
"""The session in the path of ASP.NET without cookies: `/(S(lit3py55t21z5v55vlm25s55))/page.aspx`."""
_CHANGING = re.compile(r";[^/]*")


def without_session(url: str) -> str:
    """The link without session ids in its path (`;jsessionid=1F`) or query, because each poll gets another one."""
    before, mark, query = url.partition("?")
    before = _PATH_SESSION.sub("", before) if "/(" in before else before
    before = _PATH_PARAMETER.sub(lambda match: "" if _is_session(match[1]) else match[0], before) if ";" in before else before
    kept = [part for part in query.split("&") if not _is_session(part.partition("=")[0])]
    return before + (mark + "&".join(kept) if kept and mark else "")


def entry_alias(guid: str | None, url: str) -> str | None:
    """16 hex digits that identify an entry by its guid and the URL of its page without parameters.

    None for an entry without a guid, with its link as guid, or with a link without parameters: for these the link is the identity. The URL
    is part of the alias because a guid alone identifies nothing on sites that number the entries of each section from 1.
    """
    try:
        parts = urlsplit(canonical_url(url))
    except ValueError:
        return None
    if not guid or without_session(guid.strip()) == url or not (parts.query or ";" in parts.path):
        return None
    page = f"{parts.netloc}{_CHANGING.sub('', parts.path)}"
    return hashlib.sha256(f"{ALIAS_VERSION}:{without_session(guid.strip())}\n{page}".encode()).hexdigest()[:16]


def with_unique_aliases(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries of one document, without aliases that several of them share: such guids do not identify an entry."""
    counts = Counter(entry.alias for entry in entries)
    return tuple(entry if entry.alias is None or counts[entry.alias] == 1 else replace(entry, alias=None) for entry in entries)


def _is_session(name: str) -> bool:
    name = name.lower().removeprefix("amp;")
    return name in SESSION_NAMES or name.startswith(SESSION_PREFIXES)
