"""robots.txt as RFC 9309 reads it. Pure: an answer in, rules out; protego does the matching."""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

MAX_BYTES = 500 * 1024
"""RFC 9309, section 2.5: a crawler reads at least 500 KiB; what stands behind is not read."""

MAX_CRAWL_DELAY_S = 60.0
"""A longer Crawl-delay is treated as this; news-crawl caps at 120 s with one queue a domain, we ask a few pages an hour."""


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What a host lets us ask for. Without `rules`, `is_closed` holds for every path."""

    rules: Protego | None
    is_closed: bool = False

    def allows(self, url: str, *, agent: str) -> bool:
        if self.rules is None:
            return not self.is_closed
        return bool(self.rules.can_fetch(url, agent))

    def crawl_delay_s(self, *, agent: str) -> float:
        """Seconds that the host wants between requests, 0 when it names none."""
        delay = self.rules.crawl_delay(agent) if self.rules is not None else None
        return min(float(delay or 0), MAX_CRAWL_DELAY_S)


def read_rules(status: int | None, body: bytes) -> RobotsRules:
    """The rules in the answer to /robots.txt; `status` is None when no answer came.

    RFC 9309, section 2.3.1: 2xx is parsed, 4xx means there are no rules, 5xx and no answer mean that nothing may be asked for now.
    """
    if status is None or status >= 500:
        return RobotsRules(rules=None, is_closed=True)
    if not 200 <= status < 300:
        return RobotsRules(rules=None)
    return RobotsRules(rules=Protego.parse(body[:MAX_BYTES].decode("utf-8-sig", errors="replace")))
