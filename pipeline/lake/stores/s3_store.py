"""The files of a lake in an S3 bucket, through boto3: the only module that knows it.

Arrow's own S3 client needs three requests to write a small object and three to delete one, two to read one, and lists a folder only
from its beginning. Here each is one request, listings begin where they are asked to, and a write can depend on what is stored. Arrow
reads large Parquet files itself, by ranges.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from pipeline.core.errors import ConfigError
from pipeline.lake.stores.arrow_store import StoredFile

PART_BYTES = 8 * 2**20
"""Largest object that is written by one request, and the size of the parts of larger ones. S3 wants parts of at least 5 MiB."""
READ_BYTES = 4 * 2**20
"""Octets that are read at once. A smaller Parquet file is one request, and a capture file one for each so many octets. A plain choice."""
CONNECT_S, ANSWER_S = 5.0, 20.0
"""Seconds to wait for a connection and between two octets of an answer. Plain choices: S3 answers small requests within a second."""
ATTEMPTS = 6
"""Attempts at a request that gave no answer, a 5xx or SlowDown, with growing pauses up to 20 s (boto3's standard mode)."""
_MISSING = frozenset({"NoSuchKey", "404"})
_EMPTY = "InvalidRange"
_CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_UNKNOWN_CONDITION = frozenset({"NotImplemented", "501", "InvalidArgument", "400"})
_heeds_conditions: dict[str, bool] = {}
"""For each bucket and endpoint, whether it heeds the condition of a write; found out by the first conditional write of the process."""


class S3Store:
    """A `FileStore` in the bucket that the URI of a lake names; `root` is the bucket with the prefix, as Arrow's file system has it."""

    def __init__(self, uri: str, filesystem: pafs.FileSystem, root: str) -> None:
        """Raises ConfigError when boto3 is not installed."""
        try:
            import boto3  # noqa: F401  # takes a quarter of a second, and only lakes in S3 need it
        except ImportError as error:
            raise ConfigError("NEWS_LAKE: a lake at s3:// needs boto3, which the extra `s3` installs") from error
        self._filesystem, self._root = filesystem, root
        self._bucket, _, prefix = root.partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._uri = uri
        self._endpoint = dict(parse_qsl(urlsplit(uri).query)).get("endpoint_override")

    @property
    def _client(self) -> Any:
        return _client_of(self._uri, self._filesystem.region, os.getpid())

    def file(self, path: str) -> StoredFile | None:
        """Size and time of the object; None when there is none."""
        try:
            with self._answers(path):
                head = self._client.head_object(Bucket=self._bucket, Key=self._key(path))
        except FileNotFoundError:
            return None
        return StoredFile(path, head["ContentLength"], head["LastModified"].astimezone(UTC))

    def names(self, folder: str, *, first: str = "") -> Iterator[str]:
        """Names of objects and common prefixes directly below `folder`, sorted."""
        prefix = self._key(folder) + "/"
        for page in self._pages(prefix, first, Delimiter="/"):
            keys = [found["Key"] for found in page.get("Contents", ())] + [found["Prefix"] for found in page.get("CommonPrefixes", ())]
            yield from sorted(name for key in keys if (name := key.removeprefix(prefix).rstrip("/")))

    def files(self, folder: str, *, first: str = "") -> Iterator[StoredFile]:
        """Every object below `folder`, by key, without the markers of folders that other programs write."""
        for page in self._pages(self._key(folder) + "/" if folder else self._prefix, first):
            for found in page.get("Contents", ()):
                if not found["Key"].endswith("/"):
                    yield StoredFile(found["Key"].removeprefix(self._prefix), found["Size"], found["LastModified"].astimezone(UTC))

    def read_bytes(self, path: str) -> bytes:
        """The content of the object."""
        return self._read(path)[0]

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """The object as a seekable file that reads `READ_BYTES` at once."""
        yield io.BufferedReader(_ObjectFile(self, path), READ_BYTES)

    @contextlib.contextmanager
    def open_parquet(self, path: str) -> Iterator[pa.NativeFile]:
        """The object for Arrow's Parquet reader: in memory when it has at most `READ_BYTES`, read by ranges when it is larger."""
        data, size = self.read_range(path, 0, READ_BYTES)
        with pa.BufferReader(data) if len(data) == size else self._filesystem.open_input_file(f"{self._root}/{path}") as file:
            yield file

    def dataset_files(self, paths: Sequence[str]) -> tuple[pafs.FileSystem, list[str]] | None:
        """None, because Arrow would send three requests for each file."""
        del paths
        return None

    @contextlib.contextmanager
    def replacing(self, path: str) -> Iterator[BinaryIO]:
        """A local file to write to, whose upload begins when the context ends without an error and is visible when it is complete."""
        with tempfile.TemporaryFile(prefix="news-upload-") as whole:
            yield whole
            size = whole.tell()
            whole.seek(0)
            with self._answers(path):
                self._upload(self._key(path), whole, size)

    def delete(self, path: str) -> None:
        """Delete the object; S3 does not say whether there was one."""
        with self._answers(path):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(path))

    def read_version(self, path: str) -> tuple[bytes, str | None]:
        """The content of the object and its ETag."""
        data, answer = self._read(path)
        return data, answer["ETag"]

    def write_if_unchanged(self, path: str, data: bytes, *, version: str | None) -> bool | None:
        """Write with If-Match, or If-None-Match for a new object; None where the store refuses such conditions or ignores them.

        The first conditional write of a process is followed by a second that must fail: a store that accepts both ignores conditions.
        """
        place = f"{self._endpoint}/{self._bucket}"
        if not _heeds_conditions.get(place, True):
            return None
        is_written = self._write_if(path, data, {"IfNoneMatch": "*"} if version is None else {"IfMatch": version})
        if is_written is None:
            _heeds_conditions[place] = False
        elif is_written and place not in _heeds_conditions:
            _heeds_conditions[place] = self._write_if(path, data, {"IfNoneMatch": "*"}) is False
            return True if _heeds_conditions[place] else None
        return is_written

    def read_range(self, path: str, start: int, octets: int) -> tuple[bytes, int]:
        """Up to `octets` of the object from `start` on, and the size of the whole; no octets and 0 when `start` is behind its end."""
        try:
            data, answer = self._read(path, Range=f"bytes={start}-{start + octets - 1}")
        except EOFError:
            return b"", 0
        return data, int(answer.get("ContentRange", f"/{len(data)}").rpartition("/")[2])

    def _read(self, path: str, **options: str) -> tuple[bytes, Mapping[str, Any]]:
        from botocore.exceptions import HTTPClientError, IncompleteReadError, ResponseStreamingError

        for attempt in range(ATTEMPTS):  # boto3 repeats a request that fails, but not one whose answer breaks off
            with self._answers(path):
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key(path), **options)
                try:
                    return answer["Body"].read(), answer
                except (HTTPClientError, IncompleteReadError, ResponseStreamingError):
                    if attempt == ATTEMPTS - 1:
                        raise
        raise AssertionError

    def _write_if(self, path: str, data: bytes, condition: dict[str, str]) -> bool | None:
        from botocore.exceptions import ClientError

        try:
            with self._answers(path, ClientError):
                self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=data, **condition)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code in _CHANGED or code in _MISSING:
                return False
            if code in _UNKNOWN_CONDITION:
                return None
            raise OSError(str(error)) from error
        return True

    def _upload(self, key: str, whole: BinaryIO, size: int) -> None:
        if size <= PART_BYTES:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=whole.read())
            return
        from boto3.s3.transfer import TransferConfig

        parts = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=4)
        self._client.upload_fileobj(whole, self._bucket, key, Config=parts)

    def _pages(self, prefix: str, first: str, **options: str) -> Iterator[Mapping[str, Any]]:
        """The pages of a listing, the next one requested when it is needed. Keys after `first` include those in a folder of that name."""
        after: dict[str, str] = {"StartAfter": prefix + first} if first else {}
        while True:
            with self._answers(prefix):
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **after, **options)
            yield page
            if not page.get("IsTruncated"):
                return
            after = {"ContinuationToken": page["NextContinuationToken"]}

    def _key(self, path: str) -> str:
        return f"{self._prefix}{path}"

    @contextlib.contextmanager
    def _answers(self, path: str, *passed: type[Exception]) -> Iterator[None]:
        """Turn errors of boto3 into FileNotFoundError, EOFError for a range behind the end, and OSError; those in `passed` stay."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except passed:
            raise
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code in _MISSING:
                raise FileNotFoundError(f"{self._bucket} has no {path}") from error
            if code == _EMPTY:
                raise EOFError(path) from error
            raise OSError(str(error)) from error
        except (BotoCoreError, Boto3Error) as error:
            raise OSError(str(error)) from error


@lru_cache(maxsize=8)
def _client_of(uri: str, region: str, _process: int) -> Any:
    """A client for the bucket and key in `uri`. Making one takes a tenth of a second; a forked process needs connections of its own."""
    import boto3.session
    from botocore.config import Config

    split = urlsplit(uri)
    options = dict(parse_qsl(split.query))
    endpoint = options.get("endpoint_override")
    settings = Config(
        connect_timeout=CONNECT_S,
        read_timeout=ANSWER_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        s3={"addressing_style": "path" if endpoint else "auto"},
        max_pool_connections=16,
    )
    return boto3.session.Session().client(
        "s3",
        aws_access_key_id=unquote(split.username) if split.username else None,
        aws_secret_access_key=unquote(split.password) if split.password else None,
        region_name=region,
        endpoint_url=f"{options.get('scheme', 'https')}://{endpoint}" if endpoint else None,
        verify=options.get("tls_ca_file_path"),
        config=settings,
    )


class _ObjectFile(io.RawIOBase):
    """An object as an unbuffered file: each read is one request."""

    def __init__(self, store: S3Store, path: str) -> None:
        self._store, self._path = store, path
        self._at = 0
        self._size: int | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END and self._size is None:
            stored = self._store.file(self._path)
            self._size = stored.size if stored is not None else 0
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size or 0}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._size is not None and self._at >= self._size:
            return 0
        data, size = self._store.read_range(self._path, self._at, len(buffer))
        self._size = size or self._size
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
