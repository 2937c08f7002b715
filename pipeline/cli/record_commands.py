"""The commands that look up what was published: top, search, show, why, story, open. Loaded only when one of them is given.

They start in half a second: neither this module nor what it imports needs pandas, scipy or a reader of pages.
"""

from __future__ import annotations

from pipeline.cli import record_screens
from pipeline.cli.context import EXIT_FAILED, CommandContext
from pipeline.operations import lookups


def top(context: CommandContext) -> int:
    options = context.options
    rows = lookups.top(context.settings, days=options.days, limit=options.limit, published_only=options.published, topic=options.topic)
    context.show(rows, lambda: record_screens.top(rows, context.settings))
    return 0


def search(context: CommandContext) -> int:
    options = context.options
    wanted = {"days": options.days, "topic": options.topic, "published_only": options.published, "limit": options.limit}
    rows = lookups.search(context.settings, options.words, **wanted)
    context.show(rows, lambda: record_screens.found(rows))
    return 0


def why(context: CommandContext) -> int:
    fate = lookups.why(context.settings, context.options.url)
    context.show(fate, lambda: record_screens.why(fate))
    return 0 if fate.history.seen or fate.history.versions else EXIT_FAILED


def show(context: CommandContext) -> int:
    found = lookups.show(context.settings, context.options.url)
    context.show(found, lambda: record_screens.record(found, context.scoring))
    return 0


def story(context: CommandContext) -> int:
    timeline = lookups.story(context.settings, context.options.story)
    context.show(timeline, lambda: record_screens.story(timeline))
    return 0


def open_(context: CommandContext) -> int:
    opened = lookups.unseal(context.settings, context.options.url)
    context.show(opened, lambda: record_screens.opened(opened))
    return 0
