"""The commands of an operator: backfill, erase, maintain, ledger, doctor. Imported only when one of them is run."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, time, timedelta

from pipeline.cli.context import EXIT_FAILED, EXIT_RED, EXIT_USAGE, CommandContext
from pipeline.cli.screens import operations as screens
from pipeline.core.models import HOUR, Interval
from pipeline.fetching.fetcher import SystemClock
from pipeline.operations import doctor as examination
from pipeline.operations import maintenance
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import BackfillRequest
from pipeline.operations.backfill.records import record_values
from pipeline.operations.backfill.runs import run_backfill
from pipeline.operations.completeness_tables import completeness_row
from pipeline.operations.erasure_runs import plan_erasure, run_erasure


def backfill(context: CommandContext) -> int:
    """`news backfill`: plan, ask for consent, run. EXIT_FAILED when a date was refused, EXIT_RED when too many sources failed."""
    options, catalogue, clock = context.options, context.catalogue, SystemClock()
    chosen = (tuple(sorted(set(options.source))), tuple(options.origin), options.refetch, tuple(options.warc))
    try:
        asked = BackfillRequest(options.first, options.last, *chosen)
    except ValueError as error:
        print(f"news: {error}", file=sys.stderr)
        return EXIT_USAGE
    plan = plan_backfill(context.settings, catalogue, asked, now=clock.now())
    if not options.json:
        context.console.print(screens.backfill_plan(plan))
    if options.dry_run or not (options.yes or _is_confirmed(options)):
        if options.json:
            context.show({"plan": plan}, lambda: None)
        return 0 if options.dry_run or sys.stdin.isatty() else EXIT_USAGE
    record = run_backfill(context.settings, catalogue, plan, clock=clock, allow_shrink=options.allow_shrink)
    context.show(record_values(record), lambda: screens.backfill_result(record))
    if record.state == "refused":
        return EXIT_FAILED
    return EXIT_RED if record.red else 0


def erase(context: CommandContext) -> int:
    """`news erase`: show the plan, ask for consent, erase the provider."""
    options, catalogue = context.options, context.catalogue
    plan = plan_erasure(context.settings, catalogue, options.domain)
    if not options.json:
        context.console.print(screens.erasure_plan(plan))
    if options.dry_run or not (options.yes or _is_confirmed(options)):
        if options.json:
            context.show({"plan": plan}, lambda: None)
        return 0 if options.dry_run or sys.stdin.isatty() else EXIT_USAGE
    record = run_erasure(context.settings, catalogue, plan, reason=options.reason, clock=SystemClock())
    context.show(record, lambda: screens.erasure_result(record))
    return 0


def maintain(context: CommandContext) -> int:
    """`news maintain`: run every step of the daily maintenance."""
    clock = SystemClock()
    interval = context.options.interval or Interval.containing(clock.now() - HOUR)
    done = maintenance.maintain(context.settings, context.catalogue, interval, clock=clock)
    context.show(done, lambda: screens.maintenance_result(done))
    return 0


def ledger(context: CommandContext) -> int:
    """`news ledger`: completeness by source and day. EXIT_USAGE when the days are in the wrong order, EXIT_FAILED for an unknown source."""
    options = context.options
    now = datetime.combine(options.until, time(), UTC) + timedelta(days=1) if options.until else SystemClock().now()
    days = (now.date() - options.first).days if options.first else options.days
    if days < 1:
        last = now.date() - timedelta(days=1)
        print(f"news: the last day, {last}, is before the first, {options.first}", file=sys.stderr)
        return EXIT_USAGE
    rows = maintenance.completeness(context.settings, context.catalogue, days=days, now=now, is_whole=options.first is not None)
    known = {row.source_id for row in rows} | {source.id for source in context.catalogue.sources}
    if unknown := sorted(set(options.source) - known):
        print(f"news: {unknown[0]!r} is not a source of the catalogue, nor of the ledger on these days", file=sys.stderr)
        return EXIT_FAILED
    shown = [row for row in rows if not options.source or row.source_id in options.source]
    context.show([{**completeness_row(row), "gap": row.gap} for row in shown], lambda: screens.completeness(shown))
    return 0


def doctor(context: CommandContext) -> int:
    """`news doctor`: exit code EXIT_FAILED when a check found a problem."""
    findings = examination.run_checks(context.settings, is_quick=context.options.quick)
    context.show(findings, lambda: screens.check_results(findings))
    return EXIT_FAILED if any(finding.is_problem for finding in findings) else 0


def _is_confirmed(options: argparse.Namespace) -> bool:
    """Ask the user on a terminal for consent. Without a terminal nobody can answer: False, and --yes is needed."""
    if options.json or not sys.stdin.isatty():
        print("news: nothing was done; --yes carries out this plan, --dry-run only shows it", file=sys.stderr)
        return False
    return input("Carry out this plan? [y/N] ").strip().lower() in ("y", "yes")
