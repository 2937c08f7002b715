"""The `news` command: the walk and its results on the command line, without Airflow. The only module that prints.

Exit codes: 0 done; 1 a permanent failure (the message says what to mend); 2 the command line is wrong; 3 too many sources failed;
75 a transient failure, worth trying again (EX_TEMPFAIL of sysexits.h); 130 interrupted from the keyboard.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.logging import RichHandler

from pipeline.cli import operation_screens, screens
from pipeline.core.catalogue import Catalogue, load_catalogue
from pipeline.core.errors import PipelineError, TransientError
from pipeline.core.models import HOUR, Interval, Origin
from pipeline.core.settings import VERSION, Settings
from pipeline.discovery.subscriptions import export_opml, import_opml
from pipeline.fetching.fetcher import SystemClock
from pipeline.operations import doctor, maintenance, stages
from pipeline.operations.backfill_plans import Asked
from pipeline.operations.backfill_records import plain
from pipeline.operations.backfill_runs import plan_backfill, run_backfill
from pipeline.operations.erasure_runs import plan_erasure, run_erasure
from pipeline.operations.own_catalogue import copy_catalogue
from pipeline.publishing.date_builds import How

PIPED_WIDTH = 140
"""Columns where the output is no terminal: a file or a pipe has room."""
EXIT_FAILED, EXIT_USAGE, EXIT_RED, EXIT_TRANSIENT, EXIT_INTERRUPTED = 1, 2, 3, 75, 130

CHATTY_LIBRARIES = ("urllib3", "trafilatura", "htmldate", "charset_normalizer", "readability")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments` (sys.argv's by default) and return the exit code."""
    options = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    _log_to_stderr(options.verbose)
    try:
        settings = Settings.from_environment(lake=options.lake, config=options.config)
        return int(options.command(CommandContext(settings, console, options)) or 0)
    except TransientError as error:
        _complain(error)
        return EXIT_TRANSIENT
    except (PipelineError, FileNotFoundError) as error:
        _complain(error)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("news: interrupted; what was written stays, and the same command takes it up again", file=sys.stderr)
        return EXIT_INTERRUPTED


class CommandContext:
    """What every command gets: the settings, the console, its options, and the catalogue when it asks for it."""

    def __init__(self, settings: Settings, console: Console, options: argparse.Namespace) -> None:
        self.settings = settings
        self.console = console
        self.options = options

    @property
    def catalogue(self) -> Catalogue:
        return load_catalogue(self.settings.config)

    def show(self, value: Any, screen: Callable[[], Any]) -> None:
        """`value` as JSON when the user asked for it, else what `screen` makes."""
        if self.options.json:
            print(json.dumps(value, default=_jsonable, indent=2, ensure_ascii=False))
        else:
            self.console.print(screen())


def _run(context: CommandContext) -> int:
    now = SystemClock().now()
    interval = context.options.interval or Interval.containing(now)
    is_live = context.options.live or now < interval.end + HOUR
    report = stages.run(context.settings, context.catalogue, interval, live=is_live, only_due=context.options.due)
    context.show(report, lambda: screens.walk(report, context.settings))
    return EXIT_RED if report.judgement.is_red else 0


def _backfill(context: CommandContext) -> int:
    options, catalogue, clock = context.options, context.catalogue, SystemClock()
    chosen = (tuple(sorted(set(options.source))), tuple(options.origin), options.refetch, tuple(options.warc))
    try:
        asked = Asked(options.first, options.last, *chosen)
    except ValueError as error:
        _complain(error)
        return EXIT_USAGE
    plan = plan_backfill(context.settings, catalogue, asked, now=clock.now())
    if not options.json:
        context.console.print(operation_screens.plan(plan))
    if options.dry_run or not (options.yes or _is_confirmed(options)):
        if options.json:
            context.show({"plan": plan}, lambda: None)
        return 0 if options.dry_run or sys.stdin.isatty() else EXIT_USAGE
    record = run_backfill(context.settings, catalogue, plan, clock=clock, allow_shrink=options.allow_shrink)
    context.show(plain(record), lambda: operation_screens.result(record))
    if record.state == "refused":
        return EXIT_FAILED
    return EXIT_RED if record.red else 0


def _is_confirmed(options: argparse.Namespace) -> bool:
    """Ask on a terminal; without one nobody can answer, and only --yes starts the work."""
    if options.json or not sys.stdin.isatty():
        print("news: nothing was done: --yes runs this plan, --dry-run only shows it", file=sys.stderr)
        return False
    return input("Run it? [y/N] ").strip().lower() in ("y", "yes")


def _erase(context: CommandContext) -> int:
    options, catalogue = context.options, context.catalogue
    plan = plan_erasure(context.settings, catalogue, options.domain)
    if not options.json:
        context.console.print(operation_screens.erasure(plan))
    if options.dry_run or not (options.yes or _is_confirmed(options)):
        if options.json:
            context.show({"plan": plan}, lambda: None)
        return 0 if options.dry_run or sys.stdin.isatty() else EXIT_USAGE
    record = run_erasure(context.settings, catalogue, plan, reason=options.reason, clock=SystemClock())
    context.show(record, lambda: operation_screens.erased(record))
    return 0


def _maintain(context: CommandContext) -> int:
    clock = SystemClock()
    interval = context.options.interval or Interval.containing(clock.now() - HOUR)
    done = maintenance.maintain(context.settings, context.catalogue, interval, clock=clock)
    context.show(done, lambda: operation_screens.maintained(done))
    return 0


def _ledger(context: CommandContext) -> int:
    options = context.options
    now = datetime.combine(options.until, time(), UTC) + timedelta(days=1) if options.until else SystemClock().now()
    days = (now.date() - options.first).days if options.first else options.days
    if days < 1:
        _complain(
            ValueError(f"a ledger goes from the earlier date to the later, not from {options.first} to {now.date() - timedelta(days=1)}")
        )
        return EXIT_USAGE
    rows = maintenance.completeness(context.settings, context.catalogue, days=days, now=now, is_whole=options.first is not None)
    shown = [row for row in rows if not options.source or row.source_id in options.source]
    context.show([{**asdict(row), "gap": row.gap} for row in shown], lambda: operation_screens.ledger(shown))
    return 0


def _import(context: CommandContext) -> int:
    imports, report = stages.import_files(context.settings, context.catalogue, context.options.files)
    context.show({"imports": imports, "walk": report}, lambda: screens.imports(imports, report, context.settings))
    return EXIT_FAILED if any(one.problem for one in imports) else 0


def _extract(context: CommandContext) -> int:
    catalogue = context.catalogue
    reports = [stages.extract(context.settings, catalogue, part) for part in stages.captured(context.settings, context.options.interval)]
    context.show(reports, lambda: screens.extracts(reports))
    return 0


def _publish(context: CommandContext) -> int:
    catalogue, options = context.catalogue, context.options
    dates = options.dates or stages.touched_dates(context.settings)
    how = How(allow_shrink=options.allow_shrink, as_of=options.as_of, into=options.into)
    reports = list(stages.publish_dates(context.settings, catalogue, dates, how))
    context.show(reports, lambda: screens.publishes(reports))
    return 0


def _top(context: CommandContext) -> int:
    options = context.options
    rows = stages.top(context.settings, days=options.days, limit=options.limit, published_only=options.published)
    context.show(rows, lambda: screens.top(rows, context.settings))
    return 0


def _show(context: CommandContext) -> int:
    found = stages.show(context.settings, context.options.url)
    context.show(found, lambda: screens.record(found, context.catalogue))
    return 0


def _story(context: CommandContext) -> int:
    told = stages.story(context.settings, context.options.url)
    context.show(told, lambda: screens.story(told))
    return 0


def _open(context: CommandContext) -> int:
    opened = stages.unseal(context.settings, context.options.url)
    context.show(opened, lambda: screens.opened(opened))
    return 0


def _sources_check(context: CommandContext) -> int:
    polls = stages.poll(context.settings, context.catalogue)
    context.show(polls, lambda: screens.polls(polls))
    return EXIT_RED if any(poll.problem for poll in polls) else 0


def _sources_list(context: CommandContext) -> int:
    sources = context.catalogue.sources
    context.show([source.model_dump() for source in sources], lambda: screens.sources(sources))
    return 0


def _sources_add(context: CommandContext) -> int:
    added = stages.add_source(context.settings, context.catalogue, context.options.url, topic=context.options.topic)
    context.show(added, lambda: screens.added([added]))
    return 0


def _sources_import(context: CommandContext) -> int:
    results = import_opml(context.settings, context.catalogue, context.options.file, topic=context.options.topic)
    context.show(results, lambda: screens.added(results))
    return 0


def _sources_export(context: CommandContext) -> int:
    print(export_opml(context.catalogue).decode(), end="")
    return 0


def _config_init(context: CommandContext) -> int:
    copies = copy_catalogue(context.options.folder)
    context.show([str(path) for path in copies], lambda: screens.copied(copies))
    return 0


def _doctor(context: CommandContext) -> int:
    findings = doctor.examine(context.settings)
    context.show(findings, lambda: screens.findings(findings))
    return EXIT_FAILED if any(finding.is_problem for finding in findings) else 0


def _dictionary(_desk: CommandContext) -> int:
    print(screens.dictionary(), end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="news", description="News sources in, explained Parquet records out.", epilog="Settings are NEWS_* variables: news doctor"
    )
    parser.add_argument("--version", action="version", version=f"news {VERSION}")
    parser.add_argument("--lake", metavar="URI", help="directory or s3:// URI of the lake (NEWS_LAKE, default data/lake)")
    parser.add_argument("--config", metavar="DIR", help="the catalogue's directory (NEWS_CONFIG, default: the shipped one)")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say more on stderr; twice for everything")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[CommandContext], int], text: str, *, to: Any = commands) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = to.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        sub.add_argument("--json", action="store_true", help="print JSON for a script")
        return sub

    run = add("run", _run, "capture, extract and publish one interval: the present hour, or the one given")
    run.add_argument("--interval", type=_interval, metavar="HOUR", help="an hour in UTC: 2026-11-23T14")
    run.add_argument("--live", action="store_true", help="take all that the sources offer now, also for a past interval")
    run.add_argument("--due", action="store_true", help="ask only the feeds whose time has come, as the scheduled runs do")
    backfill = add("backfill", _backfill, "plan past dates, and with --yes capture, extract and publish them; a killed one goes on")
    backfill.add_argument("--from", dest="first", type=_date, required=True, metavar="DATE", help="the first published date")
    backfill.add_argument("--to", dest="last", type=_date, required=True, metavar="DATE", help="the last published date, inclusive")
    backfill.add_argument("--source", action="extend", nargs="+", default=[], metavar="ID", help="only these sources (default: all)")
    backfill.add_argument(
        "--origin",
        action="extend",
        nargs="+",
        default=[],
        choices=get_args(Origin),
        metavar="ORIGIN",
        help=f"where to take them from, in this order instead of NEWS_ORIGINS: {', '.join(get_args(Origin))}",
    )
    backfill.add_argument(
        "--warc", action="extend", nargs="+", default=[], metavar="PATH", help="files, folders or patterns for the origin warc (NEWS_WARC)"
    )
    backfill.add_argument("--refetch", action="store_true", help="capture again what was captured; the newest version counts")
    backfill.add_argument("--allow-shrink", metavar="REASON", help="let partitions lose rows beyond NEWS_MAX_SHRINK; the reason is kept")
    erase = add("erase", _erase, "take a provider out of the lake, for good: captures, rows, records; nothing of it is taken in any more")
    erase.add_argument("domain", metavar="DOMAIN", help="its registered domain, or a host: example.com; hosts below it are its own")
    erase.add_argument("--reason", required=True, metavar="TEXT", help="why; it is kept with the date and the counts")
    for planned in (backfill, erase):
        consent = planned.add_mutually_exclusive_group()
        consent.add_argument("--yes", action="store_true", help="run the plan without asking")
        consent.add_argument("--dry-run", action="store_true", help="stop after the plan")
    maintaining = add("maintain", _maintain, "the daily round: look at pages again, delete old captures, prune images, write the ledger")
    maintaining.add_argument("--interval", type=_interval, metavar="HOUR", help="the hour the revisits belong to (default: the last one)")
    ledger = add("ledger", _ledger, "what each source brought per day, what was expected, and where the rest went")
    beginning = ledger.add_mutually_exclusive_group()
    beginning.add_argument(
        "--days", type=_positive, default=7, help="how many of the last whole days (default 7); of a source those from its first one on"
    )
    beginning.add_argument("--from", dest="first", type=_date, metavar="DATE", help="all days from this one on, whatever the lake has")
    ledger.add_argument("--until", type=_date, metavar="DATE", help="the last of them (default: yesterday)")
    ledger.add_argument("--source", action="extend", nargs="+", default=[], metavar="ID", help="only these sources")
    imports = add("import", _import, "take captures from WARC files of any origin, then extract and publish; no network")
    imports.add_argument("files", nargs="+", type=Path, metavar="FILE.warc.gz")
    extract = add("extract", _extract, "extract an interval's captures again")
    extract.add_argument("interval", type=_interval, metavar="HOUR", help="an hour in UTC: 2026-11-23T14")
    publish = add("publish", _publish, "build published dates whose inputs changed")
    publish.add_argument("dates", nargs="*", type=_date, metavar="DATE", help="2026-11-23; all dates of the lake by default")
    publish.add_argument("--allow-shrink", action="store_true", help="let a partition lose rows beyond NEWS_MAX_SHRINK")
    publish.add_argument("--as-of", type=_moment, metavar="TIME", help="from what was captured up to then: 2026-11-23T09:00, in UTC")
    publish.add_argument("--into", metavar="LAKE", help="write to another lake, as --as-of demands")
    top = add("top", _top, "the hottest records")
    top.add_argument("--days", type=_positive, default=7, help="how many of the newest published dates (default 7)")
    top.add_argument("--limit", type=_positive, default=10, help="how many records (default 10)")
    top.add_argument("--published", action="store_true", help="published records only")
    show = add("show", _show, "one record: its fields with their sources, its quality's terms, its story")
    show.add_argument("url", metavar="URL", help="its webUrl or originalUrl")
    telling = add("story", _story, "a story: its lead and members in time, newsrooms and copies, how alike they are")
    telling.add_argument("url", metavar="URL", help="webUrl or originalUrl of any member")
    opening = add("open", _open, "open the sealed part of a record, and say which key did")
    opening.add_argument("url", metavar="URL", help="its webUrl or originalUrl")
    sources = commands.add_parser("sources", help="the publishers that are followed")
    kinds = sources.add_subparsers(required=True, metavar="COMMAND")
    add("check", _sources_check, "ask each feed once and say how it is", to=kinds)
    add("list", _sources_list, "the catalogue's sources", to=kinds)
    adding = add("add", _sources_add, "find a site's feed and follow it", to=kinds)
    adding.add_argument("url", metavar="URL", help="the site's address, or its feed's")
    adding.add_argument("--topic", required=True, help="the root topic of its articles")
    importing = add("import-opml", _sources_import, "follow every feed of an OPML file", to=kinds)
    importing.add_argument("file", type=Path, metavar="FILE.opml")
    importing.add_argument("--topic", required=True, help="the root topic where no folder of the file is named like one")
    add("export-opml", _sources_export, "the sources that are followed, as OPML", to=kinds)
    config = commands.add_parser("config", help="the catalogue's files")
    steps = config.add_subparsers(required=True, metavar="COMMAND")
    beginning_own = add("init", _config_init, "copy the shipped catalogue into a folder, to be edited there", to=steps)
    beginning_own.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")
    add("doctor", _doctor, "settings, lake, catalogue, keys, versions: is all in order?")
    add("dictionary", _dictionary, "the data dictionary: every column of every table, in Markdown")
    return parser


def _interval(text: str) -> Interval:
    try:
        return Interval.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a time: {text!r}; write it as 2026-11-23T09:00") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a date: {text!r}; write it as 2026-11-23") from error


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number above 0: {text!r}")
    return int(text)


def _jsonable(value: Any) -> Any:
    if isinstance(value, Interval):
        return value.key
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


def _log_to_stderr(verbose: int) -> None:
    level = logging.DEBUG if verbose > 1 else logging.INFO
    handler = RichHandler(console=Console(stderr=True), show_path=False, log_time_format="%H:%M:%S")
    logging.basicConfig(level=level, handlers=[handler], format="%(message)s", force=True)
    for name in CHATTY_LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR if verbose < 2 else logging.INFO)


def _complain(error: BaseException) -> None:
    print(f"news: {error}", file=sys.stderr)
