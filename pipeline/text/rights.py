"""Parses the grammars in which publishers state wishes: robots directives, usage preferences, TDM reservations, licences.

Pure: strings in, values out. A text that breaks its grammar states nothing. The words of a `Statement`:

    noindex noarchive nosnippet noimageindex notranslate noai noimageai     directives, without a value
    maxSnippet maxImagePreview maxVideoPreview unavailableAfter             directives with one
    search aiInput aiTrain                                                  uses: `yes` or `no`
    contentUse                                                              how far a use may go: `immediate`, `reference`, `full`
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from pipeline.core.rights import Tdm
from pipeline.text.dates.parsing import read_moment
from pipeline.text.urls import join


class Statement(NamedTuple):
    """A wish without place and time: its word, and its value if it has one."""

    wish: str
    value: str | None = None


MAX_TDM_RULES = 500
"""Rules of one tdmrep.json that are read. A plain choice: the files of publishers have one to ten."""
_MAX_VALUE = 2_000
"""Characters of a header or a line that are read. A plain choice."""

_DIRECTIVES = {
    **{name: Statement(name) for name in ("noindex", "noarchive", "nosnippet", "noimageindex", "notranslate", "noai", "noimageai")},
    "none": Statement("noindex"),  # noindex and nofollow; the latter is no wish about the article
    "nocache": Statement("noarchive"),  # Bing's name for it
}
_VALUED = {
    "max-snippet": ("maxSnippet", re.compile(r"\d+")),
    "max-video-preview": ("maxVideoPreview", re.compile(r"\d+")),
    "max-image-preview": ("maxImagePreview", re.compile(r"none|standard")),
}
"""Directives that bound something; `-1` and `large` bound nothing."""
_DEADLINE = "unavailable_after"

_USES = {"search": "search", "ai-use": "aiInput", "train-ai": "aiTrain"}
"""The categories of draft-ietf-aipref-vocab; others are ignored, as it demands."""
_SIGNALS = {"search": "search", "ai-input": "aiInput", "ai-train": "aiTrain"}
"""The categories of contentsignals.org."""
_EXTENTS = frozenset({"immediate", "reference", "full"})

_KEY = r"[a-z*][a-z0-9_.*-]*"
_BARE_ITEM = (
    r"""(?:[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*|"(?:[ !#-\[\]-~]|\\["\\])*"|-?\d{1,15}(?:\.\d{1,3})?|@-?\d{1,15}|\?[01]"""
    r"|:[A-Za-z0-9+/=]*:)"
)
_PARAMETERS = rf"(?:; *{_KEY}(?:={_BARE_ITEM})?)*"
_ITEM = _BARE_ITEM + _PARAMETERS
_MEMBER = re.compile(rf"({_KEY})(?:=({_BARE_ITEM}|\( *(?:{_ITEM}(?: +{_ITEM})*)? *\)))?{_PARAMETERS}")
"""A member of a dictionary in structured fields (RFC 9651, section 3.2)."""
_NEXT_MEMBER = re.compile(r"[ \t]*,[ \t]*")

_USAGE_LINE = re.compile(r"\s*(content-usage|content-signal)\s*:\s*(?:(/\S*)\s+)?([^#]*)", re.IGNORECASE)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_LITERAL = string.punctuation.replace("*", "").replace("$", "")
_RESERVATIONS: dict[str, Tdm] = {"1": "reserved", "0": "notReserved"}
_CREATIVE_COMMONS = re.compile(
    r"(?:https?:)?//(?:www\.)?creativecommons\.org/((?:licenses|publicdomain)/[a-z0-9+-]+/\d\.\d(?:/[a-z]{2,3}(?=/|$))?)", re.IGNORECASE
)


def robots_directives(content: str) -> tuple[Statement, ...]:
    """The restrictions in the `content` of a robots meta element; permissions (`index`, `max-snippet:-1`) are left out."""
    return _unique(statement for item in _items(content) for statement in _directives(item))


def x_robots_tag(values: Iterable[str], *, agent: str) -> tuple[Statement, ...]:
    """The restrictions in the X-Robots-Tag headers of an answer for all agents and for `agent`, a product token.

    Each of `values` is one header field. A name before a colon says for which agent the rules after it are, up to the next name or the end
    of the field (Google Search Central, "Robots meta tag, data-nosnippet, and X-Robots-Tag specifications").
    """
    found: list[Statement] = []
    for value in values:
        addressee: str | None = None
        for item in _items(value):
            name, colon, rest = item.partition(":")
            is_name = bool(colon) and name.strip() not in _VALUED and name.strip() != _DEADLINE
            addressee = name.strip() if is_name else addressee
            if addressee in (None, agent.lower()):
                found += _directives(rest.strip() if is_name else item)
    return _unique(found)


def usage_preferences(value: str) -> tuple[Statement, ...]:
    """The preferences in a Content-Usage field: a dictionary of structured fields, where `train-ai=n` refuses a use, `search=y` allows one.

    Unknown categories, parameters and values are ignored; a dictionary that cannot be parsed states nothing (draft-ietf-aipref-vocab,
    "Processing Algorithm").
    """
    members: dict[str, str | None] = {}
    text, position = value.strip(" ")[:_MAX_VALUE], 0
    while match := _MEMBER.match(text, position):
        members[match[1]] = match[2]
        separator = _NEXT_MEMBER.match(text, match.end())
        if separator is None:
            is_whole = match.end() == len(text.rstrip(" \t"))
            return _stated(members, _USES, {"y": "yes", "n": "no"}) if is_whole else ()
        position = separator.end()
    return ()


def content_signals(value: str) -> tuple[Statement, ...]:
    """The preferences in a Content-Signal, such as `search=yes, ai-train=no` (contentsignals.org)."""
    members: dict[str, str | None] = {}
    for item in value[:_MAX_VALUE].lower().split(","):
        name, _, said = item.partition("=")
        members[name.strip()] = said.strip()
    extent = members.get("use")
    stated = _stated(members, _SIGNALS, {"yes": "yes", "no": "no"})
    return (*stated, Statement("contentUse", extent)) if extent in _EXTENTS else stated


def is_usage_line(line: str) -> bool:
    """Whether a line of robots.txt states usage preferences."""
    return _USAGE_LINE.match(line) is not None


def preferences_for(url: str, lines: Sequence[str]) -> tuple[tuple[str, Statement], ...]:
    """The preferences for `url` in the Content-Usage and Content-Signal lines of one group of robots.txt, each with the name of the line.

    For each name, the lines with the longest matching path apply, a line without a path to all URLs; among several with the same path a
    refusal wins (draft-ietf-aipref-attach, "Content-Usage Rule Semantics").
    """
    readers = {"content-usage": usage_preferences, "content-signal": content_signals}
    rules = [(match[1].lower(), match[2] or "/", match[3]) for match in map(_USAGE_LINE.match, lines) if match is not None]
    found: list[tuple[str, Statement]] = []
    for name, read in readers.items():
        matching = [(path, said) for kind, path, said in rules if kind == name and matches_path(path, url)]
        longest = max((_octets(path) for path, _ in matching), default=0)
        stated = [one for path, said in matching if _octets(path) == longest for one in read(said)]
        refused = {statement.wish for statement in stated if statement.value == "no"}
        found += [(name, one) for one in _unique(stated) if one.value != "yes" or one.wish not in refused]
    return tuple(found)


def matches_path(pattern: str, url: str) -> bool:
    """Whether `pattern`, with `*` for any octets and `$` for the end, is a prefix of the path and query of `url` (RFC 9309, 2.2.3)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    path = _normal_path((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    first, *others = map(_normal_path, pattern.removesuffix("$").split("*"))
    if not path.startswith(first):
        return False
    position = len(first)
    last = others.pop() if others and pattern.endswith("$") else None
    for piece in others:
        position = path.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    if last is not None:
        return path.endswith(last) and len(path) - len(last) >= position
    return position == len(path) or not pattern.endswith("$")


def tdm_reservation(text: str) -> Tdm | None:
    """The value of a `tdm-reservation` field or meta element; any other counts as unset (TDMRep, "Error handling")."""
    return _RESERVATIONS.get(text.strip())


def tdm_rules(body: bytes) -> tuple[str, ...]:
    """The rules of a /.well-known/tdmrep.json in their order, each as a line of JSON; none when it is not such a file."""
    try:
        rules = json.loads(body.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        return ()
    valid = (_valid_rule(rule) for rule in (rules if isinstance(rules, list) else [rules])[:MAX_TDM_RULES])
    return tuple(json.dumps(rule) for rule in valid if rule is not None)


def tdm_rule_for(url: str, rules: Iterable[str]) -> tuple[Tdm, str | None] | None:
    """Reservation and policy that the first matching one of `rules`, as `tdm_rules` gives them, states for `url` (TDMRep, "TDM File")."""
    for line in rules:
        rule = json.loads(line)
        if matches_path(rule["location"], url):
            return _RESERVATIONS[rule["tdm-reservation"]], rule.get("tdm-policy")
    return None


def license_of(reference: str, *, base: str) -> str | None:
    """The canonical form of a licence: its absolute URL; for Creative Commons the URL of the deed, such as `.../licenses/by-nc/4.0/`."""
    match = _CREATIVE_COMMONS.search(reference)
    if match is not None:
        return f"https://creativecommons.org/{match[1].lower()}/"
    return join(base, reference)


def _items(content: str) -> Iterator[str]:
    """The comma-separated items in lower case; a date with a comma is one (`unavailable_after: Wed, 25 Jun 2025 15:00:00 GMT`)."""
    held = ""
    for item in content[:_MAX_VALUE].lower().split(","):
        if held and item.strip()[:1].isdigit():
            held = f"{held},{item}"
            continue
        if held:
            yield held.strip()
        held = item
    yield held.strip()


def _directives(item: str) -> Iterator[Statement]:
    name, colon, value = (part.strip() for part in item.partition(":"))
    if name == _DEADLINE and colon:
        moment = read_moment(value.upper())
        yield Statement("unavailableAfter", moment.value.isoformat() if moment is not None else value)
    elif name in _VALUED and colon:
        wish, bound = _VALUED[name]
        if bound.fullmatch(value):
            yield Statement(wish, value)
    else:
        yield from (_DIRECTIVES[word] for word in item.split() if word in _DIRECTIVES)


def _stated(members: dict[str, str | None], uses: dict[str, str], values: dict[str, str]) -> tuple[Statement, ...]:
    answers = ((wish, values.get(members.get(label) or "")) for label, wish in uses.items())
    return tuple(Statement(wish, answer) for wish, answer in answers if answer is not None)


def _valid_rule(rule: Any) -> dict[str, str] | None:
    if not isinstance(rule, dict) or not isinstance(rule.get("location"), str) or isinstance(rule.get("tdm-reservation"), bool):
        return None
    reservation = str(rule.get("tdm-reservation")).strip()
    if reservation not in _RESERVATIONS:
        return None
    policy = rule.get("tdm-policy")
    valid = {"location": rule["location"][:_MAX_VALUE], "tdm-reservation": reservation}
    return {**valid, "tdm-policy": policy[:_MAX_VALUE]} if isinstance(policy, str) and policy.strip() else valid


def _octets(path: str) -> int:
    return len(path.encode(errors="replace"))


def _normal_path(path: str) -> str:
    """Percent-encoding in one form: unreserved octets plain, escapes in capitals (RFC 3986, section 6.2.2), `*` and `$` escaped."""

    def normal(match: re.Match[str]) -> str:
        octet = chr(int(match[1], 16))
        return octet if octet in _UNRESERVED else match[0].upper()

    return _ESCAPE.sub(normal, quote(path, safe=_LITERAL, errors="replace"))


def _unique(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(dict.fromkeys(statements))
