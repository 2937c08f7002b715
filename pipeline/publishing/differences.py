"""Compares two builds of a published date: which records are new, changed (by field) or gone. Pure: tables in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.core.models import Difference

KEY = "webUrl"
SHOWN = 5
"""URLs of each kind that a `Difference` names. A plain choice: enough for a first look, few enough for a log line."""


def difference(before: pa.Table | None, after: pa.Table) -> Difference:
    """The difference from the table `before` to the table `after`, both of `articles`; `before` is None when there was no partition.

    Records are matched by webUrl. A record has changed when a column that both tables have differs.
    """
    return count_changes(compare(before, after))


@dataclass(frozen=True, slots=True)
class Comparison:
    """The records of two builds by webUrl, each as the values of `columns`, which both tables have."""

    columns: Sequence[str]
    old: Mapping[str, Sequence[Any]]
    new: Mapping[str, Sequence[Any]]

    def changed_columns(self, url: str) -> tuple[str, ...]:
        """The columns in which a record differs that both builds have."""
        return tuple(name for name, before, after in zip(self.columns, self.old[url], self.new[url], strict=True) if before != after)

    def values(self, url: str, column: str) -> tuple[Any, Any]:
        """The old and the new value of a column of a record that both builds have."""
        place = self.columns.index(column)
        return self.old[url][place], self.new[url][place]


def compare(before: pa.Table | None, after: pa.Table) -> Comparison:
    """The records of both tables of `articles`; `before` is None when there was no partition."""
    columns = [name for name in after.column_names if before is None or name in before.column_names]
    return Comparison(columns, _cells_by_url(before, columns) if before is not None else {}, _cells_by_url(after, columns))


def count_changes(compared: Comparison) -> Difference:
    """The numbers of records that are new, changed (also by field) or gone, and the first `SHOWN` URLs of each kind."""
    old, new = compared.old, compared.new
    changes = {url: compared.changed_columns(url) for url in sorted(old.keys() & new.keys())}
    changed = [url for url, fields in changes.items() if fields]
    appeared, vanished = sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())
    return Difference(
        before=len(old),
        after=len(new),
        new=len(appeared),
        changed=len(changed),
        vanished=len(vanished),
        fields=_counts(changes.values()),
        new_urls=tuple(appeared[:SHOWN]),
        changed_urls=tuple(changed[:SHOWN]),
        vanished_urls=tuple(vanished[:SHOWN]),
    )


def sum_differences(differences: Iterable[Difference]) -> Difference:
    """The sum of the differences of several dates, with the first `SHOWN` URLs of each kind."""
    every = tuple(differences)
    fields: Counter[str] = Counter()
    for one in every:
        fields.update(one.fields)
    return Difference(
        before=sum(one.before for one in every),
        after=sum(one.after for one in every),
        new=sum(one.new for one in every),
        changed=sum(one.changed for one in every),
        vanished=sum(one.vanished for one in every),
        fields=_ordered(fields),
        new_urls=tuple(url for one in every for url in one.new_urls)[:SHOWN],
        changed_urls=tuple(url for one in every for url in one.changed_urls)[:SHOWN],
        vanished_urls=tuple(url for one in every for url in one.vanished_urls)[:SHOWN],
    )


def lost_share(one: Difference) -> float:
    """The share of its records by which a partition shrank, 0 when it did not."""
    return max(0, one.before - one.after) / one.before if one.before else 0.0


def describe(one: Difference) -> str:
    """A difference as text: `+3 new, 2 changed (title 2, heat 1), 1 vanished`, or `nothing changed`."""
    if not (one.new or one.changed or one.vanished):
        return "nothing changed"
    fields = ", ".join(f"{name} {count}" for name, count in one.fields.items())
    return f"+{one.new} new, {one.changed} changed{f' ({fields})' if fields else ''}, {one.vanished} vanished"


def _cells_by_url(table: pa.Table, columns: Sequence[str]) -> dict[str, tuple[object, ...]]:
    """The cells of `columns` of each record, by webUrl."""
    return dict(zip(table[KEY].to_pylist(), zip(*(table[name].to_pylist() for name in columns), strict=True), strict=True))


def _counts(changes: Iterable[Iterable[str]]) -> dict[str, int]:
    return _ordered(Counter(name for fields in changes for name in fields))


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """The most frequent first, ties by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
