"""Polite, bounded GET requests to public addresses, and alerts to a webhook: the only room that asks sites.

It never reads what a body says and never writes to the lake.
"""

__all__ = ["fetcher", "politeness", "ranged_files", "robots", "webhooks"]
