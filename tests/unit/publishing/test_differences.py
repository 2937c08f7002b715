from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.models import Difference
from pipeline.publishing.differences import SHOWN, describe, difference, lost_share, sum_differences

COLUMNS = pa.schema([("webUrl", pa.string()), ("title", pa.string()), ("heat", pa.int32()), ("topics", pa.list_(pa.string()))])
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def table(**titles: str) -> pa.Table:
    rows = [{"webUrl": url, "title": title, "heat": 1, "topics": ["AI"]} for url, title in titles.items()]
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def with_values(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def test_without_a_partition_before_every_record_is_new() -> None:
    found = difference(None, table(a="A", b="B"))
    assert (found.before, found.after, found.new, found.changed, found.vanished) == (0, 2, 2, 0, 0)
    assert found.new_urls == ("a", "b")


def test_records_are_new_changed_or_vanished_by_their_url() -> None:
    found = difference(table(a="A", b="B", c="C"), table(b="B", c="C again", d="D"))
    assert (found.new, found.changed, found.vanished) == (1, 1, 1)
    assert (found.new_urls, found.changed_urls, found.vanished_urls) == (("d",), ("c",), ("a",))
    assert found.fields == {"title": 1}
    assert describe(found) == "+1 new, 1 changed (title 1), 1 vanished"


def test_every_field_that_differs_is_counted_the_most_frequent_first() -> None:
    old = [{"webUrl": str(number), "title": "x", "heat": 1, "topics": ["AI"]} for number in range(3)]
    new = [{**row, "heat": 2, "topics": ["AI", "Data"] if row["webUrl"] == "1" else row["topics"]} for row in old]
    assert list(difference(with_values(old), with_values(new)).fields.items()) == [("heat", 3), ("topics", 1)]


def test_a_column_that_the_old_table_lacks_is_no_change() -> None:
    assert difference(table(a="A").drop_columns(["heat"]), table(a="A")).changed == 0


def test_only_the_first_urls_are_named() -> None:
    found = difference(None, table(**{f"u{number:02}": "x" for number in range(SHOWN + 3)}))
    assert (found.new, len(found.new_urls)) == (SHOWN + 3, SHOWN)


def test_equal_tables_do_not_differ() -> None:
    found = difference(table(a="A"), table(a="A"))
    assert found == Difference(before=1, after=1)
    assert describe(found) == "nothing changed"


def test_the_lost_share_is_of_what_was_there() -> None:
    assert lost_share(Difference(before=10, after=7)) == 0.3
    assert lost_share(Difference(before=10, after=12)) == 0
    assert lost_share(Difference(before=0, after=0)) == 0


def test_totals_add_up_over_dates() -> None:
    one = difference(table(a="A", b="B"), table(a="new", c="C"))
    both = sum_differences([one, difference(None, table(d="D"))])
    assert (both.before, both.after, both.new, both.changed, both.vanished) == (2, 3, 2, 1, 1)
    assert both.fields == {"title": 1}
    assert both.new_urls == ("c", "d")


TITLES = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.sampled_from(["x", "y"]), max_size=12)


@given(TITLES, TITLES)
def test_the_counts_lead_from_before_to_after(old: dict[str, str], new: dict[str, str]) -> None:
    found = difference(table(**old), table(**new))
    assert found.after == found.before + found.new - found.vanished == len(new)
    assert found.changed == sum(old[url] != new[url] for url in old.keys() & new.keys())
    back = difference(table(**new), table(**old))
    assert (back.new, back.vanished, back.changed, back.fields) == (found.vanished, found.new, found.changed, found.fields)
