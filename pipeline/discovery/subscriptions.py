"""Adds sources to sources.yaml: the feed of a site, or every feed of an OPML file. Exports the sources as OPML.

Sources are appended as text, so that the comments of the file stay; `sources_file` loads the changed file before it replaces the old one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.core.catalogue import Catalogue, Source, load_catalogue
from pipeline.core.errors import ConfigError, FeedError, PermanentError
from pipeline.core.models import Clock, Exchange
from pipeline.core.settings import Settings
from pipeline.core.workers import BoundedReader
from pipeline.discovery.autodiscovery import COMMON_PATHS
from pipeline.discovery.listings.feeds import Feed
from pipeline.discovery.listings.readers import declared_feeds, listing_reader, read_feed
from pipeline.discovery.opml import read_opml, write_opml
from pipeline.discovery.sources_file import NAME, write_sources
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.text.urls import join, registered_domain

MAX_TRIES = 6
"""Candidates that are fetched in the search for the feed of a site. A plain choice."""
PACE_S = 2.0
"""Seconds between two requests to a host, as the default of `Source.pace_s`."""


@dataclass(frozen=True, slots=True)
class AddedSource:
    """The result for one feed: the new source, or the problem because of which none was added."""

    url: str
    source: Source | None
    problem: str | None = None
    is_left_out: bool = False
    """Whether the feed cannot be followed. False for a feed that is followed already."""


def add_site(settings: Settings, catalogue: Catalogue, url: str, *, topic: str, clock: Clock) -> AddedSource:
    """Append a source to sources.yaml: the feed at `url`, else one that the page at `url` declares or that the site has at a usual path.

    Raises PermanentError when no feed is found or the page cannot be read within its bounds, ConfigError for an unknown topic or when the
    catalogue with the new source cannot be loaded.
    """
    with Fetcher(settings, clock=clock) as fetcher, listing_reader(settings) as reader:
        found = _find_feed(fetcher, reader, url)
    if found is None:
        usual = ", ".join(COMMON_PATHS[:MAX_TRIES])
        raise PermanentError(
            f"{url}: no feed found: the page declares none, and there is none at {usual}; `sections:` in sources.yaml follows a page itself"
        )
    address, feed = found
    (added,) = _append(settings, catalogue, [(address, feed.title or registered_domain(address))], topic=topic)
    return added


def import_opml(settings: Settings, catalogue: Catalogue, path: Path, *, topic: str) -> list[AddedSource]:
    """Append every feed of an OPML file that is not followed yet; returns one result for each subscription of the file, in its order.

    Raises FeedError when the file is not OPML, ConfigError for an unknown topic or when the changed catalogue cannot be loaded.
    """
    outlines = read_opml(path.read_bytes(), path=str(path))
    names = {one.name.casefold(): one.name for one in catalogue.topics}
    feeds = [(outline.url, outline.title, _topic_of(outline.folders, names) or topic) for outline in outlines if outline.problem is None]
    results = [AddedSource(outline.url, None, outline.problem, is_left_out=True) for outline in outlines if outline.problem is not None]
    for wanted in dict.fromkeys(name for _, _, name in feeds):
        with_topic = [(url, title) for url, title, name in feeds if name == wanted]
        results += _append(settings, load_catalogue(settings.config), with_topic, topic=wanted)
    order = {outline.url: number for number, outline in enumerate(outlines)}
    return sorted(results, key=lambda added: order[added.url])


def export_opml(catalogue: Catalogue) -> bytes:
    """The enabled sources as an OPML document."""
    return write_opml(catalogue.enabled_sources, title="news-pipeline sources")


def _topic_of(folders: Sequence[str], names: dict[str, str]) -> str | None:
    """The topic with the name of the innermost folder that is named like a topic."""
    return next((names[folder.casefold()] for folder in reversed(folders) if folder.casefold() in names), None)


def _find_feed(fetcher: Fetcher, reader: BoundedReader, url: str) -> tuple[str, Feed] | None:
    """The address and the content of the feed at `url`, declared by the page there, or at a usual path of its site."""
    candidates: list[str] = []
    answer = fetcher.get(Target(url, "feed", PACE_S))
    if answer.error is not None:
        raise answer.error
    if answer.final is None:
        raise PermanentError(f"{url}: robots.txt disallows it")
    try:
        return answer.final.url, _feed(reader, answer.final)
    except FeedError:
        declared = declared_feeds(reader, answer.final.body, url=answer.final.url, content_type=answer.final.content_type)
        candidates += [link.url for link in declared]
        candidates += [address for path in COMMON_PATHS if (address := join(answer.final.url, path)) is not None]
    for candidate in list(dict.fromkeys(candidates))[:MAX_TRIES]:
        final = fetcher.get(Target(candidate, "feed", PACE_S)).final
        if final is None or final.status != 200:
            continue
        try:
            return final.url, _feed(reader, final)
        except FeedError:
            continue
    return None


def _feed(reader: BoundedReader, final: Exchange) -> Feed:
    return read_feed(reader, final.body, url=final.url, content_type=final.content_type, source_id=None)


def _append(settings: Settings, catalogue: Catalogue, feeds: Iterable[tuple[str, str]], *, topic: str) -> list[AddedSource]:
    if topic not in {one.name for one in catalogue.topics}:
        raise ConfigError(f"{topic!r} is not in topics.yaml")
    followed = {address: source.id for source in catalogue.sources for address in source.listings}
    taken = {source.id for source in catalogue.sources}
    results: list[AddedSource] = []
    for url, name in feeds:
        if url in followed:
            results.append(AddedSource(url, None, f"followed already as {followed[url]}"))
            continue
        source = Source(id=_free_id(url, taken), name=name, feeds=(url,), topic=topic, pace_s=PACE_S)
        taken.add(source.id)
        followed[url] = source.id
        results.append(AddedSource(url, source))
    _write(Path(settings.config), [added.source for added in results if added.source is not None])
    return results


def _write(folder: Path, sources: Sequence[Source]) -> None:
    if sources:
        before = (folder / NAME).read_text(encoding="utf-8")
        write_sources(folder, before.rstrip("\n") + "\n" + "".join(_line(source) for source in sources))


def _line(source: Source) -> str:
    """The source as a line of sources.yaml in YAML's flow style; JSON strings are valid YAML strings."""
    values = {"id": source.id, "name": source.name, "feeds": list(source.feeds), "topic": source.topic, "pace_s": source.pace_s}
    return "  - {" + ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()) + "}\n"


def _free_id(url: str, taken: set[str]) -> str:
    """A source id that is not taken: the registered domain's first label, or else with the path's words, or else with a number."""
    base = _slug(registered_domain(url).partition(".")[0])
    longer = _slug(f"{base}-{urlsplit(url).path.rsplit('.', 1)[0]}")
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (base, longer, *numbered) if name not in taken)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "source"
