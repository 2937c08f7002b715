"""Segments of a part: each source's own WARC file, joined in the catalogue's order, so that no offset depends on which thread was first.

Reads and writes the local files it is given, and moves offsets that count from a segment's start.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pipeline.core.models import Outcome
from pipeline.lake.manifests import PageCapture, Probe


def append(file: BinaryIO, segment: Path) -> int:
    """Append a segment; where it starts."""
    base = file.tell()
    with segment.open("rb") as source:
        shutil.copyfileobj(source, file, 1 << 20)
    return base


def moved(outcome: Outcome, base: int) -> Outcome:
    return outcome if outcome.offset is None else replace(outcome, offset=outcome.offset + base)


def moved_page(page: PageCapture, base: int) -> PageCapture:
    images = tuple(_moved_probe(probe, base) for probe in page.images)
    amp = _moved_probe(page.amp, base) if page.amp is not None else None
    return replace(page, offset=page.offset + base, images=images, amp=amp)


def _moved_probe(probe: Probe, base: int) -> Probe:
    return probe if probe.offset is None else replace(probe, offset=probe.offset + base)
