"""What a policy makes of the uses that a publisher refuses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.core.catalogue import load_catalogue
from pipeline.core.rights import Rights, Wish, refused_uses
from pipeline.core.rights_policy import RightsPolicy
from pipeline.core.settings import PROJECT

POLICY = RightsPolicy.model_validate(
    {"wishes": {"noindex": "doNotPublish", "noarchive": "keepWithoutText", "aiTrain": "keepWithoutText"}, "agreements": ["partner.example"]}
)


@pytest.mark.parametrize(
    ("refusals", "domain", "action"),
    [
        (set(), "kestrel.example", "keep"),
        ({"nosnippet"}, "kestrel.example", "keep"),
        ({"noarchive"}, "kestrel.example", "keepWithoutText"),
        ({"noarchive", "noindex", "tdm"}, "kestrel.example", "doNotPublish"),
        ({"aiTrain"}, "kestrel.example", "keepWithoutText"),
        ({"noindex"}, "partner.example", "keep"),
    ],
)
def test_the_strictest_action_counts_but_for_publishers_with_an_agreement(refusals: set[str], domain: str, action: str) -> None:
    assert POLICY.action_on(refusals, domain=domain) == action


def test_without_a_file_everything_is_kept() -> None:
    every = refused_uses("reserved", [*((name, None) for name in ("noindex", "noarchive", "noai")), ("aiTrain", "no"), ("search", "no")])
    assert RightsPolicy().action_on(every, domain="kestrel.example") == "keep"


def test_a_use_is_refused_by_its_value_and_a_directive_by_being_there() -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    wishes = [("search", "yes"), ("aiTrain", "yes"), ("aiTrain", "no"), ("noarchive", None), ("maxSnippet", "20"), ("license", "https://x")]
    rights = Rights("notReserved", None, None, tuple(Wish(wish, value, "meta.robots", at) for wish, value in wishes))
    assert rights.refusals == {"aiTrain", "noarchive"}
    assert Rights(tdm="reserved").refusals == {"tdm"}


def test_the_shipped_file_is_what_holds_without_one() -> None:
    assert load_catalogue(PROJECT / "data").rights == RightsPolicy()
