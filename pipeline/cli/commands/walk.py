"""The commands of the walk: run, import, extract, publish. Imported only when one of them is run."""

from __future__ import annotations

import sys

from pipeline.cli.context import EXIT_FAILED, EXIT_RED, CommandContext
from pipeline.cli.screens import walk as screens
from pipeline.core.models import HOUR, Interval
from pipeline.core.progress import steps
from pipeline.fetching.fetcher import SystemClock
from pipeline.operations import stages
from pipeline.publishing.date_builds import BuildOptions


def run(context: CommandContext) -> int:
    """`news run`: walk one hour. EXIT_RED when more sources failed than NEWS_TOLERATED_FAILURES allows."""
    now = SystemClock().now()
    interval = context.options.interval or Interval.containing(now)
    is_live = context.options.live or now < interval.end + HOUR
    report = stages.run(context.settings, context.catalogue, interval, live=is_live, only_due=context.options.due)
    context.show(report, lambda: screens.walk(report, context.settings))
    return EXIT_RED if report.assessment.is_red else 0


def import_(context: CommandContext) -> int:
    """`news import FILE...`: exit code EXIT_FAILED when a file has a problem."""
    imports, report = stages.import_files(context.settings, context.catalogue, context.options.files)
    context.show({"imports": imports, "walk": report}, lambda: screens.imports(imports, report, context.settings))
    return EXIT_FAILED if any(one.problem for one in imports) else 0


def extract(context: CommandContext) -> int:
    """`news extract HOUR`: extract every captured part of the hour; EXIT_FAILED when the lake has no captures of it."""
    catalogue = context.catalogue
    parts = stages.captured_parts(context.settings, context.options.interval)
    if not parts:
        print(f"news: the lake has no captures of {context.options.interval.key}, so there is nothing to extract", file=sys.stderr)
    reports = [stages.extract(context.settings, catalogue, part) for part in steps(parts, "extracting parts", total=len(parts))]
    context.show(reports, lambda: screens.extracts(reports))
    return 0 if parts else EXIT_FAILED


def publish(context: CommandContext) -> int:
    """`news publish [DATE...]`: EXIT_FAILED when the lake has articles of none of the given dates."""
    catalogue, options = context.catalogue, context.options
    known = stages.touched_dates(context.settings)
    dates = [day for day in options.dates or known if day in known]
    for day in sorted(set(options.dates) - set(dates)):
        print(f"news: the lake has no article published on {day}, so there is nothing to build", file=sys.stderr)
    if options.dates and not dates:
        return EXIT_FAILED
    build_options = BuildOptions(allow_shrink=options.allow_shrink, as_of=options.as_of, into=options.into)
    reports = list(stages.publish_dates(context.settings, catalogue, dates, build_options))
    context.show(reports, lambda: screens.publishes(reports))
    return 0
