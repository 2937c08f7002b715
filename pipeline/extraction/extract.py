"""The extract stage: turns a part's captures into rows of `extracted` and of the `ledger`.

It reads the part's manifest and WARC file, the lines that sites repeated before its capture, the list of erased providers, and the
extracted rows of the earlier captures that the part's revisits replace or find gone. With these unchanged, a second run writes the same
bytes. Pages are read in worker processes within a time limit: a page that hangs or kills its worker is rejected, and the others are not
affected.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as PageTimeoutError
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pebble import ProcessExpired, ProcessPool

from pipeline.core import workers
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import TransientError, WarcError
from pipeline.core.models import Article, ExtractReport, Outcome, Part, Rejected
from pipeline.core.settings import Settings
from pipeline.extraction.metadata.rights import without_text
from pipeline.extraction.page_workers import CaptureFile, PageResult, read_captures
from pipeline.extraction.repeated_lines import without_repeated_lines
from pipeline.lake import storage
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import Manifest, PageCapture, RecordPlace
from pipeline.lake.removals.erased_providers import read_erased
from pipeline.lake.removals.tombstones import gone_rows, moved_rows
from pipeline.lake.repeated_lines import read_repeated
from pipeline.lake.row_marks import digests_by_date, replace_rows
from pipeline.lake.storage import Lake
from pipeline.lake.tables import extracted_table, ledger_table

log = logging.getLogger(__name__)

Batch = Sequence[PageCapture]
LOOK_AHEAD = 32
"""Pages that workers are given ahead of the first unfinished one. A plain choice: enough to keep them busy, few enough to bound memory."""
BATCH = 8
"""Pages that a worker is given in one task, at most. A task costs a tenth of the time of reading a page."""
PROGRESS_EVERY = 250
"""Pages between two progress messages."""
NO_DATE = "noDate"
"""The reason for an article without a publication date: it is in `extracted`, but on no published date."""
OUT_OF_RANGE = "outOfRange"
"""The reason for an article of a past interval that was published outside the dates of its backfill."""

RIGHTS = "rights"
"""The reason for an article that has no record and no text in `extracted`, because of its publisher's wishes and rights.yaml."""

DOUBTFUL = "doubtful"
"""The reason for an article that is in `extracted` but has no record, because a probability is below its `NEWS_MIN_CONFIDENCE_*`."""

ERASED = "erased"
"""The reason for an article of a provider that was erased from the lake."""


def extract_part(lake: Lake, settings: Settings, catalogue: Catalogue, part: Part) -> ExtractReport:
    """Extract the part's pages and write `extracted`, `ledger`, the image cache and the marks of touched dates.

    `lake` is the lake that `settings` name. A part whose captures were deleted by age keeps its rows. Raises FileNotFoundError when the
    part was not captured, WarcError when a record of its captures cannot be read, StorageError, SchemaError, and TransientError when the
    worker processes died.
    """
    manifest = read_manifest(lake, part)
    if not lake.exists(storage.captures_path(part)) and lake.exists(storage.extracted_path(part)):
        return _kept(lake, catalogue, part)
    found = _read_part(lake, settings, catalogue, part, manifest)
    marked = [*gone_rows(lake, manifest.gone, part), *moved_rows(lake, found.replaced)]
    is_new = not any(lake.exists(path) for path in (storage.ledger_path(part), storage.extracted_path(part)))
    ledger = ledger_table(_final_outcomes(manifest, found.rejected), capture_file=storage.captures_path(part))
    lake.write_table(storage.ledger_path(part), ledger)
    rows = extracted_table(found.articles, marked=marked)
    dates = replace_rows(lake, part, rows, old=set() if is_new else _marks(lake, part), new=digests_by_date(rows))
    affected = affected_dates(lake, dates, window=timedelta(hours=catalogue.scoring.stories.window_hours))
    return ExtractReport(
        interval=part.interval.key,
        part=part.name,
        articles=sum(article.published is not None and article.original_url not in found.rejected for article in found.articles),
        rejected=dict(sorted(Counter(found.rejected.values()).items())),
        published_dates=affected,
    )


@dataclass(frozen=True, slots=True)
class _PartArticles:
    """The articles of a part, and the reasons of its pages by URL."""

    articles: Sequence[Article]
    """The articles that get a row of `extracted`."""
    replaced: Sequence[tuple[Article, RecordPlace]]
    """The articles of revisits, each with the place of the record that it replaces."""
    rejected: Mapping[str, str]
    """Why a page has no row, or why its article has no record."""


def _read_part(lake: Lake, settings: Settings, catalogue: Catalogue, part: Part, manifest: Manifest) -> _PartArticles:
    """Read the part's pages, cache the lead images of its articles, and cut what a site repeats off their texts."""
    erased = read_erased(lake)
    captures = CaptureFile(
        settings.lake,
        part,
        settings.agent,
        settings.max_page_bytes,
        settings.max_image_bytes,
        settings.max_image_pixels,
        manifest.declarations,
    )
    articles: list[Article] = []
    replaced: list[tuple[Article, RecordPlace]] = []
    rejected: dict[str, str] = {}
    readings = _readings(captures, manifest.pages, settings, min_side=catalogue.scoring.images.min_side)
    for number, (page, reading) in enumerate(readings, start=1):
        url, result = page.entry.url, reading.result
        if isinstance(result, Rejected):
            rejected[url] = result.reason
        elif erased.holds(result.web_url) or erased.holds(result.original_url):
            rejected[url] = ERASED
        elif _is_outside(result, manifest):
            rejected[url] = OUT_OF_RANGE
        else:
            refusals = result.rights.refusals if result.rights is not None else ()
            action = catalogue.rights.action_on(refusals, domain=result.provider_domain)
            kept = result if action == "keep" else without_text(result)
            articles.append(replace(kept, image_file=_cache_image(lake, reading.image)))
            if page.replaces is not None:
                replaced.append((result, page.replaces))
            reason = _reason_without_record(kept, is_withheld=action == "doNotPublish", min_confidences=settings.min_confidences)
            if reason is not None:
                rejected[url] = reason
        if number % PROGRESS_EVERY == 0:
            log.info("%s part %s: %d of %d pages read", part.interval.key, part.name, number, len(manifest.pages))
    known = read_repeated(lake, manifest.repeated).lines.keys() if manifest.repeated is not None else ()
    return _PartArticles(without_repeated_lines(articles, known=frozenset(known)), replaced, rejected)


def _reason_without_record(article: Article, *, is_withheld: bool, min_confidences: Mapping[str, float]) -> str | None:
    """Why the article has a row of `extracted` but no record; None when it has one. `is_withheld` is the decision of rights.yaml."""
    if is_withheld:
        return RIGHTS
    if article.published is None:
        return NO_DATE
    return DOUBTFUL if article.confidence.doubtful_fields(min_confidences) else None


def _kept(lake: Lake, catalogue: Catalogue, part: Part) -> ExtractReport:
    log.warning(
        "%s part %s: its captures were deleted by age, so it is not extracted again and keeps its rows", part.interval.key, part.name
    )
    moments = lake.read_table(storage.extracted_path(part), columns=["publishedDateTime"])["publishedDateTime"].to_pylist()
    dates = {moment.date() for moment in moments if moment is not None}
    affected = affected_dates(lake, dates, window=timedelta(hours=catalogue.scoring.stories.window_hours))
    dated = sum(moment is not None for moment in moments)
    return ExtractReport(part.interval.key, part.name, articles=dated, rejected={}, published_dates=affected, kept=True)


def _is_outside(article: Article, manifest: Manifest) -> bool:
    if manifest.taken is None or article.published is None:
        return False
    start, end = manifest.taken
    return not start <= article.published.value < end


def affected_dates(lake: Lake, dates: Iterable[date], *, window: timedelta) -> tuple[date, ...]:
    """The dates within `window` of `dates` that have articles or a partition: their records can change when articles of `dates` change."""
    days = window // timedelta(days=1) + (1 if window % timedelta(days=1) else 0)
    near = {day + timedelta(days=shift) for day in dates for shift in range(-days, days + 1)}
    first = min(near, default=None)
    return tuple(sorted(near & {*lake.touched_dates(first=first), *lake.published_dates(first=first)}))


def _readings(
    captures: CaptureFile, pages: Sequence[PageCapture], settings: Settings, *, min_side: int
) -> Iterator[tuple[PageCapture, PageResult]]:
    """Each page with its result, in the order of `pages`."""
    memory, processes = (workers.MAX_BYTES,), settings.extract_processes
    size = max(1, min(BATCH, len(pages) // (4 * processes)))  # small parts are spread over all workers
    max_tasks = workers.MAX_PAGES // size
    waiting: deque[tuple[Batch, Future[list[PageResult]]]] = deque()
    with workers.pool(processes, workers.READING, prepare=workers.bound_memory, arguments=memory, max_tasks=max_tasks) as pool:
        readers = _Readers(pool, captures, min_side, settings.page_timeout_s)
        for start in range(0, len(pages), size):
            batch = pages[start : start + size]
            waiting.append((batch, readers.begin(batch)))
            if len(waiting) * size >= LOOK_AHEAD:
                yield from readers.end(*waiting.popleft())
        while waiting:
            yield from readers.end(*waiting.popleft())


@dataclass(frozen=True, slots=True)
class _Readers:
    """The workers that read a part's pages in batches; a whole batch has the time limit of a single page."""

    pool: ProcessPool
    captures: CaptureFile
    min_side: int
    timeout_s: float

    def begin(self, batch: Batch) -> Future[list[PageResult]]:
        return workers.schedule(self.pool, read_captures, self.captures, batch, self.min_side, timeout_s=self.timeout_s)

    def end(self, batch: Batch, future: Future[list[PageResult]]) -> Iterator[tuple[PageCapture, PageResult]]:
        """Each page of the batch with its result; after a batch that failed, each page is read by itself."""
        readings: list[PageResult]
        if len(batch) == 1:
            readings = [self._alone(batch[0], future)]
        else:
            try:
                readings = workers.result_of(self.pool, future)
            except TransientError:
                raise
            except Exception:  # noqa: BLE001  reading the pages one by one finds the page that failed
                readings = [self._alone(page, self.begin([page])) for page in batch]
        yield from zip(batch, readings, strict=True)

    def _alone(self, page: PageCapture, future: Future[list[PageResult]]) -> PageResult:
        url = page.entry.url
        try:
            return workers.result_of(self.pool, future)[0]
        except PageTimeoutError:
            log.warning("%s: rejected, because reading it took longer than NEWS_PAGE_TIMEOUT_S", url)
            return PageResult(Rejected("pageTimeout"))
        except ProcessExpired as error:
            log.warning("%s: rejected, because its worker process died while reading it: %s", url, error)
            return PageResult(Rejected("pageCrash"))
        except (TransientError, WarcError, FileNotFoundError):  # not the page's fault, so nothing may be written
            raise
        except Exception:
            log.exception("%s: rejected, because this program failed to read it; please report it", url)
            return PageResult(Rejected("pageFault"))


def _cache_image(lake: Lake, image: tuple[str, bytes] | None) -> str | None:
    if image is None:
        return None
    path, data = image
    if not lake.exists(path):
        lake.write_bytes(path, data)
    return path


def _final_outcomes(manifest: Manifest, rejected: Mapping[str, str]) -> Iterator[Outcome]:
    """The capture's outcomes; a captured page that has a reason in `rejected` becomes `rejected` with that reason."""
    for outcome in manifest.outcomes:
        reason = rejected.get(outcome.url) if outcome.kind == "page" and outcome.verdict == "captured" else None
        yield replace(outcome, verdict="rejected", reason=reason) if reason is not None else outcome


def _marks(lake: Lake, part: Part) -> set[str]:
    mine = (part.interval.key, part.name)
    return {mark.path for mark in lake.all_marks() if (mark.interval, mark.part) == mine}
