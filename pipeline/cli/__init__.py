"""The `news` command: arguments in, tables or JSON out. The only room that prints.

It decides nothing: `operations` does the work, this room shows the result.
"""

__all__ = ["main"]
