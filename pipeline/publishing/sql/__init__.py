"""SQL over a lake: its tables and views in DuckDB, and ready queries for the questions that analysts ask.

Reads every table of the lake and writes none; a query reaches neither the network nor any other file.
"""

__all__ = ["database", "ducklake", "questions", "record_selection", "searches", "views"]
