"""Print the share of lines and branches that the tests run, for each package of `pipeline`, from the file `.coverage`.

Lines that only worker processes run are not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import PurePosixPath


def main() -> None:
    """Print the table of packages."""
    made = subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", "-"], check=True, capture_output=True, text=True)
    measured = json.loads(made.stdout)
    rooms: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, file in measured["files"].items():
        room = PurePosixPath(name).parent.relative_to("pipeline").as_posix()
        for key in (room, "all of pipeline"):
            summary = file["summary"]
            rooms[key][0] += summary["covered_lines"] + summary.get("covered_branches", 0)
            rooms[key][1] += summary["num_statements"] + summary.get("num_branches", 0)
    sys.stdout.write(f"{'room':20} {'lines and branches':>6}, covered\n")
    for room, (covered, total) in sorted(rooms.items(), key=lambda item: (item[0] == "all of pipeline", item[0])):
        label = "beside the rooms" if room == "." else room
        sys.stdout.write(f"{label:20} {total:6} {covered / total if total else 1:7.1%}\n")


if __name__ == "__main__":
    main()
