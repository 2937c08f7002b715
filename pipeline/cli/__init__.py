"""The `news` command: arguments in, tables or JSON out. The only room that prints.

It decides nothing: what it shows was made in `operations`.
"""

__all__ = ["main"]
