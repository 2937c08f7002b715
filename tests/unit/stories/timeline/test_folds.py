"""Stories as one timeline: the state after each day of captures, and the laws that it keeps."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stories.timeline.members import DAY_S, story_id
from tests.unit.stories.timeline.timelines import Capture, MemoryStore, at, folded, groups, members

QUAKE = (
    "Strong earthquake shakes northern Chile, tsunami warning issued",
    "Chile earthquake: tsunami warning after magnitude 7.1 quake",
    "Tsunami warning as 7.1 earthquake strikes Chile",
    "Chile earthquake kills two, tsunami warning lifted in Iquique",
)
MERGER = (
    "Halvorsen to buy Brightwater for 12 billion dollars",
    "Halvorsen agrees 12 billion dollar takeover of Brightwater",
    "Brightwater shareholders welcome Halvorsen takeover offer of 12 billion",
)
OTHERS = ("Museum reopens after ten years of repairs", "How bees find their way home in the dark", "Rail strike enters its second week")


def capture(number: int, title: str, *, day: float = 0, published: float | None = None, text: str = "", gone: bool = False) -> Capture:
    url = f"https://site{number}.example/a"
    return Capture(url, title, text, at(day if published is None else published), at(day), f"site{number}.example", gone)


def captures(titles: tuple[str, ...], *, first: int = 0, days: tuple[float, ...] = ()) -> list[Capture]:
    return [capture(first + number, title, day=days[number] if days else 0) for number, title in enumerate(titles)]


def urls(*numbers: int) -> frozenset[str]:
    return frozenset(f"https://site{number}.example/a" for number in numbers)


def test_articles_of_one_event_are_a_story_and_others_stand_alone() -> None:
    _, state = folded([*captures(QUAKE), *captures(MERGER, first=10), *captures(OTHERS, first=20)])
    assert groups(state) == {urls(0, 1, 2, 3), urls(10, 11, 12)}


def test_a_story_that_grows_from_day_to_day_keeps_the_id_of_its_first_captured_member() -> None:
    grown = captures(QUAKE, days=(0, 1, 2, 3))
    for days in (2, 3, 4):
        _, state = folded(grown[:days])
        assert set(members(state).story_ids) == {story_id("https://site0.example/a")}


def test_the_articles_of_a_story_have_one_id_and_other_days_read_the_same() -> None:
    _, state = folded(captures(QUAKE, days=(0, 1.5, 2.5, 3.5)))
    tables = [state.members(day) for day in sorted(state.member_keys)]
    assert len(tables) == 4
    assert len({table.story_ids[0] for table in tables if table is not None}) == 1


def test_an_article_captured_later_does_not_change_the_features_of_those_before_it() -> None:
    store = MemoryStore()
    first, _ = folded(captures(QUAKE[:2]), store=store)
    both, _ = folded([*captures(QUAKE[:2]), *captures(OTHERS, first=20, days=(1, 1, 1))], first, store)
    assert both[at(0) // DAY_S] is first[at(0) // DAY_S]


def test_stories_of_the_day_before_fall_apart_when_their_common_words_turn_out_to_be_everywhere() -> None:
    medals = (
        "Olympic medal in Tokyo: rower Haug outpaces Danish favourite Sorensen",
        "Olympic medal in Tokyo: swimmer Bertolini stuns Brazilian champion Teixeira",
    )
    words = ["".join(letters) for letters in itertools.islice(itertools.permutations("aeioudglmrst", 6), 0, 60_000, 200)]
    others = [
        capture(number, f"Olympic medal in Tokyo: {' '.join(words[number * 5 :][:5])}", day=1, text=words[-number])
        for number in range(2, 60)
    ]
    first = [replace(one, text=word) for one, word in zip(captures(medals), words[-2:], strict=True)]
    _, before = folded(first)
    assert groups(before) == {urls(0, 1)}
    _, state = folded([*first, *others])
    assert not any(urls(0, 1) <= group for group in groups(state))


def test_a_page_that_is_no_article_any_more_leaves_its_story() -> None:
    _, state = folded([*captures(QUAKE), replace(capture(0, QUAKE[0], day=1), gone=True, published_s=at(0))])
    assert groups(state) == {urls(1, 2, 3)}


def test_a_page_whose_title_changed_is_placed_anew_and_keeps_its_first_capture() -> None:
    _, state = folded([*captures(QUAKE), *captures(MERGER, first=10), capture(0, MERGER[1], day=1, published=0)])
    assert groups(state) == {urls(1, 2, 3), urls(0, 10, 11, 12)}
    table = members(state)
    place = table.place_of()["https://site0.example/a"]
    assert table.captured_s[place] == at(0)
    assert table.story_ids[place] == story_id("https://site0.example/a"), "its page was captured first"


def test_a_page_that_moves_to_another_date_stands_on_that_one_only() -> None:
    moved = [
        *captures(QUAKE[:2]),
        replace(capture(0, QUAKE[0], day=3), gone=True, published_s=at(0)),
        capture(1, QUAKE[1], day=1, published=0.5),
    ]
    _, state = folded([*captures(QUAKE[:2]), capture(0, QUAKE[0], day=2, published=1.5)])
    assert len(members(state)) == 2
    assert members(state).published_s.tolist() == [at(1.5), at(0)]
    _, state = folded(moved)
    assert members(state).urls.tolist() == ["https://site1.example/a"]


def test_the_same_text_is_a_copy_of_the_one_published_first() -> None:
    text = "A magnitude 7.1 earthquake struck off Iquique in northern Chile on Monday and a tsunami warning was issued for the coast."
    _, state = folded([capture(0, QUAKE[0], text=text, day=0.1), capture(1, QUAKE[0], text=text, day=1)])
    assert members(state).originals.tolist() == [None, "https://site0.example/a"]
    assert members(state).methods[1] == "text"


def test_stories_that_grow_together_name_the_absorbed_one() -> None:
    apart = [capture(0, "Fire at the harbour of Vasteras", day=0.8), capture(1, "Harbour fire in Vasteras burns on", day=0.8)]
    other = [capture(2, "Chemical plant evacuated near lake Malaren", day=0.9), capture(3, "Evacuated plant at lake Malaren", day=0.9)]
    _, before = folded([*apart, *other])
    assert groups(before) == {urls(0, 1), urls(2, 3)}
    bridge = [capture(number, "Harbour fire in Vasteras: chemical plant at lake Malaren evacuated", day=1) for number in (4, 5, 6)]
    _, state = folded([*apart, *other, *bridge])
    table = members(state)
    assert set(table.story_ids) == {story_id("https://site0.example/a")}
    assert set(table.absorbed) == {(story_id("https://site2.example/a"),)}


def test_a_fold_reads_nothing_that_was_captured_later() -> None:
    everything = [*captures(QUAKE, days=(0, 1, 2, 3)), *captures(MERGER, first=10, days=(0, 2, 4))]
    whole, _ = folded(everything)
    for day in range(5):
        then, _ = folded([one for one in everything if one.captured_s < at(day + 1)])
        assert then == {number: step for number, step in whole.items() if number <= at(day) // DAY_S}


def test_a_day_that_reads_what_it_read_before_is_not_folded_again() -> None:
    store = MemoryStore()
    months = [*captures(QUAKE[:2]), *captures(MERGER, first=10, days=(70, 70.1, 71))]
    known, _ = folded(months, store=store)
    assert store.folds == 3
    late = capture(30, QUAKE[2])
    again, _ = folded([*months, late], known, store)
    assert store.folds == 4, "the months after it are out of its reach"
    assert again == folded([*months, late])[0]


def test_a_picture_on_more_than_four_articles_of_a_site_is_its_default_only_within_a_window_of_them() -> None:
    shown = (("https://pictures.example/logo.png", ""),)
    titles = [*OTHERS, *MERGER[:2]]
    near = [replace(capture(number, title, day=number), domain="one.example", pictures=shown) for number, title in enumerate(titles)]
    far = replace(capture(9, QUAKE[0], day=20), domain="one.example", pictures=shown)
    _, four = folded(near[:4])
    assert set(members(four).default_pictures) == {()}
    _, state = folded([*near, far])
    assert members(state).default_pictures.tolist() == [("https://pictures.example/logo.png",)] * 5 + [()]


TITLES = st.sampled_from([*QUAKE, *MERGER, *OTHERS])
CAPTURES = st.builds(
    lambda number, title, hour, age, gone: Capture(
        f"https://site{number}.example/a",
        title,
        "" if number % 2 else f"{title}. A report from the scene by our own correspondent.",
        at(hour / 24 - age),
        at(hour / 24),
        f"site{number % 5}.example",
        gone,
    ),
    st.integers(0, 12),
    TITLES,
    st.sampled_from([0, 5, 23, 24, 30, 55, 200, 1100]),
    st.sampled_from([0, 0, 0, 1, 9, 40]),
    st.sampled_from([False] * 6 + [True]),
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["take", "take", "take", "erase", "again"]), st.lists(CAPTURES, min_size=1, max_size=6)), max_size=6
)
"""Captures of any hour in any order, so that late ones, revisits and backfills come about; an erased site goes from the past as well."""


@pytest.mark.parametrize("is_whole", [True, False], ids=["one store", "a store that forgot"])
@given(changes=CHANGES)
@settings(max_examples=8, deadline=None)
def test_going_on_is_starting_over(*, is_whole: bool, changes: list[tuple[str, list[Capture]]]) -> None:
    store, lake, known = MemoryStore(), [], {}
    for kind, found in changes:
        if kind == "erase":
            lake = [one for one in lake if one.domain != found[0].domain]
        elif kind == "take":
            lake = list(dict.fromkeys([*lake, *found]))
        known, state = folded(lake, known if is_whole or kind != "again" else {}, store)
        afresh, anew = folded(lake)
        assert known == afresh, "the keys are digests of the content"
        assert groups(state) == groups(anew)
        table = members(state)
        sizes = Counter(story for story in table.story_ids if story is not None)
        assert min(sizes.values(), default=2) > 1
        assert sizes.keys() <= set(table.own_ids), "a story bears the id of a member"
