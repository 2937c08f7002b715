"""Segments: the WARC files that the threads of a part write, one a source, joined in a fixed order into the part's own file.

The order is the catalogue's, so that no offset depends on which thread was first. Reads and writes the local files that it is given.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pipeline.capture.source_sessions import outcome_of
from pipeline.core.models import Answer, Outcome
from pipeline.core.settings import VERSION
from pipeline.lake.archives.warc import CaptureWriter
from pipeline.lake.manifests import GonePage, PageCapture, Probe

SOFTWARE = f"news-pipeline/{VERSION}"


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of WARC records with the entries of the manifest about them; offsets count from the start of the file."""

    path: Path
    outcomes: tuple[Outcome, ...] = ()
    pages: tuple[PageCapture, ...] = ()
    gone: tuple[GonePage, ...] = ()


def join_segments(path: Path, segments: Sequence[Segment], *, at: datetime, robots: Sequence[Answer]) -> Segment:
    """Write the WARC file of a part to `path`: an info record of the time `at`, the answers for robots.txt, then the segments in order.

    Returns the file as one segment, all offsets counted from its start.
    """
    pages: list[PageCapture] = []
    gone: list[GonePage] = []
    with path.open("wb") as file:
        writer = CaptureWriter(file)
        writer.write_info(at=at, software=SOFTWARE)
        outcomes = write_robots(writer, robots)
        for segment in segments:
            base = _append(file, segment.path)
            outcomes += [_moved(outcome, base) for outcome in segment.outcomes]
            pages += [_moved_page(page, base) for page in segment.pages]
            gone += [replace(page, offset=page.offset + base) for page in segment.gone]
    return Segment(path, tuple(outcomes), tuple(pages), tuple(gone))


def write_robots(writer: CaptureWriter, answers: Sequence[Answer]) -> list[Outcome]:
    """Write the answers for robots.txt, which belong to no source; returns the outcome of each."""
    return [outcome_of(answer, "robots", source_id=None, offset=writer.write_answer(answer)) for answer in answers]


def _append(file: BinaryIO, segment: Path) -> int:
    """Append the segment to `file`; returns the offset at which it starts."""
    base = file.tell()
    with segment.open("rb") as source:
        shutil.copyfileobj(source, file, 1 << 20)
    return base


def _moved(outcome: Outcome, base: int) -> Outcome:
    return outcome if outcome.offset is None else replace(outcome, offset=outcome.offset + base)


def _moved_page(page: PageCapture, base: int) -> PageCapture:
    images = tuple(_moved_probe(probe, base) for probe in page.images)
    amp = _moved_probe(page.amp, base) if page.amp is not None else None
    return replace(page, offset=page.offset + base, images=images, amp=amp)


def _moved_probe(probe: Probe, base: int) -> Probe:
    return probe if probe.offset is None else replace(probe, offset=probe.offset + base)
