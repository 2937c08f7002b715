"""Captures a month of the past from all origins while the live schedule runs: no article may be missed, captured twice or out of range.

    python -m bench.history                              30 days, 20 publishers
    python -m bench.history --days 3 --publishers 8 --seed 7

A seed determines the world (`tests.newsroom.histories`): publishers whose past is in sitemaps, in pages of their feeds, in a Wayback
Machine or in a news crawl. After every sixth past hour a live hour is captured, for which the publishers publish new articles. At the end
the captured URLs are compared with the list of the world.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from pipeline.core.catalogue import Catalogue, load_catalogue
from pipeline.core.models import HOUR, Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.manifests import Manifest, from_json
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.walking import StoppedClock
from tests.newsroom import Newsroom
from tests.newsroom.histories import History

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LIVE_EVERY = 6
"""Past hours between two live hours."""
CATALOGUE = Path(__file__).resolve().parents[1] / "data"


def main() -> int:
    """Capture the past and compare; exit code 1 when an article was missed, captured twice or out of range."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--publishers", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start, end = NOW - timedelta(days=options.days + 2), NOW - timedelta(days=2)
    with Newsroom() as room, tempfile.TemporaryDirectory(prefix="news-history-") as folder:
        history = History(room, seed=options.seed, count=options.publishers, start=start - timedelta(days=1), now=NOW)
        origins = ("captures", "sitemap", "pages", "wayback", "ccnews")
        settings = Settings(**room.settings, **history.settings, lake=f"{folder}/lake", archive_pace_s=0, origins=origins)
        catalogue = _catalogue(Path(folder), history)
        began = time.perf_counter()
        shown = _walk(history, settings, catalogue, start=start, hours=options.days * 24)
        return _compare(settings, wanted=history.between(start, end), shown=shown, seconds=time.perf_counter() - began)


def _catalogue(folder: Path, history: History) -> Catalogue:
    for name in ("topics.yaml", "providers.yaml", "scoring.yaml"):
        shutil.copy(CATALOGUE / name, folder / name)
    (folder / "sources.yaml").write_text(yaml.safe_dump({"sources": history.sources}), encoding="utf-8")
    return load_catalogue(folder)


def _walk(history: History, settings: Settings, catalogue: Catalogue, *, start: datetime, hours: int) -> set[str]:
    """Capture the past hours and the live hours between them; returns the URLs that the feeds listed in the live hours."""
    now, shown = NOW, set[str]()
    for number in range(hours):
        if number % LIVE_EVERY == 0:
            history.publish(now)
            now += HOUR
            shown |= history.shown()
            _capture(settings, catalogue, Interval.containing(now - HOUR), now, live=True)
        _capture(settings, catalogue, Interval.containing(start + number * HOUR), now, live=False)
        if number % 24 == 23:
            print(f"{number + 1} of {hours} hours", file=sys.stderr, flush=True)
    return shown


def _capture(settings: Settings, catalogue: Catalogue, interval: Interval, now: datetime, *, live: bool) -> None:
    clock = StoppedClock(now)
    for part in stages.plan(settings, catalogue, interval, live=live):
        stages.capture(settings, catalogue, part, live=live, only_due=False, clock=clock)
    if not live:
        stages.capture_archives(settings, catalogue, interval, clock=clock)


def _compare(settings: Settings, *, wanted: set[str], shown: set[str], seconds: float) -> int:
    manifests = _manifests(settings)
    captured = Counter(page.entry.url for manifest in manifests for page in manifest.pages)
    served = Counter(origin for manifest in manifests if manifest.sources for origin in manifest.origins.values())
    missed, extra = (wanted | shown) - set(captured), set(captured) - wanted - shown
    twice = {url for url, count in captured.items() if count > 1}
    print(f"articles of the past: {len(wanted)}, listed in live hours: {len(shown)}, captured: {len(captured)}")
    print(f"missed: {len(missed)}, captured twice: {len(twice)}, out of range: {len(extra)}")
    print(f"source hours by origin: {', '.join(f'{origin} {count}' for origin, count in sorted(served.items()))}")
    print(f"{seconds:.0f} s")
    return 1 if missed or twice or extra else 0


def _manifests(settings: Settings) -> list[Manifest]:
    lake = Lake(settings.lake)
    parts = [Part(interval, name) for interval in lake.captured_intervals() for name in lake.captured_parts(interval.key)]
    return [from_json(lake.read_bytes(storage.manifest_path(part)), path=storage.manifest_path(part)) for part in parts]


if __name__ == "__main__":
    sys.exit(main())
