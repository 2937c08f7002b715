"""The record of a backfill in the lake: request, plan, finished steps, differences. Pure: values to JSON and back.

`backfill.runs` writes it after each step and each published date, so that a killed backfill continues with the next step and still compares
the published dates with their state before the backfill began.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from pipeline.core.models import Difference
from pipeline.lake.json_records import JsonFormat
from pipeline.operations.backfill.plans import BackfillPlan, BackfillRequest
from pipeline.publishing.differences import sum_differences

FORMAT = 1
"""Version of the JSON; `from_json` refuses any other."""


@dataclass(frozen=True, slots=True)
class BackfillStep:
    """The result of one step: an hour captured and extracted, or a part of another hour extracted again."""

    articles: int
    urls: int
    """Outcomes in the captures of the hour, those of earlier runs included."""
    dates: tuple[date, ...]
    """Published dates whose records may have changed."""
    red: str | None = None
    """The message of the failure assessment when too many sources failed, else None."""
    warnings: tuple[str, ...] = ()
    """One sentence for each source that no origin has for the hour, and for each finding about the given WARC files."""
    outside: int = 0
    """Captured articles that were rejected because their page dates them outside the range (`outOfRange`)."""


@dataclass(frozen=True, slots=True)
class BackfillRecord:
    """The content of `backfills/<id>.json`."""

    asked: BackfillRequest
    plan: BackfillPlan
    started: datetime
    code: str
    """Digest of program and catalogue; when it changes, every step is repeated."""
    mark: str
    """8 hex digits in which the names of the parts of a refetch end."""
    later: tuple[str, ...]
    """Parts of other hours with articles of these dates, as `2026-11-23T14/00`."""
    state: Literal["running", "refused", "stopped", "done"] = "running"
    reason: str | None = None
    """The operator's reason for letting partitions shrink (`--allow-shrink`)."""
    steps: dict[str, BackfillStep] = field(default_factory=dict)
    differences: dict[date, Difference] = field(default_factory=dict)
    """What changed on each published date since the backfill began."""
    refused: dict[date, str] = field(default_factory=dict)
    """For each published date that would have shrunk too much, the message that says by how much; its partition is unchanged."""
    finished: datetime | None = None
    format: int = FORMAT

    @property
    def id(self) -> str:
        """The id of the request: see `BackfillRequest.id`."""
        return self.asked.id

    @property
    def total_difference(self) -> Difference:
        """The sum of the differences of all published dates."""
        return sum_differences(self.differences[day] for day in sorted(self.differences))

    @property
    def outside(self) -> int:
        """Captured articles of all steps that were rejected because they are dated outside the range."""
        return sum(step.outside for step in self.steps.values())

    @property
    def red(self) -> dict[str, str]:
        """The failure message of each step in which too many sources failed, by the step's key."""
        return {key: step.red for key, step in sorted(self.steps.items()) if step.red is not None}

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of all steps in the order of their keys, each once."""
        return tuple(dict.fromkeys(warning for _, step in sorted(self.steps.items()) for warning in step.warnings))

    @property
    def dates(self) -> tuple[date, ...]:
        """The published dates that the steps touched, ascending."""
        return tuple(sorted({day for step in self.steps.values() for day in step.dates}))

    def with_step(self, key: str, step: BackfillStep) -> BackfillRecord:
        """The record with `step` as finished."""
        return replace(self, steps={**self.steps, key: step})

    def with_difference(self, day: date, difference: Difference) -> BackfillRecord:
        """The record with `day` as published."""
        left = {other: why for other, why in self.refused.items() if other != day}
        return replace(self, differences={**self.differences, day: difference}, refused=left)

    def with_refusal(self, day: date, why: str) -> BackfillRecord:
        """The record with `day` as refused for the reason `why`."""
        return replace(self, refused={**self.refused, day: why})

    def resumed(self, *, code: str, reason: str | None) -> BackfillRecord:
        """The record as a repeated command continues it; every step is dropped when `code` differs from the record's."""
        same = self if self.code == code else replace(self, code=code, steps={}, differences={}, refused={})
        return replace(same, state="running", reason=reason or self.reason)


_JSON = JsonFormat(BackfillRecord, name="the record of a backfill", number=FORMAT)
record_values, to_json, from_json = _JSON.record_values, _JSON.to_json, _JSON.from_json
