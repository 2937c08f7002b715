"""What a build changed: two tables of a published date's records to the records that are new, changed (by field) or vanished. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from pipeline.core.models import Difference

KEY = "webUrl"
SHOWN = 5
"""URLs named of each kind: enough to look at, few enough for a log line."""


def difference(before: pa.Table | None, after: pa.Table) -> Difference:
    """The difference between two tables of `articles`; `before` is None when there was no partition.

    A record is the one with the same `webUrl`; it has changed when any column both tables have has another value.
    """
    old = _by_url(before) if before is not None else {}
    new = _by_url(after)
    columns = [name for name in after.column_names if before is None or name in before.column_names]
    changes = {url: _changed_fields(old[url], new[url], columns) for url in sorted(old.keys() & new.keys())}
    changed = [url for url, fields in changes.items() if fields]
    appeared, vanished = sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())
    return Difference(
        before=len(old),
        after=len(new),
        new=len(appeared),
        changed=len(changed),
        vanished=len(vanished),
        fields=_counts(fields for fields in changes.values()),
        new_urls=tuple(appeared[:SHOWN]),
        changed_urls=tuple(changed[:SHOWN]),
        vanished_urls=tuple(vanished[:SHOWN]),
    )


def total(differences: Iterable[Difference]) -> Difference:
    """The sum over several dates; the first of their URLs are kept."""
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


def sentence(one: Difference) -> str:
    """`+3 new, 2 changed (title 2, heat 1), 1 vanished`; `nothing changed` when nothing did."""
    if not (one.new or one.changed or one.vanished):
        return "nothing changed"
    fields = ", ".join(f"{name} {count}" for name, count in one.fields.items())
    return f"+{one.new} new, {one.changed} changed{f' ({fields})' if fields else ''}, {one.vanished} vanished"


def _by_url(table: pa.Table) -> dict[str, dict[str, Any]]:
    return {row[KEY]: row for row in table.to_pylist()}


def _changed_fields(old: Mapping[str, Any], new: Mapping[str, Any], columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in columns if old[name] != new[name])


def _counts(changes: Iterable[Iterable[str]]) -> dict[str, int]:
    return _ordered(Counter(name for fields in changes for name in fields))


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """The most frequent first, ties by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
