"""Findings about followed feeds: two that list the same, one that fell silent, moved or is gone. Pure.

Feed states of manifests in, one sentence for each finding out. Changes no source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, combinations

from pipeline.lake.manifests import FeedState
from pipeline.text.counts import counted

TWIN_SHARE = 0.9
"""Share of the smaller feed's entries in the other one, from which both count as the same feed. A plain choice."""
TWIN_ENTRIES = 5
"""Entries below which feeds are not compared: few in common may be chance. A plain choice."""
RHYTHM_WINDOW = timedelta(days=7)
"""Time over which the usual number of new entries is computed: a whole week, so that each weekday counts once."""
USUAL_PER_DAY = 1.0
"""New entries a day below which a feed is not checked for silence: a week does not show its rhythm."""
SILENT_ENTRIES = 3.0
"""A feed is silent after the time in which it usually has this many new entries: without any, chance is unlikely (e^-3, one in twenty)."""
SILENT_AT_LEAST = timedelta(hours=36)
"""Shortest silence that is reported: longer than a night or a Sunday."""
GONE_AFTER = 3
"""Failing polls in a row after which a feed is reported as gone or blocked. A plain choice."""
GONE_STATUSES = frozenset({404, 410})
BLOCK_STATUSES = frozenset({401, 403, 429, 451})
"""Statuses with which a server refuses our requests."""
UNREACHED = {"dns": "resolves", "connection": "can be reached", "timeout": "answers"}
"""Reasons of requests that reached no host, and the verb of the sentence about all hosts."""


@dataclass(frozen=True, slots=True)
class FeedFinding:
    """One finding about the feed of a source, for an operator."""

    source_id: str
    url: str
    kind: str
    """`twin`, `silent`, `moved`, `gone`."""
    text: str


def feed_findings(
    states: Sequence[FeedState], *, now: datetime, news: Mapping[str, Sequence[datetime]] | None = None
) -> tuple[FeedFinding, ...]:
    """The findings about `states`, sorted by source, URL and kind.

    `news` holds, by the feed's URL, the times of the polls that found new entries in the last `RHYTHM_WINDOW`.
    """
    found = [*_twins(states), *_moved(states), *_gone(states)]
    found += [finding for state in states if (finding := _silence(state, (news or {}).get(state.url, ()), now=now)) is not None]
    return tuple(sorted(found, key=lambda finding: (finding.source_id, finding.url, finding.kind, finding.text)))


def network_problem(unreached: Mapping[str, str]) -> str | None:
    """The sentence that says that no host could be reached, which is then no fault of any source.

    `unreached` maps all hosts that were asked to one of the reasons in `UNREACHED`. None for fewer than two: a single host may be gone.
    """
    if len(unreached) < 2:
        return None
    reasons = set(unreached.values())
    (word,) = {UNREACHED[reason] for reason in reasons} if len(reasons) == 1 else {UNREACHED["connection"]}
    missing = "a network or a name server" if reasons == {"dns"} else "a network"
    return f"no host {word} ({len(unreached)} were asked): this machine seems to be without {missing}"


def _twins(states: Sequence[FeedState]) -> Iterable[FeedFinding]:
    entries = [frozenset(state.seen) for state in states]
    for place, other_place in _pairs_with_something_in_common(states, entries):
        one, other, listed, listed_too = states[place], states[other_place], entries[place], entries[other_place]
        if one.url == other.url or (one.moved_to or one.url) == (other.moved_to or other.url):
            reason = "both redirect to the same address"
        else:
            smaller = min(len(listed), len(listed_too))
            common = len(listed & listed_too)
            if smaller < TWIN_ENTRIES or common < TWIN_SHARE * smaller:
                continue
            reason = f"{common} of {counted(smaller, 'entry', 'entries')} in common"
        yield FeedFinding(other.source_id, other.url, "twin", f"the same feed as {one.url} of {one.source_id}: {reason}")


def _pairs_with_something_in_common(states: Sequence[FeedState], entries: Sequence[frozenset[str]]) -> list[tuple[int, int]]:
    """The places of all two states that share an address or an entry: comparing each with each takes a second for 200 feeds."""
    names = [{state.url, state.moved_to or state.url, *listed} for state, listed in zip(states, entries, strict=True)]
    common = {name for name, number in Counter(chain.from_iterable(names)).items() if number > 1}
    places: dict[str, list[int]] = {}
    for place, own in enumerate(names):
        for name in own & common:
            places.setdefault(name, []).append(place)
    return sorted({pair for found in places.values() for pair in combinations(found, 2)})


def _moved(states: Sequence[FeedState]) -> Iterable[FeedFinding]:
    return (
        FeedFinding(state.source_id, state.url, "moved", f"moved permanently to {state.moved_to}: write that URL into sources.yaml")
        for state in states
        if state.moved_to is not None and state.verdict in ("captured", "notModified")
    )


def _gone(states: Sequence[FeedState]) -> Iterable[FeedFinding]:
    for state in states:
        if state.schedule.failures < GONE_AFTER:
            continue
        is_blocked = state.status in BLOCK_STATUSES or state.verdict == "disallowed"
        words = "blocked" if is_blocked else "gone" if state.status in GONE_STATUSES else "failing"
        why = f"{state.reason or state.verdict}{f' {state.status}' if state.status else ''}"
        following = state.schedule.next_poll
        when = f", next poll at {following:%Y-%m-%d %H:%M} UTC" if following is not None else ""
        yield FeedFinding(
            state.source_id, state.url, "gone", f"{words} in its last {counted(state.schedule.failures, 'poll')} ({why}){when}"
        )


def _silence(state: FeedState, news: Sequence[datetime], *, now: datetime) -> FeedFinding | None:
    """The finding about a readable feed without new entries for longer than usual; None when there is none."""
    recent = sorted(moment for moment in news if now - RHYTHM_WINDOW <= moment <= now)
    if state.verdict not in ("captured", "notModified") or len(recent) < 2:
        return None
    span_days = max((recent[-1] - recent[0]) / timedelta(days=1), 1.0)
    per_day = len(recent) / span_days
    silent = now - recent[-1]
    if per_day < USUAL_PER_DAY or silent < max(SILENT_AT_LEAST, timedelta(days=SILENT_ENTRIES / per_day)):
        return None
    return FeedFinding(
        state.source_id, state.url, "silent", f"usually {per_day:.0f} new entries a day, none for {silent / timedelta(days=1):.1f} days"
    )
