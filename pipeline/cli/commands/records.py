"""The commands that look up published records: top, search, show, why, story, stories, open. Imported only when one of them is run.

They start at once, because this module imports neither pandas nor scipy nor the extraction room.
"""

from __future__ import annotations

import sys

from pipeline.cli.context import EXIT_FAILED, CommandContext
from pipeline.cli.screens import records as screens
from pipeline.core.progress import one_step
from pipeline.lake.storage import Lake
from pipeline.operations import lookups


def top(context: CommandContext) -> int:
    """`news top`: the hottest records, hottest first."""
    options = context.options
    rows = lookups.top(context.settings, days=options.days, limit=options.limit, published_only=options.published, topic=options.topic)
    if not rows:
        context.warn_of_topic()
    context.show(rows, lambda: screens.top(rows, context.settings, is_chosen=bool(options.topic or options.published)))
    return 0


def search(context: CommandContext) -> int:
    """`news search WORD...`: the records that contain all the words."""
    options = context.options
    wanted = {"days": options.days, "topic": options.topic, "published_only": options.published, "limit": options.limit}
    with one_step("searching the lake"):
        rows = lookups.search(context.settings, options.words, **wanted)
    if not any(word.strip() for word in options.words):
        print("news: name at least one word to search for", file=sys.stderr)
    if not rows:
        context.warn_of_topic()
    context.show(rows, lambda: screens.search_results(rows, context.settings, is_filled=_is_filled(context)))
    return 0


def why(context: CommandContext) -> int:
    """`news why URL`: what happened to a URL; EXIT_FAILED when the lake knows nothing of it."""
    with one_step("searching the lake"):
        fate = lookups.why(context.settings, context.options.url)
    context.show(fate, lambda: screens.why(fate))
    return 0 if fate.history.seen or fate.history.versions else EXIT_FAILED


def show(context: CommandContext) -> int:
    """`news show URL`: one record with the reasons for its fields and numbers."""
    found = lookups.show(context.settings, context.options.url)
    context.show(found, lambda: screens.record(found, context.scoring))
    return 0


def story(context: CommandContext) -> int:
    """`news story URL|ID`: the timeline of the story that a record belongs to."""
    timeline = lookups.story(context.settings, context.options.story)
    context.show(timeline, lambda: screens.story(timeline))
    return 0


def stories(context: CommandContext) -> int:
    """`news stories`: the stories of a day, the hottest first."""
    options = context.options
    wanted = {"day": options.date, "topic": options.topic, "min_newsrooms": options.min_newsrooms, "limit": options.limit}
    rows = lookups.stories(context.settings, context.scoring, **wanted)
    if not rows:
        context.warn_of_topic()
    context.show(rows, lambda: screens.stories(rows, context.settings, is_filled=_is_filled(context)))
    return 0


def _is_filled(context: CommandContext) -> bool:
    return bool(Lake(context.settings.lake).published_dates())


def open_(context: CommandContext) -> int:
    """`news open URL`: the sealed values of a record."""
    opened = lookups.unseal(context.settings, context.options.url)
    context.show(opened, lambda: screens.private_values(opened))
    return 0
