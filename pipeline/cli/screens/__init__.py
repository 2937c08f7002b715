"""How results look on a terminal: tables and lines, one module for each kind of work, as in `cli/commands`.

Pure: it builds rich renderables and prints nothing.
"""

__all__ = ["alerts", "catalogue", "operations", "records", "sql", "walk"]
