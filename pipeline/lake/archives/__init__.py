"""Files of web archives: WARC files of our own, written and read, and WARC, ARC and WACZ files that others made, read.

It reads and writes open files, knows no path of the lake, and judges no record.
"""

__all__ = ["files", "warc"]
