"""The command line of `news`: commands, options, and the parsers of argument values. Imports only modules that load quickly.

Each command names the function of `cli/commands` that carries it out as `module:function`; `main` imports the chosen module only.
"""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

from pipeline import __version__
from pipeline.core.models import Interval, Origin

HOUR_HELP = "an hour in UTC, such as 2026-11-23T14"
YEARS = range(1900, 2200)
"""Years of the dates that a command takes. A plain choice, far enough from the ends of the calendar to count days to both sides."""
MOST = 1_000_000
"""The largest number that a command takes. A plain choice: more rows fit on no screen."""
MOST_DAYS = 3_660
"""The largest number of days that a command takes. A plain choice: ten years."""


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; `command` of the parsed options is the chosen command as `module:function`."""
    parser = argparse.ArgumentParser(
        prog="news",
        description="Collects articles from news sources and publishes them as Parquet records, each number explained.",
        epilog="Settings are environment variables NEWS_*; `news doctor` lists them.",
    )
    parser.add_argument("--version", action="version", version=f"news {__version__}")
    parser.add_argument("--lake", metavar="URI", help="directory or s3:// URI of the lake (NEWS_LAKE, default data/lake)")
    parser.add_argument("--config", metavar="DIR", help="the catalogue's directory (NEWS_CONFIG, default: the shipped one)")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="log debug messages on stderr; twice: those of libraries too")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_backfill(commands)
    _add_erase(commands)
    _add_maintenance(commands)
    _add_stages(commands)
    _add_lookups(commands)
    _add_sql(commands)
    _add_exports(commands)
    _add_catalogue(commands)
    text = "what operators have to know: the alerts that were not sent yet, and the findings that stand"
    alerts = _add(commands, "alerts", "alerts:alerts", text)
    alerts.add_argument("--send", action="store_true", help="send the alerts to the webhook of NEWS_ALERT_URL and note that they were sent")
    text = "check versions, settings, the lake and its files, the catalogue and the sealing keys"
    doctor = _add(commands, "doctor", "operations:doctor", text)
    doctor.add_argument("--quick", action="store_true", help="do not read every file of the lake to find damage")
    text = "print the data dictionary: every column of every table"
    dictionary = _add(commands, "dictionary", "catalogue:dictionary", text)
    formats = ("markdown", "odcs", "croissant", "frictionless")
    text = "Markdown, or JSON of a data contract (ODCS), of Croissant or of a Frictionless data package (default: markdown)"
    dictionary.add_argument("--format", choices=formats, default="markdown", help=text)
    return parser


def _add(commands: Any, name: str, command: str, text: str, *, has_json: bool = True) -> argparse.ArgumentParser:
    """Add the command `name`, carried out by `command` (`module:function`), with the help text `text`; returns its parser.

    `has_json` is false for a command that prints a document of another format.
    """
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    if has_json:
        parser.add_argument("--json", action="store_true", help="print JSON for a script")
    return parser


def _add_run(commands: Any) -> None:
    run = _add(commands, "run", "walk:run", "capture, extract and publish one hour: the given one, else the present one")
    run.add_argument("--interval", type=_interval, metavar="HOUR", help=HOUR_HELP)
    run.add_argument("--live", action="store_true", help="capture everything that the sources list now, even when HOUR is in the past")
    run.add_argument("--due", action="store_true", help="ask only the feeds that are due, as scheduled runs do")


def _add_backfill(commands: Any) -> None:
    text = "show the plan for past published dates; after consent capture, extract and publish them; repeat it to continue a killed one"
    backfill = _add(commands, "backfill", "operations:backfill", text)
    backfill.add_argument("--from", dest="first", type=_date, required=True, metavar="DATE", help="the first published date")
    backfill.add_argument("--to", dest="last", type=_date, required=True, metavar="DATE", help="the last published date, inclusive")
    backfill.add_argument("--source", action="extend", nargs="+", default=[], metavar="ID", help="only these sources (default: all)")
    origins = get_args(Origin)
    text = f"where to search articles, in this order, instead of NEWS_ORIGINS: {', '.join(origins)}"
    backfill.add_argument("--origin", action="extend", nargs="+", default=[], choices=origins, metavar="ORIGIN", help=text)
    text = "files, folders or patterns for the origin warc (NEWS_WARC)"
    backfill.add_argument("--warc", action="extend", nargs="+", default=[], metavar="PATH", help=text)
    backfill.add_argument(
        "--refetch", action="store_true", help="capture once more what was captured; the newest version of an article is published"
    )
    backfill.add_argument(
        "--allow-shrink",
        type=_reason,
        metavar="REASON",
        help="let partitions lose more rows than NEWS_MAX_SHRINK; the lake keeps the reason",
    )
    _add_consent(backfill)


def _add_erase(commands: Any) -> None:
    text = "delete a provider from the lake for good (captures, rows, records), and capture nothing of it any more"
    erase = _add(commands, "erase", "operations:erase", text)
    erase.add_argument("domain", metavar="DOMAIN", help="its registered domain or a host, such as example.com; subdomains are included")
    erase.add_argument("--reason", type=_reason, required=True, metavar="TEXT", help="why; the lake keeps it with the date and the counts")
    _add_consent(erase)


def _add_consent(parser: argparse.ArgumentParser) -> None:
    consent = parser.add_mutually_exclusive_group()
    consent.add_argument("--yes", action="store_true", help="carry out the plan without asking")
    consent.add_argument("--dry-run", action="store_true", help="show the plan and stop")


def _add_maintenance(commands: Any) -> None:
    text = "the daily maintenance: revisit pages, delete old captures and unused images, write the completeness tables"
    maintain = _add(commands, "maintain", "operations:maintain", text)
    maintain.add_argument(
        "--interval", type=_interval, metavar="HOUR", help="the hour to which the revisits belong (default: the last one)"
    )
    text = "completeness: pages found, expected and published per source and day, and why the others were dropped"
    ledger = _add(commands, "ledger", "operations:ledger", text)
    first = ledger.add_mutually_exclusive_group()
    text = "number of whole days up to --until (default 7); a source is shown from its first day on"
    first.add_argument("--days", type=_days, default=7, help=text)
    first.add_argument(
        "--from", dest="first", type=_date, metavar="DATE", help="show all days from this one on, also before the first day of a source"
    )
    ledger.add_argument("--until", type=_date, metavar="DATE", help="the last day (default: yesterday)")
    ledger.add_argument("--source", action="extend", nargs="+", default=[], metavar="ID", help="only these sources")


def _add_stages(commands: Any) -> None:
    text = "import WARC and WACZ files of any origin, then extract and publish; without network"
    imports = _add(commands, "import", "walk:import_", text)
    imports.add_argument("files", nargs="+", type=Path, metavar="FILE.warc.gz")
    extract = _add(commands, "extract", "walk:extract", "extract the captures of an hour again")
    extract.add_argument("interval", type=_interval, metavar="HOUR", help=HOUR_HELP)
    publish = _add(commands, "publish", "walk:publish", "build published dates whose inputs changed")
    publish.add_argument("dates", nargs="*", type=_date, metavar="DATE", help="such as 2026-11-23; all dates of the lake by default")
    publish.add_argument("--allow-shrink", action="store_true", help="let a partition lose more rows than NEWS_MAX_SHRINK")
    publish.add_argument(
        "--as-of",
        type=_moment,
        metavar="TIME",
        help="use only what was captured up to this time (UTC), such as 2026-11-23T09:00; needs --into",
    )
    publish.add_argument("--into", metavar="LAKE", help="write to another lake")


def _add_lookups(commands: Any) -> None:
    top = _add(commands, "top", "records:top", "the hottest records of the newest dates")
    top.add_argument("--days", type=_days, default=7, help="how many of the newest published dates (default 7)")
    top.add_argument("--limit", type=_positive, default=10, help="how many records (default 10)")
    _add_choice(top)
    text = "the records that contain all these words in title, excerpt or text, those with all in the title first"
    search = _add(commands, "search", "records:search", text)
    search.add_argument("words", nargs="+", metavar="WORD", help="whole words in any case; in quotes a phrase")
    search.add_argument("--days", type=_days, help="how many of the newest published dates (default: all)")
    search.add_argument("--limit", type=_positive, default=20, help="how many records (default 20)")
    _add_choice(search)
    show = _add(commands, "show", "records:show", "one record: where each field came from, each term of its quality, its story")
    show.add_argument("url", metavar="URL", help="its webUrl or originalUrl")
    text = "what happened to a URL: when it was listed, its outcomes with reasons, its versions, its record"
    why = _add(commands, "why", "records:why", text)
    why.add_argument("url", metavar="URL", help="any address of the page")
    text = "the story of a record: its articles by time, the lead, copies, newsrooms, and the similarity of each article"
    story = _add(commands, "story", "records:story", text)
    story.add_argument("story", metavar="URL|ID", help="webUrl or originalUrl of any member, or the story's id")
    stories = _add(
        commands, "stories", "records:stories", "the stories of a day, the hottest first: newsrooms, copies, topics, the lead's title"
    )
    text = "stories with an article of this UTC day (default: the newest published date)"
    stories.add_argument("--date", type=_date, metavar="DATE", help=text)
    stories.add_argument("--topic", metavar="TOPIC", help="stories of this topic only, in any case")
    stories.add_argument(
        "--min-newsrooms", type=_positive, default=1, metavar="N", help="stories of at least so many newsrooms (default 1)"
    )
    stories.add_argument("--limit", type=_positive, default=20, help="how many stories (default 20)")
    text = "answer the questions of a language model (Model Context Protocol on standard input and output); read-only"
    commands.add_parser("mcp", help=text, description=text).set_defaults(command="model_server:mcp")
    opening = _add(commands, "open", "records:open_", "print the sealed values of a record, and which key opened them")
    opening.add_argument("url", metavar="URL", help="its webUrl or originalUrl")


def _add_exports(commands: Any) -> None:
    digest = _add(commands, "digest", "exports:digest", "a day's ten hottest published records, as a letter or a page")
    digest.add_argument("--date", type=_date, metavar="DATE", help="the 24 hours of this UTC day (default: the newest published date)")
    digest.add_argument("--format", choices=("text", "html"), default="text", help="a plain letter or a page (default: text)")
    digest.add_argument("--output", type=Path, metavar="FILE", help="write there instead of the terminal")
    text = "records as files for other programs and readers"
    export = _add(commands, "export", "exports:export", text)
    formats = ("frontmatter", "json", "jsonl", "csv", "rss", "atom", "html")
    text = "YAML front matter as the seed has it, JSON (as --json), JSON Lines, CSV, a feed, or a report that opens from disk"
    export.add_argument("--format", choices=formats, help=text)
    export.add_argument("--from", dest="first", type=_date, metavar="DATE", help="the first published date (default: all)")
    export.add_argument("--to", dest="last", type=_date, metavar="DATE", help="the last published date, inclusive")
    export.add_argument("--story", type=str.lower, metavar="ID", help="records of this story only")
    text = "write there instead of the terminal; of front matter a folder, a file for each record"
    export.add_argument("--output", type=Path, metavar="PATH", help=text)
    _add_choice(export)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--published", action="store_true", help="published records only")
    parser.add_argument("--topic", metavar="TOPIC", help="records of this topic only, in any case")


def _add_sql(commands: Any) -> None:
    text = "run a SQL query (DuckDB) over views of the lake; without a query, list the views and ready questions"
    sql = _add(commands, "sql", "sql:sql", text)
    asked = sql.add_mutually_exclusive_group()
    asked.add_argument("query", nargs="?", metavar="QUERY", help="one select; - reads it from stdin")
    asked.add_argument("--question", metavar="NAME", help="a ready query; `news sql` lists them")
    formats = ("table", "csv", "json", "html", "parquet", "svg")
    text = "html: a page whose headings sort; svg: the picture of a ready question (default: by the name of FILE, else a table)"
    sql.add_argument("--format", choices=formats, help=text)
    sql.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of the terminal")
    sql.add_argument("--limit", type=_positive, default=100, metavar="ROWS", help="number of rows that a table shows (default 100)")
    text = "write a database file for other programs, whose tables and views read the lake's files where they lie"
    serve = _add(commands, "serve-sql", "sql:serve_sql", text)
    kind = serve.add_mutually_exclusive_group(required=True)
    text = "a DuckDB database, for DuckDB 1.0 and later; an existing database is replaced"
    kind.add_argument("--duckdb", type=Path, metavar="FILE", help=text)
    text = "a DuckLake catalogue, for DuckDB with its extension ducklake: time travel to what was known; an existing one is replaced"
    kind.add_argument("--ducklake", type=Path, metavar="FILE", help=text)
    text = "with --ducklake: lakes that `news publish --as-of TIME --into LAKE` wrote, whose records are those of earlier snapshots"
    serve.add_argument("--state", action="extend", nargs="+", default=[], metavar="LAKE", help=text)


def _add_catalogue(commands: Any) -> None:
    sources = commands.add_parser("sources", help="the publishers that are followed").add_subparsers(required=True, metavar="COMMAND")
    _add(sources, "check", "catalogue:sources_check", "ask each feed once and show its status, entries and problems")
    _add(sources, "list", "catalogue:sources_list", "list the sources of the catalogue")
    text = "search the new address of each feed that moved, is gone, blocked or silent, and show the change of sources.yaml"
    heal = _add(sources, "heal", "catalogue:sources_heal", text)
    heal.add_argument("sources", nargs="*", metavar="ID", help="only these sources (default: all that are followed)")
    heal.add_argument("--apply", action="store_true", help="write the change into sources.yaml")
    add = _add(sources, "add", "catalogue:sources_add", "find the feed of a site and add it to sources.yaml")
    add.add_argument("url", metavar="URL", help="the address of the site or of its feed")
    add.add_argument("--topic", required=True, help="the root topic of its articles")
    imports = _add(sources, "import-opml", "catalogue:sources_import", "add every feed of an OPML file to sources.yaml")
    imports.add_argument("file", type=Path, metavar="FILE.opml")
    imports.add_argument("--topic", required=True, help="the root topic of feeds that are in no folder named like a root topic")
    _add(sources, "export-opml", "catalogue:sources_export", "print the followed sources as OPML", has_json=False)
    config = commands.add_parser("config", help="the catalogue's files").add_subparsers(required=True, metavar="COMMAND")
    init = _add(config, "init", "catalogue:config_init", "copy the shipped catalogue into a folder, to edit it there")
    init.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")


def _interval(text: str) -> Interval:
    try:
        interval = Interval.parse(text)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    _demand_year(interval.start.year, text)
    return interval


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a time: {text!r}; write it as 2026-11-23T09:00") from error
    _demand_year(moment.year, text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a date: {text!r}; write it as 2026-11-23") from error
    _demand_year(day.year, text)
    return day


def _demand_year(year: int, text: str) -> None:
    if year not in YEARS:
        raise argparse.ArgumentTypeError(f"not in the years {YEARS.start} to {YEARS.stop - 1}: {text!r}")


def _positive(text: str) -> int:
    return _number(text, MOST)


def _days(text: str) -> int:
    return _number(text, MOST_DAYS)


def _number(text: str, most: int) -> int:
    digits = text.lstrip("0")
    if not text.isdecimal() or not digits:
        raise argparse.ArgumentTypeError(f"not a number above 0: {text!r}")
    if len(digits) > len(str(most)) or int(digits) > most:
        raise argparse.ArgumentTypeError(f"more than {most:,}: {text!r}")
    return int(digits)


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the reason is empty; the lake keeps it")
    return text
