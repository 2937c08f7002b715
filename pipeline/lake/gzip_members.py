"""Iterates over a WARC or ARC file through warcio, checks the end and checksum of each gzip member, and gives its octets."""

from __future__ import annotations

import zlib
from typing import BinaryIO, ClassVar, cast

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import DecompressingBufferedReader
from zlib_ng import zlib_ng

GZIP = zlib.MAX_WBITS | 16
"""wbits of zlib for a gzip member; the header that zlib writes has no time, so equal records give equal members."""
GZIP_ERROR = cast("type[Exception]", zlib_ng.error)
"""The stubs of zlib_ng declare an instance where it is a class."""


class _Octets(DecompressingBufferedReader):  # type: ignore[misc]
    """warcio's decompression with errors for damaged gzip members, which warcio reads as plain text or ends early."""

    DECOMPRESSORS: ClassVar = {**DecompressingBufferedReader.DECOMPRESSORS, "gzip": lambda: zlib_ng.decompressobj(GZIP)}
    is_gzip: bool | None = None
    is_inside = False
    """Whether a gzip member has begun whose end was not read yet."""

    def _decompress(self, data: bytes) -> bytes:
        if self.is_gzip is None and data:
            self.is_gzip = data.startswith(b"\x1f")  # one octet: a file cut to one octet shows no more of the two
        if self.is_gzip and self.decompressor:
            octets: bytes = self.decompressor.decompress(data)
            self.is_inside = not self.decompressor.eof
            return octets
        plain: bytes = super()._decompress(data)
        return plain


class WarcRecordIterator(ArchiveIterator):  # type: ignore[misc]
    """warcio's iterator without its warnings on standard error, and with a check of each gzip member's end and checksum."""

    INC_RECORD = ""
    is_shared = False
    """Whether the gzip member that is being read holds several records."""

    def __init__(self, file: BinaryIO, *, keep_bytes: int) -> None:
        self.kept = _Kept(file, keep_bytes)
        # ARC records come as WARC ones, so that all captures of a lake are of one format
        super().__init__(self.kept, arc2warc=True)
        self.reader = self.octets = _Octets(self.fh)

    def verify(self) -> bytes | None:
        """Read to the record's end; returns its gzip member, None when the member holds other records too or is longer than is kept.

        Raises zlib_ng.error for a wrong checksum and EOFError for a member without its end.
        """
        start = self.offset
        self.read_to_end()
        if self.octets.is_inside and not (self.next_line or b"").startswith(b"WARC/"):
            raise EOFError("its gzip member has no end")
        octets = self.kept.take(start, self.offset)
        is_alone = bool(self.octets.is_gzip) and not self.is_shared and not self.next_line
        self.is_shared = bool(self.next_line)
        return octets if is_alone else None


class _Kept:
    """A file read forward that keeps the octets read last, up to `limit` of them."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._octets = bytearray()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if len(self._octets) + len(data) > self._limit:
            self._octets.clear()
        elif self._limit:
            self._octets += data
        return data

    def tell(self) -> int:
        return self._file.tell()

    def take(self, start: int, end: int) -> bytes | None:
        """The octets from `start` to `end` of the file, None where they are not kept; drops everything before `end`."""
        begin = self._file.tell() - len(self._octets)
        taken = bytes(self._octets[start - begin : end - begin]) if begin <= start <= end else None
        del self._octets[: max(0, end - begin)]
        return taken
