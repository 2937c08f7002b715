"""The commands of the catalogue and the schema: sources, config, dictionary. Imported only when one of them is run."""

from __future__ import annotations

from pipeline.cli.context import EXIT_RED, CommandContext
from pipeline.cli.dictionary import dictionary as data_dictionary
from pipeline.cli.screens import catalogue as screens
from pipeline.core.catalogue import Catalogue, unknown_topic
from pipeline.core.errors import ConfigError
from pipeline.discovery.subscriptions import export_opml, import_opml
from pipeline.fetching.fetcher import SystemClock
from pipeline.operations import stages
from pipeline.operations.own_catalogue import copy_catalogue
from pipeline.operations.source_repairs import apply_repairs, heal_sources
from pipeline.publishing.exports import contracts
from pipeline.publishing.exports.tabular import json_text


def sources_check(context: CommandContext) -> int:
    """`news sources check`: exit code EXIT_RED when a feed has a problem."""
    polls = stages.check_feeds(context.settings, context.catalogue)
    context.show(polls, lambda: screens.feed_checks(polls))
    return EXIT_RED if any(poll.problem for poll in polls) else 0


def sources_list(context: CommandContext) -> int:
    """`news sources list`: all sources of the catalogue, disabled ones included."""
    sources = context.catalogue.sources
    context.show([source.model_dump() for source in sources], lambda: screens.sources(sources))
    return 0


def sources_heal(context: CommandContext) -> int:
    """`news sources heal`: show the repairs of broken listings; with --apply also write them to sources.yaml."""
    healed = heal_sources(context.settings, context.catalogue, clock=SystemClock(), sources=context.options.sources)
    if context.options.apply:
        apply_repairs(context.settings, healed)
    is_applied = context.options.apply and bool(healed.diff)
    found = {"repairs": healed.repairs, "diff": healed.diff, "isApplied": is_applied}
    context.show(found, lambda: screens.listing_repairs(healed, is_applied=is_applied))
    return 0


def sources_add(context: CommandContext) -> int:
    """`news sources add`: follow the site at URL, or say why it cannot be followed."""
    catalogue = context.catalogue
    added = stages.add_source(context.settings, catalogue, context.options.url, topic=_topic(context, catalogue))
    context.show(added, lambda: screens.added_sources([added]))
    return 0


def sources_import(context: CommandContext) -> int:
    """`news sources import-opml`: exit code EXIT_RED when a feed of the file was left out."""
    catalogue = context.catalogue
    results = import_opml(context.settings, catalogue, context.options.file, topic=_topic(context, catalogue))
    context.show(results, lambda: screens.added_sources(results))
    return EXIT_RED if any(one.is_left_out for one in results) else 0


def _topic(context: CommandContext, catalogue: Catalogue) -> str:
    """The topic of the options, spelt as in the catalogue. Raises ConfigError when the catalogue has none of that name in any case."""
    if fault := unknown_topic(catalogue, context.options.topic):
        raise ConfigError(fault)
    names = {topic.name.casefold(): topic.name for topic in catalogue.topics}
    return names[context.options.topic.casefold()]


def sources_export(context: CommandContext) -> int:
    """`news sources export-opml`: print the OPML document to stdout."""
    print(export_opml(context.catalogue).decode(), end="")
    return 0


def config_init(context: CommandContext) -> int:
    """`news config init`: copy the shipped catalogue into a folder and list the copies."""
    copies = copy_catalogue(context.options.folder)
    context.show([str(path) for path in copies], lambda: screens.copied_files(copies))
    return 0


def dictionary(context: CommandContext) -> int:
    """`news dictionary`: print the data dictionary to stdout, in the format of the option."""
    make = {"odcs": contracts.odcs, "croissant": contracts.croissant, "frictionless": contracts.frictionless}
    form = "odcs" if context.options.json else context.options.format
    print(json_text(make[form](), indent=2) + "\n" if form in make else data_dictionary(), end="")
    return 0
