"""Erased providers: what is theirs, and the record that is kept of an erasure. Pure: addresses and values in, answers and JSON out.

A provider is a registered domain, or a host below one, with every host below it. The record says when, why and how much, and holds no
word of what was erased; while it stands, nothing of the provider is taken in any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import TypeAdapter, ValidationError

from pipeline.core.errors import ConfigError, SchemaError
from pipeline.text.urls import host_of, registered_domain

FORMAT = 1
_EMBEDDED = re.compile(r"https?:/{1,2}[^\s\"'<>\\]+")
_URL_IN_TEXT = re.compile(r"https?://[^\s\"'<>\\,;]+")
ERASED = "(erased)"


@dataclass(frozen=True, slots=True)
class Erased:
    """The domains that are erased; false when there are none."""

    domains: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.domains)

    def holds(self, url: str | None) -> bool:
        """Whether the page at `url` is an erased provider's."""
        return bool(self.domains) and url is not None and self._holds_host(host_of(url))

    def names(self, address: str | None) -> bool:
        """Whether `address` is an erased provider's, or leads to something of it: an archive's snapshot, a query for its snapshots."""
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
        """`text` with the erased providers' addresses taken out."""
        return _URL_IN_TEXT.sub(lambda found: ERASED if self.names(found[0]) else found[0], text)

    def _holds_host(self, host: str) -> bool:
        labels = host.strip(".").split(".")
        return any(".".join(labels[number:]) in self.domains for number in range(len(labels)))


def provider_domain(text: str) -> str:
    """The domain that an operator means by `text`, an address or a host, in lower case.

    Raises ConfigError for what is no host, and for a public suffix, below which are many owners' domains.
    """
    host = (host_of(text) if "//" in text else text.partition("/")[0].lower()).strip(".")
    if not host or "." not in host or not re.fullmatch(r"[a-z0-9.-]+", host):
        raise ConfigError(f"{text!r} is no provider's domain; write it as example.com")
    if registered_domain(f"x.{host}") == f"x.{host}":
        raise ConfigError(f"{host!r} is no provider's domain: everybody may register one below it")
    return host


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of a provider: exchanges in captures and their octets, rows, records, kept listings, images."""

    captures: int = 0
    bytes: int = 0
    rows: int = 0
    """Of `extracted`, versions counted."""
    ledger: int = 0
    """Of URLs."""
    records: int = 0
    """Of `articles`."""
    documents: int = 0
    images: int = 0

    def __bool__(self) -> bool:
        return any((self.captures, self.rows, self.ledger, self.records, self.documents, self.images))


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """`erasures/<domain>.json`: it is written before anything is deleted, and stays."""

    domain: str
    reason: str
    asked: datetime
    counts: Counts
    dates: tuple[date, ...]
    """Published dates that were built again."""
    images: tuple[str, ...] = ()
    """Cached images that are still to be looked at; empty when it is done."""
    parts: tuple[str, ...] = ()
    """Parts that hold something of it, as `2026-11-23T14/00`; empty when it is done."""
    state: Literal["running", "done"] = "running"
    finished: datetime | None = None
    format: int = FORMAT


_ADAPTER = TypeAdapter(ErasureRecord)


def to_json(record: ErasureRecord) -> bytes:
    """Equal records give equal bytes."""
    return json.dumps(_ADAPTER.dump_python(record, mode="json"), ensure_ascii=False, indent=1).encode() + b"\n"


def from_json(data: bytes, *, path: str) -> ErasureRecord:
    """Raises SchemaError naming `path` when the bytes are no record of this format."""
    try:
        record = _ADAPTER.validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise SchemaError(f"{path}: not an erasure's record: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if record.format != FORMAT:
        raise SchemaError(f"{path}: a record of format {record.format}, and this program reads format {FORMAT}")
    return record


def merged(one: Counts, other: Counts) -> Counts:
    """The sums of both."""
    names: Iterable[str] = Counts.__dataclass_fields__
    return Counts(**{name: getattr(one, name) + getattr(other, name) for name in names})
