"""Kills the process at random points of a walk and a backfill and continues it: the final lake must have the same bytes as without kills.

    python -m bench.chaos                    50 kills
    python -m bench.chaos --kills 200 --seed 7

Each round begins with an empty lake, runs the hour of the sample world live and then backfills its day for some sources. The process is
killed (SIGKILL) at a random request, or just before or after a random file is renamed into place, and started again with the same commands,
until it finishes. Every file of the lake is then compared with the same file of an undisturbed run.
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
from pipeline.operations.backfill_plans import BackfillRequest
from pipeline.operations.backfill_runs import plan_backfill, read_record, run_backfill
from pipeline.text.counts import counted
from tests.integration import walking
from tests.newsroom import Newsroom, World

HOUR = Interval.parse("2026-11-20T12")
DAY = date(2026, 11, 20)
NOW = walking.MOMENT + timedelta(minutes=30)
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def work(options: dict[str, Any], asked: BackfillRequest, kill_at: int | None, count: Any, last_words: Any) -> None:
    """Run the hour live, then the backfill of the day, unless it is done; this process is killed at its `kill_at`-th step."""
    walking.kill_this_process(kill_at, count, last_words)
    settings = Settings(**options)
    catalogue = load_catalogue(settings.config)
    record = read_record(settings, asked.id)
    if record is None or record.state != "done":
        stages.run(settings, catalogue, HOUR, live=True, clock=walking.StoppedClock())
        run_backfill(settings, catalogue, plan_backfill(settings, catalogue, asked, now=NOW), clock=walking.StoppedClock(NOW))


class Rounds:
    """Runs `work` in processes that are killed, and counts in `places` where they were killed."""

    def __init__(self, options: dict[str, Any], asked: BackfillRequest) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__, "tests.integration.walking"])
        self._options = options
        self._asked = asked
        self.places: Counter[str] = Counter()

    def run(self, lake: Path, kill_at: int | None = None) -> tuple[bool, int]:
        """Run `work` on `lake` in a new process; returns whether it was killed, and the number of its steps."""
        count, last_words = self._context.RawValue("i", 0), RawArray("c", 256)
        arguments = ({**self._options, "lake": str(lake)}, self._asked, kill_at, count, last_words)
        process = self._context.Process(target=work, args=arguments)
        process.start()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            self.places[_place(last_words.value.decode(errors="replace"), lake)] += 1
            return True, count.value
        if process.exitcode != 0:
            sys.exit(f"the process failed without being killed: exit code {process.exitcode}")
        return False, count.value


def _place(last_words: str, lake: Path) -> str:
    """Where the process was killed: at a `request`, or at a file of this layer of the lake."""
    return last_words.removeprefix(f"{lake}/").partition("/")[0] if last_words.startswith(str(lake)) else "request"


def digests(lake: Path) -> dict[str, str]:
    """SHA-256 of every file of the lake, by relative path."""
    return {
        str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(lake.rglob("*")) if path.is_file()
    }


def _first_lines(whole: Path, lake: Path, names: Sequence[str]) -> Iterator[str]:
    """The first differing lines of each JSON file among `names`."""
    for name in [name for name in names if name.endswith(".json")]:
        expected, found = ((root / name).read_text().splitlines() if (root / name).exists() else [] for root in (whole, lake))
        yield from (f"{name}: {line}" for line in list(difflib.unified_diff(expected, found, lineterm="", n=0))[:20])


def main() -> None:
    """Kill and continue until `--kills` is reached; ends with a message and exit code 1 at the first difference."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--sources", type=int, default=3, help="number of sources of the backfill")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    began = time.monotonic()
    with Newsroom(World.load(), now=walking.MOMENT) as room, tempfile.TemporaryDirectory(prefix="news-chaos-") as folder:
        settings = Settings.from_environment({**room.environment, "NEWS_SEALING_KEYS": KEY}, lake=folder)
        sources = [source.id for source in load_catalogue(settings.config).enabled_sources[: options.sources]]
        rounds = Rounds(settings.model_dump(), BackfillRequest(DAY, DAY, tuple(sorted(sources)), ("captures", "pages")))
        _, steps = rounds.run(Path(folder, "whole"))
        whole = digests(Path(folder, "whole"))
        print(f"undisturbed: {counted(steps, 'step')}, {counted(len(whole), 'file')}")
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
                print(f"round {number}, after {counted(mine, 'kill')}: different {counted(len(different), 'file')}: {different[:10]}")
                sys.exit("\n".join(_first_lines(Path(folder, "whole"), lake, different)))
            print(f"round {number}: {counted(mine, 'kill')}, equal", flush=True)
    places = ", ".join(f"{count} {place}" for place, count in rounds.places.most_common())
    total = f"{counted(kills, 'kill')} in {counted(number, 'round')} ({places})"
    print(f"{total}, all bytes equal, {time.monotonic() - began:.0f} s, seed {options.seed}")


if __name__ == "__main__":
    main()
