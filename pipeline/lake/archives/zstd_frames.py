"""Octets of WARC files compressed with Zstandard: each record a frame of its own, the first frame perhaps a dictionary for all others.

By the draft "Zstandard Compression for WARC Files 1.0" of the IIPC. A frame is unpacked piece by piece, in a window of at most 128 MiB.
"""

from __future__ import annotations

import io
import sys
from typing import BinaryIO

from warcio.bufferedreaders import BufferedReader

from pipeline.core.errors import WarcError

if sys.version_info >= (3, 14):  # the standard library has it from here on
    from compression import zstd
else:
    from backports import zstd

ZSTD_ERROR = zstd.ZstdError
FRAME_START = b"\x28\xb5\x2f\xfd"
DICTIONARY_START = b"\x5d\x2a\x4d\x18"
"""A skippable frame (RFC 8878, section 3.1.2) of the type that the draft reserves for a dictionary."""
STEP = 1 << 18
"""Octets that are unpacked at a time, whatever a frame promises."""
MAX_DICTIONARY_BYTES = 16 * 2**20
"""Dictionaries of public WARC files take 1 MB."""


def is_zstd(start: bytes) -> bool:
    """Whether a file that begins with these octets is compressed with Zstandard."""
    return start.startswith((FRAME_START, DICTIONARY_START))


def read_dictionary(file: BinaryIO) -> zstd.ZstdDict | None:
    """The dictionary at the beginning of `file`, whose place is kept; None without one. Raises WarcError for one that cannot be read."""
    place = file.tell()
    try:
        file.seek(0)
        head = file.read(8)
        if not head.startswith(DICTIONARY_START) or len(head) < 8:
            return None
        size = int.from_bytes(head[4:], "little")
        if size > MAX_DICTIONARY_BYTES:
            raise WarcError(f"its dictionary takes {size} octets, and at most {MAX_DICTIONARY_BYTES} are read")
        return zstd.ZstdDict(_unpacked(file.read(size)))
    except (ZSTD_ERROR, ValueError) as error:
        raise WarcError("its dictionary is damaged") from error
    finally:
        file.seek(place)


def _unpacked(content: bytes) -> bytes:
    """The dictionary itself, which may be compressed."""
    if not content.startswith(FRAME_START):
        return content
    unpacked = zstd.ZstdDecompressor().decompress(content, MAX_DICTIONARY_BYTES + 1)
    if len(unpacked) > MAX_DICTIONARY_BYTES:
        raise WarcError(f"its dictionary takes more than {MAX_DICTIONARY_BYTES} octets when unpacked")
    return unpacked


class _Frame:
    """A decompressor of one frame with the interface that warcio expects: it takes octets after the frame's end and returns them."""

    def __init__(self, dictionary: zstd.ZstdDict | None) -> None:
        self._decompressor = zstd.ZstdDecompressor(dictionary)
        self._behind = b""

    @property
    def eof(self) -> bool:
        return self._decompressor.eof

    @property
    def needs_input(self) -> bool:
        return self.eof or self._decompressor.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._decompressor.unused_data + self._behind if self.eof else b""

    def decompress(self, data: bytes) -> bytes:
        if self.eof:
            self._behind += data
            return b""
        return self._decompressor.decompress(data, STEP)

    def flush(self) -> bytes:
        return b""


class ZstdOctets(BufferedReader):  # type: ignore[misc]
    """The unpacked octets of a file of frames, for warcio's iterator; raises ZstdError for a damaged frame."""

    is_gzip = False
    is_inside = False
    """Whether a frame has begun whose end was not read yet."""

    def __init__(self, file: BinaryIO, dictionary: zstd.ZstdDict | None) -> None:
        self.DECOMPRESSORS = {"zstd": lambda: _Frame(dictionary)}
        super().__init__(file, decomp_type="zstd")

    def _fillbuff(self, block_size: int | None = None) -> None:
        while self.empty() and self.decompressor is not None and not self.decompressor.unused_data:
            data = b""
            if self.decompressor.needs_input:
                data = self.starting_data or self.stream.read(block_size or self.block_size)
                self.starting_data: bytes | None = None
                if not data:
                    self.buff = None
                    return
            octets = self.decompressor.decompress(data)
            self.is_inside = not self.decompressor.eof
            self.buff, self.buff_size = io.BytesIO(octets), len(octets)
            self.num_read += len(octets)
            self.num_block_read += len(octets)
