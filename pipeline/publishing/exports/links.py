"""Which URLs of strangers become links. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from pipeline.text.control_characters import CONTROLS


def safe_link(url: str | None) -> str | None:
    """`url` where it is an http(s) URL with a host and nothing that a browser would read otherwise; None else."""
    if url is None or CONTROLS.search(url) or any(character.isspace() or character in "\"'<>\\`" for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname and parts.username is None else None
