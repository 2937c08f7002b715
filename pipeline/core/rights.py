"""A publisher's statements on the use of one article, each with its place and time. Pure: values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Tdm = Literal["reserved", "notReserved"]
"""Whether the right to mine text and data is reserved, as the TDM Reservation Protocol states it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One statement: `wish` is a word of `pipeline.text.rights`, `at` when the answer that makes it was captured.

    `value` is None for a directive that needs none, such as `noindex`.
    """

    wish: str
    value: str | None
    place: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rights:
    """All statements on one article, and the TDM reservation and licence that follow from them."""

    tdm: Tdm | None = None
    tdm_policy: str | None = None
    license: str | None = None
    wishes: tuple[Wish, ...] = ()

    @property
    def refusals(self) -> frozenset[str]:
        """The uses that the statements refuse, as `refused_uses` names them."""
        return refused_uses(self.tdm, ((wish.wish, wish.value) for wish in self.wishes))


DIRECTIVES = frozenset({"noindex", "noarchive", "nosnippet", "noimageindex", "noai", "noimageai"})
"""Wishes that refuse a use by their presence."""
USES = frozenset({"search", "aiInput", "aiTrain"})
"""Uses that a publisher allows (`yes`) or refuses (`no`)."""


def refused_uses(tdm: str | None, stated: Iterable[tuple[str, str | None]]) -> frozenset[str]:
    """The names of a policy (`pipeline.core.rights_policy`) that the publisher's statements, as (wish, value), refuse.

    Where one place allows a use and another refuses it, it is refused (draft-ietf-aipref-vocab, "Combining Preferences").
    """
    refused = {wish for wish, value in stated if wish in DIRECTIVES or (wish in USES and value == "no")}
    return frozenset(refused | ({"tdm"} if tdm == "reserved" else set()))
