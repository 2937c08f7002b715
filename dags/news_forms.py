"""The form fields that several DAGs have, so that a field means the same wherever it is filled in."""

from __future__ import annotations

from typing import Any, get_args

from airflow.sdk import Param

from pipeline.core.models import Origin


def date_field(title: str, description: str) -> Param:
    """A field for a UTC day, `YYYY-MM-DD`; may stay empty."""
    return Param(None, type=["null", "string"], format="date", title=title, description=description)


def time_field(title: str, description: str) -> Param:
    """A field for a time with its zone, as RFC 3339 writes it; may stay empty."""
    return Param(None, type=["null", "string"], format="date-time", title=title, description=description)


def text_field(title: str, description: str) -> Param:
    """A field for one line of text; may stay empty."""
    return Param(None, type=["null", "string"], title=title, description=description)


def list_field(title: str, description: str, *, choices: tuple[str, ...] = ()) -> Param:
    """A field for a list of texts, of `choices` only where there are some; may stay empty."""
    items: dict[str, Any] = {"type": "string"} | ({"enum": list(choices)} if choices else {})
    shown: dict[str, Any] = {"examples": list(choices)} if choices else {}
    return Param(None, type=["null", "array"], items=items, title=title, description=description, **shown)


CAPTURE_FIELDS: dict[str, Param] = {
    "sources": list_field("Sources", "Ids of the sources to capture, as in sources.yaml. Empty: all followed sources."),
    "origins": list_field(
        "Origins",
        "Where past hours are searched, in this order; a source comes from the first origin that has it. Empty: NEWS_ORIGINS.",
        choices=get_args(Origin),
    ),
    "warc": list_field("WARC files", "Files, folders and patterns for the origin `warc`, as paths on the workers. Empty: NEWS_WARC."),
    "refetch": Param(
        False,
        type="boolean",
        title="Capture again",
        description="Fetch once more what was captured already. No capture is overwritten; the newest version of an article is published.",
    ),
}
"""What a run that captures past hours may be told: which sources, where they are searched, and whether anew."""
