"""Addresses that Airflow shows: the URI of a table of the lake, and the link of the owner of the DAGs. Pure: no Airflow, no environment."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import urlsplit

OWNER = "news"


def asset_uri(table: str, *, lake: str) -> str:
    """The URI of a table of `lake`, without credentials and options. A relative path is another folder in each process: `x-news`."""
    if "://" not in lake:
        return f"{PurePosixPath(lake).as_uri()}/{table}" if PurePosixPath(lake).is_absolute() else f"x-news://{table}"
    parts = urlsplit(lake)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}/{table}"


def owner_links(contact: str) -> dict[str, str]:
    """The owner's link: `contact`, where that is a URL or an e-mail address; else none."""
    contact = contact.strip()
    link = f"mailto:{contact}" if "@" in contact and ":" not in contact else contact
    return {OWNER: link} if link.startswith(("https://", "http://", "mailto:")) else {}
