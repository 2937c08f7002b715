"""Tests, in the rooms of the code that they are for.

Nothing waits for disks in the processes of the tests: tests kill processes, not the machine, and what a killed process wrote stays in the
system's memory. Waiting took a third of the time of the tests that write lakes.
"""

from __future__ import annotations

import os


def _no_sync(fd: object) -> None:
    del fd


os.fsync = _no_sync
