"""Looks up the name of an article's publisher and the provider's points of quality.

Pure look-ups in the provider lists of the catalogue by registered domain; no name is invented from a domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.core.catalogue import OfficialSource, ProviderList


@dataclass(frozen=True, slots=True)
class ProviderWeight:
    """The provider's term of quality, in points, and where it comes from."""

    weight: int
    list_name: str | None
    """The provider list with the domain; None when no list has it."""
    is_official: bool
    """Whether the official source of one of the article's topics published it."""


@dataclass(frozen=True, slots=True)
class _Listed:
    name: str
    list_name: str
    weight: int


class ProviderTable:
    """Look-ups in the provider lists and the official sources of topics."""

    def __init__(self, lists: Sequence[ProviderList], official: Sequence[OfficialSource]) -> None:
        self._listed = {
            provider.domain.lower(): _Listed(provider.name, group.name, group.weight if provider.weight is None else provider.weight)
            for group in lists
            for provider in group.providers
        }
        self._official = tuple(official)

    def name_of(self, domain: str) -> str | None:
        """The publisher's name in the provider lists by its registered domain; None where no list has it."""
        listed = self._listed.get(domain.lower())
        return None if listed is None else listed.name

    def weight(self, url: str, *, domain: str, topics: Sequence[str]) -> ProviderWeight:
        """The provider term of quality for the article at `url` with the registered domain `domain` and these topics.

        It is the larger of the list's weight and the weight of an official source of one of the topics. A source is official for its
        own host and the hosts below it.
        """
        listed = self._listed.get(domain.lower())
        host = (urlsplit(url).hostname or "").rstrip(".")
        official = [
            source.weight for source in self._official if source.topic in topics and f".{host}".endswith(f".{source.domain.lower()}")
        ]
        return ProviderWeight(
            weight=max([listed.weight if listed else 0, *official]),
            list_name=listed.list_name if listed else None,
            is_official=bool(official),
        )
