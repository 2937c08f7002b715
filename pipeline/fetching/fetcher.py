"""Polite, bounded GET requests over the connections of `pipeline.fetching.connections`: the only code that asks a site.

Many threads use one `Fetcher`, which serves one part of one interval. It requests the robots.txt of a host before anything else, keeps one
pace per host, sends the validators it is given, follows redirects itself (each hop is checked, recorded and paced, and gets back the
cookies that its own host set in the chain), reads at most as much as the settings allow, and returns an `Answer`: the octets of every
exchange, and the error that ended it. It parses no content.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import certifi
import requests
from urllib3.exceptions import HTTPError

from pipeline.core.errors import FetchError, PermanentFetchError, TransientFetchError
from pipeline.core.models import Answer, Clock, Exchange, Kind, Validators
from pipeline.core.settings import Settings
from pipeline.fetching import robots
from pipeline.fetching.addresses import why_refused_url
from pipeline.fetching.answers import decoded_body, receive_body, redirect_target
from pipeline.fetching.chain_cookies import ChainCookies
from pipeline.fetching.connections import Recording, RecordingAdapter, Routes, ended_before_tls, start_recording
from pipeline.fetching.pace_stores import pace_store
from pipeline.fetching.politeness import SLOW_DOWN_STATUSES, TRANSIENT_STATUSES, HostSchedule, retry_after_s
from pipeline.text.urls import without_credentials

ACCEPT = {
    "feed": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
    "sitemap": "application/xml, text/xml, */*;q=0.5",
    "section": "text/html, application/xhtml+xml;q=0.9, */*;q=0.1",
    "listing": "application/json, text/plain;q=0.9, */*;q=0.5",
    "page": "text/html, application/xhtml+xml;q=0.9, */*;q=0.1",
    "amp": "text/html, */*;q=0.1",
    "image": "image/*",
    "robots": "text/plain, */*;q=0.5",
    "tdmrep": "application/json, */*;q=0.5",
}
WANTED_TYPES: dict[Kind, tuple[str, ...]] = {
    "page": ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain"),
    "section": ("text/html", "application/xhtml+xml"),
    "amp": ("text/html", "application/xhtml+xml"),
    "image": ("image/", "application/octet-stream", "binary/octet-stream"),
}
"""The content types that are read, by prefix. An answer without a type is read, and feeds and sitemaps are read whatever their type."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
NO_ANSWER = frozenset({"timeout", "connection", "dns", "reset"})
"""Reasons of errors that mean that the host did not answer."""
MAX_TDM_FILE_BYTES = 256 * 1024
"""Longest /.well-known/tdmrep.json that is read. A plain choice: a rule takes about 100 bytes."""
HEADER_ALLOWANCE = 128 * 1024
"""Bytes of headers and codings that an answer may have besides the allowed body. A plain choice: http.client allows 100 header lines."""
RETRY_DELAY_S = 1.0
"""Seconds before the second attempt after a transient failure, unless Retry-After asks for more. A plain choice."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present time in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL to request; `pace_s` is the least number of seconds between two requests to its host."""

    url: str
    kind: Kind
    pace_s: float
    validators: Validators = field(default_factory=Validators)
    octets: tuple[int, int] | None = None
    """First and last octet of a range (RFC 9110, section 14), counted without content coding; None for the whole document."""


class Fetcher:
    """Sends the GET requests of one part, as the docstring of the module says. Close it, or use it as a context manager."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        known_robots: robots.KnownRobots | None = None,
        keep_robots: robots.RobotsKeeper | None = None,
    ) -> None:
        """`known_robots` gives the robots.txt answers that earlier intervals captured, which are then not requested again.

        `keep_robots` may keep those that are requested, and give the kept ones to a run that continues a killed one.
        """
        self._settings = settings
        self._clock = clock
        self._routes = Routes(connect_to=settings.connect_to, allow_networks=settings.allow_networks)
        self._context = ssl.create_default_context(cafile=settings.ca_bundle or certifi.where())
        self._agent = settings.agent
        self._schedule = HostSchedule(pace_store(settings))
        self._known_robots = known_robots or (lambda _url: None)
        self._keep_robots = keep_robots or (lambda _url, ask: ask())
        self._robots: dict[str, robots.RobotsRules] = {}
        self._robots_answers: dict[str, Answer] = {}
        self._robots_locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._local = threading.local()
        self._adapters: list[RecordingAdapter] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for adapter in self._adapters:
            adapter.close()

    @property
    def robots_answers(self) -> tuple[Answer, ...]:
        """The answer to each robots.txt that this fetcher asked for, ordered by URL."""
        return tuple(self._robots_answers[url] for url in sorted(self._robots_answers))

    def get(self, target: Target) -> Answer:
        """Request `target.url` and follow its redirects; after a transient failure try once more. Failures are returned, not raised.

        A tdmrep.json is tried only once, because few hosts have one.
        """
        answer = self._follow(target)
        if target.kind != "tdmrep" and isinstance(answer.error, TransientFetchError) and not self._schedule.is_down(_host(target.url)):
            delay = answer.error.retry_after_s if answer.error.retry_after_s is not None else RETRY_DELAY_S
            if delay <= self._settings.max_retry_after_s:
                self._clock.sleep(delay)
                again = self._follow(target)
                return Answer(
                    url=again.url,
                    exchanges=answer.exchanges + again.exchanges,
                    error=again.error,
                    is_disallowed=again.is_disallowed,
                )
        return answer

    @property
    def usage_lines(self) -> dict[str, tuple[str, ...]]:
        """The URL of every robots.txt that was applied, with its lines that state usage preferences for our agent."""
        return {url: rules.usage_lines(agent=self._agent) for url, rules in dict(self._robots).items()}

    def sitemaps_of(self, url: str, *, pace_s: float) -> tuple[str, ...]:
        """The sitemaps in the robots.txt of the host of `url`; none when it cannot be read."""
        try:
            self._refuse(url)
            return self._rules(url, pace_s=pace_s).sitemaps
        except FetchError:
            return ()

    def _follow(self, target: Target) -> Answer:
        exchanges: list[Exchange] = []
        cookies = ChainCookies()
        url = target.url
        deadline = time.monotonic() + self._settings.total_timeout_s
        try:
            for _ in range(self._settings.max_redirects + 1):
                self._refuse(url)
                rules = self._rules(url, pace_s=target.pace_s)
                if not rules.allows(url, agent=self._agent):
                    return Answer(url=target.url, exchanges=tuple(exchanges), is_disallowed=True)
                pace_s = max(target.pace_s, rules.crawl_delay_s(agent=self._agent))
                paused_s = self._wait_for_turn(url, pace_s=pace_s)
                deadline += paused_s
                location = self._exchange(url, target, cookies, deadline=deadline, record=exchanges.append)
                if location is None:
                    return Answer(url=target.url, exchanges=tuple(exchanges))
                url = redirect_target(url, location)
            message = f"{target.url}: more than {self._settings.max_redirects} redirects"
            raise PermanentFetchError(message, url=target.url, reason="redirects")
        except FetchError as error:
            return Answer(url=target.url, exchanges=tuple(exchanges), error=error)

    def _refuse(self, url: str) -> None:
        """Raise FetchError when the URL may not be requested, or when its host is down or asked us by Retry-After to wait."""
        refusal = why_refused_url(url, routed_ports=self._routes.ports)
        if refusal is not None:
            shown = without_credentials(url)
            raise PermanentFetchError(f"{shown}: refused: {refusal}", url=shown, reason="forbiddenUrl")
        if self._schedule.is_down(_host(url)):
            raise TransientFetchError(f"{url}: the host did not answer before", url=url, reason="hostDown")
        self._refuse_held(url)

    def _refuse_held(self, url: str) -> None:
        """Raise TransientFetchError when the host asked, by Retry-After, for a longer wait than a run allows."""
        held_s = self._schedule.held_s(_host(url), now=self._clock.now())
        if held_s > self._settings.max_retry_after_s:
            message = f"{url}: the host asked for a wait of {held_s:.0f} s"
            raise TransientFetchError(message, url=url, reason="rateLimited", retry_after_s=held_s)

    def _wait_for_turn(self, url: str, *, pace_s: float) -> float:
        """Sleep until the host may be asked again; returns the seconds slept. Raises TransientFetchError for a wait that is too long."""
        wait_s = self._schedule.reserve(_host(url), now=self._clock.now(), pace_s=pace_s)
        self._refuse_held(url)  # its robots.txt, another thread or another process may have received a Retry-After
        if wait_s > 0:
            self._clock.sleep(wait_s)
        return wait_s

    def _rules(self, url: str, *, pace_s: float) -> robots.RobotsRules:
        parts = urlsplit(url)
        robots_url = f"{parts.scheme}://{parts.netloc}/robots.txt"
        with self._lock:
            lock = self._robots_locks.setdefault(robots_url, threading.Lock())
        with lock:
            known = self._known_robots(robots_url) if robots_url not in self._robots else None
            if known is not None:
                self._robots[robots_url] = robots.read_rules(*known)
            if robots_url not in self._robots:
                answer = self._keep_robots(robots_url, lambda: self._robots_answer(robots_url, pace_s=pace_s))
                if isinstance(answer.error, PermanentFetchError) and answer.error.reason.startswith("forbidden"):
                    raise answer.error
                self._robots_answers[robots_url] = answer
                self._robots[robots_url] = robots.rules_of(answer)
        rules = self._robots[robots_url]
        if rules.is_closed:
            message = f"{url}: {robots_url} gave no usable answer, so nothing on the host may be requested (RFC 9309, 2.3.1.4)"
            asked = self._robots_answers.get(robots_url)
            raise TransientFetchError(message, url=url, reason="robotsUnavailable") from (asked.error if asked is not None else None)
        return rules

    def _robots_answer(self, robots_url: str, *, pace_s: float) -> Answer:
        """GET a robots.txt, without checking its own rules, with at most five redirects (RFC 9309, section 2.3.1.2)."""
        exchanges: list[Exchange] = []
        cookies = ChainCookies()
        target = Target(robots_url, "robots", pace_s)
        url, deadline = robots_url, time.monotonic() + self._settings.total_timeout_s
        try:
            for _ in range(6):
                self._refuse(url)
                deadline += self._wait_for_turn(url, pace_s=pace_s)
                location = self._exchange(url, target, cookies, deadline=deadline, record=exchanges.append)
                if location is None:
                    return Answer(url=robots_url, exchanges=tuple(exchanges))
                url = redirect_target(url, location)
            raise PermanentFetchError(f"{robots_url}: too many redirects", url=robots_url, reason="redirects")
        except FetchError as error:
            return Answer(url=robots_url, exchanges=tuple(exchanges), error=error)

    def _exchange(
        self, url: str, target: Target, cookies: ChainCookies, *, deadline: float, record: Callable[[Exchange], None]
    ) -> str | None:
        """Send one request and pass the exchange to `record`. Returns the Location of a redirect; raises FetchError for a failure."""
        asked_at = time.monotonic()
        with self._schedule.connection(_host(url)):
            return self._exchange_now(url, target, cookies, deadline=deadline + time.monotonic() - asked_at, record=record)

    def _exchange_now(
        self, url: str, target: Target, cookies: ChainCookies, *, deadline: float, record: Callable[[Exchange], None]
    ) -> str | None:
        limit = self._max_bytes(target)
        recording = Recording(url=url, deadline=deadline, max_bytes=limit + HEADER_ALLOWANCE)
        start_recording(recording)
        at = self._clock.now()
        try:
            response = self._send(url, target, cookies)
        except FetchError as error:
            self._schedule.note(_host(url), answered=error.reason not in NO_ANSWER)
            raise
        with response:
            self._schedule.note(_host(url), answered=True)
            self._schedule.note_status(_host(url), status=response.status_code)
            is_redirect = response.status_code in REDIRECTS and "location" in response.headers
            problem: FetchError | None = None
            received, body = bytearray(), b""
            try:
                self._refuse_type(response, target, is_redirect=is_redirect)
                try:
                    receive_body(response, received, limit=limit, url=url, is_cut=target.kind == "robots")
                finally:  # if the answer broke off, what was received is decoded too
                    body = decoded_body(response, bytes(received), limit=limit, url=url, kind=target.kind)
            except FetchError as error:
                problem = error
            headers = response.headers
            if problem is None or problem.reason == "truncated":
                record(
                    Exchange(
                        url=url,
                        at=at,
                        status=response.status_code,
                        content_type=headers.get("Content-Type"),
                        validators=Validators(etag=headers.get("ETag"), last_modified=headers.get("Last-Modified")),
                        request=bytes(recording.sent),
                        response=bytes(recording.received),
                        body=body,
                        headers={name.lower(): value for name, value in headers.items()},
                    )
                )
            if problem is not None:
                raise problem
            if is_redirect:
                cookies.take(response, url)
                return headers["location"]
            self._refuse_status(response, target)
            return None

    def _send(self, url: str, target: Target, cookies: ChainCookies) -> requests.Response:
        try:
            request = requests.PreparedRequest()  # without body and credentials, which would need preparing
            request.prepare_method("GET")
            request.prepare_url(url, None)
            cookie = cookies.header(url)
            request.prepare_headers(self._headers(target) | ({"Cookie": cookie} if cookie is not None else {}))
            return self._adapter().send(request, stream=True, timeout=(self._settings.connect_timeout_s, self._settings.read_timeout_s))
        except FetchError:
            raise
        except requests.exceptions.SSLError as error:
            if ended_before_tls(error):
                raise TransientFetchError(f"{url}: the connection broke: {error}", url=url, reason="reset") from error
            raise PermanentFetchError(f"{url}: TLS failed: {error}", url=url, reason="tls") from error
        except requests.exceptions.Timeout as error:
            raise TransientFetchError(f"{url}: no answer in time", url=url, reason="timeout") from error
        except requests.exceptions.ConnectionError as error:
            raise TransientFetchError(f"{url}: the connection broke: {error}", url=url, reason="reset") from error
        except (requests.exceptions.RequestException, HTTPError, ValueError) as error:
            raise PermanentFetchError(f"{url}: it cannot be requested: {error}", url=url, reason="protocol") from error

    def _headers(self, target: Target) -> dict[str, str]:
        contact = f" (+{self._settings.contact})" if self._settings.contact else ""
        headers = {
            "User-Agent": self._settings.user_agent + contact,
            "Accept": ACCEPT[target.kind],
            "Accept-Encoding": "gzip, deflate, br, zstd",
        }
        if target.octets is not None:
            headers |= {"Range": f"bytes={target.octets[0]}-{target.octets[1]}", "Accept-Encoding": "identity"}
        if target.validators.etag is not None:
            headers["If-None-Match"] = target.validators.etag
        if target.validators.last_modified is not None:
            headers["If-Modified-Since"] = target.validators.last_modified
        return headers

    def _refuse_type(self, response: requests.Response, target: Target, *, is_redirect: bool) -> None:
        declared = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        wanted = WANTED_TYPES.get(target.kind)
        if wanted is None or not declared or is_redirect or response.status_code != 200:
            return
        if not declared.startswith(wanted):
            message = f"{target.url}: {declared} is not a {target.kind}"
            raise PermanentFetchError(message, url=target.url, reason="wrongType", status=response.status_code)

    def _refuse_status(self, response: requests.Response, target: Target) -> None:
        status = response.status_code
        if status == 304 or 200 <= status < 300:
            return
        message = f"{target.url}: HTTP {status}"
        if status not in TRANSIENT_STATUSES:
            raise PermanentFetchError(message, url=target.url, reason="status", status=status)
        now = self._clock.now()
        delay_s = retry_after_s(response.headers.get("Retry-After"), now=now)
        if status in SLOW_DOWN_STATUSES and delay_s is not None:
            self._schedule.hold(_host(response.url), until=now + timedelta(seconds=delay_s))
        raise TransientFetchError(message, url=target.url, reason="status", status=status, retry_after_s=delay_s)

    def _max_bytes(self, target: Target) -> int:
        settings = self._settings
        if target.octets is not None:
            return target.octets[1] - target.octets[0] + 1
        limits = {
            "feed": settings.max_feed_bytes,
            "sitemap": settings.max_feed_bytes,
            "listing": settings.max_feed_bytes,
            "image": settings.max_image_bytes,
            "robots": robots.MAX_BYTES + 1,
            "tdmrep": MAX_TDM_FILE_BYTES,
        }
        return limits.get(target.kind, settings.max_page_bytes)

    def _adapter(self) -> RecordingAdapter:
        """The adapter of the calling thread; used without a requests session, which would send cookies of earlier answers."""
        adapter: RecordingAdapter | None = getattr(self._local, "adapter", None)
        if adapter is None:
            adapter = RecordingAdapter(self._routes, context=self._context, pool_hosts=32)
            self._local.adapter = adapter
            with self._lock:
                self._adapters.append(adapter)
        return adapter


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()
