"""Decides which URLs of publishers become links. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from pipeline.text.control_characters import CONTROLS


def safe_link(url: str | None) -> str | None:
    """`url` when it is an http(s) URL with a host, without credentials and without characters that browsers read differently; else None."""
    if url is None or CONTROLS.search(url) or any(character.isspace() or character in "\"'<>\\`" for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname and parts.username is None else None
