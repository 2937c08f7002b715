"""The commands of `news`, one module for each kind of work: options in, exit code out.

A module is imported only when one of its commands is run. How a result looks is decided in `cli/screens`.
"""

__all__ = ["alerts", "catalogue", "exports", "model_server", "operations", "records", "sql", "walk"]
