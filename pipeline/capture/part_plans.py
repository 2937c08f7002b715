"""How an interval's sources are divided into parts, and what of it is captured already. Pure.

A part's name must not depend on what was captured before a run was killed: a share keeps its number, whatever is left of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import get_args

from pipeline.core.catalogue import Source
from pipeline.core.models import Interval, Origin, Part
from pipeline.lake.manifests import Manifest
from pipeline.text.urls import registered_domain

NOT_FETCHED: frozenset[Origin] = frozenset({"captures"})
"""Origins for which nothing is captured."""
LEFT_TO_FILES: frozenset[Origin] = frozenset({"ccnews", "warc"})
"""Origins that are WARC files: they are read once for all sources, after everything else, into parts of their own."""

_NUMBER = re.compile(r"\d+")


def origins_in_order(chosen: Iterable[str], *, is_refetch: bool) -> tuple[Origin, ...]:
    """`chosen` as they are walked: our own captures come first, or not at all in a refetch. ValueError for what is no origin."""
    known: tuple[Origin, ...] = get_args(Origin)
    order: list[Origin] = [] if is_refetch else ["captures"]
    for name in chosen:
        origin = next((one for one in known if one == name), None)
        if origin is None:
            raise ValueError(f"{name!r} is none of {', '.join(known)}")
        if origin not in order and origin != "captures":
            order.append(origin)
    return tuple(order)


def group_sources(sources: Sequence[Source], size: int) -> tuple[tuple[str, ...], ...]:
    """Source ids in shares of about `size`, those with a feed on the same registered domain together, in the catalogue's order."""
    groups: dict[str, list[str]] = {}
    for source in sources:
        groups.setdefault(registered_domain(source.listings[0]), []).append(source.id)
    found: list[list[str]] = []
    for group in groups.values():
        if not found or len(found[-1]) + len(group) > size:
            found.append([])
        found[-1].extend(group)
    return tuple(tuple(share) for share in found)


def plan_parts(
    interval: Interval,
    divided: Sequence[Sequence[str]],
    committed: Sequence[Manifest],
    *,
    wanted: Collection[str] | None = None,
    order: Sequence[str] | None = None,
    mark: str = "",
) -> tuple[Part, ...]:
    """The interval's parts: those that are `committed`, with the sources they have, and those still to be captured.

    `divided` are the shares of all sources. Of each, the `wanted` ones (None: all) that no committed part has make a part; its number is
    the share's, or, where that one is committed without them, the next that leaves the same rest when divided by the number of shares.
    `order` are the origins of a past interval: a source that an earlier walk found nowhere is planned again when there are others to look
    at; None plans a live interval. With a `mark`, only parts whose names end in it count: everything is captured anew.
    """
    mine = [manifest for manifest in committed if manifest.part.endswith(mark)]
    names = {manifest.part for manifest in mine}
    in_files = {page.entry.source_id for manifest in mine if not manifest.sources for page in manifest.pages}
    had = {source for manifest in mine if _NUMBER.match(manifest.part) for source in _had(manifest, order, in_files)}
    parts = [
        Part(interval, manifest.part, manifest.sources)
        for manifest in mine
        if wanted is None or not manifest.sources or set(manifest.sources) & set(wanted)
    ]
    if order is None or set(order) - NOT_FETCHED:
        for number, share in enumerate(divided):
            left = tuple(source for source in share if source not in had and (wanted is None or source in wanted))
            while _name(number, mark) in names:
                number += len(divided)
            if left:
                parts.append(Part(interval, _name(number, mark), left))
    return tuple(sorted(parts, key=lambda part: _place(part.name)))


def _had(manifest: Manifest, order: Sequence[str] | None, in_files: Collection[str | None]) -> Iterable[str]:
    """The part's sources that need no other walk: with other origins to look at, those that were found somewhere."""
    if order is None or not set(order) - NOT_FETCHED - set(manifest.order):
        return manifest.sources
    left = {source for source, origin in manifest.origins.items() if origin in LEFT_TO_FILES and source not in in_files}
    return set(manifest.sources) - set(manifest.unserved) - left


def _name(number: int, mark: str) -> str:
    return f"{number:02d}{mark}"


def _place(name: str) -> tuple[bool, int, str]:
    number = _NUMBER.match(name)
    return number is None, int(number[0]) if number is not None else 0, name
