"""The newsroom keeps its word: it serves as RFC 9110 asks, and each misbehaviour does what its name says."""

from __future__ import annotations

import gzip
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from pipeline.core.catalogue import load_catalogue
from pipeline.core.settings import Settings
from tests.newsroom import (
    Endless,
    Flaky,
    Garbage,
    GzipBomb,
    HugeHeaders,
    Newsroom,
    RedirectLoop,
    RedirectTo,
    Reset,
    Slow,
    Status,
    Truncated,
    World,
    WrongCharset,
)
from tests.newsroom.client import connect, get

REPOSITORY = Path(__file__).resolve().parents[2]
ANYWHERE = "https://anywhere.example/page"
LATEST = "https://www.kestrelpost.example/feed/latest.xml"


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def room(world: World) -> Iterator[Newsroom]:
    with Newsroom(world) as room:
        yield room


# --- a server that behaves


def test_the_date_is_the_clock_s_unless_it_is_fixed(room: Newsroom) -> None:
    stated = parsedate_to_datetime(get(room, LATEST).headers["Date"])
    assert abs(datetime.now(UTC) - stated) < timedelta(seconds=60)


def test_validators_spare_the_second_download(room: Newsroom) -> None:
    first = get(room, LATEST)
    again = get(room, LATEST, If_None_Match=first.headers["ETag"])
    since = get(room, LATEST, If_Modified_Since=first.headers["Last-Modified"])
    assert (again.status, again.body, since.status) == (304, b"", 304)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Content-Length" not in again.headers


def test_if_none_match_hides_if_modified_since(room: Newsroom) -> None:
    changed = get(room, LATEST).headers["Last-Modified"]
    assert get(room, LATEST, If_None_Match='"other"', If_Modified_Since=changed).status == 200


def test_an_earlier_date_is_answered_in_full(room: Newsroom) -> None:
    assert get(room, LATEST, If_Modified_Since="Thu, 19 Nov 2026 00:00:00 GMT").status == 200


def test_gzip_is_used_only_when_it_is_accepted(room: Newsroom) -> None:
    plain, packed = get(room, LATEST), get(room, LATEST, Accept_Encoding="br, gzip;q=0.8")
    assert gzip.decompress(packed.body) == plain.body
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert get(room, LATEST, If_None_Match=packed.headers["ETag"]).status == 304
    assert get(room, LATEST, Accept_Encoding="gzip;q=0").body == plain.body


def test_head_has_the_length_of_get_and_no_body(room: Newsroom) -> None:
    head, full = get(room, LATEST, method="HEAD"), get(room, LATEST)
    assert (head.headers["Content-Length"], head.body) == (str(len(full.body)), b"")


def test_a_connection_serves_many_requests(room: Newsroom) -> None:
    with connect(room, LATEST) as connection:
        for _ in range(3):
            connection.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: www.kestrelpost.example\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_any_host_has_a_certificate_that_its_authority_vouches_for(room: Newsroom) -> None:
    for host in ("harbourwire.example", "never.heard.of.it.example", "xn--bcher-kva.example"):
        with connect(room, f"https://{host}/") as connection:
            assert isinstance(connection, ssl.SSLSocket)
            certificate = connection.getpeercert()
            assert certificate is not None
            assert certificate["subjectAltName"] == (("DNS", host),)


def test_a_client_that_does_not_trust_the_authority_is_left_out_quietly(room: Newsroom) -> None:
    with socket.create_connection(("127.0.0.1", room.https_port), timeout=5) as plain, pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(plain, server_hostname="harbourwire.example")


def test_plain_requests_to_a_secure_site_are_sent_to_it(room: Newsroom) -> None:
    answer = get(room, "http://harbourwire.example/atom.xml")
    assert (answer.status, answer.headers["Location"]) == (301, "https://harbourwire.example/atom.xml")


def test_added_pages_stand_beside_the_world_and_hide_it(room: Newsroom) -> None:
    room.add_page("https://bücher.example/ü?q=1", "neu", headers={"ETag": None, "X-Own": "1"})
    room.add_page(LATEST, b"gone", content_type="text/plain", status=410)
    added = get(room, "https://xn--bcher-kva.example/%C3%BC?q=1")
    assert (added.body, added.headers["X-Own"], "ETag" in added.headers) == (b"neu", "1", False)
    assert get(room, LATEST).status == 410
    assert get(room, "https://xn--bcher-kva.example/other").status == 404


def test_requests_are_remembered_in_order(room: Newsroom) -> None:
    get(room, LATEST, User_Agent="reader/1")
    get(room, "https://www.kestrelpost.example/none?a=1", method="HEAD")
    first, second = room.requests
    assert (first.method, first.host, first.path, first.status) == ("GET", "www.kestrelpost.example", "/feed/latest.xml", 200)
    assert first.headers["user-agent"] == "reader/1"
    assert second[:4] == ("HEAD", "www.kestrelpost.example", "/none?a=1", 404)


def test_its_settings_and_its_environment_lead_to_it(room: Newsroom) -> None:
    from_environment = Settings.from_environment(room.environment)
    assert from_environment.connect_to == Settings(**room.settings).connect_to
    assert from_environment.ca_bundle == str(room.ca_bundle)
    assert load_catalogue(from_environment.config).sources


# --- a server that does not


def test_slow_sends_a_byte_at_a_time(room: Newsroom) -> None:
    room.add_page(ANYWHERE, "x" * 20)
    room.misbehave(ANYWHERE, Slow(first_byte_s=0.1, between_bytes_s=0.001))
    started = time.monotonic()
    assert get(room, ANYWHERE).body == b"x" * 20
    assert time.monotonic() - started > 0.2


def test_slow_keeps_a_hasty_client_waiting(room: Newsroom) -> None:
    room.misbehave(ANYWHERE, Slow(first_byte_s=60))
    with pytest.raises(TimeoutError):
        get(room, ANYWHERE, timeout_s=0.1)


def test_truncated_promises_more_than_it_sends(room: Newsroom) -> None:
    room.misbehave(LATEST, Truncated(after_bytes=100))
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(room, LATEST)
    assert len(caught.value.partial) == 100


def test_endless_goes_on_until_the_client_hangs_up(room: Newsroom) -> None:
    room.misbehave(ANYWHERE, Endless())
    with connect(room, ANYWHERE) as connection:
        connection.sendall(b"GET /page HTTP/1.1\r\nHost: anywhere.example\r\n\r\n")
        taken = 0
        while taken < 1_000_000:
            taken += len(connection.recv(65536))


@pytest.mark.parametrize("retry_after", ["2", "Fri, 20 Nov 2026 13:00:05 GMT"])
def test_a_status_names_its_retry_after_verbatim(room: Newsroom, retry_after: str) -> None:
    room.misbehave(ANYWHERE, Status(429, retry_after=retry_after))
    answer = get(room, ANYWHERE)
    assert (answer.status, answer.headers["Retry-After"]) == (429, retry_after)
    room.misbehave(ANYWHERE, Status(503))
    assert "Retry-After" not in get(room, ANYWHERE).headers


def test_flaky_recovers(room: Newsroom) -> None:
    room.misbehave(LATEST, Flaky(times=2))
    assert [get(room, LATEST).status for _ in range(3)] == [503, 503, 200]


def test_the_wrong_charset_is_declared_over_the_same_bytes(room: Newsroom) -> None:
    right = get(room, LATEST)
    room.misbehave(LATEST, WrongCharset("iso-8859-5"))
    wrong = get(room, LATEST)
    assert (wrong.headers["Content-Type"], wrong.body) == ("application/rss+xml; charset=iso-8859-5", right.body)


def test_redirects_go_where_they_are_told(room: Newsroom) -> None:
    room.misbehave(ANYWHERE, RedirectLoop())
    assert get(room, ANYWHERE).headers["Location"] == ANYWHERE
    room.misbehave(ANYWHERE, RedirectTo("http://169.254.169.254/latest", status=307))
    answer = get(room, ANYWHERE)
    assert (answer.status, answer.headers["Location"]) == (307, "http://169.254.169.254/latest")


def test_reset_gives_no_answer(room: Newsroom) -> None:
    url = "http://anywhere.example/page"
    room.misbehave(url, Reset())
    with pytest.raises(ConnectionResetError):
        get(room, url)
    assert room.requests[-1].status == 0


def test_a_gzip_bomb_is_small_on_the_wire(room: Newsroom) -> None:
    room.misbehave(ANYWHERE, GzipBomb(decoded_bytes=20_000_123))
    packed = get(room, ANYWHERE, Accept_Encoding="gzip").body
    assert len(packed) < 25_000
    assert gzip.decompress(packed) == b" " * 20_000_123


def test_huge_headers_are_too_much_for_a_client(room: Newsroom) -> None:
    room.misbehave(ANYWHERE, HugeHeaders())
    with pytest.raises(http.client.HTTPException, match="more than 100 headers"):
        get(room, ANYWHERE)


def test_garbage_is_not_http(room: Newsroom) -> None:
    room.misbehave(ANYWHERE, Garbage())
    with pytest.raises(http.client.BadStatusLine):
        get(room, ANYWHERE)


def test_a_whole_host_can_misbehave_and_behave_again(room: Newsroom) -> None:
    room.misbehave("https://harbourwire.example/*", Status(500))
    assert get(room, "https://harbourwire.example/atom.xml").status == 500
    assert get(room, LATEST).status == 200
    room.misbehave("https://harbourwire.example/*", None)
    assert get(room, "https://harbourwire.example/atom.xml").status == 200


def test_closing_ends_what_is_still_going_on_within_a_second(world: World) -> None:
    with Newsroom(world) as room:
        room.misbehave(ANYWHERE, Slow(first_byte_s=60))
        room.misbehave(ANYWHERE + "/endless", Endless())
        waiting = [connect(room, ANYWHERE) for _ in range(3)]  # an idle one, a slow one, and one that does not read
        waiting[1].sendall(b"GET /page HTTP/1.1\r\nHost: anywhere.example\r\n\r\n")
        waiting[2].sendall(b"GET /page/endless HTTP/1.1\r\nHost: anywhere.example\r\n\r\n")
        while len(room.requests) < 2:
            time.sleep(0.01)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    for connection in waiting:
        connection.close()


def test_a_fault_of_its_own_does_not_pass_unseen() -> None:
    room = Newsroom().__enter__()
    room.add_page(ANYWHERE, "fine", headers={"X-Not-Latin": "\N{SNOWMAN}"})
    with pytest.raises(http.client.RemoteDisconnected):
        get(room, ANYWHERE)
    with pytest.raises(RuntimeError, match="failed to answer"):
        room.__exit__(None)


# --- the command


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    file = tmp_path / "environment"
    command = [sys.executable, "-W", "error", "-m", "tests.newsroom", "--port-file", str(file)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 30
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        shell = f'. "{file}" && printf %s "$NEWS_CONNECT_TO"'
        routes = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
        port = int(routes.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /rss.xml HTTP/1.0\r\nHost: rivergate-gazette.example\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")
    finally:
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=10)
    assert (process.returncode, out, errors) == (0, b"", b"")


def test_the_list_names_every_publisher(world: World) -> None:
    command = [sys.executable, "-m", "tests.newsroom", "--list"]
    shown = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, encoding="utf-8").stdout
    assert all(site.name in shown for site in world.publishers)
    assert shown.splitlines()[-1] == "10 publishers, 74 articles, 15 stories"
