"""Kills at random points over capture, extract, publish and a backfill, each followed by going on: the end state must have equal bytes.

    python -m bench.chaos                    50 kills
    python -m bench.chaos --kills 200 --seed 7

Each round begins with an empty lake, walks the sample world's hour live and then backfills its day for some sources. The process is killed
(SIGKILL) at a random request, or just before or after a random file is renamed into place, and started again with the same commands, until
it comes to its end. Every file of the lake is then compared with those of a run that nobody disturbed.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import multiprocessing
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any

from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.operations import stages
from pipeline.operations.backfill_plans import Asked
from pipeline.operations.backfill_runs import plan_backfill, read_record, run_backfill
from tests.integration import walking
from tests.newsroom import Newsroom, World

HOUR = Interval.parse("2026-11-20T12")
DAY = date(2026, 11, 20)
NOW = walking.MOMENT + timedelta(minutes=30)
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def work(options: dict[str, Any], asked: Asked, kill_at: int | None, count: Any, last_words: Any) -> None:
    """One hour live, then the day's backfill, unless that is done; killed at its `kill_at`-th step."""
    walking.kill_this_process(kill_at, count, last_words)
    settings = Settings(**options)
    catalogue = load_catalogue(settings.config)
    record = read_record(settings, asked.id)
    if record is None or record.state != "done":
        stages.run(settings, catalogue, HOUR, live=True, clock=walking.StoppedClock())
        run_backfill(settings, catalogue, plan_backfill(settings, catalogue, asked, now=NOW), clock=walking.StoppedClock(NOW))


class Rounds:
    """Processes that work on lakes and are killed, and what became of them."""

    def __init__(self, options: dict[str, Any], asked: Asked) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__, "tests.integration.walking"])
        self._options = options
        self._asked = asked
        self.places: Counter[str] = Counter()

    def run(self, lake: Path, kill_at: int | None = None) -> tuple[bool, int]:
        """Whether it was killed, and its steps."""
        count, last_words = self._context.RawValue("i", 0), RawArray("c", 256)
        arguments = ({**self._options, "lake": str(lake)}, self._asked, kill_at, count, last_words)
        process = self._context.Process(target=work, args=arguments)
        process.start()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            self.places[_place(last_words.value.decode(errors="replace"), lake)] += 1
            return True, count.value
        if process.exitcode != 0:
            sys.exit(f"the work failed by itself: exit code {process.exitcode}")
        return False, count.value


def _place(last_words: str, lake: Path) -> str:
    """What was being done: a request, or the layer whose file was written."""
    return last_words.removeprefix(f"{lake}/").partition("/")[0] if last_words.startswith(str(lake)) else "request"


def digests(lake: Path) -> dict[str, str]:
    return {
        str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(lake.rglob("*")) if path.is_file()
    }


def _first_lines(whole: Path, lake: Path, names: Sequence[str]) -> Iterator[str]:
    """Where the JSON files among `names` differ."""
    for name in [name for name in names if name.endswith(".json")]:
        expected, found = ((root / name).read_text().splitlines() if (root / name).exists() else [] for root in (whole, lake))
        yield from (f"{name}: {line}" for line in list(difflib.unified_diff(expected, found, lineterm="", n=0))[:20])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--sources", type=int, default=3, help="sources of the backfill")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    began = time.monotonic()
    with Newsroom(World.load(), now=walking.MOMENT) as room, tempfile.TemporaryDirectory(prefix="news-chaos-") as folder:
        settings = Settings.from_environment({**room.environment, "NEWS_SEALING_KEYS": KEY}, lake=folder)
        sources = [source.id for source in load_catalogue(settings.config).enabled_sources[: options.sources]]
        rounds = Rounds(settings.model_dump(), Asked(DAY, DAY, tuple(sorted(sources)), ("captures", "pages")))
        _, steps = rounds.run(Path(folder, "whole"))
        whole = digests(Path(folder, "whole"))
        print(f"undisturbed: {steps} steps, {len(whole)} files")
        kills, number = 0, 0
        while kills < options.kills:
            number += 1
            lake, mine = Path(folder, f"round-{number}"), 0
            while kills < options.kills and rounds.run(lake, chance.randint(1, steps))[0]:
                kills, mine = kills + 1, mine + 1
            rounds.run(lake)
            found = digests(lake)
            different = sorted(name for name in whole.keys() | found.keys() if whole.get(name) != found.get(name))
            if different:
                print(f"round {number}, after {mine} kills: {len(different)} files differ: {different[:10]}")
                sys.exit("\n".join(_first_lines(Path(folder, "whole"), lake, different)))
            print(f"round {number}: {mine} kills, equal", flush=True)
    places = ", ".join(f"{count} {place}" for place, count in rounds.places.most_common())
    print(f"{kills} kills in {number} rounds ({places}), all bytes equal, {time.monotonic() - began:.0f} s, seed {options.seed}")


if __name__ == "__main__":
    main()
