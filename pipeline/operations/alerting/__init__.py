"""What operators are told: findings that begin, change or end, kept in the lake and sent to a webhook.

Never starts a stage and never changes a table.
"""

__all__ = ["alerts", "assessments"]
