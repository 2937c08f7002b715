"""What a publisher refuses is left out of what leaves the lake: excerpts, pictures, texts. Pure.

`extracted.rights` has what publishers state; an agreement of the operator (`agreements` in rights.yaml) lifts it. Titles and links stay:
what withdraws a record altogether is the operator's policy, before it is published.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Row = dict[str, Any]

EXCERPT_REFUSALS = frozenset({"nosnippet"})
IMAGE_REFUSALS = frozenset({"noimageindex", "noimageai"})
TEXT_REFUSALS = frozenset({"noarchive", "nosnippet", "noai", "aiInput", "aiTrain", "tdm"})
"""The uses of which one refused is enough to keep a text in the lake: a copy shown, a snippet, an input of a model, mining."""


def permitted_record(record: Row, refused: Mapping[str, Collection[str]]) -> Row:
    """The row of `articles`, and its related articles, without the excerpts and pictures that their publishers refuse.

    `refused` has the uses that are refused by webUrl, without those that an agreement lifts.
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
