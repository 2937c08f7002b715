"""Reads web archives made by others: WARC and ARC files, plain or compressed (gzip, Zstandard), and WACZ files.

A WACZ (WACZ 1.1.1) is a zip file of WARC files; its records form one sequence, and offsets continue from file to file. Nothing is unpacked
to disk, and memory does not grow with the archive. Zip bombs and other malicious zip files are refused.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self, cast

from pipeline.core.errors import WarcError
from pipeline.lake.archives.warc import WarcRecord, read_record_at, read_records

WARC_SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz")
ARCHIVE_SUFFIXES = (*WARC_SUFFIXES, ".wacz")
"""Endings of the files that are read when a folder is given; a file that is given itself is read whatever its name."""
MAX_EXPANSION = 200
"""How many times its size a zip file may unpack to: WARC files of pages are compressed to a tenth, zip bombs to a thousandth."""
MAX_WARC_FILES = 10_000
"""WARC files of a WACZ that are read. A plain choice, against zip bombs."""
MAX_DIRECTORY_BYTES = 64 * 2**20
"""Bytes of the longest directory of a zip file that is read, because it is read at once; an entry takes some 100 bytes. A plain choice."""
_ZIP_START = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_DIRECTORY_END = struct.Struct("<4s4H2LH")
"""The record after a zip file's directory (APPNOTE.TXT, section 4.3.16): its sixth value is the directory's length."""
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
"""The header before an entry's data (section 4.3.7): its last two values are the lengths of the name and of the extra field after it."""
_LOOKS_LIKE = (
    (b"BZh", "it is compressed with bzip2"),
    (b"\xfd7zXZ", "it is compressed with xz"),
    (b"\x04\x22\x4d\x18", "it is compressed with LZ4"),
    (b"7z\xbc\xaf", "it is a 7z archive"),
    (b"Rar!", "it is a RAR archive"),
    (b"%PDF", "it is a PDF document"),
    (b"PAR1", "it is a Parquet table"),
    (b"<!doctype html", "it is an HTML page"),
    (b"<html", "it is an HTML page"),
    (b"<", "it is an XML document"),
    (b"{", "it is a JSON document"),
    (b"[", "it is a JSON document"),
    (b"cdx ", "it is an index of a web archive (CDX)"),
    (b"http/", "it is the answer of a server without a WARC header"),
)
"""First bytes (of text in lower case) of files that are given by mistake, and what each file is."""


@dataclass(frozen=True, slots=True)
class _Member:
    """A WARC file of an archive: the offset at which it starts in the sequence, its length, and a function that opens it."""

    name: str
    start: int
    size: int
    open: Callable[[], BinaryIO]


class WebArchive:
    """An open web archive. Close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open the archive. Raises FileNotFoundError, and WarcError for a zip file that is damaged, malicious, or has no WARC file."""
        self._path = path
        self._open = contextlib.ExitStack()
        with contextlib.ExitStack() as opened:
            file = opened.enter_context(path.open("rb"))
            self._members = self._members_of(file, opened)
            self._open = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the archive."""
        self._open.close()

    def records(self, *, max_body_bytes: int, keep_members: bool = False) -> Iterator[WarcRecord]:
        """Every record in the archive's order, as `warc.read_records` yields them.

        When the archive has several WARC files, one that cannot be read is one broken record. Raises WarcError, naming the archive and its
        apparent format, when its only WARC file cannot be read or no record is found.
        """
        has_any = False
        for member in self._members:
            try:
                for record in read_records(member.open(), max_body_bytes=max_body_bytes, keep_members=keep_members):
                    has_any = True
                    yield replace(record, offset=member.start + record.offset)
            except WarcError as error:
                if len(self._members) == 1:
                    raise self._refusal(member, error) from error
                problem = f"{PurePosixPath(member.name).name} is no WARC file"
                yield WarcRecord("broken", None, None, member.start, None, None, b"", b"", problem=problem)
        if not has_any:
            raise self._refusal(self._members[0], WarcError("there is no record in it"))

    def record_at(self, offset: int, *, max_body_bytes: int, keep_member: bool = False) -> WarcRecord:
        """The record that starts at `offset`. Raises WarcError when there is none."""
        member = next((one for one in self._members if one.start <= offset < one.start + one.size), None)
        if member is None:
            raise WarcError(f"there is no record at offset {offset}")
        record = read_record_at(member.open(), offset - member.start, max_body_bytes=max_body_bytes, keep_member=keep_member)
        return replace(record, offset=offset)

    def _members_of(self, file: BinaryIO, opened: contextlib.ExitStack) -> tuple[_Member, ...]:
        size = self._path.stat().st_size
        if not file.read(4).startswith((_ZIP_START, _EMPTY_ZIP)):
            return (_Member(self._path.name, 0, size, lambda: cast("BinaryIO", _Range(file, 0, size))),)
        try:
            _refuse_directory(file, size=size)
            archive = opened.enter_context(zipfile.ZipFile(file))
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            wanted = warc_entries(entries, archive_bytes=size)
            ends = itertools.accumulate(entry.file_size for entry in wanted)
            return tuple(
                _Member(entry.filename, end - entry.file_size, entry.file_size, _opener(archive, file, entry))
                for entry, end in zip(wanted, ends, strict=True)
            )
        except (zipfile.BadZipFile, struct.error, NotImplementedError, UnicodeDecodeError) as error:
            # zipfile's own: NotImplementedError for a version of the format that it does not know, as damaged fields claim
            raise WarcError(f"{self._path}: it is a damaged zip file") from error
        except WarcError as error:
            raise WarcError(f"{self._path}: {error}") from error

    def _refusal(self, member: _Member, error: WarcError) -> WarcError:
        seems = apparent_format(member.open().read(1 << 10))
        return WarcError(f"{self._path}: {f'not a web archive: {seems}' if seems else error}")


def open_archive(path: Path) -> WebArchive:
    """The archive at `path`. Raises as `WebArchive` does."""
    return WebArchive(path)


def apparent_format(start: bytes) -> str | None:
    """A phrase for the apparent format of a file that begins with `start`, also inside of gzip; None when that is unknown."""
    if not start:
        return "it is empty"
    if start.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            inner = apparent_format(zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, 1 << 10) or b"?")
            return f"{inner}, compressed with gzip" if inner is not None else None
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((words for begin, words in _LOOKS_LIKE if start.startswith(begin) or text.startswith(begin)), None)


def warc_entries(entries: Sequence[zipfile.ZipInfo], *, archive_bytes: int) -> tuple[zipfile.ZipInfo, ...]:
    """The WARC files among the entries of a zip file of `archive_bytes`, in the order of the file.

    Raises WarcError for names that lead out of the archive, encryption, packings other than deflate, entries that overlap or unpack to too
    much, too many WARC files or none.
    """
    if any(_leads_out(entry.filename) for entry in entries):
        raise WarcError("refused: the name of an entry of the zip file leads out of it")
    found = sorted((entry for entry in entries if entry.filename.lower().endswith(WARC_SUFFIXES)), key=lambda entry: entry.header_offset)
    if not found:
        raise WarcError("it is a zip file without a WARC file in it")
    if len(found) > MAX_WARC_FILES:
        raise WarcError(f"refused: the zip file has {len(found)} WARC files, and at most {MAX_WARC_FILES} are read")
    if any(entry.flag_bits & 1 for entry in found):
        raise WarcError("refused: the zip file is encrypted")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in found):
        raise WarcError("refused: the zip file is packed in another way than deflate")
    if sum(entry.compress_size for entry in found) > archive_bytes:
        raise WarcError("refused: entries of the zip file overlap")
    unpacked = sum(entry.file_size for entry in found)
    if unpacked > MAX_EXPANSION * archive_bytes:
        raise WarcError(f"refused: the zip file unpacks to {unpacked // archive_bytes} times its size")
    return tuple(found)


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name[:2]


def _refuse_directory(file: BinaryIO, *, size: int) -> None:
    """Raise WarcError for a zip file whose directory is too long to be read at once."""
    tail_bytes = min(size, _DIRECTORY_END.size + 0xFFFF)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    at = tail.rfind(_EMPTY_ZIP)
    if at < 0 or len(tail) - at < _DIRECTORY_END.size:
        raise zipfile.BadZipFile("no directory")
    count, directory_bytes = _DIRECTORY_END.unpack_from(tail, at)[4:6]
    if directory_bytes == 0xFFFFFFFF or count == 0xFFFF:  # in a file of over 4 GiB or 65,535 entries the length stands in a record before
        directory_bytes = _long_directory_bytes(file, tail, at)
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise WarcError("refused: the zip file has too many entries")


def _long_directory_bytes(file: BinaryIO, tail: bytes, at: int) -> int:
    """The length of the directory by the zip64 records (sections 4.3.14 and 4.3.15)."""
    _, _, place, _ = struct.unpack_from("<4sLQL", tail, at - 20)
    file.seek(place)
    values = struct.unpack("<4sQ2H2L4Q", file.read(56))
    return int(values[8])


def _opener(archive: zipfile.ZipFile, file: BinaryIO, entry: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    """A function that opens an entry; a stored entry is a range of the file itself, so that its records can be read at their offsets."""
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        return lambda: cast("BinaryIO", archive.open(entry))

    def stored() -> BinaryIO:
        file.seek(entry.header_offset)
        values = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        if values[0] != _ZIP_START:
            raise WarcError("its zip file is damaged")
        begin = entry.header_offset + _LOCAL_HEADER.size + values[-2] + values[-1]
        return cast("BinaryIO", _Range(file, begin, entry.file_size))

    return stored


class _Range(io.RawIOBase):
    """`size` octets of a file from `begin` on, as a file."""

    def __init__(self, file: BinaryIO, begin: int, size: int) -> None:
        super().__init__()
        self._file, self._begin, self._size, self._place = file, begin, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._place)
        self._file.seek(self._begin + self._place)
        data = self._file.read(left if size < 0 else min(size, left))
        self._place += len(data)
        return data
