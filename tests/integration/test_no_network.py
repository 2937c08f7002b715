"""A machine without a network says so in one sentence, and blames no source for it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.operations import stages
from tests.integration.commands import root_logger_kept, say
from tests.integration.conftest import FrozenClock
from tests.integration.test_capture import HOUR, ONE, TWO, article, feed, source
from tests.newsroom import Newsroom

THREE = "https://three.example"
SENTENCE = "no host resolves (3 were asked): this machine seems to be without a network or a name server"


@pytest.fixture(autouse=True)
def _logger() -> Iterator[None]:
    with root_logger_kept():
        yield


@pytest.fixture
def catalogue(make_catalogue: Callable[..., Catalogue]) -> Catalogue:
    return make_catalogue([source(host) for host in (ONE, TWO, THREE)])


RESOLVE = socket.getaddrinfo


def nothing_resolves(host: Any, *arguments: Any, **options: Any) -> Any:
    if host == "127.0.0.1":
        return RESOLVE(host, *arguments, **options)
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def resolves_to_nowhere(_host: Any, port: Any, *_: Any, **__: Any) -> Any:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]


def no_way_there(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENETUNREACH, "Network is unreachable")


def offline(settings: Settings) -> Settings:
    return settings.model_copy(update={"connect_to": ()})


def test_the_walk_says_first_that_no_host_resolves(
    settings: Settings, catalogue: Catalogue, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", nothing_resolves)
    report = stages.run(offline(settings), catalogue, HOUR, live=True, clock=clock)
    assert report.assessment.message == f"{SENTENCE}; 3 of 3 sources failed; up to 50% are tolerated"
    assert report.assessment.is_red
    (again,) = stages.plan(settings, catalogue, HOUR)
    kept = stages.capture(offline(settings), catalogue, Part(HOUR, again.name, again.source_ids), live=True, clock=clock)
    assert stages.assess_failures(settings, [kept]).message.startswith(SENTENCE)


def test_a_network_that_leads_nowhere_is_said_so_too(
    settings: Settings, catalogue: Catalogue, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolves_to_nowhere)
    monkeypatch.setattr(socket, "create_connection", no_way_there)
    report = stages.run(offline(settings), catalogue, HOUR, live=True, clock=clock)
    assert report.assessment.message.startswith("no host can be reached (3 were asked): this machine seems to be without a network; 3 of 3")


def test_one_host_that_answers_makes_the_others_faults_their_own(
    room: Newsroom, settings: Settings, catalogue: Catalogue, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", nothing_resolves)
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/a"), content_type="application/rss+xml")
    room.add_page(f"{ONE}/a", article("Story a"))
    own = settings.model_copy(update={"connect_to": (f"one.example:443=127.0.0.1:{room.https_port}",)})
    message = stages.run(own, catalogue, HOUR, live=True, clock=clock).assessment.message
    assert message.startswith("2 of 3 sources failed (three: robotsUnavailable; two: robotsUnavailable)")


def test_the_check_of_sources_is_one_sentence(
    settings: Settings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", nothing_resolves)
    monkeypatch.setenv("NEWS_CONNECT_TO", "")
    said = say(["--lake", settings.lake, "--config", str(tmp_path / "catalogue"), "sources", "check"], capsys)
    assert said.code == 3
    assert " ".join(said.out.split()) == f"N{SENTENCE[1:]}. Nothing is known of the 3 feeds."
