"""Geometry of the small drawings on pages: stacked bars, a line, marks on a line of time. Pure: numbers in, coordinates out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rectangle:
    """One part of a bar; `kind` is the class of its colour. Lengths are units of the drawing's view box."""

    x: float
    y: float
    width: float
    height: float
    kind: str


def stacked_bars(counts: Sequence[Mapping[str, int]], kinds: Sequence[str], *, width: float, height: float) -> list[Rectangle]:
    """One bar for each mapping of `counts`, its parts stacked from below in the order of `kinds`; the highest bar fills the height."""
    highest = max((sum(one.values()) for one in counts), default=0)
    if not highest:
        return []
    step = width / len(counts)
    parts = []
    for place, one in enumerate(counts):
        top = height
        for kind in kinds:
            if part := height * one.get(kind, 0) / highest:
                top -= part
                parts.append(Rectangle(round(place * step + 1, 2), round(top, 2), round(step - 2, 2), round(part, 2), kind))
    return parts


def line(values: Sequence[float], *, width: float, height: float) -> str:
    """The `points` of a polyline through `values`, the highest at the top; the empty string for fewer than two values."""
    if len(values) < 2:
        return ""
    highest, step = max(*values, 1.0), width / (len(values) - 1)
    return " ".join(f"{place * step:.1f},{1 + (height - 2) * (1 - value / highest):.1f}" for place, value in enumerate(values))


def places_in_time(moments: Sequence[datetime], *, width: float) -> list[float]:
    """Where each moment lies on a line of this width from the first to the last; in the middle when all are equal."""
    if not moments:
        return []
    first, span = min(moments), max(moments) - min(moments)
    return [round(width * ((moment - first) / span), 1) if span else width / 2 for moment in moments]
