"""The operator's actions on publishers' wishes, as data/rights.yaml states them. Pure; `pipeline.core.catalogue` reads the file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from pydantic import Field

from pipeline.core.settings import FrozenModel

Action = Literal["keep", "keepWithoutText", "doNotPublish"]
"""From the mildest action to the strictest."""
ACTIONS: tuple[Action, ...] = get_args(Action)


class WishActions(FrozenModel):
    """For each use that a publisher can refuse: the action on an article that refuses it."""

    noindex: Action = "keep"
    noarchive: Action = "keep"
    nosnippet: Action = "keep"
    noimageindex: Action = "keep"
    noai: Action = "keep"
    noimageai: Action = "keep"
    search: Action = "keep"
    ai_input: Action = Field("keep", alias="aiInput")
    ai_train: Action = Field("keep", alias="aiTrain")
    tdm: Action = "keep"


class RightsPolicy(FrozenModel):
    """The actions on wishes, and the publishers to whom they do not apply."""

    wishes: WishActions = WishActions()
    agreements: tuple[str, ...] = ()
    """Registered domains with which the operator has an agreement: what they state is recorded, and no action follows."""

    def action_on(self, refusals: Collection[str], *, domain: str) -> Action:
        """The strictest action on the uses that an article of the registered `domain` refuses (`pipeline.core.rights.refused_uses`)."""
        if domain in self.agreements or not refusals:
            return "keep"
        by_name = self.wishes.model_dump(by_alias=True)
        return ACTIONS[max(ACTIONS.index(by_name[name]) for name in refusals)]
