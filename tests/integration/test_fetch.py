"""The fetcher against a real server that misbehaves: each misbehaviour ends in one answer, within its bound."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipeline.core.errors import PermanentFetchError, TransientFetchError
from pipeline.core.models import Validators
from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher, Target
from tests.integration.conftest import NOON, FrozenClock
from tests.newsroom import (
    Endless,
    Flaky,
    Garbage,
    GzipBomb,
    HugeHeaders,
    Interim,
    Newsroom,
    RawLocation,
    RedirectLoop,
    RedirectTo,
    Reset,
    Slow,
    Status,
    Truncated,
)
from tests.newsroom.misbehaviours import Misbehaviour

URL = "https://www.any.example/page"
HTML = f"<html><body>{'A page with some words in it. ' * 100}</body></html>"


@pytest.fixture
def fetcher(room: Newsroom, settings: Settings, clock: FrozenClock) -> Iterator[Fetcher]:
    room.add_page(URL, HTML)
    with Fetcher(settings, clock=clock) as one:
        yield one


def page(url: str = URL, **options: object) -> Target:
    return Target(url, "page", 0, **options)  # type: ignore[arg-type]


def test_the_octets_of_the_wire_are_kept(fetcher: Fetcher) -> None:
    answer = fetcher.get(page())
    assert answer.error is None
    assert answer.final is not None
    assert answer.final.status == 200
    assert answer.final.body == HTML.encode()
    assert answer.final.at == NOON
    assert answer.final.request.startswith(b"GET /page HTTP/1.1\r\nHost: www.any.example\r\n")
    head, _, body = answer.final.response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"gzip" in head
    assert body[:2] == b"\x1f\x8b"


@pytest.mark.parametrize(
    ("behaviour", "reason", "kind"),
    [
        (Slow(first_byte_s=30), "timeout", TransientFetchError),
        (Slow(between_bytes_s=0.4), "timeout", TransientFetchError),
        (Truncated(after_bytes=10), "truncated", TransientFetchError),
        (Endless(), "tooLarge", PermanentFetchError),
        (GzipBomb(decoded_bytes=500_000_000), "tooLarge", PermanentFetchError),
        (Reset(), "reset", TransientFetchError),
        (RedirectLoop(), "redirects", PermanentFetchError),
        (Status(404), "status", PermanentFetchError),
        (Status(410), "status", PermanentFetchError),
        (Status(500), "status", TransientFetchError),
        (Status(429, retry_after="3600"), "status", TransientFetchError),
        (RedirectTo("http://127.0.0.1:9/"), "forbiddenUrl", PermanentFetchError),
        (RedirectTo("http://169.254.169.254/latest/meta-data/"), None, None),
        (RedirectTo("file:///etc/passwd"), "forbiddenUrl", PermanentFetchError),
        (RedirectTo("https://user:secret@www.any.example/"), "forbiddenUrl", PermanentFetchError),
    ],
    ids=str,
)
def test_each_misbehaviour_ends_in_its_error_within_its_time(
    room: Newsroom, settings: Settings, clock: FrozenClock, behaviour: Misbehaviour, reason: str | None, kind: type | None
) -> None:
    room.add_page(URL, HTML)
    room.misbehave(URL, behaviour)
    small = settings.model_copy(update={"max_page_bytes": 1_000_000, "connect_to": settings.connect_to[:1]})
    started = time.monotonic()
    with Fetcher(small, clock=clock) as fetcher:
        answer = fetcher.get(page())
    assert answer.error is not None
    if reason is not None and kind is not None:
        assert (answer.error.reason, type(answer.error)) == (reason, kind), answer.error
    else:  # only port 443 is routed here: an address of its own is judged
        assert answer.error.reason == "forbiddenAddress"
        assert "link-local" in str(answer.error)
    assert time.monotonic() - started < 4 * settings.total_timeout_s


@pytest.mark.parametrize("behaviour", [Garbage(), HugeHeaders()], ids=["garbage", "huge headers"])
def test_what_is_not_http_is_an_error_and_no_exception(room: Newsroom, fetcher: Fetcher, behaviour: Misbehaviour) -> None:
    room.misbehave(URL, behaviour)
    assert fetcher.get(page()).error is not None


def test_a_503_is_tried_once_more(room: Newsroom, fetcher: Fetcher, clock: FrozenClock) -> None:
    room.misbehave(URL, Flaky(times=1))
    answer = fetcher.get(page())
    assert answer.error is None
    assert [exchange.status for exchange in answer.exchanges] == [503, 200]
    assert clock.slept == [1.0]


def test_a_short_retry_after_is_waited_for(room: Newsroom, fetcher: Fetcher, clock: FrozenClock) -> None:
    room.misbehave(URL, Status(429, retry_after="7"))
    assert fetcher.get(page()).error is not None
    assert 7.0 in clock.slept


def test_a_long_retry_after_leaves_the_host_alone(room: Newsroom, fetcher: Fetcher, clock: FrozenClock) -> None:
    room.add_page("https://www.any.example/other", HTML)
    room.misbehave(URL, Status(503, retry_after="Fri, 20 Nov 2026 15:00:05 GMT"))
    fetcher.get(page())
    before = len(room.requests)
    answer = fetcher.get(page("https://www.any.example/other"))
    assert answer.error is not None
    assert answer.error.reason == "rateLimited"
    assert len(room.requests) == before
    assert max(clock.slept, default=0) <= 30


def test_redirects_are_recorded_hop_by_hop(room: Newsroom, fetcher: Fetcher) -> None:
    room.misbehave("https://www.any.example/old", RedirectTo(URL, status=301))
    answer = fetcher.get(page("https://www.any.example/old"))
    assert [exchange.status for exchange in answer.exchanges] == [301, 200]
    assert answer.final is not None
    assert answer.final.url == URL


@pytest.mark.parametrize(
    "location", ["/größe/日本", "/gr%C3%B6%C3%9Fe/日本 ", "https://www.any.example/größe/日本\t", "  größe/日本", "größe/日本 ?"], ids=ascii
)
def test_a_location_in_raw_utf_8_or_with_blanks_around_it_is_followed(room: Newsroom, fetcher: Fetcher, location: str) -> None:
    room.misbehave(URL, RawLocation(location.encode()))
    room.add_page("https://www.any.example/größe/日本", "<html>There.</html>")
    room.add_page("https://www.any.example/größe/日本 ", "<html>There.</html>")
    answer = fetcher.get(page())
    assert answer.error is None
    assert answer.final is not None
    assert answer.final.body == b"<html>There.</html>"
    assert answer.final.url.isascii()


def test_a_location_that_is_no_url_is_an_error_and_no_exception(room: Newsroom, fetcher: Fetcher) -> None:
    room.misbehave(URL, RawLocation(b"http://[half/an/address"))
    error = fetcher.get(page()).error
    assert error is not None
    assert error.reason == "protocol"


def test_a_host_in_raw_utf_8_is_asked_by_its_ascii_name(room: Newsroom, fetcher: Fetcher) -> None:
    room.misbehave(URL, RawLocation("https://www.münchen.example/page".encode()))
    room.add_page("https://www.münchen.example/page", "<html>There.</html>")
    assert fetcher.get(page()).error is None
    assert room.requests[-1].host == "www.xn--mnchen-3ya.example"


def test_interim_answers_are_passed_over(room: Newsroom, fetcher: Fetcher) -> None:
    room.misbehave(URL, Interim((100, 103, 103)))
    answer = fetcher.get(page())
    assert answer.error is None
    assert answer.final is not None
    assert (answer.final.status, answer.final.body) == (200, HTML.encode())
    assert answer.final.response.startswith(b"HTTP/1.1 200 OK\r\n")


def test_interim_answers_without_end_are_an_error(room: Newsroom, fetcher: Fetcher) -> None:
    room.misbehave(URL, Interim((103,) * 100))
    error = fetcher.get(page()).error
    assert error is not None
    assert error.reason == "protocol"


def test_disallowed_pages_are_not_asked_for(room: Newsroom, fetcher: Fetcher) -> None:
    room.add_page("https://www.any.example/robots.txt", "User-agent: *\nDisallow: /page", content_type="text/plain")
    assert fetcher.get(page()).is_disallowed
    assert [seen.path for seen in room.requests] == ["/robots.txt"]


def test_a_robots_txt_that_is_not_answered_closes_the_host_for_now(room: Newsroom, fetcher: Fetcher) -> None:
    room.misbehave("https://www.any.example/robots.txt", Status(500))
    answer = fetcher.get(page())
    assert isinstance(answer.error, TransientFetchError)
    assert answer.error.reason == "robotsUnavailable"
    assert all(seen.path == "/robots.txt" for seen in room.requests)


def test_robots_txt_is_asked_for_once_a_host(room: Newsroom, fetcher: Fetcher) -> None:
    for _ in range(3):
        fetcher.get(page())
    assert [seen.path for seen in room.requests].count("/robots.txt") == 1


def test_validators_are_sent_verbatim_and_a_304_has_no_error(room: Newsroom, fetcher: Fetcher) -> None:
    first = fetcher.get(Target(URL, "feed", 0)).final
    assert first is not None
    again = fetcher.get(Target(URL, "feed", 0, Validators(etag=first.validators.etag)))
    assert again.error is None
    assert again.final is not None
    assert again.final.status == 304
    assert room.requests[-1].headers["if-none-match"] == first.validators.etag


def test_a_host_that_never_answers_is_left_alone(room: Newsroom, fetcher: Fetcher) -> None:
    room.misbehave("https://www.any.example/*", Reset())
    for _ in range(3):
        fetcher.get(page())
    before = len(room.requests)
    answer = fetcher.get(page())
    assert answer.error is not None
    assert answer.error.reason in ("hostDown", "robotsUnavailable")
    assert len(room.requests) == before


def test_a_picture_is_not_read_as_a_page(room: Newsroom, fetcher: Fetcher) -> None:
    room.add_page(URL, b"\x89PNG", content_type="image/png")
    answer = fetcher.get(page())
    assert isinstance(answer.error, PermanentFetchError)
    assert answer.error.reason == "wrongType"


def test_the_pace_of_a_host_is_kept_across_pages(room: Newsroom, settings: Settings) -> None:
    class Ticking(FrozenClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            self.moment += timedelta(seconds=seconds)

    ticking = Ticking()
    room.add_page(URL, HTML)
    with Fetcher(settings, clock=ticking) as fetcher:
        for _ in range(3):
            fetcher.get(Target(URL, "page", 2.0))
    assert ticking.slept == [2.0, 2.0, 2.0]  # robots.txt took the first slot


def test_cookies_are_not_kept(room: Newsroom, fetcher: Fetcher) -> None:
    room.add_page(URL, HTML, headers={"Set-Cookie": "track=1; Path=/"})
    fetcher.get(page())
    fetcher.get(page())
    assert not any(name.lower() == "cookie" for seen in room.requests for name in seen.headers)


def test_a_connection_that_ends_before_tls_stands_may_be_tried_again(settings: Settings, clock: FrozenClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        route = f"*:443=127.0.0.1:{listening.getsockname()[1]}"

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1024)

        threading.Thread(target=hang_up, daemon=True).start()
        with Fetcher(settings.model_copy(update={"connect_to": (route,)}), clock=clock) as fetcher:
            error = fetcher.get(page()).error
        listening.shutdown(socket.SHUT_RDWR)
    assert isinstance(error, TransientFetchError)
    assert error.reason == "robotsUnavailable"  # the first thing that is asked for


def test_a_certificate_that_nobody_vouches_for_is_final(room: Newsroom, settings: Settings, clock: FrozenClock) -> None:
    room.add_page(URL, HTML)
    with Fetcher(settings.model_copy(update={"ca_bundle": ""}), clock=clock) as fetcher:
        error = fetcher.get(page()).error
    assert isinstance(error, PermanentFetchError)
    assert error.reason == "tls"
