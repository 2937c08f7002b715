"""The import stage: WARC and ARC files of any origin become captures of the lake, without network.

A file is streamed record by record; each goes to the interval of its own WARC-Date, as a part named after the file's digest. Importing
the same file again finds its parts committed and changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline import storage
from pipeline.config import VERSION, Catalogue, Settings
from pipeline.errors import WarcError
from pipeline.manifests import Manifest, PageCapture, Probe, count, to_json
from pipeline.models import Entry, Interval, Outcome, Part, Verdict
from pipeline.pages import lead_images, read_page
from pipeline.storage import Lake
from pipeline.urls import registered_domain
from pipeline.warc import CaptureWriter, Record, read_record_at, read_records

log = logging.getLogger(__name__)

SOFTWARE = f"news-pipeline/{VERSION}"
PAGE_RECORDS = frozenset({"response", "resource"})
HTML_TYPES = ("text/html", "application/xhtml+xml")
PROGRESS_EVERY = 1_000


@dataclass(slots=True)
class _Draft:
    """One interval's share of a file, being written."""

    part: Part
    path: Path
    pages: dict[str, PageCapture] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a file gave: its parts, what its records ended as, and how many records hold no page (requests, metadata, ...)."""

    file: str
    parts: tuple[Part, ...]
    counts: Mapping[str, int]
    other_records: int
    problem: str | None = None
    """What is wrong with the file, where something is; what could be read behind it was."""
    is_known: bool = False
    """True when every part of it was imported before."""


def import_file(lake: Lake, settings: Settings, catalogue: Catalogue, path: Path) -> ImportReport:
    """Import one file. Raises WarcError when it is not a WARC or ARC file, FileNotFoundError, StorageError."""
    with path.open("rb") as file:
        name = f"warc-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
    sources = {registered_domain(feed): source.id for source in reversed(catalogue.sources) for feed in source.listings}
    others = 0
    problem: str | None = None
    latest: _Draft | None = None
    drafts: dict[Interval, _Draft] = {}
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="news-import-") as folder:
        for number, record in enumerate(_records(path, settings), start=1):
            if record.type == "broken":
                problem = record.problem
                if latest is None:
                    counts["page.rejected"] += 1
                else:  # it tells no URL and no date: the place stands for it
                    url = f"{name}#{record.offset}"
                    latest.outcomes[url] = Outcome(url, "page", "rejected", via="warc", reason="broken")
            elif record.type not in PAGE_RECORDS or record.url is None or not record.url.startswith(("http://", "https://")):
                others += 1
            elif record.at is None:
                counts["page.rejected"] += 1
                log.warning("%s: record at %d has no WARC-Date and is not taken", path.name, record.offset)
            else:
                interval = Interval.containing(record.at)
                if interval not in drafts:
                    drafts[interval] = _Draft(Part(interval, name), Path(folder) / f"{interval.key}.warc.gz")
                latest = drafts[interval]
                _take(latest, record, source_id=sources.get(registered_domain(record.url)))
            if number % PROGRESS_EVERY == 0:
                log.info("%s: %d records read", path.name, number)
        is_known = bool(drafts)
        for draft in drafts.values():
            counts.update(count(draft.outcomes.values()))
            counts["page.repeated"] += draft.repeated
            is_known = _commit(lake, draft, settings) and is_known
    parts = tuple(drafts[interval].part for interval in sorted(drafts))
    return ImportReport(str(path), parts, dict(sorted((+counts).items())), others, problem, is_known)


def _records(path: Path, settings: Settings) -> Iterator[Record]:
    with path.open("rb") as file:
        try:
            yield from read_records(file, max_body_bytes=max(settings.max_page_bytes, settings.max_image_bytes))
        except WarcError as error:
            raise WarcError(f"{path}: {error}") from error


def _take(draft: _Draft, record: Record, *, source_id: str | None) -> None:
    """Note the record's one outcome and keep it when it is a page or a picture."""
    url = record.url or ""
    if url in draft.outcomes:
        draft.repeated += 1
        return
    declared = (record.content_type or "").partition(";")[0].strip().lower()
    verdict, reason = judge_record(record, declared)
    offset = None
    if verdict == "captured":
        with draft.path.open("ab") as file:
            offset = CaptureWriter(file).write_copy(record)
    kind = "image" if declared.startswith("image/") else "page"
    draft.outcomes[url] = Outcome(
        url=url,
        kind="image" if kind == "image" else "page",
        verdict=verdict,
        reason=reason,
        source_id=source_id,
        via="warc",
        status=record.status,
        bytes=len(record.block),
        offset=offset,
        at=record.at,
    )
    if offset is not None and kind == "image":
        draft.images[url] = offset
    elif offset is not None:
        draft.pages[url] = PageCapture(Entry(url=url, source_id=source_id, via="warc"), offset)


def judge_record(record: Record, declared: str) -> tuple[Verdict, str | None]:
    """Whether a record of the media type `declared` is a page or a picture that can be read, and why not."""
    if record.problem is not None:
        return "rejected", "broken"
    if record.status is not None and record.status != 200:
        return "failed", "status"
    if record.is_cut:
        return "rejected", "tooLarge"
    is_html = declared in HTML_TYPES or (not declared and record.body.lstrip()[:1] == b"<")
    return ("captured", None) if is_html or declared.startswith("image/") else ("rejected", "wrongType")


def _commit(lake: Lake, draft: _Draft, settings: Settings) -> bool:
    """Write the draft's captures and its manifest; True when they were there before."""
    path = storage.manifest_path(draft.part)
    if lake.exists(path):
        log.info("%s part %s: imported before, nothing is written", draft.part.interval.key, draft.part.name)
        return True
    if not draft.path.exists():
        draft.path.touch()
    with draft.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    manifest = Manifest(
        interval=draft.part.interval.key,
        part=draft.part.name,
        software=SOFTWARE,
        sources=(),
        captures_bytes=draft.path.stat().st_size,
        captures_sha256=digest,
        counts=count(draft.outcomes.values()),
        feeds=(),
        pages=tuple(_with_images(draft, settings)),
        outcomes=tuple(draft.outcomes.values()),
    )
    lake.write_file(storage.captures_path(draft.part), draft.path)
    lake.write_bytes(path, to_json(manifest))
    return False


def _with_images(draft: _Draft, settings: Settings) -> Iterator[PageCapture]:
    """The pages, with those of their lead pictures that the file holds."""
    if not draft.images:
        yield from draft.pages.values()
        return
    with draft.path.open("rb") as file:
        for page in draft.pages.values():
            record = read_record_at(file, page.offset, max_body_bytes=settings.max_page_bytes)
            read = read_page(record.body, url=page.entry.url, content_type=record.content_type)
            candidates = lead_images(read, page.entry) if read.is_html else ()
            probes = tuple(Probe(image.url, offset=draft.images[image.url]) for image in candidates if image.url in draft.images)
            yield replace(page, images=probes)
