"""How sure an article's fields are: a probability for each, and which of them are doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Confidence:
    """For each field the probability, from 0 to 1, that its value is right, and that the page is an `article`; None without a value."""

    title: float | None = None
    text: float | None = None
    published: float | None = None
    authors: float | None = None
    image: float | None = None
    article: float | None = None

    def doubtful_fields(self, minimums: Mapping[str, float]) -> tuple[str, ...]:
        """The names in `minimums` whose probability is known and below the minimum."""
        return tuple(name for name, minimum in minimums.items() if (known := getattr(self, name)) is not None and known < minimum)
