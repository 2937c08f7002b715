"""`python -m deploy sample|up|down|airflow`: the commands behind `make run`, `make up`, `make down` and `deploy/airflow`."""

from __future__ import annotations

import sys

from deploy import local, sample

COMMANDS = {"sample": sample.main, "up": local.up, "down": local.down, "serve": local.serve, "airflow": local.airflow}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python -m deploy {'|'.join(COMMANDS)}")
    sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
