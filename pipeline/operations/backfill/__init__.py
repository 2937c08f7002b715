"""Past published dates filled again: the plan with its cost, the run hour by hour, and the record of both in the lake.

It sends no request and writes no record of an article itself: it runs the stages of the walk.
"""

__all__ = ["approvals", "planning", "plans", "records", "runs"]
