"""Laws 1 to 3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.catalogue import HeatConstants, QualityConstants
from pipeline.publishing.scoring.laws import StoryMember, heat, is_published, pick_lead, quality_parts, related_order

NOON = datetime(2021, 3, 8, 12, tzinfo=UTC)


def quality(title: str = "", **given: object) -> int:
    terms: dict[str, object] = {
        "has_image": False,
        "has_amp": False,
        "provider_weight": 0,
        "topics": 0,
        "keyword_hits": 0,
        "is_featured_video": False,
    }
    return quality_parts(title=title, constants=QualityConstants(), **{**terms, **given}).total  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("term", "points"),
    [
        ({"has_image": True}, 20),
        ({"has_amp": True}, 20),
        ({"provider_weight": 40}, 40),
        ({"topics": 3}, 6),
        ({"keyword_hits": 2}, 30),
        ({"is_featured_video": True}, 50),
    ],
)
def test_each_term_of_quality_is_worth_its_points(term: dict[str, object], points: int) -> None:
    assert quality(**term) == points


@pytest.mark.parametrize(("characters", "points"), [(70, 100), (71, 100), (72, 99), (73, 99), (109, 81), (500, 0)])
def test_a_long_title_costs_a_point_for_every_two_characters_over_seventy(characters: int, points: int) -> None:
    assert quality("x" * characters, provider_weight=100) == points


def test_the_seed_and_its_two_related_have_the_seeds_quality() -> None:
    assert quality("x" * 63, topics=2, keyword_hits=1, has_image=True) == 39
    assert quality("x" * 109, topics=2, has_image=True, has_amp=True) == 25
    assert quality("x" * 106, topics=2, has_image=True) == 6


def test_a_negative_sum_is_lifted_to_nothing_and_the_lift_is_shown() -> None:
    parts = quality_parts(
        title="x" * 100,
        has_image=False,
        has_amp=False,
        provider_weight=0,
        topics=1,
        keyword_hits=0,
        is_featured_video=False,
        constants=QualityConstants(),
    )
    assert (parts.title_length, parts.topics, parts.floor, parts.total) == (-15, 2, 13, 0)


@given(
    title=st.text(max_size=300),
    has_image=st.booleans(),
    has_amp=st.booleans(),
    provider_weight=st.integers(0, 100),
    topics=st.integers(0, 20),
    keyword_hits=st.integers(0, 20),
    is_featured_video=st.booleans(),
)
@settings(deadline=None)
def test_the_parts_of_quality_add_up_to_it_and_never_below_nothing(**terms: object) -> None:
    parts = quality_parts(constants=QualityConstants(), **terms)  # type: ignore[arg-type]
    terms_of_it = (parts.image, parts.amp, parts.provider, parts.video, parts.topics, parts.keywords)
    assert parts.total == sum(terms_of_it) + parts.title_length + parts.floor >= 0
    assert parts.title_length <= 0 <= parts.floor
    assert parts.floor == 0 or parts.total == 0


@pytest.mark.parametrize(
    ("quality", "related", "is_lead", "expected"),
    [
        (39, 0, True, 39),
        (90, 0, True, 90),
        (39, 2, True, 39),
        (49, 5, True, 49),
        (50, 1, True, 60),
        (64, 3, True, 94),
        (90, 3, False, -1),
        (0, 1, False, -1),
    ],
)
def test_heat_is_quality_raised_for_a_good_lead_and_minus_one_for_other_members(
    quality: int, related: int, is_lead: bool, expected: int
) -> None:
    assert heat(quality=quality, related=related, is_lead=is_lead, constants=HeatConstants()) == expected


@pytest.mark.parametrize(("heat_", "removed", "expected"), [(69, False, False), (70, False, True), (500, True, False), (-1, False, False)])
def test_published_is_enough_heat_and_not_removed(heat_: int, removed: bool, expected: bool) -> None:
    assert is_published(heat_, threshold=70, removed=removed) is expected


def test_the_best_leads_then_the_earliest_then_the_smaller_url() -> None:
    best = StoryMember("https://z.example/", 60, NOON + timedelta(hours=5))
    early = StoryMember("https://y.example/", 50, NOON)
    small = StoryMember("https://a.example/", 50, NOON + timedelta(hours=1))
    large = StoryMember("https://b.example/", 50, NOON + timedelta(hours=1))
    for members in permutations([best, early, small, large]):
        assert related_order(members) == [best, early, small, large]
        assert pick_lead(members) == best


def test_a_story_without_members_has_no_lead() -> None:
    with pytest.raises(ValueError, match="at least one"):
        pick_lead([])
