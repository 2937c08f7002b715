"""Divides the sources of an interval into parts, and decides which parts still need capturing. Pure.

The name of a part must not depend on what was captured before a run was killed: a group of sources keeps its number, however many of its
sources are still to be captured.
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
"""Origins that need no fetch."""
LEFT_TO_FILES: frozenset[Origin] = frozenset({"ccnews", "warc"})
"""Origins that are WARC files, which are read once for all sources, after all other origins, into parts of their own."""

_NUMBER = re.compile(r"\d+")


def origins_in_order(chosen: Iterable[str], *, is_refetch: bool) -> tuple[Origin, ...]:
    """The origins in the order in which they are asked: the lake's own captures first (in a refetch never), then `chosen`, each once.

    Raises ValueError for an unknown origin.
    """
    known: tuple[Origin, ...] = get_args(Origin)
    order: list[Origin] = [] if is_refetch else ["captures"]
    for name in chosen:
        origin = next((one for one in known if one == name), None)
        if origin is None:
            raise ValueError(f"{name!r} is not one of {', '.join(known)}")
        if origin not in order and origin != "captures":
            order.append(origin)
    return tuple(order)


def group_sources(sources: Sequence[Source], size: int) -> tuple[tuple[str, ...], ...]:
    """The sources' ids in groups of about `size`, in the given order; sources on the same registered domain are in one group."""
    by_domain: dict[str, list[str]] = {}
    for source in sources:
        by_domain.setdefault(registered_domain(source.listings[0]), []).append(source.id)
    groups: list[list[str]] = []
    for same_domain in by_domain.values():
        if not groups or len(groups[-1]) + len(same_domain) > size:
            groups.append([])
        groups[-1].extend(same_domain)
    return tuple(tuple(group) for group in groups)


def source_by_domain(sources: Sequence[Source]) -> dict[str, str]:
    """The registered domains of the sources' listings, each with the id of the first source that has it: that source owns its pages."""
    return {registered_domain(url): source.id for source in reversed(sources) for url in source.listings}


def plan_parts(
    interval: Interval,
    groups: Sequence[Sequence[str]],
    committed: Sequence[Manifest],
    *,
    wanted: Collection[str] | None = None,
    order: Sequence[str] | None = None,
    mark: str = "",
) -> tuple[Part, ...]:
    """The interval's parts: those that are `committed`, with the sources they have, and those still to be captured.

    `groups` are those of all sources. The `wanted` sources of a group (None: all) that no committed part has make a part. Its number is the
    group's, or, where that part is committed without them, the next that is free after adding the number of groups. `order` names the
    origins of a past interval, None plans a live one: a source that no origin served before is planned again when `order` has an origin
    that was not asked. With a `mark` only parts whose names end in it count, so that everything is captured once more.
    """
    counted = [manifest for manifest in committed if manifest.part.endswith(mark)]
    names = {manifest.part for manifest in counted}
    in_files = {page.entry.source_id for manifest in counted if not manifest.sources for page in manifest.pages}
    done = {source for manifest in counted if _NUMBER.match(manifest.part) for source in _finished_sources(manifest, order, in_files)}
    parts = [
        Part(interval, manifest.part, manifest.sources)
        for manifest in counted
        if wanted is None or not manifest.sources or set(manifest.sources) & set(wanted)
    ]
    if order is None or set(order) - NOT_FETCHED:
        for number, group in enumerate(groups):
            left = tuple(source for source in group if source not in done and (wanted is None or source in wanted))
            while _name(number, mark) in names:
                number += len(groups)
            if left:
                parts.append(Part(interval, _name(number, mark), left))
    return tuple(sorted(parts, key=lambda part: _place(part.name)))


def _finished_sources(manifest: Manifest, order: Sequence[str] | None, in_files: Collection[str | None]) -> Iterable[str]:
    """The part's sources that need not be planned again: all, or, when `order` has an origin that was not asked, those that were served."""
    if order is None or not set(order) - NOT_FETCHED - set(manifest.order):
        return manifest.sources
    left = {source for source, origin in manifest.origins.items() if origin in LEFT_TO_FILES and source not in in_files}
    return set(manifest.sources) - set(manifest.unserved) - left


def _name(number: int, mark: str) -> str:
    return f"{number:02d}{mark}"


def _place(name: str) -> tuple[bool, int, str]:
    number = _NUMBER.match(name)
    return number is None, int(number[0]) if number is not None else 0, name
