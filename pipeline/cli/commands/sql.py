"""The commands of analysts: sql, serve-sql. Imported only when one of them is run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.cli.context import CommandContext
from pipeline.cli.screens import sql as screens
from pipeline.core.errors import PermanentError
from pipeline.core.progress import one_step
from pipeline.lake.storage import Lake
from pipeline.publishing.exports.charts import bar_chart
from pipeline.publishing.exports.pages import rows_page
from pipeline.publishing.exports.tabular import csv_text, json_text, plain_rows
from pipeline.publishing.sql.database import open_database, run_query, write_database
from pipeline.publishing.sql.ducklake import write_ducklake
from pipeline.publishing.sql.questions import QUESTIONS, find_question
from pipeline.publishing.sql.views import MEANINGS


def sql(context: CommandContext) -> int:
    """`news sql`: run a query and show or write its rows; without one, list views and ready questions."""
    query = _query(context)
    if query is None:
        questions = [{"name": question.name, "text": question.text, "query": question.query} for question in QUESTIONS]
        context.show({"views": MEANINGS, "questions": questions}, screens.views_and_questions)
        return 0
    chosen = _format(context)
    with one_step("querying the lake"), open_database(Lake(context.settings.lake)) as connection:
        table = run_query(connection, query)
    if chosen == "table":
        context.console.print(screens.query_rows(table, width=context.console.width, limit=context.options.limit))
    elif chosen == "parquet":
        _write_parquet(table, context.options.output)
    else:
        make: dict[str, Callable[[], str]] = {
            "csv": lambda: csv_text(table),
            "json": lambda: json_text(plain_rows(table), indent=2) + "\n",
            "html": lambda: rows_page(table, title=_title(context)),
            "svg": lambda: _picture(context, table),
        }
        _write_text(make[chosen](), context.options.output)
    return 0


def serve_sql(context: CommandContext) -> int:
    """`news serve-sql`: write a DuckDB database, or a DuckLake catalogue, whose views read the lake."""
    options, lake = context.options, Lake(context.settings.lake)
    if options.ducklake is not None:
        report = write_ducklake(lake, options.ducklake, states=[Lake(state) for state in options.state])
        context.show(report, lambda: screens.written_catalogue(report))
        return 0
    if options.state:
        raise PermanentError("--state is for --ducklake; a DuckDB database reads the lake as it is")
    write_database(lake, options.duckdb)
    context.show({"file": str(options.duckdb)}, lambda: screens.written_database(options.duckdb))
    return 0


def _picture(context: CommandContext, table: pa.Table) -> str:
    if context.options.question is None:
        raise PermanentError("a picture is drawn of a ready question: news sql --question NAME --format svg")
    question = find_question(context.options.question)
    return bar_chart(table.to_pylist(), question.chart, title=question.text)


def _title(context: CommandContext) -> str:
    question = context.options.question
    return find_question(question).text if question is not None else "Rows of a query"


def _query(context: CommandContext) -> str | None:
    options = context.options
    if options.question is not None:
        return find_question(options.question).query
    if options.query == "-":
        return sys.stdin.read()
    return str(options.query) if options.query is not None else None


def _format(context: CommandContext) -> str:
    """The format of the option, else that of the name of the output file, else a table."""
    options = context.options
    if options.json:
        return "json"
    if options.format is not None:
        return str(options.format)
    suffix = options.output.suffix.removeprefix(".") if options.output is not None else "table"
    if suffix not in ("table", "csv", "json", "html", "parquet", "svg"):
        raise PermanentError(f"{options.output}: name its format with --format: csv, json, html, parquet or svg")
    return str(suffix)


def _write_parquet(table: pa.Table, output: Path | None) -> None:
    if output is None:
        if sys.stdout.isatty():
            raise PermanentError("Parquet cannot be printed: name a file with --output FILE.parquet")
        pq.write_table(table, sys.stdout.buffer, compression="zstd")
        return
    with output.open("wb") as file:  # Arrow's own error of a file that cannot be opened is no sentence
        pq.write_table(table, file, compression="zstd")


def _write_text(text: str, output: Path | None) -> None:
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8", newline="")
