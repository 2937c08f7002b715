"""Iterates over a WARC or ARC file through warcio, and gives the octets of its gzip members.

The end and the checksum of each gzip member or Zstandard frame are checked.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, BinaryIO, ClassVar, cast

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecordLoader
from zlib_ng import zlib_ng

from pipeline.lake.archives.zstd_frames import ZstdOctets, is_zstd, read_dictionary

GZIP = zlib.MAX_WBITS | 16
"""wbits of zlib for a gzip member; the header that zlib writes has no time, so equal records give equal members."""
GZIP_ERROR = cast("type[Exception]", zlib_ng.error)
"""The exception class of zlib_ng; its stubs declare it as an instance."""

MAX_LINE = 1 << 16
"""Octets of a record's first line; WARC's has 10, ARC's holds a URL."""
MAX_BLANK_LINES = 64
"""Before a record; writers put two between records, and some put one before the first."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WARC_LINE = re.compile(rb"WARC/\d+\.\d+\s*$", re.IGNORECASE)
_ARC_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:.* \S+ \d{8,17} \S+ -?\d+\s*$", re.DOTALL)
"""URL, IP address, date, content type and length (ARC 1.0, "URL-record")."""


class _RecordLoader(ArcWarcRecordLoader):  # type: ignore[misc]
    """warcio's loader, which takes any line with four blanks for an ARC record and quotes what it read in errors and warnings."""

    def _detect_type_load_headers(self, stream: Any, statusline: Any = None, known_format: Any = None) -> Any:
        """Pass over blank lines; raises EOFError at the end, ArchiveLoadFailed where no record begins."""
        line: bytes = statusline or stream.readline(MAX_LINE)
        line = line.removeprefix(BYTE_ORDER_MARK)
        for _ in range(MAX_BLANK_LINES):
            if not line or line.strip():
                break
            line = stream.readline(MAX_LINE)
        if not line:
            raise EOFError("the file has no further record")
        if not _WARC_LINE.match(line) and not _ARC_LINE.match(line):
            raise ArchiveLoadFailed("no WARC or ARC record begins here")
        return super()._detect_type_load_headers(stream, line, known_format)

    def _ensure_target_uri_format(self, rec_headers: Any) -> str | None:
        """The record's URL without the angle brackets that some writers put around it, blanks in it percent-encoded."""
        url: str | None = rec_headers.get_header("WARC-Target-URI")
        if url is not None:
            url = url[1:-1] if url.startswith("<") and url.endswith(">") else url
            url = url.replace(" ", "%20")
            rec_headers.replace_header("WARC-Target-URI", url)
        return url


class _Octets(DecompressingBufferedReader):  # type: ignore[misc]
    """warcio's decompression with errors for damaged gzip members, which warcio reads as plain text or ends early."""

    DECOMPRESSORS: ClassVar = {**DecompressingBufferedReader.DECOMPRESSORS, "gzip": lambda: zlib_ng.decompressobj(GZIP)}
    is_gzip: bool | None = None
    is_inside = False
    """Whether a gzip member has begun whose end was not read yet."""

    def _decompress(self, data: bytes) -> bytes:
        if self.is_gzip is None and data:
            self.is_gzip = data.startswith(b"\x1f")  # the first of two octets, because a file may be cut off after it
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
        # ARC records are converted, so that all captures of a lake have one format
        super().__init__(self.kept, arc2warc=True)
        self.loader = _RecordLoader(verify_http=False, arc2warc=True)
        self.reader = self.octets = ZstdOctets(self.fh, read_dictionary(file)) if _is_zstd(file) else _Octets(self.fh)

    def verify(self) -> bytes | None:
        """Read to the record's end; returns its gzip member, None when the member holds other records too or is too long to be kept.

        Raises zlib_ng.error or ZstdError for a wrong checksum and EOFError for a member without its end.
        """
        start = self.offset
        self.read_to_end()
        if self.octets.is_inside and not (self.next_line or b"").startswith(b"WARC/"):
            raise EOFError(f"its {'gzip member' if self.octets.is_gzip else 'frame'} has no end")
        octets = self.kept.take(start, self.offset)
        is_alone = bool(self.octets.is_gzip) and not self.is_shared and not self.next_line
        self.is_shared = bool(self.next_line)
        return octets if is_alone else None


def _is_zstd(file: BinaryIO) -> bool:
    if not file.seekable():
        return False
    place = file.tell()
    start = file.read(4)
    file.seek(place)
    return is_zstd(start)


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
