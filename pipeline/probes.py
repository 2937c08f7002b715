"""What a page names beside itself, its pictures and its AMP page: read while pages are captured, in a process of its own.

A page is what its publisher wants it to be, and parsers meet pages that take them minutes or all memory. So each is read in a worker
process with the bounds that extraction has: a page that overruns costs its own probes. Asks for nothing: who captures does.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from concurrent.futures import TimeoutError as PageTimeoutError
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pebble import ProcessExpired, ProcessPool

from pipeline import workers
from pipeline.errors import TransientError
from pipeline.leadimages import lead_images
from pipeline.models import Entry
from pipeline.pages import amp_link, read_page
from pipeline.settings import Settings
from pipeline.urls import registered_domain

log = logging.getLogger(__name__)

MAX_OVERRUNS = 3
"""Pages of a domain that may overrun their bounds before its others are not read: what ails one is often in all of a site's pages."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a page names: the URLs of the pictures that may stand for it, the best first, and of its AMP page.

    `problem` says why nothing is known of it: `pageTimeout`, `pageMemory`, `pageCrash` and `pageFault`, as extraction calls them, or
    `notRead` after `MAX_OVERRUNS` others of its domain.
    """

    pictures: tuple[str, ...] = ()
    amp: str | None = None
    problem: str | None = None


class PageReader:
    """Reads pages in worker processes, which begin with the first page; for as many threads as like, which wait for theirs."""

    def __init__(self, *, processes: int, timeout_s: float, max_bytes: int = workers.MAX_BYTES) -> None:
        self._processes = processes
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._pool: ProcessPool | None = None
        self._overruns: Counter[str] = Counter()

    def __enter__(self) -> Self:
        workers.begin(workers.READING)  # imports while feeds are polled
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def named(self, body: bytes, *, url: str, content_type: str | None, entry: Entry) -> Named:
        """What the page at `url` names; never raises for what a page does to its reader.

        Raises TransientError when the workers died through no page's fault: what is captured without its pictures stays so.
        """
        domain = registered_domain(url)
        if self._overruns[domain] >= MAX_OVERRUNS:
            return Named(problem="notRead")
        named = self._read(body, url, content_type, entry)
        if named.problem is not None:
            with self._lock:
                self._overruns[domain] += 1
        return named

    def _read(self, body: bytes, url: str, content_type: str | None, entry: Entry) -> Named:
        try:
            pool = self._started()
            future = workers.schedule(pool, _named, body, url, content_type, entry, timeout_s=self._timeout_s)
            named = workers.result_of(pool, future)
        except PageTimeoutError:
            named = Named(problem="pageTimeout")
        except ProcessExpired:
            named = Named(problem="pageCrash")
        except TransientError:
            raise
        except Exception:
            log.exception("%s: looking for its picture met a fault of ours; please report it", url)
            return Named(problem="pageFault")
        if named.problem is not None:
            log.warning("%s: its pictures and its AMP page are not asked for: %s", url, named.problem)
        return named

    def _started(self) -> ProcessPool:
        with self._lock:
            if self._pool is None:
                bounds = (self._max_bytes,)
                pool = workers.pool(
                    self._processes,
                    workers.READING,
                    prepare=workers.bound_memory,
                    arguments=bounds,
                    max_tasks=workers.MAX_PAGES,
                )
                self._pool = self._stack.enter_context(pool)
            return self._pool


def page_reader(settings: Settings) -> PageReader:
    """One with the bounds that these settings give to extraction."""
    return PageReader(processes=settings.extract_processes, timeout_s=settings.page_timeout_s)


def _named(body: bytes, url: str, content_type: str | None, entry: Entry) -> Named:
    """The work of a worker process; two or three strings come back, and no page."""
    try:
        page = read_page(body, url=url, content_type=content_type)
        return Named(tuple(image.url for image in lead_images(page, entry)), amp_link(page)) if page.is_html else Named()
    except MemoryError:
        return Named(problem="pageMemory")
