"""Decides when a feed is polled next, from headers, requests in the document, and how often it had new entries. Pure.

Two times decide. Before `closed_until` the feed is not polled, because the server (Cache-Control, Expires, Retry-After) or the document
(`ttl`, `sy:updatePeriod`) asked for that. `next_poll` is the pipeline's own choice: hourly while a feed has new entries, less often while
it has none or fails. A feed is never given up.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipeline.fetching.politeness import LONGEST_WAIT_S, retry_after_s
from pipeline.lake.schedules import SHORTEST_S, Schedule

LONGEST_S = 21_600.0
"""Longest interval of a feed without new entries. A plain choice: a conditional GET every six hours costs a server nothing."""
LONGEST_ASKED_S = 86_400.0
"""Longest freshness that is honoured, a day: CDNs give a year to every static file."""
LONGEST_FAILING_S = 86_400.0
"""Longest interval of a failing feed. A plain choice: a repaired feed is noticed within a day."""
GROWTH = 1.5
"""Factor on the interval after quiet polls. A plain choice: from one hour to six in five steps."""
QUIET_POLLS = 2
"""Polls in a row without new entries after which the interval grows; after one it would grow too often (experience of `rss-fetcher`)."""
MUCH_NEW = 0.25
"""Share of new entries in a document from which the interval becomes the shortest at once: entries could be gone by a later poll."""
SHARES_KEPT = 8
"""Polls whose shares of new entries are kept. A plain choice."""
EARLY_S = 300.0
"""Seconds by which a poll may precede `next_poll`, because runs do not start on the second; it never precedes `closed_until`."""
PATIENT_FAILURES = 2
"""Transient failures in a row after which the interval grows. A plain choice."""
CHECK_AFTER = 12
"""304 answers in a row after which the next poll sends no validators, because some servers answer 304 whatever changed. A plain choice."""
DISTRUST = timedelta(days=7)
"""Time for which no validators are sent to a server whose 304 answers were wrong. A plain choice."""

GONE_REASONS = frozenset(
    {"notAFeed", "notASection", "wrongType", "tooLarge", "redirects", "protocol", "tls", "forbiddenUrl", "forbiddenAddress"}
    | {"listingTimeout", "listingMemory", "listingCrash"}
)
"""Reasons of failures that usually last longer than an hour, as 4xx statuses other than 408, 425 and 429 do."""

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_NEVER_FRESH = re.compile(r"(?:^|[\s,])no-(?:cache|store)(?:$|[\s,])", re.IGNORECASE)
PERIODS_S = {"hourly": 3_600.0, "daily": 86_400.0, "weekly": 604_800.0, "monthly": 2_592_000.0, "yearly": 31_536_000.0}


@dataclass(frozen=True, slots=True)
class PollBounds:
    """A source's own bounds for the seconds between two polls of a feed."""

    shortest_s: float = SHORTEST_S
    longest_s: float = LONGEST_S


def freshness_s(headers: Mapping[str, str], *, now: datetime) -> float:
    """Seconds for which an answer with these headers (names in lower case) is fresh (RFC 9111, section 4.2), 0 when they do not say."""
    control = headers.get("cache-control", "")
    if _NEVER_FRESH.search(control):
        return 0.0
    stated = _MAX_AGE.search(control)
    if stated is not None:
        age = headers.get("age", "").strip()
        return max(0.0, float(stated[1]) - (float(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0.0))
    expires = _http_date(headers.get("expires"))
    if expires is None:
        return 0.0
    sent = _http_date(headers.get("date")) or now
    return max(0.0, (expires - sent).total_seconds())


def period_s(ttl: str | None, *, update_period: str | None, update_frequency: str | None) -> float:
    """Seconds between polls that a document asks for by RSS 2.0 `ttl` (minutes) or the RSS 1.0 syndication module, 0 without either."""
    asked = 0.0
    if ttl is not None and re.fullmatch(r"\s*[0-9]{1,6}\s*", ttl):
        asked = float(ttl) * 60
    if update_period is not None:
        frequency = update_frequency.strip() if update_frequency is not None else "1"
        times = int(frequency) if re.fullmatch(r"[0-9]{1,4}", frequency) else 1
        asked = max(asked, PERIODS_S.get(update_period.strip().lower(), 0.0) / max(1, times))
    return asked


def wait_s(schedule: Schedule, *, now: datetime) -> float:
    """Seconds until the feed may be polled, 0 when it is due: `EARLY_S` before `next_poll`, but not before `closed_until`."""
    planned = schedule.next_poll - timedelta(seconds=EARLY_S) if schedule.next_poll is not None else now
    return max(0.0, (max(planned, schedule.closed_until or now) - now).total_seconds())


def sends_validators(schedule: Schedule, *, now: datetime) -> bool:
    """Whether the next poll sends validators: not while they are distrusted, and not when `CHECK_AFTER` demands a check."""
    is_distrusted = schedule.distrusted_until is not None and now < schedule.distrusted_until
    return not is_distrusted and schedule.unchanged < CHECK_AFTER


def after_document(
    schedule: Schedule, *, now: datetime, bounds: PollBounds, new: int, total: int, headers: Mapping[str, str], document_s: float
) -> Schedule:
    """The schedule after a document with `total` entries, of which `new` were not in the document before."""
    share = round(new / total, 3) if total else 0.0
    after = replace(schedule, document_s=min(document_s, LONGEST_ASKED_S), unchanged=0)
    return _succeeded(after, now=now, bounds=bounds, share=share, headers=headers)


def after_not_modified(schedule: Schedule, *, now: datetime, bounds: PollBounds, headers: Mapping[str, str]) -> Schedule:
    """The schedule after a 304."""
    after = replace(schedule, unchanged=schedule.unchanged + 1)
    return _succeeded(after, now=now, bounds=bounds, share=0.0, headers=headers)


def after_failure(
    schedule: Schedule, *, now: datetime, bounds: PollBounds, reason: str | None, status: int | None, retry_after_s: float | None
) -> Schedule:
    """The schedule after a failed poll: the interval grows with the kind of failure, up to a day or the time that the server asked for."""
    failures = schedule.failures + 1
    steps = failures - 1 if _is_lasting(reason, status) else max(0, failures - PATIENT_FAILURES)
    delay_s = min(bounds.shortest_s * 2.0 ** min(steps, 20), max(LONGEST_FAILING_S, bounds.shortest_s))
    closed_s = min(retry_after_s or 0.0, LONGEST_WAIT_S)
    return replace(
        schedule,
        asked=now,
        failures=failures,
        next_poll=now + timedelta(seconds=delay_s),
        closed_until=now + timedelta(seconds=closed_s) if closed_s else schedule.closed_until,
    )


def were_validators_wrong(
    schedule: Schedule,
    *,
    same_validators: bool,
    new_dates: Collection[datetime | None],
) -> bool:
    """Whether the server answered 304 although the document had changed, as a poll without validators shows.

    It was wrong when the document with new entries has the validators of the old one, or when most of the new entries are older than the
    last 304 answer. `new_dates` are the dates of the new entries.
    """
    if not new_dates or not schedule.unchanged or schedule.asked is None:
        return False
    older = sum(moment is not None and moment < schedule.asked for moment in new_dates)
    return same_validators or older * 2 > len(new_dates)


def distrust_validators(schedule: Schedule, *, now: datetime) -> Schedule:
    """The schedule of a feed whose 304 answers were wrong: no validators are sent for `DISTRUST`."""
    return replace(schedule, distrusted_until=now + DISTRUST)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, None without one."""
    return retry_after_s(headers.get("retry-after"), now=now)


def _succeeded(schedule: Schedule, *, now: datetime, bounds: PollBounds, share: float, headers: Mapping[str, str]) -> Schedule:
    shares = (*schedule.new_shares, share)[-SHARES_KEPT:]
    interval_s = _interval_s(schedule.interval_s, shares=shares, bounds=bounds)
    asked_s = min(max(freshness_s(headers, now=now), schedule.document_s), LONGEST_ASKED_S)
    closed_s = max(asked_s, min(retry_after(headers, now=now) or 0.0, LONGEST_WAIT_S))
    return replace(
        schedule,
        asked=now,
        failures=0,
        new_shares=shares,
        interval_s=interval_s,
        next_poll=max(_start(schedule, now=now) + timedelta(seconds=interval_s), now + timedelta(seconds=closed_s)),
        closed_until=now + timedelta(seconds=closed_s) if closed_s else None,
    )


def _start(schedule: Schedule, *, now: datetime) -> datetime:
    """The start of the next interval: the planned time for a poll that was a little early, so that polls do not drift."""
    planned = schedule.next_poll
    return planned if planned is not None and now < planned <= now + timedelta(seconds=EARLY_S) else now


def _interval_s(before_s: float, *, shares: tuple[float, ...], bounds: PollBounds) -> float:
    """The next interval in seconds: shorter after new entries, longer after `QUIET_POLLS` without any, else as before."""
    interval_s = before_s
    if shares[-1] >= MUCH_NEW:
        interval_s = bounds.shortest_s
    elif shares[-1] > 0:
        interval_s = before_s / 2
    elif not any(shares[-QUIET_POLLS:]) and len(shares) >= QUIET_POLLS:
        interval_s = before_s * GROWTH
    return min(max(interval_s, bounds.shortest_s), max(bounds.longest_s, bounds.shortest_s))


def _is_lasting(reason: str | None, status: int | None) -> bool:
    is_refused = status is not None and 400 <= status < 500 and status not in (408, 425, 429)
    return reason in GONE_REASONS or (reason in (None, "status") and is_refused)


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
