"""Reads robots.txt as RFC 9309 prescribes; protego matches the paths. Pure: an answer in, rules out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from protego import Protego

from pipeline.core.errors import PermanentFetchError, TransientFetchError
from pipeline.core.models import Answer
from pipeline.text.rights import is_usage_line

MAX_BYTES = 500 * 1024
"""RFC 9309, section 2.5: a crawler reads at least 500 KiB. The rest is not read."""

MAX_AGE = timedelta(hours=24)
"""RFC 9309, section 2.4: an answer is not used for longer."""

KnownRobots = Callable[[str], tuple[int, bytes] | None]
"""Maps the URL of a robots.txt to status and body of an answer captured within `MAX_AGE`; None when there is none."""
RobotsKeeper = Callable[[str, Callable[[], Answer]], Answer]
"""Gets the URL of a robots.txt and a function that requests it; returns a kept answer without calling the function, or its answer."""

MAX_CRAWL_DELAY_S = 60.0
"""Longest Crawl-delay that is honoured. Common Crawl's news crawler takes up to 120 s; we request only a few pages an hour."""

_AGENT = re.compile(r"\s*user[- ]?agent\s*:?\s*([^#]*)", re.IGNORECASE)
_RULE = re.compile(r"\s*(?:allow|di[a-z]*w|crawl[- ]delay)\b", re.IGNORECASE)
MAX_USAGE_LINES = 100
"""Lines with usage preferences that are read of one group. A plain choice: one or two are usual."""
_SITEMAP = re.compile(r"\s*site-?map\s*:\s*(https?://[^\s#]+)", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z_-]+")


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """The rules of a robots.txt. Without `rules`, every path is allowed, or none when `is_closed`."""

    rules: Protego | None
    is_closed: bool = False
    sitemaps: tuple[str, ...] = ()
    """The sitemaps that it names (sitemaps.org, "Submitting your Sitemap"), each once, in the order of the file."""
    usage: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Maps each product token (as `_marked` writes it), and `*`, to the lines of its groups that state usage preferences."""

    def usage_lines(self, *, agent: str) -> tuple[str, ...]:
        """The lines that say how `agent` may use the content, verbatim: those of its own groups, else those for all agents."""
        return self.usage.get(_marked(agent), self.usage.get("*", ()))

    def allows(self, url: str, *, agent: str) -> bool:
        """Whether the product token at the beginning of `agent` may request `url`."""
        if self.rules is None:
            return not self.is_closed
        return bool(self.rules.can_fetch(url, _marked(agent)))

    def crawl_delay_s(self, *, agent: str) -> float:
        """The Crawl-delay for `agent` in seconds, at most `MAX_CRAWL_DELAY_S`; 0 without one."""
        delay = self.rules.crawl_delay(_marked(agent)) if self.rules is not None else None
        return min(float(delay or 0), MAX_CRAWL_DELAY_S)


def read_rules(status: int | None, body: bytes) -> RobotsRules:
    """The rules in the answer to /robots.txt; `status` is None when no answer came.

    RFC 9309, section 2.3.1: a 2xx answer is parsed, 4xx means that there are no rules, 5xx or no answer that nothing may be requested.
    """
    if status is None or status >= 500:
        return RobotsRules(rules=None, is_closed=True)
    if not 200 <= status < 300:
        return RobotsRules(rules=None)
    if len(body) > MAX_BYTES:  # a line that is cut off would be another rule: `Disallow: /` for `Disallow: /private`
        body = re.split(rb"[\r\n][^\r\n]*\Z", body[:MAX_BYTES])[0]
    text = body.decode("utf-8-sig", errors="replace")
    named = (_SITEMAP.match(line) for line in text.splitlines())
    sitemaps = tuple(dict.fromkeys(match[1] for match in named if match is not None))
    return RobotsRules(rules=Protego.parse(_groups(text)), sitemaps=sitemaps, usage=_usage(text))


def rules_of(answer: Answer) -> RobotsRules:
    """The rules in `answer`, which may have ended with an error: the same as `read_rules` gives for its status and body."""
    status = answer.final.status if answer.final is not None else None
    if isinstance(answer.error, PermanentFetchError) and answer.error.status is None:
        status = 404  # endless redirects or headers: there are no rules
    if isinstance(answer.error, TransientFetchError) and answer.error.status is None:
        status = None  # cut off, or no answer after a redirect: the rules are unknown
    return read_rules(status, answer.final.body if answer.final is not None else b"")


def _groups(text: str) -> str:
    """The lines of `text` that RFC 9309 defines, and Crawl-delay, with product tokens marked by `_marked`.

    Other lines must not end a group (section 2.2.4), but do in protego; product tokens are compared whole (section 2.2.1), but protego
    finds `news` in `news-pipeline`.
    """
    lines = []
    for line in text.splitlines():
        agent = _AGENT.match(line)
        if agent is not None:
            lines.append(f"User-agent: {_addressee(agent[1])}")
        elif _RULE.match(line) or is_usage_line(line):  # a rule too (draft-ietf-aipref-attach), which protego ignores
            lines.append(line)
    return "\n".join(lines)


def _usage(text: str) -> dict[str, tuple[str, ...]]:
    """The lines with usage preferences by agent; an agent with a group without such lines has none, not even those of `*`."""
    found: dict[str, list[str]] = {}
    group: list[str] = []
    has_rules = False
    for line in text.splitlines() if "content-" in text.lower() else ():
        agent = _AGENT.match(line)
        if agent is not None:
            group = [*([] if has_rules else group), _addressee(agent[1])]
            has_rules = False
            found.setdefault(group[-1], [])
        elif is_usage_line(line):
            has_rules = True
            for token in group:
                found[token].append(line.strip())
        elif _RULE.match(line):
            has_rules = True
    return {token: tuple(lines[:MAX_USAGE_LINES]) for token, lines in found.items()}


def _addressee(value: str) -> str:
    """The agent of a User-agent line: `*`, or a product token as `_marked` writes it."""
    return "*" if value.split()[:1] == ["*"] else _marked(value.strip())


def _marked(agent: str) -> str:
    """The product token at the beginning of `agent`, in lower case, between `<` and `>`, which occur in no token."""
    token = _TOKEN.match(agent.lstrip("*"))
    return f"<{token[0].lower() if token is not None else ''}>"
