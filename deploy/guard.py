"""Stops every service of FOLDER when the parent process ends: `python -m deploy.guard FOLDER` with a pipe from the parent as stdin.

The kernel closes the pipe however the parent ends, so that even a killed test run leaves no Airflow behind.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from deploy.processes import stop_all

if __name__ == "__main__":
    for interruption in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(interruption, signal.SIG_IGN)
    sys.stdin.buffer.read()
    stop_all(Path(sys.argv[1]))
