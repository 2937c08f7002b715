"""Finds the URLs of a page's lead images and AMP page while pages are captured. Fetches nothing.

Each page is parsed in a worker process within the bounds of extraction; a page that exceeds them only loses its images and AMP page.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass

from pipeline.core import workers
from pipeline.core.errors import OverrunError, TransientError
from pipeline.core.models import Entry
from pipeline.core.settings import Settings
from pipeline.extraction.lead_images import lead_images
from pipeline.extraction.pages import amp_link, read_page
from pipeline.text.urls import registered_domain

log = logging.getLogger(__name__)

MAX_OVERRUNS = 3
"""Pages of a domain over their bounds after which no further one is parsed: pages of a site share what makes them slow. A plain choice."""


@dataclass(frozen=True, slots=True)
class PageResources:
    """The URLs of a page's candidates for the lead image, the best first, and of its AMP page.

    `problem` says why a page was not read: `pageTimeout`, `pageMemory`, `pageCrash` or `pageFault`, as extraction calls them, or `notRead`
    after `MAX_OVERRUNS` other pages of its domain.
    """

    pictures: tuple[str, ...] = ()
    amp: str | None = None
    problem: str | None = None


class PageReader(workers.BoundedReader):
    """Worker processes that read the resources of pages; it skips a domain after `MAX_OVERRUNS` pages that exceeded their bounds."""

    def __init__(self, *, processes: int, timeout_s: float, max_bytes: int = workers.MAX_BYTES) -> None:
        super().__init__(processes=processes, timeout_s=timeout_s, max_bytes=max_bytes)
        self._counting = threading.Lock()
        self._overruns: Counter[str] = Counter()

    def resources_of(self, body: bytes, *, url: str, content_type: str | None, entry: Entry) -> PageResources:
        """The resources of the page at `url`, or the problem with reading it.

        Raises TransientError when the worker processes died for another reason: the capture must fail then, because a page that is
        committed without its images never gets them.
        """
        domain = registered_domain(url)
        if self._overruns[domain] >= MAX_OVERRUNS:
            return PageResources(problem="notRead")
        resources = self._read(body, url, content_type, entry)
        if resources.problem is not None:
            with self._counting:
                self._overruns[domain] += 1
        return resources

    def _read(self, body: bytes, url: str, content_type: str | None, entry: Entry) -> PageResources:
        try:
            return self.read(_page_resources, body, url, content_type, entry)
        except OverrunError as error:
            problem = f"page{error.bound}"
            log.warning("%s: its images and its AMP page are not fetched: %s", url, problem)
            return PageResources(problem=problem)
        except TransientError:
            raise
        except Exception:
            log.exception("%s: a fault of this program, please report it: its images could not be searched", url)
            return PageResources(problem="pageFault")


def page_reader(settings: Settings) -> PageReader:
    """A reader whose worker processes have the bounds that the settings give to extraction."""
    return PageReader(processes=settings.extract_processes, timeout_s=settings.page_timeout_s)


def _page_resources(body: bytes, url: str, content_type: str | None, entry: Entry) -> PageResources:
    """Runs in a worker process and returns only a few strings, so that no page is sent between processes."""
    page = read_page(body, url=url, content_type=content_type)
    return PageResources(tuple(image.url for image in lead_images(page, entry)), amp_link(page)) if page.is_html else PageResources()
