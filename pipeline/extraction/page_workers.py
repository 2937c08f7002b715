"""Reads captured pages from the lake and builds their articles, in a worker process of the extract stage.

Every worker process imports this module, so it imports neither the catalogue nor the table formats.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from pipeline.core.errors import StorageError
from pipeline.core.models import AmpAnswer, Article, CaptureRef, Entry, Part, Picture, Rejected
from pipeline.core.out_of_memory import is_out_of_memory
from pipeline.extraction.articles import build_article
from pipeline.extraction.images import measure_picture
from pipeline.extraction.metadata.rights import HEADERS, PageAnswer, read_rights
from pipeline.extraction.pages import read_page
from pipeline.lake import storage
from pipeline.lake.archives.warc import header_fields, read_record_at
from pipeline.lake.manifests import HostDeclaration, PageCapture, Probe
from pipeline.lake.storage import Lake


@dataclass(frozen=True, slots=True)
class Job:
    """One page with every input of its extraction."""

    body: bytes
    url: str
    content_type: str | None
    entry: Entry
    capture: CaptureRef
    pictures: tuple[Picture, ...]
    amp: AmpAnswer | None
    min_side: int
    max_pixels: int
    answer: PageAnswer


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """The WARC file of a part in the lake at a URI, the product token it was fetched with, and the limits on the size of its records."""

    lake: str
    part: Part
    agent: str
    max_page_bytes: int
    max_image_bytes: int
    max_pixels: int
    declarations: tuple[HostDeclaration, ...] = ()
    """The declarations of the part's hosts on the use of their pages."""

    def file(self) -> BinaryIO:
        """The open WARC file; it stays open until this process opens another. Raises StorageError, FileNotFoundError."""
        return _opened(self.lake, storage.captures_path(self.part))[0]


@functools.lru_cache(maxsize=1)
def _opened(uri: str, path: str) -> tuple[BinaryIO, contextlib.ExitStack]:
    """The open file, and the exit stack that keeps it open while it is in the cache."""
    stack = contextlib.ExitStack()
    return stack.enter_context(Lake(uri).open(path)), stack


@dataclass(frozen=True, slots=True)
class PageResult:
    """A page's article or rejection, with path and bytes of its lead image when the image was captured."""

    result: Article | Rejected
    image: tuple[str, bytes] | None = None


def read_job(job: Job) -> Article | Rejected:
    """Read one page, in a worker process. A page that needs more memory than a worker may have is rejected: `pageMemory`."""
    try:
        return _read(job)
    except Exception as error:
        if is_out_of_memory(error):
            return Rejected("pageMemory")
        raise


def _read(job: Job) -> Article | Rejected:
    page = read_page(job.body, url=job.url, content_type=job.content_type)
    result = build_article(
        page,
        entry=job.entry,
        capture=job.capture,
        payload_digest=f"sha256:{hashlib.sha256(job.body).hexdigest()}",
        pictures=job.pictures,
        amp=job.amp,
        min_side=job.min_side,
        max_pixels=job.max_pixels,
    )
    return replace(result, rights=read_rights(page, job.answer)) if isinstance(result, Article) else result


def read_captures(captures: CaptureFile, pages: Sequence[PageCapture], min_side: int) -> list[PageResult]:
    """Extract `pages` from the part's WARC file, in their order. Workers read the file themselves, so no page is passed between processes.

    Raises WarcError when a record is missing, FileNotFoundError when the file is, StorageError when the lake does not answer.
    """
    return [_read_capture(captures, page, min_side=min_side) for page in pages]


def _read_capture(captures: CaptureFile, page: PageCapture, *, min_side: int) -> PageResult:
    try:
        job = _job(captures.file(), captures, page, min_side=min_side)
    except MemoryError:
        return PageResult(Rejected("pageMemory"))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageError(f"{storage.captures_path(captures.part)}: {error}") from error
    result = read_job(job)
    image = _lead_image(result, job.pictures, max_pixels=captures.max_pixels) if isinstance(result, Article) else None
    return PageResult(result, image)


def _job(file: BinaryIO, captures: CaptureFile, page: PageCapture, *, min_side: int) -> Job:
    record = read_record_at(file, page.offset, max_body_bytes=captures.max_page_bytes)
    at = record.at or captures.part.interval.start
    return Job(
        body=record.body,
        url=record.url or page.entry.url,
        content_type=record.content_type,
        entry=page.entry,
        capture=CaptureRef(storage.captures_path(captures.part), page.offset, at),
        pictures=tuple(_picture(file, probe, max_bytes=captures.max_image_bytes) for probe in page.images),
        amp=_amp_answer(page),
        min_side=min_side,
        max_pixels=captures.max_pixels,
        answer=PageAnswer(captures.agent, header_fields(record, HEADERS), at, captures.declarations),
    )


def _picture(file: BinaryIO, probe: Probe, *, max_bytes: int) -> Picture:
    if probe.offset is None:
        return Picture(probe.url, gone=probe.is_gone)
    return Picture(probe.url, data=read_record_at(file, probe.offset, max_body_bytes=max_bytes).body)


def _amp_answer(page: PageCapture) -> AmpAnswer | None:
    probe = page.amp
    return AmpAnswer(probe.url, ok=probe.offset is not None, gone=probe.is_gone) if probe is not None else None


def _lead_image(article: Article, pictures: tuple[Picture, ...], *, max_pixels: int) -> tuple[str, bytes] | None:
    """Path and bytes of the article's lead image; None when it was not captured."""
    cached = {image.url for image in article.images if image.is_cached}
    for picture in pictures:
        if picture.url in cached and picture.data is not None:
            measured = measure_picture(picture.data, max_pixels=max_pixels)
            if measured is not None:
                return storage.image_path(hashlib.sha256(picture.data).hexdigest(), measured[2]), picture.data
    return None
