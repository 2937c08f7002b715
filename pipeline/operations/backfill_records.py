"""The record of a backfill: what was asked, the plan it began with, how far it is, what it changed. Pure: values to JSON and back.

It lies in the lake and is written after each hour and each published date, so that a killed backfill goes on where it was and still
compares with the state it began with.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from pipeline.core.models import Difference
from pipeline.lake.json_records import JsonFormat
from pipeline.operations.backfill_plans import Asked, Plan
from pipeline.publishing.differences import sum_differences

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One hour captured and extracted, or one part of another hour extracted again."""

    articles: int
    urls: int
    """URLs that its captures saw, those of earlier runs included."""
    dates: tuple[date, ...]
    """Published dates whose records may have changed."""
    red: str | None = None
    """What the judgement said when too many sources failed."""
    warnings: tuple[str, ...] = ()
    """Sources that no origin has for the hour, and what given files hold besides it."""
    outside: int = 0
    """Articles that were captured and not taken in, since their page dates them outside the range (`outOfRange`)."""


@dataclass(frozen=True, slots=True)
class BackfillRecord:
    """`backfills/<id>.json`."""

    asked: Asked
    plan: Plan
    started: datetime
    code: str
    """Digest of the program and the catalogue: another one does the steps again."""
    mark: str
    """What names the parts of a refetch; 8 hex digits."""
    later: tuple[str, ...]
    """Parts of other hours with articles of these dates, as `2026-11-23T14/00`."""
    state: Literal["running", "refused", "stopped", "done"] = "running"
    reason: str | None = None
    """Why partitions were allowed to shrink."""
    steps: dict[str, Step] = field(default_factory=dict)
    differences: dict[date, Difference] = field(default_factory=dict)
    """What changed on each published date since the backfill began."""
    refused: dict[date, str] = field(default_factory=dict)
    """Published dates that would have shrunk by too much, and by how much; their partitions are as they were."""
    finished: datetime | None = None
    format: int = FORMAT

    @property
    def id(self) -> str:
        return self.asked.id

    @property
    def change(self) -> Difference:
        """The sum of all differences."""
        return sum_differences(self.differences[day] for day in sorted(self.differences))

    @property
    def outside(self) -> int:
        """Articles that the range left out."""
        return sum(step.outside for step in self.steps.values())

    @property
    def red(self) -> dict[str, str]:
        """Hours in which too many sources failed."""
        return {key: step.red for key, step in sorted(self.steps.items()) if step.red is not None}

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(warning for _, step in sorted(self.steps.items()) for warning in step.warnings))

    @property
    def dates(self) -> tuple[date, ...]:
        """Published dates to build: those that the steps touched."""
        return tuple(sorted({day for step in self.steps.values() for day in step.dates}))

    def with_step(self, key: str, step: Step) -> BackfillRecord:
        return replace(self, steps={**self.steps, key: step})

    def with_difference(self, day: date, difference: Difference) -> BackfillRecord:
        left = {other: why for other, why in self.refused.items() if other != day}
        return replace(self, differences={**self.differences, day: difference}, refused=left)

    def with_refusal(self, day: date, why: str) -> BackfillRecord:
        return replace(self, refused={**self.refused, day: why})

    def going_on(self, *, code: str, reason: str | None) -> BackfillRecord:
        """The record for the same command again: with other code or another catalogue every step is done again."""
        same = self if self.code == code else replace(self, code=code, steps={}, differences={}, refused={})
        return replace(same, state="running", reason=reason or self.reason)


_JSON = JsonFormat(BackfillRecord, name="a backfill's record", number=FORMAT)
plain, to_json, from_json = _JSON.plain, _JSON.to_json, _JSON.from_json
