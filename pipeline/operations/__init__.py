"""The program, and what an operator does around it: stages, backfills, erasure, retention, daily round, completeness, doctor.

DAG files and the `news` command start every stage through this room. It prints nothing.
"""

__all__ = [
    "backfill_plans",
    "backfill_records",
    "backfill_runs",
    "completeness",
    "completeness_tables",
    "doctor",
    "erasure_runs",
    "lookups",
    "maintenance",
    "own_catalogue",
    "source_repairs",
    "stages",
]
