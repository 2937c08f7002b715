"""Pages that redirect until a cookie comes back: cookies stay within one host and one redirect chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import Manifest
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, NEXT, ONE, TWO, article, endings, feed, source
from tests.newsroom import Newsroom
from tests.newsroom.answers import Resource

Capture = Callable[..., Manifest]
PLAIN_ONE = ONE.replace("https", "http")


@pytest.fixture
def world(room: Newsroom) -> Newsroom:
    for host in (ONE, TWO):
        room.add_page(f"{host}/feed", feed(f"{host}/a", f"{host}/b"), content_type="application/rss+xml")
        for name in ("a", "b"):
            room.add_page(f"{host}/{name}", article(f"Story {name} of {host}"))
    return room


@pytest.fixture
def capture(settings: Settings, make_catalogue: Callable[..., Catalogue], clock: FrozenClock) -> Capture:
    catalogue = make_catalogue([source(ONE), source(TWO)])

    def run(interval: object = HOUR) -> Manifest:
        (part,) = stages.plan(settings, catalogue, interval)  # type: ignore[arg-type]
        stages.capture(settings, catalogue, part, live=True, only_due=False, clock=clock)
        return read_manifest(Lake(settings.lake), Part(interval, part.name))  # type: ignore[arg-type]

    return run


def wall(room: Newsroom, url: str, *, to: str | None = None, cookie: str = "seen=1; Path=/", wanted: str = "seen=1") -> None:
    """Put a redirect with a cookie before `url`, to itself or to another address, until a request for it brings the cookie."""
    behind = room.resource(url)

    def answered(_url: str, asked: Mapping[str, str]) -> Resource:
        if wanted in asked.get("cookie", ""):
            return behind
        return Resource(b"", "text/html", status=302, headers={"Location": to or url, "Set-Cookie": cookie})

    room.mount(url, answered)


def cookies(room: Newsroom) -> list[tuple[str, str]]:
    """Host and path of each request that sent a cookie."""
    return [(seen.host, seen.path) for seen in room.requests if "cookie" in seen.headers]


@pytest.mark.parametrize("path", ["a", "feed", "robots.txt"])
@pytest.mark.parametrize(
    "cookie",
    [
        "seen=1",
        "seen=1; Path=/",
        "seen=1; Domain=one.example; Secure; HttpOnly; SameSite=Lax; Max-Age=60",
        "seen=1; Expires=Fri, 1 Jan 2038 00:00:00 GMT",
    ],
)
def test_a_redirect_to_itself_until_its_cookie_comes_back_is_passed(world: Newsroom, capture: Capture, path: str, cookie: str) -> None:
    if path == "robots.txt":
        world.add_page(f"{ONE}/robots.txt", "User-agent: *\nDisallow: /b", content_type="text/plain")
    wall(world, f"{ONE}/{path}", cookie=cookie)
    manifest = capture()
    ends = endings(manifest)
    assert ends.pop(f"{ONE}/b") == ("disallowed" if path == "robots.txt" else "captured")
    assert set(ends.values()) == {"captured"}
    assert cookies(world) == [("one.example", f"/{path}")]


def test_a_cookie_is_forgotten_with_its_chain(world: Newsroom, capture: Capture) -> None:
    wall(world, f"{ONE}/feed")
    wall(world, f"{ONE}/a")
    capture()
    capture(NEXT)
    assert cookies(world) == [("one.example", "/feed"), ("one.example", "/a"), ("one.example", "/feed")]


def test_a_cookie_set_on_the_way_through_another_address_of_the_host_comes_back(world: Newsroom, capture: Capture) -> None:
    wall(world, f"{ONE}/a", to=f"{ONE}/check?for=a", cookie="first=1; Path=/", wanted="second=2")
    world.mount(
        f"{ONE}/check",
        lambda _url, _asked: Resource(b"", "text/html", status=302, headers={"Location": "/a", "Set-Cookie": "second=2; Path=/"}),
    )
    assert endings(capture())[f"{ONE}/a"] == "captured"


def test_no_cookie_goes_to_another_host_whatever_its_domain_says(world: Newsroom, capture: Capture) -> None:
    world.add_page("https://www.one.example/a", article("Story a"))
    wall(world, f"{ONE}/a", to="https://www.one.example/a", cookie="seen=1; Path=/; Domain=.one.example")
    wall(world, f"{TWO}/a", to=f"{ONE}/b", cookie="seen=1; Path=/; Domain=one.example")
    manifest = capture()
    assert endings(manifest)[f"{ONE}/a"] == "captured"
    assert cookies(world) == []


def test_a_host_that_comes_again_behind_another_one_gets_its_own_cookie(world: Newsroom, capture: Capture) -> None:
    wall(world, f"{ONE}/a", to="https://login.example/gate")
    world.mount(
        "https://login.example/gate",
        lambda _url, _asked: Resource(b"", "text/html", status=302, headers={"Location": f"{ONE}/a", "Set-Cookie": "own=1"}),
    )
    assert endings(capture())[f"{ONE}/a"] == "captured"
    assert [(seen.host, seen.headers["cookie"]) for seen in world.requests if "cookie" in seen.headers] == [("one.example", "seen=1")]


@pytest.mark.parametrize(
    "cookie",
    [
        "seen=1; Max-Age=0",
        "seen=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "seen=1; Path=/elsewhere",
        "seen=1; Domain=other.example",
        "=",
        "seen=1" * 2_000,
    ],
)
def test_a_cookie_that_may_not_be_sent_ends_as_too_many_redirects(world: Newsroom, capture: Capture, cookie: str) -> None:
    wall(world, f"{ONE}/a", cookie=cookie)
    assert endings(capture())[f"{ONE}/a"] == "rejected redirects"
    assert cookies(world) == []


def test_a_secure_cookie_does_not_go_over_plain_http(world: Newsroom, capture: Capture) -> None:
    plain = f"{PLAIN_ONE}/plain"
    world.add_page(plain, article("Story a"))
    wall(world, f"{ONE}/a", to=plain, cookie="seen=1; Path=/; Secure")
    assert endings(capture())[f"{ONE}/a"] == "captured"
    assert cookies(world) == []


def test_a_cookie_opens_no_way_to_a_private_address(world: Newsroom, capture: Capture) -> None:
    wall(world, f"{ONE}/a", to="http://127.0.0.1:22/", cookie="seen=1; Path=/")
    assert endings(capture())[f"{ONE}/a"] == "rejected forbiddenUrl"
