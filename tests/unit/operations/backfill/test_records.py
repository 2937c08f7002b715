from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from pipeline.core.errors import SchemaError
from pipeline.core.models import Difference
from pipeline.operations.backfill.plans import BackfillPlan, BackfillRequest, SourcePlan
from pipeline.operations.backfill.records import BackfillRecord, BackfillStep, from_json, to_json

DAY, NEXT = date(2026, 11, 20), date(2026, 11, 21)
ASKED = BackfillRequest(DAY, NEXT, ("one",), ("captures", "pages"), refetch=True)
PLAN = BackfillPlan(
    id=ASKED.id,
    asked=ASKED,
    origins=("pages",),
    intervals=48,
    captured=0,
    to_capture=48,
    pages=0,
    captures_bytes=0,
    later_parts=0,
    sources=(SourcePlan("one", 48, 0, 10, 1_000, 0.5, 7),),
    requests=10,
    bytes=1_000,
    hours=0.25,
    slowest_host="one.example",
    disallowed_share=None,
    without_history=(),
    disk_free=5,
)
RECORD = BackfillRecord(ASKED, PLAN, datetime(2026, 11, 23, tzinfo=UTC), code="c0de", mark="12345678", later=("2026-11-22T10/00",))


def filled() -> BackfillRecord:
    red = BackfillStep(3, 9, (DAY, NEXT), red="2 of 2 sources failed", warnings=("one: moved",), outside=2)
    steps = {"2026-11-20T00": BackfillStep(1, 4, (DAY,)), "2026-11-20T01": red}
    return replace(RECORD, steps=steps).with_difference(DAY, Difference(before=1, after=2, new=1)).with_refusal(NEXT, "too many")


def test_a_record_survives_the_lake() -> None:
    data = to_json(filled())
    assert from_json(data, path="x") == filled()
    assert to_json(from_json(data, path="x")) == data


def test_what_is_no_record_is_refused_with_its_path() -> None:
    with pytest.raises(SchemaError, match=r"backfills/x\.json: not the record of a backfill"):
        from_json(b'{"id": 1}', path="backfills/x.json")
    with pytest.raises(SchemaError, match="format 9"):
        from_json(to_json(replace(RECORD, format=9)), path="x")


def test_a_record_sums_up_its_steps() -> None:
    record = filled()
    assert record.dates == (DAY, NEXT)
    assert record.red == {"2026-11-20T01": "2 of 2 sources failed"}
    assert record.warnings == ("one: moved",)
    assert record.total_difference.new == 1
    assert record.outside == 2


def test_a_date_that_was_built_is_refused_no_more() -> None:
    record = filled().with_difference(NEXT, Difference(before=9, after=1, vanished=8))
    assert record.refused == {}
    assert record.total_difference.vanished == 8


def test_a_resumed_record_keeps_the_steps_and_the_reason() -> None:
    again = filled().resumed(code="c0de", reason="the provider asked")
    assert (again.steps, again.refused, again.reason) == (filled().steps, filled().refused, "the provider asked")
    assert again.resumed(code="c0de", reason=None).reason == "the provider asked"


def test_other_code_does_every_step_again() -> None:
    again = filled().resumed(code="0ther", reason=None)
    assert (again.steps, again.differences, again.refused, again.code, again.state) == ({}, {}, {}, "0ther", "running")
    assert (again.started, again.mark) == (RECORD.started, RECORD.mark)
