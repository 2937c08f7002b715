"""Which entries are fetched in an interval, and how the others end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.models import Entry, Interval, Moment
from pipeline.discovery.entries import ChosenEntries, SourceListing, choose_entries
from pipeline.lake.manifests import Pending
from pipeline.text.urls import url_digest

HOUR = Interval.parse("2026-11-20T12")
A, B, C = (f"https://any.example/{name}" for name in "abc")


def entry(url: str, source: str = "one", *, at: datetime | None = None) -> Entry:
    return Entry(url=url, source_id=source, via="feed", published=Moment(at, "second") if at else None)


def listing(source: str, *urls: str, pending: Iterable[tuple[str, int]] = ()) -> SourceListing:
    waiting = tuple(Pending(entry(url, source), attempts) for url, attempts in pending)
    return SourceListing(source, waiting, tuple(entry(url, source) for url in urls))


def share(*listings: SourceListing, seen: Iterable[str] = (), is_live: bool = True, max_per_source: int = 100) -> ChosenEntries:
    digests = frozenset(url_digest(url) for url in seen)
    return choose_entries(listings, seen=digests, interval=HOUR, is_live=is_live, max_per_source=max_per_source)


def chosen(choice: ChosenEntries) -> dict[str, list[str]]:
    return {source: [pending.entry.url for pending in mine] for source, mine in choice.chosen.items()}


def endings(choice: ChosenEntries) -> dict[str, str]:
    return {outcome.url: " ".join(filter(None, (outcome.verdict, outcome.reason))) for outcome in choice.outcomes}


def test_new_entries_are_fetched_in_the_order_of_the_feed() -> None:
    choice = share(listing("one", B, A), listing("two", C))
    assert chosen(choice) == {"one": [B, A], "two": [C]}
    assert choice.outcomes == ()


def test_the_first_source_that_lists_a_url_fetches_it() -> None:
    choice = share(listing("one", A), listing("two", A, B))
    assert chosen(choice) == {"one": [A], "two": [B]}
    assert choice.outcomes == ()


def test_another_spelling_of_a_url_is_a_duplicate() -> None:
    choice = share(listing("one", A, f"{A}?utm_source=feed"), listing("two", "HTTPS://ANY.EXAMPLE/a#top"))
    assert chosen(choice) == {"one": [A], "two": []}
    assert endings(choice) == {f"{A}?utm_source=feed": "duplicate", "HTTPS://ANY.EXAMPLE/a#top": "duplicate"}


def test_what_was_seen_is_a_duplicate() -> None:
    choice = share(listing("one", A, B), seen=[A])
    assert chosen(choice) == {"one": [B]}
    assert endings(choice) == {A: "duplicate"}


def test_what_is_pending_comes_first_and_is_tried_although_it_was_seen() -> None:
    choice = share(listing("one", B, A, pending=[(A, 2)]), seen=[A])
    assert [(pending.entry.url, pending.attempts) for pending in choice.chosen["one"]] == [(A, 2), (B, 0)]
    assert choice.outcomes == ()


def test_what_exceeds_a_sources_share_is_deferred_and_left_to_others() -> None:
    choice = share(listing("one", A, B, C), listing("two", C), max_per_source=2)
    assert chosen(choice) == {"one": [A, B], "two": []}
    assert endings(choice) == {C: "failed deferred"}


def test_what_needs_no_fetch_takes_nothing_of_the_share() -> None:
    assert chosen(share(listing("one", A, B, C), seen=[A, B], max_per_source=1)) == {"one": [C]}


@pytest.mark.parametrize(
    "url", ["", "/a", "mailto:a@any.example", "https://user:secret@any.example/", "http://[::1/", "https://any.example:x/"]
)
def test_what_is_no_url_is_rejected(url: str) -> None:
    choice = share(listing("one", url, A))
    assert endings(choice) == {url: "rejected badUrl"}
    assert chosen(choice) == {"one": [A]}


@pytest.mark.parametrize(
    ("at", "is_taken"),
    [
        (HOUR.start, True),
        (HOUR.end - timedelta(microseconds=1), True),
        (HOUR.end, False),
        (HOUR.start - timedelta(microseconds=1), False),
        (None, False),
    ],
)
def test_a_past_interval_takes_only_what_is_dated_inside_it(at: datetime | None, is_taken: bool) -> None:
    listings = [SourceListing("one", (), (entry(A, at=at),))]
    past = share(*listings, is_live=False)
    assert chosen(past) == {"one": [A] if is_taken else []}
    assert endings(past) == ({} if is_taken else {A: "rejected outsideInterval"})
    assert chosen(share(*listings)) == {"one": [A]}


def test_an_outcome_names_source_and_finder() -> None:
    (outcome,) = share(listing("one", A), seen=[A]).outcomes
    assert (outcome.kind, outcome.source_id, outcome.via, outcome.bytes, outcome.offset) == ("page", "one", "feed", 0, None)


urls = st.sampled_from(
    [f"https://any.example/{name}{query}" for name in "abcde" for query in ("", "?utm_source=x", "#top")] + ["", "nonsense"]
)
dates = st.none() | st.integers(-90, 90).map(lambda minutes: HOUR.start + timedelta(minutes=minutes))
entries = st.builds(entry, urls, at=dates)
listings = st.lists(
    st.tuples(st.lists(st.builds(Pending, entries, st.integers(1, 3)), max_size=3), st.lists(entries, max_size=6)),
    max_size=4,
).map(lambda many: [SourceListing(f"source-{number}", tuple(waiting), tuple(new)) for number, (waiting, new) in enumerate(many)])


@settings(deadline=None)
@given(listings, st.sets(urls.filter(bool).filter(lambda url: url != "nonsense")), st.booleans(), st.integers(1, 4))
def test_every_url_ends_exactly_once(many: list[SourceListing], seen: set[str], is_live: bool, max_per_source: int) -> None:
    choice = share(*many, seen=seen, is_live=is_live, max_per_source=max_per_source)
    listed = {entry.url for one in many for entry in (*(pending.entry for pending in one.pending), *one.entries)}
    fetched = [pending.entry.url for mine in choice.chosen.values() for pending in mine]
    assert Counter([*fetched, *(outcome.url for outcome in choice.outcomes)]) == Counter(listed)
    digests = [url_digest(url) for url in fetched]
    assert len(digests) == len(set(digests)), "no page is fetched twice"
    retried = {pending.entry.url for one in many for pending in one.pending}
    assert not {url for url in fetched if url_digest(url) in {url_digest(one) for one in seen}} - retried
    assert list(choice.chosen) == [one.source_id for one in many]
    assert all(len(mine) <= max_per_source for mine in choice.chosen.values())
    assert choice == share(*many, seen=seen, is_live=is_live, max_per_source=max_per_source)
