"""Findings about followed feeds: two that list the same, one that fell silent, moved or is gone. Pure.

Feed states of manifests in, one sentence for each finding out. Changes no source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from pipeline.lake.manifests import FeedState

TWIN_SHARE = 0.9
"""Share of the smaller feed's entries that the other one also lists, from which both count as the same feed."""
TWIN_ENTRIES = 5
"""Feeds with fewer entries are not compared: few in common may be chance."""
RHYTHM_WINDOW = timedelta(days=7)
USUAL_PER_DAY = 1.0
"""Feeds with fewer new entries a day are not checked for silence: a week shows no rhythm of them."""
SILENT_ENTRIES = 3.0
"""A feed has fallen silent after the time that usually has so many new entries, but not before `SILENT_AT_LEAST`."""
SILENT_AT_LEAST = timedelta(hours=36)
"""Longer than a night or a Sunday."""
GONE_AFTER = 3
"""Failing polls in a row."""
GONE_STATUSES = frozenset({404, 410})
BLOCK_STATUSES = frozenset({401, 403, 429, 451})
"""Answers by which a server that is there refuses us."""
UNREACHED = {"dns": "resolves", "connection": "can be reached", "timeout": "answers"}
"""Reasons for which a request came to no host, and what the sentence about all hosts says then."""


@dataclass(frozen=True, slots=True)
class FeedFinding:
    """One oddity of a source's feed, for an operator."""

    source_id: str
    url: str
    kind: str
    """`twin`, `silent`, `moved`, `gone`."""
    text: str


def findings(
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
    for one, other in combinations(states, 2):
        if one.url == other.url or (one.moved_to or one.url) == (other.moved_to or other.url):
            reason = "both lead to the same address"
        else:
            smaller = min(len(set(one.seen)), len(set(other.seen)))
            common = len(set(one.seen) & set(other.seen))
            if smaller < TWIN_ENTRIES or common < TWIN_SHARE * smaller:
                continue
            reason = f"{common} of {smaller} entries are the same"
        yield FeedFinding(other.source_id, other.url, "twin", f"the same feed as {one.url} of {one.source_id}: {reason}")


def _moved(states: Sequence[FeedState]) -> Iterable[FeedFinding]:
    return (
        FeedFinding(state.source_id, state.url, "moved", f"moved for good to {state.moved_to}: write that into sources.yaml")
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
        when = f", asked again {following:%Y-%m-%d %H:%M} UTC" if following is not None else ""
        yield FeedFinding(state.source_id, state.url, "gone", f"{words} in its last {state.schedule.failures} polls ({why}){when}")


def _silence(state: FeedState, news: Sequence[datetime], *, now: datetime) -> FeedFinding | None:
    """The finding about a feed that can be read and has no new entries any more."""
    recent = sorted(moment for moment in news if now - RHYTHM_WINDOW <= moment <= now)
    if state.verdict not in ("captured", "notModified") or len(recent) < 2:
        return None
    span_days = max((recent[-1] - recent[0]) / timedelta(days=1), 1.0)
    per_day = len(recent) / span_days
    silent = now - recent[-1]
    if per_day < USUAL_PER_DAY or silent < max(SILENT_AT_LEAST, timedelta(days=SILENT_ENTRIES / per_day)):
        return None
    return FeedFinding(state.source_id, state.url, "silent", f"usually {per_day:.0f} a day, 0 for {silent / timedelta(days=1):.1f} days")
