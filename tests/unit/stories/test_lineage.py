"""What became of stories: absorbed ones and those that an article left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stories import lineage
from pipeline.stories.average_linkage import Integers, Pairs, cluster_labels
from pipeline.stories.clustering import find_stories
from pipeline.stories.lineage import DAY_S, Lineage, find_lineage

THRESHOLD, WINDOW_S = 0.2, 30 * DAY_S
Alike = dict[tuple[int, int], float]


def pairs_of(alike: Alike) -> Pairs:
    ordered = sorted(alike)
    rows, others = (np.array([pair[end] for pair in ordered], dtype=np.int64) for end in (0, 1))
    return Pairs(rows, others, np.array([alike[pair] for pair in ordered], dtype=np.float64))


def cluster(size: int, pairs: Pairs, copies: int = 1) -> Integers:
    seconds, brief = np.zeros(size * copies, dtype=np.int64), np.zeros(size * copies, dtype=bool)
    return cluster_labels(pairs, seconds, is_brief=brief, window_s=WINDOW_S, threshold=THRESHOLD)


def became(days: list[float], alike: Alike) -> Lineage:
    """The lineage of articles captured on `days`; those of one day are captured in the order of the rows."""
    pairs, captured_s = pairs_of(alike), np.array([round(day * DAY_S) for day in days], dtype=np.int64)
    ranks = np.argsort(np.argsort(captured_s, kind="stable"), kind="stable")
    group = partial(cluster, len(days))
    return find_lineage(pairs, group(pairs), captured_s, ranks, cluster=group, threshold=THRESHOLD)


def closely(*rows: int) -> Alike:
    return dict.fromkeys(combinations(rows, 2), 0.9)


TWO_EVENTS = {(0, 1): 0.3} | closely(0, 2, 3) | closely(1, 4, 5)
"""Articles 0 and 1 are somewhat alike; more is told of each of their events by the others."""


def test_an_article_whose_story_went_on_without_it_says_which_that_was() -> None:
    assert became([0, 0, 1, 1, 1, 1], TWO_EVENTS) == Lineage(absorbed={}, left={1: [0]})


def test_articles_that_were_together_only_within_a_day_were_not_split() -> None:
    assert became([0, 0, 0, 0, 0, 0], TWO_EVENTS) == Lineage({}, {})
    assert became([0, 0.1, 0.9, 0.2, 0.3, 0.99], TWO_EVENTS) == Lineage({}, {})


def test_an_article_that_left_its_story_to_stand_alone_names_that_story() -> None:
    assert became([0, 0, 1, 1], {(0, 1): 0.3} | closely(0, 2, 3)).left == {1: [0]}


def test_a_story_that_is_no_more_was_left_by_all_its_members() -> None:
    assert became([0, 0, 1, 1], {(0, 1): 0.3} | closely(1, 2, 3)).left == {0: [0], 1: [0]}


def test_a_story_that_joins_an_older_one_is_absorbed_and_not_split() -> None:
    apart = {**closely(0, 1), **closely(2, 3)}
    together = closely(0, 1, 2, 3, 4, 5)
    alike = {pair: value if pair in apart or max(pair) > 3 else 0.1 for pair, value in together.items()}
    found = became([0, 0, 0.5, 0.5, 1, 1], alike)
    assert found == Lineage(absorbed={0: [2]}, left={})


def test_merges_within_a_day_are_known_as_well() -> None:
    alike = dict.fromkeys(combinations(range(4), 2), 0.1) | closely(0, 1) | closely(2, 3) | {(row, 4): 0.9 for row in range(4)}
    assert became([0.1, 0.2, 0.3, 0.4, 0.5], alike) == Lineage(absorbed={0: [2]}, left={})


def test_a_story_that_an_earlier_article_joins_takes_its_id() -> None:
    """Article 0 stood alone until 3 tied it to the story of 1 and 2, whose id was that of 1."""
    alike = closely(1, 2, 3) | {(0, 3): 0.9, (0, 1): 0.19, (0, 2): 0.19}
    assert became([0.1, 0.2, 0.3, 0.4], alike) == Lineage(absorbed={0: [1]}, left={})


@settings(deadline=None, max_examples=60)
@given(
    days=st.lists(st.integers(0, 3), min_size=2, max_size=9),
    values=st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), min_size=36, max_size=36),
    block=st.sampled_from([1, 10, 1_000]),
)
def test_each_day_is_told_as_if_the_rest_had_not_been_captured(days: list[int], values: list[float], block: int) -> None:
    size = len(days)
    alike = {pair: value for pair, value in zip(combinations(range(size), 2), values, strict=False) if value}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lineage, "BLOCK_PAIRS", block)
        found = became([float(day) for day in days], alike)
    order = sorted(range(size), key=lambda row: (days[row], row))

    def story_of(last_day: int) -> dict[int, int]:
        labels = cluster(size, pairs_of({pair: value for pair, value in alike.items() if max(days[row] for row in pair) <= last_day}))
        members = {label: [row for row in order if labels[row] == label] for label in labels.tolist()}
        return {row: rows[0] for rows in members.values() if len(rows) > 1 for row in rows}

    now, before = story_of(max(days)), [story_of(day) for day in range(max(days))]
    left = {row: {stories[row] for stories in before if row in stories} for row in range(size)}
    for row, owners in left.items():
        gone = {owner for owner in owners if row not in now or now.get(owner) != now[row]}
        assert set(found.left.get(row, [])) == gone
    carried = {owner for stories in before for owner in stories.values()}
    for owner in carried:
        if owner in now and now[owner] != owner:
            assert owner in found.absorbed[now[owner]]
    for owner, merged in found.absorbed.items():
        assert now[owner] == owner
        assert all(now[other] == owner != other for other in merged)


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRE = "shipyard fire Iquique workers rescued crane collapsed"
BID = "Halvorsen takeover Brightwater shareholders offer billion"


def articles(*told: tuple[str, str, int]) -> pd.DataFrame:
    """Of each: title, text, and the days until its capture."""
    return pd.DataFrame(
        {
            "webUrl": [f"https://site{number}.example/" for number in range(len(told))],
            "title": [title for title, _, _ in told],
            "text": pd.Series([text for _, text, _ in told], dtype=object),
            "publishedDateTime": pd.to_datetime([NOON + timedelta(hours=number) for number in range(len(told))], utc=True),
            "capturedAt": pd.to_datetime([NOON + timedelta(days=day, hours=number) for number, (_, _, day) in enumerate(told)], utc=True),
        }
    )


def test_an_id_that_an_analyst_noted_on_the_first_day_is_found_again_after_the_story_was_split() -> None:
    told = articles(
        ("Iquique shipyard fire: Halvorsen silent", f"{FIRE} Halvorsen was silent.", 0),
        ("Brightwater takeover: Halvorsen silent on fire", f"{BID} was silent on the shipyard.", 0),
        ("Iquique shipyard fire: workers rescued", f"{FIRE} {FIRE} smoke over the harbour.", 1),
        ("Crane collapsed in Iquique shipyard fire", f"{FIRE} {FIRE} the harbour is closed.", 1),
        ("Brightwater shareholders welcome takeover offer", f"{BID} {BID} the board agreed.", 1),
        ("Takeover offer: Brightwater shareholders to vote", f"{BID} {BID} a vote in May.", 1),
    )
    noted = find_stories(told.iloc[:2]).set_index("webUrl")
    (was,) = set(noted["storyId"])
    now = find_stories(told).set_index("webUrl")
    assert was is not None
    assert now["storyId"].nunique() == 2
    assert now.loc["https://site0.example/", "storyId"] == was
    split = now[now["splitFromStoryIds"].str.len() > 0]
    assert split["splitFromStoryIds"].to_dict() == {"https://site1.example/": [was]}
    shuffled = find_stories(told.sample(frac=1, random_state=7)).set_index("webUrl")
    pd.testing.assert_frame_equal(shuffled, now)
    assert not find_stories(told.drop(columns="capturedAt"))["splitFromStoryIds"].str.len().any()
