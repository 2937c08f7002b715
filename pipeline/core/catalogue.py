"""The catalogue from YAML, checked before anything runs.

Reads the catalogue folder only when asked to (`load_catalogue`); importing does nothing. An error names the file, the line and the key,
and says what would be right.
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
from pipeline.core.settings import Frozen


def _web_url(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("a URL starts with https:// or http://")
    return url


ANY_LANGUAGE = "any"
WebUrl = Annotated[str, AfterValidator(_web_url)]
ListingKind = Literal["feed", "sitemap", "section"]


class Source(Frozen):
    """A publisher we follow."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    feeds: tuple[WebUrl, ...] = ()
    sitemaps: tuple[WebUrl, ...] = ()
    """Sitemaps or indexes of them; a news sitemap tells titles and times, others only what changed."""
    sections: tuple[WebUrl, ...] = ()
    """Pages that list articles, for sites with neither; see `pipeline.discovery.sections`."""
    topic: str
    """The root topic that each of its articles gets, with its parents."""
    vocabulary: tuple[str, ...] = ()
    """Names of root topics whose trees are looked for in titles; empty means all of them."""
    pace_s: float = Field(2.0, ge=0)
    """Seconds between two requests to a host of this source."""
    poll_min_s: float = Field(3_600.0, gt=0)
    """Its feeds are not asked more often than so many seconds, whatever they bring."""
    poll_max_s: float = Field(21_600.0, gt=0)
    """Nor more rarely while they can be read, unless their server asks for it."""
    paging: str | None = None
    """How its feeds are paged where they do not say it themselves: what is joined to the feed's address, `{page}` counting from 2."""
    language: str | None = None
    enabled: bool = True

    @property
    def listings(self) -> tuple[str, ...]:
        """Every address that lists its articles."""
        return self.feeds + self.sitemaps + self.sections

    def kind_of(self, url: str) -> ListingKind:
        """What the listing at `url` is."""
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


class Keyword(Frozen):
    """A word or phrase that gives a topic to the titles that hold it."""

    text: str
    languages: tuple[str, ...] = ()
    """Two-letter codes of the languages it belongs to; empty: it belongs to all."""


def _keywords(given: object) -> object:
    """Keywords from what topics.yaml has: a list, which belongs to all languages, or languages to lists."""
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
                raise ValueError(f"keyword {word!r} stands twice; name all its languages before one list")
            keywords[word] = languages
    return [Keyword(text=text, languages=languages) for text, languages in keywords.items()]


class Topic(Frozen):
    name: str
    parent: str | None = None
    keywords: Annotated[tuple[Keyword, ...], BeforeValidator(_keywords)] = ()


class Provider(Frozen):
    domain: str
    name: str
    weight: int | None = None
    """Overrides the weight of the list it stands in."""


class ProviderList(Frozen):
    name: str
    weight: int
    providers: tuple[Provider, ...]


class OfficialSource(Frozen):
    """A topic's own source: its articles on that topic weigh more, and its videos count as featured content."""

    topic: str
    domain: str
    """Registered domain, or a host below it (`azure.microsoft.com`)."""
    weight: int


class QualityConstants(Frozen):
    """Law 1. All in points, but the two of the title's length, in characters."""

    image: int = 20
    amp: int = 20
    topic: int = 2
    keyword: int = 15
    featured_video: int = Field(50, alias="featuredVideo")
    title_free: int = Field(70, alias="titleFree")
    title_per_point: int = Field(2, alias="titlePerPoint", gt=0)


class HeatConstants(Frozen):
    """Law 2."""

    related: int = 10
    lead_quality: int = Field(50, alias="leadQuality")


class StoryConstants(Frozen):
    """Law 5. `window_hours` bounds every link and the span of a story."""

    window_hours: int = Field(168, alias="windowHours", gt=0)
    threshold: float = Field(0.165, ge=0, le=1)
    """How alike an article and a story are at least. Chosen on eight labelled sets: the lowest, in steps of 0.005, at which mean B-cubed
    precision is 0.93; run bench/stories.py again when `pipeline.stories.clustering` changes."""
    embeddings: bool = False
    """Headlines are compared by what their titles mean as well. Needs the extra `embeddings`, which carries its model."""


class EditorialConstants(Frozen):
    """The second opinion: points for what law 1 cannot see, each times a number from 0 to 1. With all at 0 the laws hold exactly."""

    promotion: int = 0
    """A market report's advertisement, a press release."""
    clickbait: int = 0
    """A title that promises or stirs up instead of tells."""
    thin: int = 0
    """Little text."""
    thin_words: int = Field(150, alias="thinWords", gt=0)
    """From so many words on a text is not thin."""
    stock_picture: int = Field(0, alias="stockPicture")
    """A lead image whose address calls it a logo or a default."""
    copied: int = 0
    """The share of the text that stands in an earlier article of its story."""
    reliability: int = 0
    """The provider's reliability less that of an unknown one, 0.5, times two."""
    reliabilities: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    """Registered domain to its reliability, 0 to 1: the operator's table."""


class ImageConstants(Frozen):
    min_side: int = Field(200, alias="minSide", ge=0)
    """A lead image has more pixels than this on both sides."""
    max_articles: int = Field(4, alias="maxArticles", ge=1)
    """A picture on more articles of one provider than this is the site's default, not the article's."""


class Scoring(Frozen):
    quality: QualityConstants = QualityConstants()
    heat: HeatConstants = HeatConstants()
    published_heat: int = Field(70, alias="publishedHeat")
    """Law 3: published is heat of at least this."""
    keyword_match: Literal["words", "substring"] = "words"
    stories: StoryConstants = StoryConstants()
    images: ImageConstants = ImageConstants()
    editorial: EditorialConstants = EditorialConstants()
    editorial_file: str | None = Field(None, alias="editorialFile")
    """A file beside scoring.yaml that stands for `editorial`: the shipped one is editorial.yaml."""
    removed: tuple[WebUrl, ...] = ()
    """Never published, whatever their heat."""


class _SourcesFile(Frozen):
    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _unique(self) -> Self:
        _refuse_repeats([(source.id, ("sources", number, "id")) for number, source in enumerate(self.sources)], "source id")
        return self


class _TopicsFile(Frozen):
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
                    raise PlacedError(f"topic {name!r} has the parent {above!r}, which is not a topic", place)
                if above in seen:
                    raise PlacedError(f"topic {name!r} is its own ancestor", place)
                seen.add(above)
                above = parents[above]
        return self


class _ProvidersFile(Frozen):
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


class Catalogue(Frozen):
    """The files of the catalogue, consistent with each other."""

    sources: tuple[Source, ...]
    topics: tuple[Topic, ...]
    provider_lists: tuple[ProviderList, ...] = ()
    official: tuple[OfficialSource, ...] = ()
    scoring: Scoring = Scoring()
    rights: RightsPolicy = RightsPolicy()

    def source(self, source_id: str | None) -> Source | None:
        return next((source for source in self.sources if source.id == source_id), None)

    @property
    def enabled_sources(self) -> tuple[Source, ...]:
        return tuple(source for source in self.sources if source.enabled)

    @property
    def digest(self) -> str:
        """SHA-256 over everything that decides what is published (not feeds or paces), as 64 hex digits."""
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
    """Read and check sources.yaml, topics.yaml, providers.yaml, scoring.yaml and, where there is one, rights.yaml below `directory`.

    Raises ConfigError naming file, line and key.
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
            raise fault_at(folder / "providers.yaml", ("official", number, "topic"), f"{official.topic!r} is not in topics.yaml")
    return Catalogue(
        sources=sources.sources,
        topics=topics.topics,
        provider_lists=providers.lists,
        official=providers.official,
        scoring=scoring,
        rights=load_model(folder / "rights.yaml", RightsPolicy) if (folder / "rights.yaml").exists() else RightsPolicy(),
    )


def load_scoring(directory: str | Path) -> Scoring:
    """Read and check scoring.yaml below `directory`, with the editorial file that it names. Raises ConfigError as `load_catalogue` does."""
    folder = Path(directory)
    scoring = load_model(folder / "scoring.yaml", Scoring)
    if scoring.editorial_file is None:
        return scoring
    return scoring.model_copy(update={"editorial": load_model(folder / scoring.editorial_file, EditorialConstants)})


def _refuse_repeats(names: Iterable[tuple[str, Place]], what: str) -> None:
    seen: set[str] = set()
    for name, place in names:
        if name in seen:
            raise PlacedError(f"{what} {name!r} stands twice", place)
        seen.add(name)
