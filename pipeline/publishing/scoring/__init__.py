"""What an article is worth: its topics, its publisher's points, the terms of its quality, its heat (laws 1 to 4).

Pure: values in, values out; it never reads the lake.
"""

__all__ = ["articles", "laws"]
