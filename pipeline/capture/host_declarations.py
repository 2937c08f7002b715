"""Declarations of hosts on the use of their pages: lines of robots.txt, and rules of /.well-known/tdmrep.json, which is fetched here.

The manifest of a part holds the declarations in force when its pages were fetched, so that extraction reads no other part. A host is asked
for its tdmrep.json at most once a day: the outcome, a 404 too, is in the manifest, and later intervals read it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.capture.earlier_captures import EarlierCaptures
from pipeline.capture.segments import Segment
from pipeline.capture.source_sessions import outcome_of
from pipeline.core.models import Answer, Outcome
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.lake.archives.warc import CaptureWriter
from pipeline.lake.manifests import HostDeclaration
from pipeline.text.rights import tdm_rules

TDM_FILE = "/.well-known/tdmrep.json"
MAX_AGE = timedelta(hours=24)
"""Age up to which an answer is used: that of robots.txt (RFC 9309, section 2.4), because TDMRep itself names none."""


def robots_declarations(fetcher: Fetcher, earlier: EarlierCaptures) -> tuple[HostDeclaration, ...]:
    """The usage lines of every robots.txt that `fetcher` applied, whether fetched by it or earlier, ordered by URL."""
    fetched = {answer.url: answer.final.at for answer in fetcher.robots_answers if answer.final is not None}
    found = []
    for url, lines in sorted(fetcher.usage_lines.items()):
        at = fetched[url] if url in fetched else earlier.robots[url][1].at if url in earlier.robots else None
        if at is not None and lines:
            found.append(HostDeclaration(url, at, lines))
    return tuple(found)


def known_reservations(fetcher: Fetcher, earlier: EarlierCaptures) -> tuple[HostDeclaration, ...]:
    """The last known tdmrep.json rules of the hosts whose robots.txt `fetcher` applied, ordered by URL."""
    urls = sorted(url.removesuffix("/robots.txt") + TDM_FILE for url in fetcher.usage_lines)
    return tuple(earlier.declarations[url] for url in urls if url in earlier.declarations)


def ask_hosts(
    fetcher: Fetcher, paces_s: Mapping[str, float], earlier: EarlierCaptures, path: Path, *, now: datetime, threads: int
) -> tuple[Segment, tuple[HostDeclaration, ...]]:
    """Fetch tdmrep.json of the hosts that were not asked within `MAX_AGE`, in parallel, into a segment at `path`.

    `paces_s` maps a host's root URL to the seconds between requests to it. Returns the segment and the declarations now in force for all
    these hosts, ordered by URL. A host that fails to answer keeps its earlier declaration.
    """
    urls = {f"{root}{TDM_FILE}": pace_s for root, pace_s in sorted(paces_s.items())}
    stale = [url for url in urls if not _is_fresh(earlier.tdm_asked.get(url), now=now)]
    with ThreadPoolExecutor(max_workers=max(1, min(threads, len(stale)))) as pool:
        answers = dict(zip(stale, pool.map(lambda url: fetcher.get(Target(url, "tdmrep", urls[url])), stale), strict=True))
    with path.open("wb") as file:
        writer = CaptureWriter(file)
        outcomes = {url: outcome_of(one, "tdmrep", source_id=None, offset=writer.write_answer(one)) for url, one in answers.items()}
    known = {url: earlier.declarations.get(url) for url in urls}
    declared = (_declared(outcomes[url], answers[url], known[url]) if url in outcomes else known[url] for url in urls)
    return Segment(path, tuple(outcomes.values())), tuple(one for one in declared if one is not None)


def _is_fresh(asked: datetime | None, *, now: datetime) -> bool:
    return asked is not None and timedelta() <= now - asked < MAX_AGE


def _declared(outcome: Outcome, answer: Answer, known: HostDeclaration | None) -> HostDeclaration | None:
    final = answer.final
    if outcome.verdict != "captured" or final is None:
        return known
    rules = tdm_rules(final.body) if final.status == 200 else ()
    return HostDeclaration(outcome.url, final.at, rules) if rules else None
