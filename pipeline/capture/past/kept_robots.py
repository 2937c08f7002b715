"""The robots.txt answers that captures of past hours asked for, kept in the lake beside the listings.

Part of the capture stage. The hour that asks for a robots.txt records it in its part. If that hour is killed before its commit, the run
that continues it finds its listings kept, so it sends no request and asks for no robots.txt: a later hour, which fetches a page of the
host, would record the answer instead. So the answer is kept as soon as it came, and the continued hour records the kept one.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.capture.past.kept_bodies import kept_path
from pipeline.core.errors import PermanentFetchError, WarcError
from pipeline.core.models import Answer, Clock, Exchange
from pipeline.fetching.robots import MAX_AGE, MAX_BYTES
from pipeline.lake.archives.warc import CaptureWriter, WarcRecord, read_records, validators_of
from pipeline.lake.storage import Lake


@dataclass(frozen=True, slots=True)
class KeptRobots:
    """The kept robots.txt answers of a lake that one part of an interval may use: those of at or after `since`, younger than `MAX_AGE`."""

    lake: Lake
    since: datetime
    clock: Clock

    def answer(self, url: str, ask: Callable[[], Answer]) -> Answer:
        """The answer for the robots.txt at `url`: the kept one, or that of `ask`, which is kept when it says what the rules are.

        An answer is always read back from its kept copy, so that a run that continues a killed one writes the same octets.
        """
        kept = self._kept(url)
        if kept is not None:
            return kept
        answer = ask()
        if not _is_kept(answer):
            return answer
        file = io.BytesIO()
        CaptureWriter(file).write_answer(answer)
        self.lake.write_bytes(kept_path(url), file.getvalue())
        return _answer(url, file.getvalue()) or answer

    def _kept(self, url: str) -> Answer | None:
        try:
            answer = _answer(url, self.lake.read_bytes(kept_path(url)))
        except (FileNotFoundError, WarcError):
            return None
        if answer is None or answer.final is None or answer.final.at < self.since:
            return None
        return answer if timedelta() <= self.clock.now() - answer.final.at < MAX_AGE else None


def _is_kept(answer: Answer) -> bool:
    """Whether the answer is a document, or a refusal that means that there are no rules (RFC 9309, section 2.3.1.3)."""
    final = answer.final
    if final is None:
        return False
    if answer.error is None:
        return 200 <= final.status < 300
    return isinstance(answer.error, PermanentFetchError) and answer.error.status == final.status


def _answer(url: str, data: bytes) -> Answer | None:
    """The answer that `CaptureWriter.write_answer` wrote as `data`; None when a record cannot be read whole.

    Raises WarcError when `data` is no WARC file.
    """
    records = list(read_records(io.BytesIO(data), max_body_bytes=MAX_BYTES + 1, keep_members=True))
    if not records or len(records) % 2 or any(one.problem is not None or one.member is None for one in records):
        return None  # damaged, or so long that a reader does not keep it
    exchanges = []
    for response, request in zip(records[::2], records[1::2], strict=True):
        if response.url is None or response.at is None or response.status is None:
            return None
        exchanges.append(
            Exchange(
                url=response.url,
                at=response.at,
                status=response.status,
                content_type=response.content_type,
                validators=validators_of(response),
                request=_octets(request),
                response=_octets(response),
                body=response.body,
            )
        )
    status = exchanges[-1].status
    error = None if 200 <= status < 300 else PermanentFetchError(f"{url}: HTTP {status}", url=url, reason="status", status=status)
    return Answer(url=url, exchanges=tuple(exchanges), error=error)


def _octets(record: WarcRecord) -> bytes:
    """The record's block as it was written: reading a record writes its HTTP header anew."""
    whole = zlib.decompress(record.member or b"", zlib.MAX_WBITS | 16)
    return whole.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n\r\n")
