"""A file on a server as a seekable binary file, read by range requests with one block in memory."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from pipeline.core.errors import PermanentFetchError
from pipeline.core.models import Answer
from pipeline.fetching.fetcher import Target

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
BLOCK_BYTES = 16 * 2**20
"""Octets per range request. A plain choice: a file of a gigabyte takes 64 requests, and a broken connection costs one block."""


class RangedFile(io.RawIOBase):
    """The octets at `url`, read by ranges (RFC 9110, section 14) from the offset of the last `seek`.

    Reading raises FetchError when the server does not send the range.
    """

    def __init__(self, get: Callable[[Target], Answer], url: str, *, pace_s: float, block_bytes: int = BLOCK_BYTES) -> None:
        super().__init__()
        self._get, self._url, self._pace_s, self._block_bytes = get, url, pace_s, block_bytes
        self._place = 0
        self._block, self._start = b"", 0
        self._end: int | None = None

    def readable(self) -> bool:
        """Whether `read` works: always."""
        return True

    def seekable(self) -> bool:
        """Whether `seek` works: always."""
        return True

    def tell(self) -> int:
        """The offset of the next octet."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset from the start of the file or from the present one. Raises UnsupportedOperation for the end."""
        if whence == io.SEEK_CUR:
            offset += self._place
        elif whence != io.SEEK_SET:
            raise io.UnsupportedOperation("the end of a remote file is unknown until it is read")
        self._place = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """At most `size` octets, none only at the end of the file; without `size` the rest of the block. Raises FetchError."""
        if not self._start <= self._place < self._start + len(self._block):
            self._fill()
        begin = self._place - self._start
        data = self._block[begin : begin + size if size >= 0 else None]
        self._place += len(data)
        return data

    def _fill(self) -> None:
        self._block, self._start = b"", self._place
        if self._end is not None and self._place >= self._end:
            return
        answer = self._get(Target(self._url, "listing", self._pace_s, octets=(self._place, self._place + self._block_bytes - 1)))
        final = answer.final
        if answer.is_disallowed:
            raise PermanentFetchError(f"{self._url}: robots.txt disallows it", url=self._url, reason="forbiddenUrl")
        if final is not None and final.status == 416:  # the file ends before this offset
            self._end = self._place
            return
        if answer.error is not None:
            raise answer.error
        if final is None:
            raise PermanentFetchError(f"{self._url}: no answer", url=self._url, reason="protocol")
        if final.status != 206:  # a server without ranges sends the whole file
            self._block, self._end = final.body[self._place :], len(final.body)
            return
        told = _RANGE.match(final.headers.get("content-range", ""))
        if told is None or int(told[1]) != self._place:
            raise PermanentFetchError(f"{self._url}: the server sent another range", url=self._url, reason="protocol", status=206)
        self._block = final.body
        self._end = int(told[3]) if told[3] != "*" else None
