"""Which candidate takes the place of a broken listing, and why others do not."""

from __future__ import annotations

import pytest

from pipeline.core.models import Entry
from pipeline.discovery.health.repairs import Candidate, choose_repair, known_articles, section_words

OLD = "https://paper.example/feed"
TITLES = (
    "The council decides about the bridge",
    "A storm reaches the northern coast",
    "Three winners of the city marathon",
    "A museum opens",
)


def entries(host: str = "https://paper.example", titles: tuple[str, ...] = TITLES, path: str = "/2026/11/report") -> tuple[Entry, ...]:
    return tuple(Entry(f"{host}{path}-{number}", None, "feed", title=title) for number, title in enumerate(titles))


BROKEN = known_articles("paper", OLD, "gone", entries())


def candidate(url: str, found: tuple[Entry, ...], **more: object) -> Candidate:
    return Candidate(url, "declared", found, **more)  # type: ignore[arg-type]


def test_articles_are_told_by_url_by_path_or_by_title() -> None:
    new = "https://new.example"
    for found in (entries(), entries(new, titles=("",) * 4), entries(new, path="/another/address")):
        repair = choose_repair(BROKEN, [candidate(f"{new}/feed", found, proof="redirects")])
        assert repair.new == f"{new}/feed"
    stranger = entries(new, titles=("Another headline of a stranger",) * 4, path="/x/story")
    assert choose_repair(BROKEN, [candidate(f"{new}/feed", stranger, proof="redirects")]).new is None


def test_the_candidate_with_most_of_the_articles_is_taken_and_of_equal_ones_the_first() -> None:
    some = candidate("https://paper.example/rss", entries()[:2])
    most = candidate("https://paper.example/atom", entries())
    again = candidate("https://paper.example/all.xml", entries())
    assert choose_repair(BROKEN, [some, most, again]).new == "https://paper.example/atom"


@pytest.mark.parametrize(
    ("url", "found", "reason"),
    [
        (OLD, entries(), "is the address that broke"),
        ("https://paper.example/rss", (), "lists nothing"),
        ("https://paper.example/comments/feed", entries(), "lists comments"),
        ("https://other.example/feed", entries(), "is on another domain"),
        ("https://paper.example/rss", entries()[:1], "lists 1 article that"),
    ],
)
def test_a_candidate_is_refused_with_its_reason(url: str, found: tuple[Entry, ...], reason: str) -> None:
    repair = choose_repair(BROKEN, [candidate(url, found)])
    assert repair.new is None
    assert reason in repair.evidence[0]


def test_a_permanent_redirect_of_the_address_itself_needs_one_common_article() -> None:
    assert choose_repair(BROKEN, [candidate("https://paper.example/rss", entries()[:1], is_redirect=True)]).new is not None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://paper.example/feed", set()),
        ("https://paper.example/en/rss/latest.xml", set()),
        ("https://paper.example/technology/rss", {"technology"}),
        ("https://paper.example/rss?section=sport", {"sport"}),
        ("https://www.paper.example/paper-rss.xml", set()),
    ],
)
def test_the_words_of_a_section_are_told_from_formats_and_fronts(url: str, words: set[str]) -> None:
    assert section_words(url) == words
