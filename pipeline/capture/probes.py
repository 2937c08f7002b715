"""What a page names beside itself, its pictures and its AMP page: read while pages are captured, in a process of its own.

Each page is read in a worker process with the bounds that extraction has: one that overruns them costs its own probes. Asks for nothing:
who captures does.
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
"""Pages of a domain that may overrun their bounds before its others are not read: what ails one is often in all of a site's pages."""


@dataclass(frozen=True, slots=True)
class PageResources:
    """What a page names: the URLs of the pictures that may stand for it, the best first, and of its AMP page.

    `problem` says why nothing is known of it: `pageTimeout`, `pageMemory`, `pageCrash` and `pageFault`, as extraction calls them, or
    `notRead` after `MAX_OVERRUNS` others of its domain.
    """

    pictures: tuple[str, ...] = ()
    amp: str | None = None
    problem: str | None = None


class PageReader(workers.BoundedReader):
    """Reads pages for what they name, and looks no further at a domain whose pages overrun."""

    def __init__(self, *, processes: int, timeout_s: float, max_bytes: int = workers.MAX_BYTES) -> None:
        super().__init__(processes=processes, timeout_s=timeout_s, max_bytes=max_bytes)
        self._counting = threading.Lock()
        self._overruns: Counter[str] = Counter()

    def named(self, body: bytes, *, url: str, content_type: str | None, entry: Entry) -> PageResources:
        """What the page at `url` names; never raises for what a page does to its reader.

        Raises TransientError when the workers died through no page's fault: what is captured without its pictures stays so.
        """
        domain = registered_domain(url)
        if self._overruns[domain] >= MAX_OVERRUNS:
            return PageResources(problem="notRead")
        named = self._read(body, url, content_type, entry)
        if named.problem is not None:
            with self._counting:
                self._overruns[domain] += 1
        return named

    def _read(self, body: bytes, url: str, content_type: str | None, entry: Entry) -> PageResources:
        try:
            return self.read(_named, body, url, content_type, entry)
        except OverrunError as error:
            problem = f"page{error.bound}"
            log.warning("%s: its pictures and its AMP page are not asked for: %s", url, problem)
            return PageResources(problem=problem)
        except TransientError:
            raise
        except Exception:
            log.exception("%s: looking for its picture met a fault of ours; please report it", url)
            return PageResources(problem="pageFault")


def page_reader(settings: Settings) -> PageReader:
    """One with the bounds that these settings give to extraction."""
    return PageReader(processes=settings.extract_processes, timeout_s=settings.page_timeout_s)


def _named(body: bytes, url: str, content_type: str | None, entry: Entry) -> PageResources:
    """The work of a worker process; two or three strings come back, and no page."""
    page = read_page(body, url=url, content_type=content_type)
    return PageResources(tuple(image.url for image in lead_images(page, entry)), amp_link(page)) if page.is_html else PageResources()
