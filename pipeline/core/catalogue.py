"""Reads the catalogue from YAML files and checks it before any stage runs.

Only `load_catalogue` reads files; importing does nothing. An error names the file, the line and the key, and says what would be right.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pipeline.core.checked_yaml import Place, PlacedError, fault_at, load_model, near_name
from pipeline.core.rights_policy import RightsPolicy
from pipeline.core.settings import FrozenModel


def _web_url(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("a URL starts with https:// or http://")
    return url


ANY_LANGUAGE = "any"
WebUrl = Annotated[str, AfterValidator(_web_url)]
ListingKind = Literal["feed", "sitemap", "section"]


class Source(FrozenModel):
    """A publisher that the pipeline follows, with its feeds and sitemaps."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    feeds: tuple[WebUrl, ...] = ()
    sitemaps: tuple[WebUrl, ...] = ()
    """Sitemaps or sitemap indexes. A news sitemap has titles and publication times, others only modification times."""
    sections: tuple[WebUrl, ...] = ()
    """Pages that list articles, for sites without feed and sitemap; see `pipeline.discovery.listings.sections`."""
    topic: str
    """The root topic that each of its articles gets, with its parents."""
    vocabulary: tuple[str, ...] = ()
    """Names of root topics whose keywords are searched in titles; empty means all root topics."""
    pace_s: float = Field(2.0, ge=0)
    """Seconds between two requests to a host of this source."""
    poll_min_s: float = Field(3_600.0, gt=0)
    """Shortest interval between two polls of a feed, in seconds. Default: `news_ingest` runs once an hour."""
    poll_max_s: float = Field(21_600.0, gt=0)
    """Longest interval between two polls of a readable feed, in seconds, unless its server asks for a longer one."""
    paging: str | None = None
    """For feeds without links to older pages: the reference that, joined to the feed's URL, gives page `{page}`, counted from 2."""
    language: str | None = None
    enabled: bool = True

    @property
    def listings(self) -> tuple[str, ...]:
        """The URLs of all its feeds, sitemaps and section pages."""
        return self.feeds + self.sitemaps + self.sections

    def kind_of(self, url: str) -> ListingKind:
        """The kind of the listing at `url`."""
        return "sitemap" if url in self.sitemaps else "section" if url in self.sections else "feed"

    @model_validator(mode="after")
    def _lists_something(self) -> Self:
        if not self.listings:
            raise ValueError("a source needs a feed, a sitemap or a section page")
        if self.poll_min_s > self.poll_max_s:
            raise ValueError("poll_min_s is over poll_max_s")
        if self.paging is not None and self.paging.count("{page}") != 1:
            raise ValueError("paging names {page} once, as in ?paged={page}")
        return self


class Keyword(FrozenModel):
    """A word or phrase; an article whose title contains it gets the topic."""

    text: str
    languages: tuple[str, ...] = ()
    """Two-letter codes of the languages of the articles in which it is searched; empty: all."""


def _keywords(given: object) -> object:
    """Keywords from topics.yaml, where they are a list for all languages, or a mapping of languages to lists."""
    if not isinstance(given, dict):
        return [Keyword(text=one) if isinstance(one, str) else one for one in given] if isinstance(given, (list, tuple)) else given
    keywords: dict[str, tuple[str, ...]] = {}
    for key, words in given.items():
        languages = () if key == ANY_LANGUAGE else tuple(str(key).split())
        wrong = next((code for code in languages if not re.fullmatch("[a-z]{2}", code)), None)
        if wrong is not None or key is False:
            raise ValueError(
                f"{key!r}: write `{ANY_LANGUAGE}` or two-letter language codes with blanks between them (Norwegian alone as 'no')"
            )
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError(f"the keywords of {key!r} are a list of strings")
        for word in words:
            if word in keywords:
                raise ValueError(f"keyword {word!r} occurs twice; write it once, with all its languages as the key")
            keywords[word] = languages
    return [Keyword(text=text, languages=languages) for text, languages in keywords.items()]


class Topic(FrozenModel):
    """A topic, its parent topic and its keywords."""

    name: str
    parent: str | None = None
    keywords: Annotated[tuple[Keyword, ...], BeforeValidator(_keywords)] = ()


class Provider(FrozenModel):
    """A provider in a list, by its registered domain."""

    domain: str
    name: str
    weight: int | None = None
    """Replaces the weight of the list for this provider."""


class ProviderList(FrozenModel):
    """Providers with the same weight in quality."""

    name: str
    weight: int
    providers: tuple[Provider, ...]


class OfficialSource(FrozenModel):
    """A topic's own source: its articles on that topic weigh more, and its videos count as featured content."""

    topic: str
    domain: str
    """Registered domain, or a host below it (`azure.microsoft.com`)."""
    weight: int


class QualityConstants(FrozenModel):
    """Constants of law 1, quality. All are points, except `title_free` and `title_per_point`, which count characters.

    The default values are those that reproduce the seed record.
    """

    image: int = 20
    amp: int = 20
    topic: int = 2
    keyword: int = 15
    featured_video: int = Field(50, alias="featuredVideo")
    title_free: int = Field(70, alias="titleFree")
    title_per_point: int = Field(2, alias="titlePerPoint", gt=0)


class HeatConstants(FrozenModel):
    """Constants of law 2, heat, with the default values that reproduce the seed record."""

    related: int = 10
    lead_quality: int = Field(50, alias="leadQuality")


class StoryConstants(FrozenModel):
    """Constants of law 5, stories. No link and no story spans more than `window_hours`."""

    window_hours: int = Field(168, alias="windowHours", gt=0)
    threshold: float = Field(0.17, ge=0, le=1)
    """Least similarity of an article to its story. Chosen on eight labelled sets in the order of their captures: the lowest, in steps of
    0.005, at which mean pairwise precision is 0.86; run `bench/stories.py --timeline` again when `pipeline.stories.timeline` changes."""
    embeddings: bool = False
    """Whether titles are also compared by their embeddings. Needs the extra `embeddings`, which contains its model."""


class EditorialConstants(FrozenModel):
    """The editorial terms of quality beyond law 1: points, each multiplied by a degree from 0 to 1. With all at 0, law 1 holds exactly."""

    promotion: int = 0
    """For an advertisement of a market report, or a press release."""
    clickbait: int = 0
    """For a title that promises or excites instead of informing."""
    thin: int = 0
    """For a short text."""
    thin_words: int = Field(150, alias="thinWords", gt=0)
    """Number of words from which a text is not short at all."""
    stock_picture: int = Field(0, alias="stockPicture")
    """For a lead image whose URL says that it is a logo or a default image."""
    copied: int = 0
    """For a text that copies an earlier article of its story; the degree is the copied share."""
    reliability: int = 0
    """For the provider's reliability; the degree is twice its difference from 0.5, the reliability of an unknown provider."""
    reliabilities: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    """The operator's table of reliabilities: registered domain to a number from 0 to 1."""


class ImageConstants(FrozenModel):
    """Constants that decide which image is a lead image."""

    min_side: int = Field(200, alias="minSide", ge=0)
    """A lead image must have more pixels than this on both sides."""
    max_articles: int = Field(4, alias="maxArticles", ge=1)
    """An image on more articles of one provider than this is the default image of the site and no lead image."""


class Scoring(FrozenModel):
    """scoring.yaml: the constants of all laws."""

    quality: QualityConstants = QualityConstants()
    heat: HeatConstants = HeatConstants()
    published_heat: int = Field(70, alias="publishedHeat")
    """Law 3: a record with at least this heat is published."""
    keyword_match: Literal["words", "substring"] = "words"
    stories: StoryConstants = StoryConstants()
    images: ImageConstants = ImageConstants()
    editorial: EditorialConstants = EditorialConstants()
    editorial_file: str | None = Field(None, alias="editorialFile")
    """A file beside scoring.yaml that holds the value of `editorial`; the shipped catalogue uses editorial.yaml."""
    removed: tuple[WebUrl, ...] = ()
    """URLs of articles that are never published, whatever their heat."""


class _SourcesFile(FrozenModel):
    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _unique(self) -> Self:
        _refuse_repeats([(source.id, ("sources", number, "id")) for number, source in enumerate(self.sources)], "source id")
        return self


class _TopicsFile(FrozenModel):
    topics: tuple[Topic, ...]

    @model_validator(mode="after")
    def _tree(self) -> Self:
        _refuse_repeats([(topic.name, ("topics", number, "name")) for number, topic in enumerate(self.topics)], "topic")
        parents = {topic.name: topic.parent for topic in self.topics}
        for number, name in enumerate(parents):
            place = ("topics", number, "parent")
            above, seen = parents[name], {name}
            while above is not None:
                if above not in parents:
                    raise PlacedError(f"topic {name!r} has the parent {above!r}, which is not a topic{near_name(above, parents)}", place)
                if above in seen:
                    raise PlacedError(f"topic {name!r} is its own ancestor", place)
                seen.add(above)
                above = parents[above]
        return self


class _ProvidersFile(FrozenModel):
    lists: tuple[ProviderList, ...] = ()
    official: tuple[OfficialSource, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> Self:
        domains = [
            (provider.domain, ("lists", number, "providers", place, "domain"))
            for number, group in enumerate(self.lists)
            for place, provider in enumerate(group.providers)
        ]
        _refuse_repeats(domains, "provider domain")
        return self


class Catalogue(FrozenModel):
    """All files of the catalogue, checked against each other."""

    sources: tuple[Source, ...]
    topics: tuple[Topic, ...]
    provider_lists: tuple[ProviderList, ...] = ()
    official: tuple[OfficialSource, ...] = ()
    scoring: Scoring = Scoring()
    rights: RightsPolicy = RightsPolicy()

    def source(self, source_id: str | None) -> Source | None:
        """The source with this id; None when the catalogue has none."""
        return next((source for source in self.sources if source.id == source_id), None)

    @property
    def enabled_sources(self) -> tuple[Source, ...]:
        """The sources that are followed, in the order of sources.yaml."""
        return tuple(source for source in self.sources if source.enabled)

    @property
    def digest(self) -> str:
        """SHA-256 of all values that influence published records, which feeds and paces do not, as 64 hex digits."""
        decisive = {
            "sources": [[source.id, source.topic, source.vocabulary] for source in self.sources],
            "topics": [topic.model_dump() for topic in self.topics],
            "providers": [group.model_dump() for group in self.provider_lists],
            "official": [one.model_dump() for one in self.official],
            "scoring": self.scoring.model_dump(),
            "rights": self.rights.model_dump(),
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def load_catalogue(directory: str | Path) -> Catalogue:
    """Read and check sources.yaml, topics.yaml, providers.yaml, scoring.yaml and, if it exists, rights.yaml in `directory`.

    Raises ConfigError, which names file, line and key.
    """
    folder = Path(directory)
    topics = load_model(folder / "topics.yaml", _TopicsFile)
    sources = load_model(folder / "sources.yaml", _SourcesFile)
    providers = load_model(folder / "providers.yaml", _ProvidersFile)
    scoring = load_scoring(folder)
    names = {topic.name for topic in topics.topics}
    for number, source in enumerate(sources.sources):
        for key, name in [("topic", source.topic), *(("vocabulary", name) for name in source.vocabulary)]:
            if name not in names:
                raise fault_at(folder / "sources.yaml", ("sources", number, key), f"{name!r} is not in topics.yaml{near_name(name, names)}")
    for number, official in enumerate(providers.official):
        if official.topic not in names:
            message = f"{official.topic!r} is not in topics.yaml{near_name(official.topic, names)}"
            raise fault_at(folder / "providers.yaml", ("official", number, "topic"), message)
    return Catalogue(
        sources=sources.sources,
        topics=topics.topics,
        provider_lists=providers.lists,
        official=providers.official,
        scoring=scoring,
        rights=load_model(folder / "rights.yaml", RightsPolicy) if (folder / "rights.yaml").exists() else RightsPolicy(),
    )


def unknown_topic(catalogue: Catalogue, name: str) -> str | None:
    """A sentence that `name` is no topic of the catalogue in any case, with the nearest one; None when it is a topic."""
    names = [topic.name for topic in catalogue.topics]
    return None if name.casefold() in map(str.casefold, names) else f"{name!r} is not in topics.yaml{near_name(name, names)}"


def load_scoring(directory: str | Path) -> Scoring:
    """Read and check scoring.yaml below `directory`, with the editorial file that it names. Raises ConfigError as `load_catalogue` does."""
    folder = Path(directory)
    scoring = load_model(folder / "scoring.yaml", Scoring)
    if scoring.editorial_file is None:
        return scoring
    return scoring.model_copy(update={"editorial": load_model(folder / scoring.editorial_file, EditorialConstants)})


def _refuse_repeats(names: Iterable[tuple[str, Place]], what: str) -> None:
    first: dict[str, Place] = {}
    for name, place in names:
        if name in first:
            raise PlacedError(f"{what} {name!r} occurs twice", place, first[name])
        first[name] = place
