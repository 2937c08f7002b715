"""`python -m tests.newsroom`: serves the sample news world until SIGTERM or SIGINT, for `make run` and for looking around."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from pathlib import Path

from tests.newsroom import Newsroom, World


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.newsroom", description=__doc__)
    parser.add_argument("--port-file", type=Path, metavar="FILE", help="write the environment to FILE instead of printing it")
    parser.add_argument("--json", action="store_true", help="write the environment as JSON instead of lines a shell can source")
    parser.add_argument("--list", action="store_true", help="show publishers, feeds and article counts, and end")
    options = parser.parse_args()
    if options.list:
        print(listing(World.load()))
        return 0
    signals = {signal.SIGTERM, signal.SIGINT}
    # Blocked before the listeners' threads start, which inherit it: sigwait below is the only one to take them.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with Newsroom(World.load()) as room:
        text = environment(room, as_json=options.json)
        if options.port_file is None:
            print(text, end="", flush=True)
        else:
            _write(options.port_file, text)
        signal.sigwait(signals)
    return 0


def environment(room: Newsroom, *, as_json: bool) -> str:
    values = room.environment
    if as_json:
        return json.dumps(values, indent=2) + "\n"
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def listing(world: World) -> str:
    """One line for each publisher, and the sums."""
    rows = [("publisher", "host", "metadata", "articles", "in stories", "feeds")]
    for site in world.publishers:
        told = sum(article.story is not None for article in site.articles)
        names = ", ".join(f"{feed.kind} {feed.path}" for feed in site.feeds)
        rows.append((site.name, site.host, site.metadata, str(len(site.articles)), str(told), names))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]) for row in rows]
    count = sum(len(site.articles) for site in world.publishers)
    return "\n".join([*lines, f"{len(world.publishers)} publishers, {count} articles, {len(world.stories)} stories"])


def _write(file: Path, text: str) -> None:
    """Whole or not at all: whoever waits for FILE never reads half of it."""
    partial = file.with_name(file.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)


if __name__ == "__main__":
    sys.exit(main())
