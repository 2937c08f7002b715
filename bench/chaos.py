"""Kills capture, extract, publish and a backfill at random points and starts them again: the end state must have equal bytes.

    python -m bench.chaos                    50 kills at random points
    python -m bench.chaos --kills 200 --seed 7
    python -m bench.chaos --each             one kill at each point in turn: every request, every write of every layer

The tests of `tests/integration` that kill take a few points a day; `TEST_DAY=week` lets them take all (CONTRIBUTING.md).

Each round begins with a lake that holds another day's hour, captured and not yet extracted. It walks the sample world's hour live and then
backfills its day for some sources. The process is killed (SIGKILL) at a request, or just before or after a file is renamed into place.
Then another process works on the lake, by chance: none, one that publishes all touched dates, or one that extracts and publishes the other
hour. The killed work is started again with the same commands, until it comes to its end. Every file of the lake is then compared with
those of an undisturbed run; the table `changes` only where no other process published between, because it has a file for each build, and
records of backfills only where the other hour did not run between, because they count the articles that they found.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import multiprocessing
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any

from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.operations import stages
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import BackfillRequest
from pipeline.operations.backfill.runs import read_record, run_backfill
from pipeline.publishing.date_builds import BuildOptions
from pipeline.text.counts import counted
from tests.integration import walking
from tests.newsroom import Newsroom, World

HOUR = Interval.parse("2026-11-20T12")
DAY = date(2026, 11, 20)
NOW = walking.MOMENT + timedelta(minutes=30)
OTHER_HOUR = Part(Interval.parse("2026-11-19T12"), "00")
OTHER_SOURCES = 2
"""Sources of the other hour; the walked hour captures none of its pages again."""
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


def publish_touched(options: dict[str, Any]) -> None:
    """Build every date that has rows, as the schedule or an operator may do meanwhile."""
    settings = Settings(**options)
    dates = stages.touched_dates(settings)
    list(stages.publish_dates(settings, load_catalogue(settings.config), dates, BuildOptions(allow_shrink=True)))


def walk_other_hour(options: dict[str, Any]) -> None:
    """Extract the other hour and publish its dates."""
    settings = Settings(**options)
    catalogue = load_catalogue(settings.config)
    report = stages.extract(settings, catalogue, OTHER_HOUR)
    list(stages.publish_dates(settings, catalogue, report.published_dates, BuildOptions(allow_shrink=True)))


SECOND_ACTORS: tuple[Callable[[dict[str, Any]], None] | None, ...] = (None, publish_touched, walk_other_hour)
"""The other processes of which one works on the lake after a kill; None: no other process."""


def capture_other_hour(settings: Settings) -> None:
    """Capture the other hour into the lake that every round begins with."""
    catalogue = load_catalogue(settings.config)
    few = catalogue.model_copy(update={"sources": catalogue.sources[-OTHER_SOURCES:]})
    stages.capture(settings, few, OTHER_HOUR, live=True, clock=walking.StoppedClock())


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

    def let(self, actor: Callable[[dict[str, Any]], None], lake: Path) -> None:
        """Run `actor` on the lake in another process, and wait for its end. Exits when it fails."""
        process = self._context.Process(target=actor, args=({**self._options, "lake": str(lake)},))
        process.start()
        process.join()
        if process.exitcode != 0:
            sys.exit(f"{actor.__name__} failed between a kill and the next start: exit code {process.exitcode}")


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


def _disturbed(rounds: Rounds, lake: Path, kills: Iterable[int], chance: random.Random) -> tuple[int, list[str]]:
    """Work on `lake`, killed at each of `kills` in turn until it ends; how often it was killed, and who worked between."""
    killed, between = 0, []
    for kill_at in kills:
        if not rounds.run(lake, kill_at)[0]:
            break
        killed += 1
        actor = chance.choice(SECOND_ACTORS)
        if actor is not None:
            rounds.let(actor, lake)
            between.append(actor.__name__)
    rounds.run(lake)
    rounds.let(walk_other_hour, lake)
    return killed, between


def main() -> None:
    """Kill and continue until `--kills` is reached; ends with a message and exit code 1 at the first difference."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--each", action="store_true", help="one kill at each point in turn instead")
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--sources", type=int, default=3, help="number of sources of the backfill")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    began = time.monotonic()
    with Newsroom(World.load(), now=walking.MOMENT) as room, tempfile.TemporaryDirectory(prefix="news-chaos-") as folder:
        settings = Settings.from_environment({**room.environment, "NEWS_SEALING_KEYS": KEY}, lake=f"{folder}/before")
        capture_other_hour(settings)
        sources = [source.id for source in load_catalogue(settings.config).enabled_sources[: options.sources]]
        rounds = Rounds(settings.model_dump(), BackfillRequest(DAY, DAY, tuple(sorted(sources)), ("captures", "pages")))
        undisturbed = Path(shutil.copytree(settings.lake, Path(folder, "whole")))
        _, steps = rounds.run(undisturbed)
        rounds.let(walk_other_hour, undisturbed)
        whole = digests(undisturbed)
        print(f"undisturbed: {counted(steps, 'step')}, {counted(len(whole), 'file')}")
        kills, number, actors = 0, 0, Counter[str]()
        while number < steps if options.each else kills < options.kills:
            number += 1
            lake = Path(shutil.copytree(settings.lake, Path(folder, f"round-{number}")))
            points = [number] if options.each else [chance.randint(1, steps) for _ in range(options.kills - kills)]
            mine, between = _disturbed(rounds, lake, points, chance)
            kills += mine
            actors.update(between)
            left_out = (*(("changes/",) if between else ()), *(("backfills/",) if walk_other_hour.__name__ in between else ()))
            found = digests(lake)
            different = sorted(
                name for name in whole.keys() | found.keys() if whole.get(name) != found.get(name) and not name.startswith(left_out)
            )
            if different:
                files = counted(len(different), "file")
                print(f"round {number}, after {counted(mine, 'kill')} and {between}: different {files}: {different[:10]}")
                sys.exit("\n".join(_first_lines(undisturbed, lake, different)))
            others = counted(len(between), "other process", "other processes")
            print(f"round {number}: {counted(mine, 'kill')}, {others} between, equal", flush=True)
            shutil.rmtree(lake)
    places = ", ".join(f"{count} {place}" for place, count in rounds.places.most_common())
    beside = ", ".join(f"{count} {actor}" for actor, count in actors.most_common())
    print(f"{counted(kills, 'kill')} in {counted(number, 'round')} ({places}), between them {beside}: all bytes equal", end=", ")
    print(f"{time.monotonic() - began:.0f} s, seed {options.seed}")


if __name__ == "__main__":
    main()
