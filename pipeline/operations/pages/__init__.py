"""The pages that operators look at: today, sources, stories and records, coverage and backfills, changes, why; from the lake to HTML.

Every page reads the few partitions that it shows, takes strangers' texts as text, and needs no server of its own. Writes nothing, and
knows nothing of Airflow: `news_airflow` shows the pages there.
"""

__all__ = ["site"]
