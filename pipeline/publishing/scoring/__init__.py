"""Computes the topics of an article, its publisher's points, the terms of its quality, its heat, and whether it is published (laws 1 to 4).

Pure: values in, values out; it never reads the lake.
"""

__all__ = ["articles", "laws"]
