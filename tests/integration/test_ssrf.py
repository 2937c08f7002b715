"""No request leaves for an address that is not public, whatever a feed, a page, a redirect, robots.txt or DNS says.

DNS and the addresses of sockets are the world here: `Internet` answers names, and carries connections to public addresses to the newsroom.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import PermanentFetchError, TransientFetchError
from pipeline.core.models import Answer, Part
from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, ONE, article, endings, feed, manifest_of, source
from tests.newsroom import Newsroom, RedirectTo

URL = "https://www.any.example/page"
PUBLIC, OTHER_PUBLIC = "93.184.216.34", "2606:4700:4700::1111"
METADATA = "http://169.254.169.254/latest/meta-data/"
HTML = "<html><body>A page with some words in it.</body></html>"


class Internet:
    """Stands in for DNS and for sockets: `answers` has, for each name, a list of addresses per look-up; the last one is repeated."""

    def __init__(self, room: Newsroom) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self._room = room
        self._real = socket.getaddrinfo
        self._connect = socket.socket.connect

    def getaddrinfo(self, host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host not in self.answers:
            try:
                return self._real(host, port, *arguments, **{**options, "flags": socket.AI_NUMERICHOST})
            except socket.gaierror as error:
                raise socket.gaierror(socket.EAI_NONAME, f"nobody knows {host}") from error
        self.asked.append(host)
        left = self.answers[host]
        found = left.pop(0) if len(left) > 1 else left[0]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in found
        ]

    def connect(self, sock: socket.socket, address: Any) -> None:
        """Note the address that was to be connected to; connect to the newsroom instead."""
        if sock.family == socket.AF_UNIX:  # the server that worker processes are forked from
            self._connect(sock, address)
            return
        self.connected.append((address[0], address[1]))
        if sock.family == socket.AF_INET6:
            raise OSError("there is no IPv6 here")
        port = {80: self._room.http_port, 443: self._room.https_port}[address[1]]
        self._connect(sock, ("127.0.0.1", port))


@pytest.fixture
def internet(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Internet:
    net = Internet(room)
    monkeypatch.setattr(socket, "getaddrinfo", net.getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", lambda sock, address: net.connect(sock, address))
    return net


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings without routes: every name is resolved and its addresses are checked."""
    return settings.model_copy(update={"connect_to": ()})


@pytest.fixture
def get(room: Newsroom, settings: Settings, clock: FrozenClock, internet: Internet) -> Iterator[Callable[..., Answer]]:
    room.add_page(URL, HTML)
    with Fetcher(settings, clock=clock) as fetcher:
        yield lambda url=URL: fetcher.get(Target(url, "page", 0))


Get = Callable[..., Answer]


def refusal(answer: Answer) -> str:
    """The message of an answer that was refused for its address."""
    assert isinstance(answer.error, PermanentFetchError)
    assert answer.error.reason == "forbiddenAddress"
    return str(answer.error)


def test_a_name_with_a_public_address_is_asked(get: Get, internet: Internet) -> None:
    internet.answers["www.any.example"] = [[PUBLIC]]
    answer = get()
    assert answer.error is None
    assert answer.final is not None
    assert answer.final.body == HTML.encode()
    assert set(internet.connected) == {(PUBLIC, 443)}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("10.0.0.5", "private"),
        ("192.168.1.1", "private"),
        ("169.254.169.254", "link-local"),
        ("100.64.0.1", "not a public address"),
        ("0.0.0.0", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::1", "loopback"),
        ("fe80::1%eth0", "link-local"),
        ("fd00:ec2::254", "private"),
        ("fec0::1", "site-local"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::a00:5", "private"),
        ("2002:7f00:1::", "loopback"),
    ],
)
def test_a_name_that_resolves_to_no_public_address_is_refused(get: Get, internet: Internet, address: str, why: str) -> None:
    internet.answers["www.any.example"] = [[address]]
    message = refusal(get())
    assert "www.any.example" in message
    assert f"{address} is {why}" in message
    assert "NEWS_ALLOW_NETWORKS" in message
    assert internet.connected == []


@pytest.mark.parametrize("addresses", [[PUBLIC, "10.0.0.5"], ["10.0.0.5", PUBLIC], [PUBLIC, OTHER_PUBLIC, "::1"]], ids=str)
def test_one_private_address_among_public_ones_is_enough(get: Get, internet: Internet, addresses: list[str]) -> None:
    internet.answers["www.any.example"] = [addresses]
    refusal(get())
    assert internet.connected == []


def test_the_connection_goes_to_the_address_that_was_checked(get: Get, internet: Internet) -> None:
    """Against DNS rebinding: a second look-up between check and connection could give another address."""
    internet.answers["www.any.example"] = [[PUBLIC], ["127.0.0.1"]]
    get()
    assert internet.connected[0] == (PUBLIC, 443)
    assert all(address == PUBLIC for address, _ in internet.connected)
    assert len(internet.asked) <= len(internet.connected) + 1


def test_a_name_that_turns_private_is_refused_at_the_next_connection(get: Get, internet: Internet, room: Newsroom) -> None:
    internet.answers["www.any.example"] = [[PUBLIC], ["127.0.0.1"]]
    room.add_page("https://www.any.example/robots.txt", "User-agent: *\nAllow: /", headers={"Connection": "close"})
    message = refusal(get())
    assert "127.0.0.1 is loopback" in message
    assert internet.connected == [(PUBLIC, 443)]
    assert internet.asked == ["www.any.example"] * 2


def test_all_checked_addresses_are_tried_in_order(get: Get, internet: Internet) -> None:
    internet.answers["www.any.example"] = [[OTHER_PUBLIC, PUBLIC]]
    assert get().error is None
    assert internet.connected[:2] == [(OTHER_PUBLIC, 443), (PUBLIC, 443)]


def test_a_name_nobody_knows_is_a_failure_for_now(get: Get, internet: Internet) -> None:
    error = get("https://unknown.example/page").error
    assert isinstance(error, TransientFetchError)
    assert internet.connected == []


def test_an_address_as_host_is_judged_however_it_is_written(get: Get, internet: Internet) -> None:
    hosts = {
        "loopback": ["127.0.0.1", "127.0.0.1.", "127.1", "2130706433", "017700000001", "0177.0.0.1", "0x7f000001", "0x7f.0.0.1"],
        "is loopback": ["[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"],
        "unspecified": ["0", "0x0", "[::]"],
        "private": ["10.1", "192.168.257", "[fd00::1]"],
        "link-local": ["2852039166", "[::ffff:a9fe:a9fe]"],
    }
    for why, written in hosts.items():
        for host in written:
            for scheme in ("http", "https"):
                assert why in refusal(get(f"{scheme}://{host}/page")), host
    assert internet.connected == []


def test_a_name_is_judged_with_a_dot_at_its_end_too(get: Get, internet: Internet) -> None:
    internet.answers = {name: [["127.0.0.1"]] for name in ("localhost", "localhost.", "www.any.example", "www.any.example.")}
    for host in ("localhost", "localhost.", "LOCALHOST", "www.any.example."):
        assert "loopback" in refusal(get(f"https://{host}/page")), host
    assert internet.connected == []


def test_a_url_that_readers_take_apart_differently_reaches_public_addresses_only(get: Get, internet: Internet) -> None:
    internet.answers["www.any.example"] = [[PUBLIC]]
    for url in (
        "http://127.0.0.1\\@www.any.example/",
        "http://www.any.example\\@127.0.0.1/",
        "http://www.any.example#@127.0.0.1/",
        "http://www.any.example?@127.0.0.1/",
        "http://127.0.0.1\t.example/",
        "http://127.0.0.1%2f.any.example/",
        "http://www.any.example:80:80/",
        "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/",
        "http://[::1]www.any.example/",
        "http://www.any.example\r\nHost: 127.0.0.1/",
    ):
        get(url)
    assert {address for address, _ in internet.connected} <= {PUBLIC}


@pytest.mark.parametrize(
    ("status", "target", "reason"),
    [
        (301, "https://inside.example/admin", "forbiddenAddress"),
        (302, "//inside.example/admin", "forbiddenAddress"),
        (303, METADATA, "forbiddenAddress"),
        (307, "http://[::ffff:127.0.0.1]/", "forbiddenAddress"),
        (308, "http://0/", "forbiddenAddress"),
        (301, "http://127.0.0.1:6379/", "forbiddenUrl"),
        (302, "file:///etc/passwd", "forbiddenUrl"),
        (303, "gopher://inside.example:70/", "forbiddenUrl"),
        (307, "https://user:secret@inside.example/", "forbiddenUrl"),
    ],
)
def test_a_redirect_to_inside_is_not_followed(get: Get, internet: Internet, room: Newsroom, status: int, target: str, reason: str) -> None:
    internet.answers = {"www.any.example": [[PUBLIC]], "inside.example": [["10.0.0.5"]]}
    room.misbehave(URL, RedirectTo(target, status=status))
    answer = get()
    assert isinstance(answer.error, PermanentFetchError)
    assert answer.error.reason == reason
    assert "secret" not in str(answer.error)
    assert [exchange.status for exchange in answer.exchanges] == [status]
    assert {address for address, _ in internet.connected} == {PUBLIC}


def test_a_robots_txt_that_leads_inside_is_not_followed(get: Get, internet: Internet, room: Newsroom) -> None:
    internet.answers = {"www.any.example": [[PUBLIC]], "inside.example": [["10.0.0.5"]]}
    room.misbehave("https://www.any.example/robots.txt", RedirectTo("https://inside.example/robots.txt"))
    assert "10.0.0.5 is private" in refusal(get())
    assert {address for address, _ in internet.connected} == {PUBLIC}


def test_an_allowed_network_may_be_reached_and_no_other(room: Newsroom, settings: Settings, clock: FrozenClock, internet: Internet) -> None:
    room.add_page("https://intranet.example/page", HTML)
    internet.answers = {"intranet.example": [["10.1.0.5"]], "other.example": [["10.2.0.5"]]}
    wider = settings.model_copy(update={"allow_networks": ("10.1.0.0/16",)})
    with Fetcher(wider, clock=clock) as fetcher:
        assert fetcher.get(Target("https://intranet.example/page", "page", 0)).error is None
        refusal(fetcher.get(Target("https://other.example/page", "page", 0)))
    assert set(internet.connected) == {("10.1.0.5", 443)}


def test_no_proxy_of_the_environment_is_used(get: Get, internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    internet.answers["www.any.example"] = [[PUBLIC]]
    assert get().error is None
    assert set(internet.connected) == {(PUBLIC, 443)}


@pytest.fixture
def world(room: Newsroom, internet: Internet, settings: Settings, clock: FrozenClock, make_catalogue: Callable[..., Catalogue]) -> Any:
    """A function that captures a feed of `links` and returns the outcome of each URL, by kind."""
    internet.answers = {"one.example": [[PUBLIC]], "inside.example": [["10.0.0.5"]], "inside.one.example": [["127.0.0.1"]]}
    room.add_page(f"{ONE}/fine", article("A page that is fine"))

    def capture(*links: str, feeds: tuple[str, ...] = (f"{ONE}/feed",)) -> dict[str, dict[str, str]]:
        room.add_page(f"{ONE}/feed", feed(f"{ONE}/fine", *links), content_type="application/rss+xml")
        catalogue = make_catalogue([source(ONE, feeds=list(feeds))])
        stages.capture(settings, catalogue, Part(HOUR, "00", ("one",)), live=True, clock=clock)
        manifest = manifest_of(settings, Part(HOUR, "00"))
        assert {address for address, _ in internet.connected} <= {PUBLIC}
        return {kind: endings(manifest, kind) for kind in ("robots", "feed", "page", "image", "amp")}

    return capture


INSIDE = {
    "https://inside.example/a": "rejected forbiddenAddress",
    "https://inside.one.example/a": "rejected forbiddenAddress",
    METADATA: "rejected forbiddenAddress",
    "http://127.0.0.1:6379/a": "rejected forbiddenUrl",
}


def test_links_of_a_feed_to_inside_end_as_rejected(world: Any) -> None:
    odd = {"http://2130706433/a": "rejected badUrl", "https://user:secret@one.example/a": "rejected badUrl"}
    assert world(*INSIDE, *odd)["page"] == {f"{ONE}/fine": "captured", **INSIDE, **odd}


@pytest.mark.parametrize(("target", "ending"), INSIDE.items())
def test_pictures_and_amp_pages_inside_end_as_rejected(world: Any, room: Newsroom, target: str, ending: str) -> None:
    amp = f'<link rel="amphtml" href="{target}">'
    room.add_page(f"{ONE}/b", article("A page with a picture", image=target).replace("</head>", f"{amp}</head>"))
    ended = world(f"{ONE}/b")
    assert ended["page"] == {f"{ONE}/fine": "captured", f"{ONE}/b": "captured"}
    assert ended["image"] == {target: ending}
    assert ended["amp"] == {target: ending}


def test_pages_pictures_and_amp_pages_that_redirect_inside_end_as_rejected(world: Any, room: Newsroom) -> None:
    for name in ("page", "lead.png", "amp"):
        room.misbehave(f"{ONE}/{name}", RedirectTo(METADATA))
    page = article("A page with a picture", image=f"{ONE}/lead.png")
    room.add_page(f"{ONE}/b", page.replace("</head>", f'<link rel="amphtml" href="{ONE}/amp"></head>'))
    ended = world(f"{ONE}/b", f"{ONE}/page")
    assert ended["page"][f"{ONE}/page"] == "rejected forbiddenAddress"
    assert ended["image"] == {f"{ONE}/lead.png": "rejected forbiddenAddress"}
    assert ended["amp"] == {f"{ONE}/amp": "rejected forbiddenAddress"}


def test_a_feed_inside_fails_its_source_with_the_reason(world: Any) -> None:
    ended = world(feeds=("https://inside.example/feed",))
    assert ended["feed"] == {"https://inside.example/feed": "rejected forbiddenAddress"}
