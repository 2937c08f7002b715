"""The kept robots.txt answers of past hours: read back as they came, and asked for again when they say nothing or are old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.capture.past.kept_bodies import kept_path
from pipeline.capture.past.kept_robots import KeptRobots
from pipeline.core.errors import FetchError, PermanentFetchError, TransientFetchError
from pipeline.core.models import Answer, Exchange, Validators
from pipeline.lake.storage import Lake

URL = "https://paper.example/robots.txt"
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = b"User-agent: *\nDisallow: /private\n"


class At:
    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def exchange(status: int, body: bytes = b"", *, url: str = URL, header: bytes = b"X-Odd:   two  blanks\r\n") -> Exchange:
    response = b"HTTP/1.1 %d Said\r\n" % status + header + b'ETag: "a"\r\nContent-Length: %d\r\n\r\n' % len(body) + body
    return Exchange(
        url, AT, status, None, Validators(etag='"a"'), b"GET /robots.txt HTTP/1.1\r\nHost:  paper.example\r\n\r\n", response, body
    )


def refused(status: int, kind: type[FetchError] = PermanentFetchError) -> FetchError:
    return kind(f"{URL}: HTTP {status}", url=URL, reason="status", status=status)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def robots(lake: Lake, *, since: datetime = AT, now: datetime = AT) -> KeptRobots:
    return KeptRobots(lake, since, At(now))


def never() -> Answer:
    raise AssertionError("a request was sent")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(URL, (exchange(200, RULES),)),
        Answer(
            URL,
            (
                exchange(301, header=b"Location: https://www.paper.example/robots.txt\r\n"),
                exchange(200, RULES, url="https://www.paper.example/robots.txt"),
            ),
        ),
        Answer(URL, (exchange(404, b"not here"),), refused(404)),
    ],
    ids=["rules", "redirect", "no rules"],
)
def test_an_answer_is_kept_octet_for_octet(lake: Lake, answer: Answer) -> None:
    first = robots(lake).answer(URL, lambda: answer)
    again = robots(lake).answer(URL, never)
    for read in (first, again):
        assert [(one.url, one.at, one.status, one.request, one.response, one.body) for one in read.exchanges] == [
            (one.url, one.at, one.status, one.request, one.response, one.body) for one in answer.exchanges
        ]
        assert (repr(read.error), getattr(read.error, "status", None)) == (repr(answer.error), getattr(answer.error, "status", None))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(URL, (), TransientFetchError("no answer", url=URL, reason="timeout")),
        Answer(URL, (exchange(503),), refused(503, TransientFetchError)),
        Answer(URL, (exchange(301),), PermanentFetchError("endless", url=URL, reason="redirects")),
    ],
    ids=["timeout", "503", "redirects"],
)
def test_an_answer_that_does_not_say_what_the_rules_are_is_asked_for_again(lake: Lake, answer: Answer) -> None:
    assert robots(lake).answer(URL, lambda: answer) is answer
    assert not lake.exists(kept_path(URL))


def test_a_kept_answer_serves_for_a_day_and_not_before_the_time_from_which_listings_serve(lake: Lake) -> None:
    answer, other = Answer(URL, (exchange(200, RULES),)), Answer(URL, (), TransientFetchError("no answer", url=URL, reason="timeout"))
    robots(lake).answer(URL, lambda: answer)
    assert robots(lake, now=AT + timedelta(hours=23)).answer(URL, never).final is not None
    assert robots(lake, now=AT + timedelta(hours=24)).answer(URL, lambda: other) is other
    assert robots(lake, since=AT + timedelta(seconds=1), now=AT + timedelta(hours=1)).answer(URL, lambda: other) is other


def test_a_damaged_file_is_asked_for_again(lake: Lake) -> None:
    lake.write_bytes(kept_path(URL), b"no archive")
    assert robots(lake).answer(URL, lambda: Answer(URL, (exchange(200, RULES),))).final is not None
    assert robots(lake).answer(URL, never).final is not None
