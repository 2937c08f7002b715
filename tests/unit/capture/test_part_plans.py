"""How an interval's sources are divided, and that a killed run finds its parts again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.part_plans import group_sources, origins_in_order, plan_parts
from pipeline.core.catalogue import Source
from pipeline.core.models import Interval, Origin, Part
from pipeline.lake.manifests import Manifest

HOUR = Interval.parse("2026-11-20T12")
DIVIDED = (("a", "b", "c"), ("d", "e"), ("f",))


def committed(
    name: str, *sources: str, is_past: bool = False, order: Sequence[Origin] = (), origins: dict[str, Origin] | None = None
) -> Manifest:
    taken = (HOUR.start - timedelta(days=1), HOUR.end + timedelta(days=1)) if is_past else None
    return Manifest(HOUR.key, name, "test", sources, 0, "", {}, (), (), (), taken=taken, order=tuple(order), origins=origins or {})


def named(parts: Sequence[Part]) -> dict[str, tuple[str, ...]]:
    return {part.name: part.source_ids for part in parts}


def test_sources_of_one_domain_stay_together() -> None:
    hosts = ("one.example", "two.example", "www.one.example", "three.example")
    sources = [Source(id=f"s{number}", name=host, feeds=(f"https://{host}/feed",), topic="AI") for number, host in enumerate(hosts)]
    assert group_sources(sources, 2) == (("s0", "s2"), ("s1", "s3"))


def test_an_interval_without_captures_has_a_part_for_each_share() -> None:
    assert named(plan_parts(HOUR, DIVIDED, [])) == {"00": ("a", "b", "c"), "01": ("d", "e"), "02": ("f",)}


def test_only_wanted_sources_are_planned_under_their_shares_numbers() -> None:
    assert named(plan_parts(HOUR, DIVIDED, [], wanted={"b", "f"})) == {"00": ("b",), "02": ("f",)}


def test_what_is_captured_keeps_its_part_and_the_rest_of_its_share_gets_a_later_number() -> None:
    held = [committed("00", "b"), committed("02", "f")]
    assert named(plan_parts(HOUR, DIVIDED, held)) == {"00": ("b",), "01": ("d", "e"), "02": ("f",), "03": ("a", "c")}


def test_imported_and_revisited_parts_stay_and_count_for_no_source() -> None:
    held = [committed("revisit", "a"), committed("warc-0123456789ab")]
    planned = named(plan_parts(HOUR, (("a",),), held))
    assert planned == {"00": ("a",), "revisit": ("a",), "warc-0123456789ab": ()}


def test_a_source_that_joined_the_catalogue_is_captured_too() -> None:
    held = [committed("00", "a", "b", "c"), committed("01", "d", "e"), committed("02", "f")]
    assert named(plan_parts(HOUR, (("new", "a", "b"), ("c", "d"), ("e", "f")), held))["03"] == ("new",)


def test_our_own_captures_alone_plan_nothing_new() -> None:
    assert named(plan_parts(HOUR, DIVIDED, [committed("01", "d", "e")], order=("captures",))) == {"01": ("d", "e")}


def test_what_no_origin_had_is_planned_again_only_where_there_is_another_to_ask() -> None:
    held = [committed("00", "a", "b", is_past=True, order=("captures", "pages"), origins={"a": "pages"})]
    assert named(plan_parts(HOUR, (("a", "b"),), held, order=("captures", "pages"))) == {"00": ("a", "b")}
    again = plan_parts(HOUR, (("a", "b"),), held, order=("captures", "pages", "wayback"))
    assert named(again) == {"00": ("a", "b"), "01": ("b",)}


def test_a_refetch_captures_everything_into_parts_of_its_own() -> None:
    held = [committed("00", "a", "b", "c"), committed("01", "d", "e"), committed("01-r0badcafe", "d", "e")]
    planned = plan_parts(HOUR, DIVIDED, held, order=("pages",), mark="-r0badcafe")
    assert named(planned) == {"00-r0badcafe": ("a", "b", "c"), "01-r0badcafe": ("d", "e"), "02-r0badcafe": ("f",)}


def test_our_own_captures_come_first_whatever_is_chosen() -> None:
    assert origins_in_order(["wayback", "captures"], is_refetch=False) == ("captures", "wayback")
    assert origins_in_order(["captures", "pages", "wayback"], is_refetch=True) == ("pages", "wayback")
    with pytest.raises(ValueError, match="'attic' is not one of captures"):
        origins_in_order(["attic"], is_refetch=False)


divisions = st.permutations("abcdefgh").flatmap(
    lambda names: st.lists(st.integers(1, 3), min_size=8, max_size=8).map(lambda sizes: _cut(names, sizes))
)


def _cut(names: Sequence[str], sizes: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    found, start = [], 0
    for size in sizes:
        if start < len(names):
            found.append(tuple(names[start : start + size]))
            start += size
    return tuple(found)


@given(divisions, st.sets(st.sampled_from("abcdefgh")), st.data())
def test_killed_after_any_of_its_parts_a_run_ends_with_the_same_parts(
    divided: tuple[tuple[str, ...], ...], wanted: set[str], data: st.DataObject
) -> None:
    before = [committed(part.name, *part.source_ids) for part in plan_parts(HOUR, divided, [], wanted=wanted)]
    plan = plan_parts(HOUR, divided, before)
    new = [part for part in plan if part.name not in {manifest.part for manifest in before}]
    done = data.draw(st.lists(st.sampled_from(new), unique_by=lambda part: part.name)) if new else []
    again = plan_parts(HOUR, divided, [*before, *(committed(part.name, *part.source_ids) for part in done)])
    assert again == plan
    assert sorted(source for part in plan for source in part.source_ids) == list("abcdefgh")
