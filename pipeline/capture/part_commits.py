"""The commit of a part, the same for captures, revisits, imports and WARC sources: its WARC file is written first, its manifest last.

A part without a manifest does not exist. A process that is killed between the two leaves a WARC file that the next run replaces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pipeline.capture.segments import SOFTWARE
from pipeline.core.models import Origin, Outcome, Part
from pipeline.lake import storage
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.locks import Check, lock_in_turn, remove_stale_lock
from pipeline.lake.manifests import FeedState, GonePage, HostDeclaration, Manifest, PageCapture, count_outcomes, to_json
from pipeline.lake.repeated_lines import newest_day
from pipeline.lake.storage import Lake

Report = TypeVar("Report")


@dataclass(frozen=True, slots=True)
class PartContents:
    """The fields of a part's manifest, as in `Manifest`, except size and digest of its WARC file."""

    outcomes: Iterable[Outcome]
    pages: Iterable[PageCapture] = ()
    gone: tuple[GonePage, ...] = ()
    sources: tuple[str, ...] = ()
    feeds: tuple[FeedState, ...] = ()
    taken: tuple[datetime, datetime] | None = None
    order: tuple[Origin, ...] = ()
    origins: dict[str, Origin] = field(default_factory=dict)
    goes_on: int | None = None
    declarations: tuple[HostDeclaration, ...] = ()


def commit_part(lake: Lake, part: Part, captures: Path, contents: PartContents, *, check: Check) -> Manifest:
    """Commit a part whose WARC file is the local file `captures`; returns its manifest.

    `check` raises BusyError when the lock on the part was lost; nothing more is written then. Raises StorageError.
    """
    with captures.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    outcomes = tuple(contents.outcomes)
    manifest = Manifest(
        interval=part.interval.key,
        part=part.name,
        software=SOFTWARE,
        sources=contents.sources,
        captures_bytes=captures.stat().st_size,
        captures_sha256=digest,
        counts=count_outcomes(outcomes),
        feeds=contents.feeds,
        pages=tuple(contents.pages),
        outcomes=outcomes,
        gone=contents.gone,
        taken=contents.taken,
        order=contents.order,
        origins=contents.origins,
        goes_on=contents.goes_on,
        declarations=contents.declarations,
        repeated=newest_day(lake),
    )
    check()
    lake.write_file(storage.captures_path(part), captures)
    check()
    lake.write_bytes(storage.manifest_path(part), to_json(manifest))
    return manifest


def without_lock() -> None:
    """The `check` of a part without a lock: its name and captures depend only on the imported file, so that two processes commit the same.

    Their manifests differ when a day of repeated lines was learnt between them; the part is extracted by the later one.
    """


def committed_manifest(lake: Lake, part: Part) -> Manifest | None:
    """The manifest of the part; None when it is not committed."""
    try:
        return read_manifest(lake, part)
    except FileNotFoundError:
        return None


def report_once(lake: Lake, part: Part, make: Callable[[Check], Report], reuse: Callable[[Manifest], Report], *, what: str) -> Report:
    """The report of a part: that of `reuse` for a committed manifest, else that of `make`, which commits the part.

    One process at a time makes a part; another one waits and reuses the commit. `what` names the work in messages. Raises BusyError when
    the other process does not finish in time.
    """
    manifest = _swept(lake, part)
    if manifest is not None:
        return reuse(manifest)
    with lock_in_turn(lake, storage.part_lock_path(part), what=what) as check:
        manifest = _swept(lake, part)  # another process may have committed it in the meantime
        return reuse(manifest) if manifest is not None else make(check)


def _swept(lake: Lake, part: Part) -> Manifest | None:
    """The committed manifest; the lock file of a process that was killed after its commit is removed."""
    manifest = committed_manifest(lake, part)
    if manifest is not None:
        remove_stale_lock(lake, storage.part_lock_path(part))
    return manifest
