"""The errors of the pipeline, permanent or transient by class.

::

    PipelineError
    ├── PermanentError      a retry cannot help: fail now
    │   ├── ConfigError       names file, line and key
    │   ├── SchemaError       a table breaks its contract: a bug
    │   │   └── DamagedError    a Parquet file is empty, cut short, or holds changed bytes
    │   ├── ShrinkError       a published partition would lose too many rows
    │   ├── LockedError       another process does the same work
    │   ├── FeedError         not a feed or sitemap
    │   ├── OverrunError      parsing a document exceeded its time or memory
    │   ├── SealError         a sealed blob does not open
    │   ├── WarcError         not a WARC file
    │   └── PermanentFetchError   4xx but 408/425/429, wrong type, too large, bad TLS, forbidden address
    └── TransientError      a retry may help: Airflow retries the task
        ├── TransientFetchError   timeout, reset, DNS, 408/425/429, 5xx; carries retry_after_s
        ├── BusyError         another process still does work that this one needs
        └── StorageError      the lake did not answer

The class alone decides on a retry, never the message. What becomes of a single entry (not modified, disallowed, no article) is not an
error but an outcome, a value that the stage records.
"""

from __future__ import annotations


class PipelineError(Exception):
    """Base of every error this project raises on purpose."""


class PermanentError(PipelineError):
    """An error that the same input always causes: do not retry."""


class TransientError(PipelineError):
    """An error that may not occur at a later time: retry."""


class ConfigError(PermanentError):
    """A setting or a catalogue file is wrong; the message names file, line and key."""


class SchemaError(PermanentError):
    """A table breaks the contract of `pipeline.core.schema`."""


class DamagedError(SchemaError):
    """A Parquet file of the lake cannot be read whole: it is empty, cut short, or holds changed bytes."""


class ShrinkError(PermanentError):
    """A published partition would lose more rows than the settings allow: `problem` says how many, `hint` what to do about it."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem}. {self.hint}" if self.hint else self.problem


class LockedError(PermanentError):
    """Another process does the same work; the message names that process."""


class BusyError(TransientError):
    """Another process still does work that this one needs, and waiting did not help; the message names that process."""


class FeedError(PermanentError):
    """The document is not a feed or sitemap, or exceeds a bound; `reason` is the one word that the outcome gets."""

    def __init__(self, message: str, *, reason: str = "notAFeed") -> None:
        super().__init__(message)
        self.reason = reason


class OverrunError(PermanentError):
    """Parsing a document exceeded `Timeout` or `Memory`, or ended its worker process (`Crash`); `bound` is that word."""

    def __init__(self, bound: str) -> None:
        super().__init__(bound)
        self.bound = bound


class SealError(PermanentError):
    """A sealed blob is malformed, belongs to another record, or no key opens it."""


class WarcError(PermanentError):
    """The file is not a WARC or ARC file."""


class FetchError(PipelineError):
    """A request that gave no usable answer.

    `reason` is one word for the outcome (`timeout`, `status`, `tooLarge`, ...); `status` the HTTP status where there was one.
    """

    def __init__(self, message: str, *, url: str, reason: str, status: int | None = None) -> None:
        super().__init__(message)
        self.url = url
        self.reason = reason
        self.status = status


class PermanentFetchError(FetchError, PermanentError):
    """4xx but 408/425/429, wrong type, too large, bad TLS, forbidden address."""


class TransientFetchError(FetchError, TransientError):
    """Timeout, reset, DNS, 408/425/429, 5xx; `retry_after_s` is what the server asked for, in seconds."""

    def __init__(self, message: str, *, url: str, reason: str, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, url=url, reason=reason, status=status)
        self.retry_after_s = retry_after_s


class StorageError(TransientError):
    """The lake did not answer."""
