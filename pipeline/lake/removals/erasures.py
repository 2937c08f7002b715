"""Decides whether a URL belongs to an erased provider, and defines the record that an erasure leaves. Pure.

A provider is a registered domain, or a host below one, with every host below it. The record says when, why and how much was erased,
and contains nothing of the content. While the record exists, nothing of the provider is captured or imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pipeline.core.errors import ConfigError
from pipeline.lake.json_records import JsonFormat
from pipeline.text.urls import host_of, registered_domain

FORMAT = 1
"""Version of the JSON; `from_json` refuses any other."""
_EMBEDDED = re.compile(r"https?:/{1,2}[^\s\"'<>\\]+")
_URL_IN_TEXT = re.compile(r"https?://[^\s\"'<>\\,;]+")
ERASED = "(erased)"
"""What replaces the URL of an erased provider in a text."""


@dataclass(frozen=True, slots=True)
class ErasedDomains:
    """The erased domains; false when there is none."""

    domains: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.domains)

    def holds(self, url: str | None) -> bool:
        """Whether the host of `url` is an erased domain or below one."""
        return bool(self.domains) and url is not None and self._holds_host(host_of(url))

    def names(self, address: str | None) -> bool:
        """Whether `address` belongs to an erased domain, or contains one: the URL of an archive's snapshot, a query for snapshots."""
        if not self.domains or address is None:
            return False
        if self.holds(address):
            return True
        plain = unquote(address)
        if any(self.holds(found[0]) for found in _EMBEDDED.finditer(plain, 1)):
            return True
        try:
            asked = parse_qs(urlsplit(address).query).get("url", [])
        except ValueError:
            return False
        return any(self.holds(one if "//" in one else f"https://{one}") for one in asked)

    def without(self, text: str) -> str:
        """`text` with each URL of an erased domain replaced by `ERASED`."""
        return _URL_IN_TEXT.sub(lambda found: ERASED if self.names(found[0]) else found[0], text)

    def _holds_host(self, host: str) -> bool:
        labels = host.strip(".").split(".")
        return any(".".join(labels[number:]) in self.domains for number in range(len(labels)))


def provider_domain(text: str) -> str:
    """The domain in `text`, a URL or a host, in lower case.

    Raises ConfigError when `text` holds no host, or a public suffix (`co.uk`), below which domains of many owners lie.
    """
    host = (host_of(text) if "//" in text else text.partition("/")[0].lower()).strip(".")
    if not host or "." not in host or not re.fullmatch(r"[a-z0-9.-]+", host):
        raise ConfigError(f"{text!r} is not the domain of a provider; write it as example.com")
    if registered_domain(f"x.{host}") == f"x.{host}":
        raise ConfigError(f"{host!r} is not the domain of a provider: anybody can register a domain below it")
    return host


@dataclass(frozen=True, slots=True)
class ErasureCounts:
    """How much a lake holds of a provider: `captures` are HTTP exchanges, `bytes` their size, `documents` kept listings."""

    captures: int = 0
    bytes: int = 0
    rows: int = 0
    """Rows of `extracted`, each version counted."""
    ledger: int = 0
    """Rows of the ledger: one for each URL and interval."""
    records: int = 0
    """Rows of `articles`."""
    documents: int = 0
    images: int = 0

    def __bool__(self) -> bool:
        return any((self.captures, self.rows, self.ledger, self.records, self.documents, self.images))


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """The file `erasures/<domain>.json`, which is written before anything is deleted and stays afterwards."""

    domain: str
    reason: str
    asked: datetime
    counts: ErasureCounts
    dates: tuple[date, ...]
    """Published dates that are built again without the provider."""
    images: tuple[str, ...] = ()
    """Cached images that are still to be checked; empty when the erasure is done."""
    parts: tuple[str, ...] = ()
    """Parts that still hold something of the provider, as `2026-11-23T14/00`; empty when the erasure is done."""
    state: Literal["running", "done"] = "running"
    finished: datetime | None = None
    format: int = FORMAT


_JSON = JsonFormat(ErasureRecord, name="the record of an erasure", number=FORMAT)
to_json, from_json = _JSON.to_json, _JSON.from_json


def sum_counts(one: ErasureCounts, other: ErasureCounts) -> ErasureCounts:
    """The field-wise sum of two counts."""
    names: Iterable[str] = ErasureCounts.__dataclass_fields__
    return ErasureCounts(**{name: getattr(one, name) + getattr(other, name) for name in names})
