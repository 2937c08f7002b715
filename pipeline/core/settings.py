"""The settings, read from environment variables `NEWS_*` and checked before any stage runs.

Only `Settings.from_environment` reads the environment; importing does nothing. An error names the variable.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline import __version__
from pipeline.core.errors import ConfigError
from pipeline.core.models import Origin

ENVIRONMENT_PREFIX = "NEWS_"
HARNESS_VARIABLES = frozenset({"NEWS_SHARED"})
"""Variables of the tests, which are not settings."""

SECRETS = frozenset({"sealing_keys", "alert_url", "pace_url"})
"""Settings whose value no message shows."""

PACKAGE = Path(__file__).resolve().parents[1]
PROJECT = PACKAGE.parent
"""The root of the checkout; for an installed wheel, the folder that holds the package."""
VERSION = __version__


class FrozenModel(BaseModel):
    """Base of settings and catalogue models: immutable, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Settings(FrozenModel):
    """Everything that can differ between installations. The variable of a field is `NEWS_` and its name in capitals.

    Defaults without a reason beside them are plain choices: they bound the time, memory or requests of one document, host or run.
    """

    lake: str = Field("data/lake", min_length=1)
    """Local directory or `s3://bucket/prefix?region=...&endpoint_override=...`."""
    config: str = Field(default_factory=lambda: str(default_catalogue()))
    """The catalogue: a directory with sources.yaml, topics.yaml, providers.yaml, scoring.yaml, rights.yaml."""

    user_agent: str = f"news-pipeline/{VERSION}"
    contact: str = ""
    """A URL or e-mail address for webmasters; part of the User-Agent header (RFC 9309, section 2.2.1)."""
    connect_to: tuple[str, ...] = ()
    """`HOST:PORT=ADDRESS:PORT`, like curl's --connect-to; `*` for any host. For tests and split-horizon intranets."""
    ca_bundle: str = ""
    """PEM file of the authorities to trust instead of the usual ones."""
    allow_networks: tuple[str, ...] = ()
    """CIDR blocks to which requests may go although they are not public."""

    connect_timeout_s: float = Field(10.0, gt=0)
    read_timeout_s: float = Field(20.0, gt=0)
    total_timeout_s: float = Field(60.0, gt=0)
    """Seconds for a request with all its redirects, so that a server that sends a byte a second does not occupy a thread."""
    max_feed_bytes: int = Field(20_000_000, gt=0)
    max_page_bytes: int = Field(10_000_000, gt=0)
    max_image_bytes: int = Field(15_000_000, gt=0)
    max_image_pixels: int = Field(60_000_000, gt=0)
    max_redirects: int = Field(5, ge=0)
    max_retry_after_s: float = Field(30.0, ge=0)
    """Longest Retry-After that a run waits for. After a longer one the host gets no more requests, and its entries stay pending."""
    poll_patience_s: float = Field(300.0, ge=0)
    """A feed that is due within this many seconds counts as due."""
    pace_dir: str = ""
    """A local directory in which all processes of a machine share the pace of each host; empty: each process keeps its own. Without
    the variable it is `news-pipeline/paces` in the user's cache folder."""
    pace_url: str = Field("", repr=False)
    """A Redis server, `redis://:password@host:6379/0`, in which all processes of all machines share the pace of each host, instead of
    `pace_dir`."""
    connections_per_host: int = Field(4, ge=1, le=64)
    fetch_threads: int = Field(32, ge=1, le=256)
    sources_per_part: int = Field(25, ge=1)
    max_entries_per_source: int = Field(200, ge=1)
    max_attempts: int = Field(4, ge=1)
    """Intervals in which a failing URL is tried before it is recorded as failed for good."""
    seen_days: int = Field(7, ge=1)
    """Days of earlier manifests that are read to know which URLs were captured."""
    sitemap_days: int = Field(2, ge=1)
    """Pages that a sitemap dates more days ago than this are left out: sitemaps list the whole past of a site."""
    sitemap_requests: int = Field(10, ge=1)
    """Sitemaps of an index that are requested in one interval, the newest first."""

    origins: tuple[str, ...] = ("captures", "sitemap", "pages", "wayback")
    """Origins of pages of a past interval: each source is captured from the first that has it; `captures` must be first. `ccnews` is not a
    default because it downloads about a gigabyte for each hour."""
    history_pages: int = Field(50, ge=1)
    """Listings of a source that are read for one past interval from one origin: sitemaps of an index, pages of a feed, snapshots."""
    wayback_cdx: str = "https://web.archive.org/cdx/search/cdx"
    """URL of the CDX API of a web archive."""
    wayback: str = "https://web.archive.org/web"
    """The URL of a snapshot up to its time."""
    ccnews: str = "https://data.commoncrawl.org"
    """URL or local folder that holds `crawl-data/CC-NEWS/`."""
    ccnews_chunk_bytes: int = Field(64 * 2**20, gt=0)
    """Octets of a WARC file of Common Crawl that become one part: the most that a killed run has to read again."""
    warc: tuple[str, ...] = ()
    """WARC files that the origin `warc` reads: files, folders or glob patterns."""
    archive_pace_s: float = Field(2.5, ge=2.5)
    """Seconds between two requests to the host of an archive. The CDX service of Wayback refuses more than 24 requests a minute."""

    raw_days: int = Field(0, ge=0)
    """Days after which the daily maintenance deletes captures; manifests and rows stay. 0 keeps captures for ever."""

    extract_processes: int = Field(2, ge=1)
    publish_processes: int = Field(2, ge=1)
    """Processes that build published dates in parallel; each holds the rows of a story window before and after its date in memory."""
    page_timeout_s: float = Field(20.0, gt=0)

    min_confidence_title: float = Field(0.0, ge=0, le=1)
    min_confidence_text: float = Field(0.0, ge=0, le=1)
    min_confidence_published: float = Field(0.0, ge=0, le=1)
    min_confidence_authors: float = Field(0.0, ge=0, le=1)
    min_confidence_image: float = Field(0.0, ge=0, le=1)
    min_confidence_article: float = Field(0.0, ge=0, le=1)
    """Articles with a lower probability in `confidence` have no record, and the ledger says `doubtful`; 0 holds none back."""

    tolerated_failures: float = Field(0.5, ge=0, le=1)
    """Share of the sources of an interval that may fail without failing the run."""
    max_shrink: float = Field(0.2, ge=0, le=1)
    """Share of the rows of a published partition that a rebuild may lose."""
    alert_url: str = Field("", repr=False)
    """URL of a webhook that is sent alerts as JSON; a secret. Empty: none. `https`, or `http` to this machine."""
    alert_email: tuple[str, ...] = ()
    """E-mail addresses that are sent alerts through Airflow's SMTP connection (`smtp_default`)."""
    alert_slack: str = ""
    """The Airflow connection of a Slack webhook that is sent alerts."""
    late_after_minutes: int = Field(60, ge=5, le=1440)
    """Minutes after which an hourly run that is not done is told as late. A plain choice: the next hour's run waits for it by then."""
    approve_requests: int = Field(5000, ge=0)
    """Requests of a planned backfill above which `news_backfill` waits for a person's approval. A plain choice: some hours at the pace of
    one host."""
    approve_dates: int = Field(14, ge=0)
    """Published dates of a backfill above which `news_backfill` waits for a person's approval. A plain choice: two weeks."""
    sealing_keys: tuple[str, ...] = Field((), repr=False)
    """Base64 AES-SIV keys of 32, 48 or 64 bytes, newest first."""

    @property
    def min_confidences(self) -> dict[str, float]:
        """The smallest probability of each field of `confidence` that has one."""
        names = [name for name in type(self).model_fields if name.startswith("min_confidence_")]
        return {name.removeprefix("min_confidence_"): getattr(self, name) for name in names if getattr(self, name) > 0}

    @property
    def agent(self) -> str:
        """Our product token, which robots.txt and robots directives name (RFC 9309, section 2.2.1)."""
        return self.user_agent.partition("/")[0]

    @field_validator("origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(origins) - set(get_args(Origin)))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(get_args(Origin))}")
        if len(set(origins)) < len(origins):
            raise ValueError("an origin occurs twice")
        if origins[:1] != ("captures",):
            raise ValueError("the first origin must be captures")
        return origins

    @field_validator("allow_networks")
    @classmethod
    def _networks(cls, blocks: tuple[str, ...]) -> tuple[str, ...]:
        for block in blocks:
            ipaddress.ip_network(block)
        return blocks

    @field_validator("connect_to")
    @classmethod
    def _routes(cls, routes: tuple[str, ...]) -> tuple[str, ...]:
        for route in routes:
            parse_route(route)
        return routes

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """Settings from `NEWS_*` variables; `overrides` that are not None take precedence. Items of lists are separated by commas.

        Raises ConfigError for an unknown variable or an invalid value.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {"pace_dir": _pace_dir(environment)}
        for variable, text in environment.items():
            if not variable.startswith(ENVIRONMENT_PREFIX) or variable in HARNESS_VARIABLES:
                continue
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            if name not in cls.model_fields:
                raise ConfigError(f"{variable} is not a setting; `news doctor` lists all settings")
            is_list = cls.model_fields[name].annotation == tuple[str, ...]
            values[name] = tuple(part.strip() for part in text.split(",") if part.strip()) if is_list else text
        values.update({name: value for name, value in overrides.items() if value is not None})
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(step) for step in first["loc"])
            shown = "" if name.partition(".")[0] in SECRETS else f", not {first['input']!r}"
            raise ConfigError(f"{ENVIRONMENT_PREFIX}{name.upper()}: {first['msg']}{shown}") from error


def default_catalogue() -> Path:
    """The folder of the shipped catalogue: `data` in a checkout, `pipeline/catalogue` in an installed wheel."""
    installed = PACKAGE / "catalogue"
    return installed if installed.is_dir() else PROJECT / "data"


def _pace_dir(environment: Mapping[str, str]) -> str:
    """The default of `pace_dir` in the user's cache folder (XDG Base Directory, 0.8), so that all processes of a user share it."""
    cache = environment.get("XDG_CACHE_HOME") or (f"{home}/.cache" if (home := environment.get("HOME")) else "")
    return f"{cache}/news-pipeline/paces" if cache.startswith("/") else ""


def parse_route(route: str) -> tuple[str, int, str, int]:
    """`HOST:PORT=ADDRESS:PORT` as (host or `*`, port, address, port); ValueError when it is not of that form."""
    left, _, right = route.partition("=")
    (host, _, port), (address, _, to_port) = left.rpartition(":"), right.rpartition(":")
    if not (host and address and port.isdigit() and to_port.isdigit()):
        raise ValueError(f"a route is HOST:PORT=ADDRESS:PORT, not {route!r}")
    return host.lower(), int(port), address.strip("[]"), int(to_port)
