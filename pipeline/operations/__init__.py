"""The stages of the walk in their order, and the operator's jobs: backfill, erasure, daily maintenance, completeness, doctor, look-ups.

DAG files and the `news` command start every stage through this room. It prints nothing.
"""

__all__ = [
    "alerting",
    "backfill",
    "completeness",
    "completeness_tables",
    "doctor",
    "erasure_runs",
    "lookups",
    "maintenance",
    "metrics",
    "model_lookups",
    "own_catalogue",
    "source_repairs",
    "stages",
]
