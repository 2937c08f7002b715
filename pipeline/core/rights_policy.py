"""What the operator does about publishers' wishes: data/rights.yaml as a value. Pure; `pipeline.core.catalogue` reads the file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from pydantic import Field

from pipeline.core.settings import Frozen

Action = Literal["keep", "keepWithoutText", "doNotPublish"]
"""In the order of their strictness."""
ACTIONS: tuple[Action, ...] = get_args(Action)


class WishActions(Frozen):
    """For each use that a publisher can refuse, what is done with the article then."""

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


class RightsPolicy(Frozen):
    """The actions, and the publishers to whom they do not apply."""

    wishes: WishActions = WishActions()
    agreements: tuple[str, ...] = ()
    """Registered domains with which the operator has an agreement: what they state is recorded, and no action follows."""

    def action_on(self, refusals: Collection[str], *, domain: str) -> Action:
        """The strictest action on the uses that an article of the registered `domain` refuses (`pipeline.core.rights.refused_uses`)."""
        if domain in self.agreements or not refusals:
            return "keep"
        by_name = self.wishes.model_dump(by_alias=True)
        return ACTIONS[max(ACTIONS.index(by_name[name]) for name in refusals)]
