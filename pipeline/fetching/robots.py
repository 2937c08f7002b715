"""robots.txt as RFC 9309 reads it. Pure: an answer in, rules out; protego does the matching."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from protego import Protego

MAX_BYTES = 500 * 1024
"""RFC 9309, section 2.5: a crawler reads at least 500 KiB; what stands behind is not read."""

MAX_AGE = timedelta(hours=24)
"""RFC 9309, section 2.4: an answer is not used for longer."""

MAX_CRAWL_DELAY_S = 60.0
"""A longer Crawl-delay is treated as this; news-crawl caps at 120 s with one queue a domain, we ask a few pages an hour."""

_AGENT = re.compile(r"\s*user[- ]?agent\s*:?\s*([^#]*)", re.IGNORECASE)
_RULE = re.compile(r"\s*(?:allow|di[a-z]*w|crawl[- ]delay)\b", re.IGNORECASE)
_SITEMAP = re.compile(r"\s*site-?map\s*:\s*(https?://[^\s#]+)", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z_-]+")


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What a host lets us ask for, by the product token that `agent` begins with. Without `rules`, `is_closed` holds for every path."""

    rules: Protego | None
    is_closed: bool = False
    sitemaps: tuple[str, ...] = ()
    """The sitemaps that it names (sitemaps.org, "Submitting your Sitemap"), each once, in its order."""

    def allows(self, url: str, *, agent: str) -> bool:
        if self.rules is None:
            return not self.is_closed
        return bool(self.rules.can_fetch(url, _marked(agent)))

    def crawl_delay_s(self, *, agent: str) -> float:
        """Seconds that the host wants between requests, 0 when it names none."""
        delay = self.rules.crawl_delay(_marked(agent)) if self.rules is not None else None
        return min(float(delay or 0), MAX_CRAWL_DELAY_S)


def read_rules(status: int | None, body: bytes) -> RobotsRules:
    """The rules in the answer to /robots.txt; `status` is None when no answer came.

    RFC 9309, section 2.3.1: 2xx is parsed, 4xx means there are no rules, 5xx and no answer mean that nothing may be asked for now.
    """
    if status is None or status >= 500:
        return RobotsRules(rules=None, is_closed=True)
    if not 200 <= status < 300:
        return RobotsRules(rules=None)
    if len(body) > MAX_BYTES:  # half a line would be another rule: `Disallow: /` for `Disallow: /private`
        body = re.split(rb"[\r\n][^\r\n]*\Z", body[:MAX_BYTES])[0]
    text = body.decode("utf-8-sig", errors="replace")
    named = (_SITEMAP.match(line) for line in text.splitlines())
    sitemaps = tuple(dict.fromkeys(match[1] for match in named if match is not None))
    return RobotsRules(rules=Protego.parse(_groups(text)), sitemaps=sitemaps)


def _groups(text: str) -> str:
    """The lines of `text` that RFC 9309 defines, and Crawl-delay, its product tokens marked.

    Other records must not end a group (section 2.2.4), and a product token is compared whole (section 2.2.1); protego lets them, and
    finds `news` in `news-pipeline`.
    """
    lines = []
    for line in text.splitlines():
        agent = _AGENT.match(line)
        if agent is not None:
            value = agent[1].strip()
            lines.append(f"User-agent: {'*' if value.split()[:1] == ['*'] else _marked(value)}")
        elif _RULE.match(line):
            lines.append(line)
    return "\n".join(lines)


def _marked(agent: str) -> str:
    """The product token that `agent` begins with, in lower case, between marks that no token holds."""
    token = _TOKEN.match(agent.lstrip("*"))
    return f"<{token[0].lower() if token is not None else ''}>"
