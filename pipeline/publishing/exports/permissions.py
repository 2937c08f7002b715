"""Leaves excerpts, pictures and texts that their publishers refuse out of exports. Pure.

`extracted.rights` has the publishers' statements; an agreement of the operator (`agreements` in rights.yaml) lifts a refusal. Titles and
links stay: a whole record is withdrawn only by the operator's policy, when dates are built.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Row = dict[str, Any]

EXCERPT_REFUSALS = frozenset({"nosnippet"})
"""Refused uses for which an excerpt is left out."""
IMAGE_REFUSALS = frozenset({"noimageindex", "noimageai"})
"""Refused uses for which the pictures are left out."""
TEXT_REFUSALS = frozenset({"noarchive", "nosnippet", "noai", "aiInput", "aiTrain", "tdm"})
"""Uses of a text: a text is exported only when none of these is refused."""


def permitted_record(record: Row, refused: Mapping[str, Collection[str]]) -> Row:
    """The row of `articles`, and its related articles, without the excerpts and pictures that their publishers refuse.

    `refused` has the refused uses of each webUrl, without those that an agreement lifts.
    """
    related = [_permitted(other, refused.get(other["webUrl"], ())) for other in record["related"]]
    return {**_permitted(record, refused.get(record["webUrl"], ())), "related": related}


def may_show_text(refused: Collection[str]) -> bool:
    """Whether an article's text may be handed to a program or a reader outside the lake."""
    return TEXT_REFUSALS.isdisjoint(refused)


def _permitted(row: Row, refused: Collection[str]) -> Row:
    excerpt = None if EXCERPT_REFUSALS.intersection(refused) else row["excerpt"]
    images = [] if IMAGE_REFUSALS.intersection(refused) else row["images"]
    return {**row, "excerpt": excerpt, "images": images}
