"""What the fetcher makes of the answers to robots.txt, good and bad (RFC 9309, section 2.3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.core.models import Answer
from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.fetching.robots import MAX_BYTES
from tests.integration.conftest import FrozenClock
from tests.newsroom import Newsroom, RedirectLoop, RedirectTo, Reset, Status, Truncated

HOST, OTHER = "https://www.any.example", "https://other.example"
CLOSED = "User-agent: *\nDisallow: /"


@pytest.fixture
def get(room: Newsroom, settings: Settings, clock: FrozenClock) -> Callable[..., Answer]:
    """Ask for a page of HOST with a new fetcher."""
    room.add_page(f"{HOST}/page", "<html><body>A page.</body></html>")

    def ask(path: str = "/page") -> Answer:
        with Fetcher(settings, clock=clock) as fetcher:
            return fetcher.get(Target(HOST + path, "page", 0))

    return ask


Get = Callable[..., Answer]


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429])
def test_a_robots_txt_that_is_not_there_opens_the_host(room: Newsroom, get: Get, status: int) -> None:
    room.misbehave(f"{HOST}/robots.txt", Status(status))
    assert get().error is None


@pytest.mark.parametrize("behaviour", [Status(500), Status(503), Reset(), Truncated(after_bytes=5)], ids=str)
def test_a_robots_txt_that_cannot_be_had_closes_the_host_for_now(room: Newsroom, get: Get, behaviour: object) -> None:
    room.add_page(f"{HOST}/robots.txt", "User-agent: *\nAllow: /", content_type="text/plain")
    room.misbehave(f"{HOST}/robots.txt", behaviour)  # type: ignore[arg-type]
    answer = get()
    assert answer.error is not None
    assert answer.error.reason == "robotsUnavailable"
    assert "/page" not in [seen.path for seen in room.requests]


def test_rules_behind_a_redirect_to_another_host_count_for_the_first(room: Newsroom, get: Get) -> None:
    room.misbehave(f"{HOST}/robots.txt", RedirectTo(f"{OTHER}/rules.txt", status=301))
    room.add_page(f"{OTHER}/rules.txt", CLOSED, content_type="text/plain")
    assert get().is_disallowed


@pytest.mark.parametrize("behaviour", [Status(503), Reset()], ids=str)
def test_a_redirect_is_no_answer_when_nothing_comes_behind_it(room: Newsroom, get: Get, behaviour: object) -> None:
    room.misbehave(f"{HOST}/robots.txt", RedirectTo(f"{OTHER}/rules.txt"))
    room.misbehave(f"{OTHER}/rules.txt", behaviour)  # type: ignore[arg-type]
    answer = get()
    assert answer.error is not None
    assert answer.error.reason == "robotsUnavailable"


def test_a_robots_txt_that_leads_to_itself_holds_no_rules(room: Newsroom, get: Get) -> None:
    room.misbehave(f"{HOST}/robots.txt", RedirectLoop())
    assert get().error is None
    assert [seen.path for seen in room.requests].count("/robots.txt") == 6


def test_the_beginning_of_a_huge_robots_txt_counts(room: Newsroom, get: Get) -> None:
    rules, more = "User-agent: *\nDisallow: /page\n", "# and so on\n" * (MAX_BYTES // 4)
    room.add_page(f"{HOST}/robots.txt", rules + more, content_type="text/plain")
    assert get().is_disallowed
    room.add_page(f"{HOST}/robots.txt", more + rules, content_type="text/plain")
    assert get().error is None


def test_a_page_that_redirects_to_a_closed_host_is_not_followed(room: Newsroom, get: Get) -> None:
    room.misbehave(f"{HOST}/page", RedirectTo(f"{OTHER}/page"))
    room.add_page(f"{OTHER}/robots.txt", CLOSED, content_type="text/plain")
    assert get().is_disallowed
    assert [(seen.host, seen.path) for seen in room.requests if seen.path == "/page"] == [("www.any.example", "/page")]
