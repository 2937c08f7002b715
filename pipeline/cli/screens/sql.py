"""Screens of SQL: the views and ready questions, and the rows of a query. Pure: builds rich renderables, prints nothing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.cli.screens.tables import make_table, second
from pipeline.publishing.exports.tabular import plain_rows, shown_text
from pipeline.publishing.sql.ducklake import DuckLakeReport
from pipeline.publishing.sql.questions import QUESTIONS
from pipeline.publishing.sql.views import MEANINGS
from pipeline.text.counts import counted

NARROWEST = 12
"""Characters that a column of a table needs on the terminal; with fewer, each row is shown as lines of name and value. A plain choice."""


def views_and_questions() -> RenderableType:
    """The views with what one row of each is, the ready questions, and a command for each."""
    views, questions = make_table("view", "one row is"), make_table("question", "what it answers")
    for name, meaning in MEANINGS.items():
        views.add_row(name, Text(meaning))
    for question in QUESTIONS:
        questions.add_row(question.name, Text(question.text))
    hint = 'news sql "select title from articles limit 5", news sql --question hottest; columns: news sql "describe pages"'
    return Group(views, questions, Text(hint))


def query_rows(table: pa.Table, *, width: int, limit: int) -> RenderableType:
    """The first `limit` rows, as a table if `width` is enough for its columns, else as lines of name and value."""
    shown = plain_rows(table.slice(0, limit))
    names = table.column_names
    more = table.num_rows - len(shown)
    ending = Text(counted(table.num_rows, "row") + (f", {more} of them not shown (--limit)" if more else ""))
    if width < NARROWEST * len(names):
        blocks = [Text("\n".join([*(f"{name}: {shown_text(row[name])}" for name in names), ""])) for row in shown]
        return Group(*blocks, ending)
    numbers = [place for place, field in enumerate(table.schema) if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)]
    view = make_table(*names, numbers=numbers)
    for row in shown:
        view.add_row(*(Text(shown_text(row[name])) for name in names))
    return Group(view, ending)


def written_database(file: Path) -> RenderableType:
    """The file of the database, and the command that opens it."""
    return Text(f"Written: {file}. Its views read the lake where it lies. To open it: duckdb -readonly {file} -c 'from pages limit 5'")


def written_catalogue(report: DuckLakeReport) -> RenderableType:
    """What the DuckLake catalogue has, and how DuckDB attaches it."""
    counts = ", ".join([counted(report.files, "file"), counted(report.snapshots, "snapshot")])
    times = f", {second(report.first)} to {second(report.last)}" if report.first is not None and report.last is not None else ""
    return Text(
        f"Written: {report.file}: {counts}{times}. It names the lake's files where they lie.\n"
        f"To read it, in DuckDB: install ducklake; attach 'ducklake:{report.file}' as news (read_only); from news.pages limit 5"
    )
