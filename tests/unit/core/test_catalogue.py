"""The catalogue that ships, and what a wrong catalogue or setting is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tldextract

from pipeline.core.catalogue import Catalogue, HeatConstants, ImageConstants, QualityConstants, Scoring, StoryConstants, load_catalogue
from pipeline.core.errors import ConfigError
from pipeline.core.settings import PROJECT, Settings
from pipeline.publishing.scoring.laws import quality_parts
from pipeline.publishing.scoring.providers import ProviderTable
from pipeline.publishing.scoring.topics import TopicMatcher

DATA = PROJECT / "data"
ROOTS = {"AI", "Technology", "Science", "Business", "World"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(DATA)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogue that a test may spoil."""
    for name in ("sources", "topics", "providers", "scoring"):
        shutil.copy(DATA / f"{name}.yaml", tmp_path)
    return tmp_path


SUFFIXES = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def registered_domain(host: str) -> str:
    return SUFFIXES(host).top_domain_under_public_suffix


def test_the_catalogue_covers_its_five_fields(catalogue: Catalogue) -> None:
    assert {topic.name for topic in catalogue.topics if topic.parent is None} == ROOTS
    assert {"Computer Vision", "AI Ethics", "Machine Learning"} <= {topic.name for topic in catalogue.topics}
    assert len(catalogue.enabled_sources) >= 40
    parents = {topic.name: topic.parent for topic in catalogue.topics}
    roots = set()
    for source in catalogue.sources:
        top = source.topic
        while (above := parents[top]) is not None:
            top = above
        roots.add(top)
    assert roots == ROOTS


def test_sources_ask_politely_and_over_https(catalogue: Catalogue) -> None:
    for source in catalogue.sources:
        assert source.pace_s >= 1, source.id
        assert all(feed.startswith("https://") for feed in source.feeds), source.id
    feeds = [feed for source in catalogue.sources for feed in source.feeds]
    assert len(set(feeds)) == len(feeds)


def test_vocabularies_name_root_topics(catalogue: Catalogue) -> None:
    assert {name for source in catalogue.sources for name in source.vocabulary} <= ROOTS


def test_keywords_stand_once_in_a_topic_and_every_topic_has_some(catalogue: Catalogue) -> None:
    for topic in catalogue.topics:
        folded = [keyword.text.casefold().replace("-", " ") for keyword in topic.keywords]
        assert folded, topic.name
        assert len(set(folded)) == len(folded), topic.name


@pytest.mark.parametrize(
    ("title", "language", "expected"),
    [
        ("How AI changes work in the EU", "en", ("AI", "Europe", "World")),
        ("Wie AI die Arbeit in der EU verändert", "de", ("AI", "Europe", "World")),
        ("Fondi ai comuni montani: via libera del Senato", "it", ()),
        ("Je n'ai rien vu, dit le maire qui a eu un accident", "fr", ()),
        ("Quem sou eu? O ator fala da carreira", "pt", ()),
        ("Was war das für ein Sommer", "de", ()),
        ("Nvidia et OpenAI signent un accord", "fr", ("NVIDIA", "AI Hardware", "OpenAI", "AI")),
        ("人工知能と働く", "ja", ("AI",)),
        ("AIと働く", "ja", ("AI",)),
    ],
)
def test_keywords_are_found_in_titles_of_their_languages(
    catalogue: Catalogue, title: str, language: str, expected: tuple[str, ...]
) -> None:
    matcher = TopicMatcher(catalogue.topics, match=catalogue.scoring.keyword_match)
    assert matcher.topics_of(title, root=None, language=language).topics == expected


def test_providers_are_listed_by_registered_domain(catalogue: Catalogue) -> None:
    for group in catalogue.provider_lists:
        for provider in group.providers:
            assert registered_domain(provider.domain) == provider.domain


def test_official_sources_are_hosts_of_existing_topics(catalogue: Catalogue) -> None:
    for official in catalogue.official:
        assert official.domain.endswith(registered_domain(official.domain))
        assert official.weight >= 50


def test_scoring_yaml_shows_every_constant_at_its_default(catalogue: Catalogue) -> None:
    assert catalogue.scoring == Scoring()
    text = (DATA / "scoring.yaml").read_text(encoding="utf-8")
    for model in (Scoring, QualityConstants, HeatConstants, StoryConstants, ImageConstants):
        for name, field in model.model_fields.items():
            assert f"{field.alias or name}:" in text


def test_the_laws_defaults_are_the_seeds() -> None:
    scoring = Scoring()
    assert scoring.quality.model_dump() == {
        "image": 20,
        "amp": 20,
        "topic": 2,
        "keyword": 15,
        "featured_video": 50,
        "title_free": 70,
        "title_per_point": 2,
    }
    assert (scoring.heat.related, scoring.heat.lead_quality, scoring.published_heat) == (10, 50, 70)
    assert (scoring.keyword_match, scoring.stories.window_hours, scoring.images.min_side) == ("words", 168, 200)


@pytest.mark.parametrize(
    ("title", "domain", "has_amp", "expected"),
    [
        ("Chinese lawmakers consider more facial recognition restrictions", "biometricupdate.com", False, 39),
        (
            "Chinese Fintech Giant JD Technology Is Reconsidering Potential $3B IPO due to Nationwide Regulatory Crackdown",
            "crowdfundinsider.com",
            True,
            25,
        ),
        (
            "Quantifind Introduces Chinese Language Support for Truly Global Financial Crimes Investigations Automation",
            "law.com",
            False,
            6,
        ),
    ],
)
def test_the_seeds_articles_have_the_seeds_quality(catalogue: Catalogue, title: str, domain: str, has_amp: bool, expected: int) -> None:
    matcher = TopicMatcher(catalogue.topics, match=catalogue.scoring.keyword_match)
    match = matcher.topics_of(title, root="Computer Vision", vocabulary=["AI"])
    table = ProviderTable(catalogue.provider_lists, catalogue.official)
    parts = quality_parts(
        title=title,
        has_image=True,
        has_amp=has_amp,
        provider_weight=table.weight(f"https://www.{domain}/a", domain=domain, topics=match.topics).weight,
        topics=len(match.topics),
        keyword_hits=len(match.hits),
        is_featured_video=False,
        constants=catalogue.scoring.quality,
    )
    assert match.topics == ("Computer Vision", "AI")
    assert parts.total == expected


def test_the_digest_follows_what_decides_and_not_feeds_or_paces(folder: Path, catalogue: Catalogue) -> None:
    assert load_catalogue(folder).digest == catalogue.digest
    sources = folder / "sources.yaml"
    sources.write_text(sources.read_text().replace("pace_s: 3", "pace_s: 4"))
    assert load_catalogue(folder).digest == catalogue.digest
    scoring = folder / "scoring.yaml"
    scoring.write_text(scoring.read_text().replace("publishedHeat: 70", "publishedHeat: 60"))
    assert load_catalogue(folder).digest != catalogue.digest


@pytest.mark.parametrize(
    ("name", "text", "where", "what"),
    [
        ("scoring", "quality:\n  image: many\n", "scoring.yaml:2: quality.image: ", "integer"),
        (
            "scoring",
            "heat:\n  related: 10\n  rellated: 2\n",
            "scoring.yaml:3: heat.rellated: ",
            "there is no such key; did you mean 'related'?",
        ),
        ("scoring", "keyword_match: letters\n", "scoring.yaml:1: keyword_match: ", "'words' or 'substring'"),
        ("scoring", "removed: [example.com]\n", "scoring.yaml:1: removed.0: ", "https://"),
        ("scoring", "quality: [\n", "scoring.yaml:2: ", "not YAML"),
        ("sources", "sources:\n  - id: A B\n", "sources.yaml:2: sources.0.id: ", "match pattern"),
        (
            "sources",
            "sources:\n  - id: a\n    feeds: https://a.example/\n    name: A\n    topic: AI\n",
            "sources.yaml:3: sources.0.feeds: ",
            "a list is",
        ),
        (
            "sources",
            "sources:\n  - id: a\n    name: A\n    feeds: ['https://a.example/']\n",
            "sources.yaml:2: sources.0.topic: ",
            "is missing",
        ),
        ("sources", "- a\n", "sources.yaml:1: (whole file): ", "keys are expected"),
        ("sources", "sources:\n  - {id: a, name: 5, feeds: ['https://a.example/'], topic: AI}\n", "sources.yaml:2: ", "a text is expected"),
        (
            "sources",
            "sources:\n  - {id: a, name: A, topic: AI, pace_s: fast}\n",
            "sources.yaml:2: sources.0.pace_s: ",
            "a number is expected",
        ),
        (
            "sources",
            "sources:\n  - id: a\n    name: A\n    feeds: ['https://a.example/']\n    topic: Nowhere\n",
            "sources.yaml:5: sources.0.topic: ",
            "'Nowhere' is not in topics.yaml",
        ),
        (
            "sources",
            "sources:\n  - {id: a, name: A, feeds: ['ftp://a.example/'], topic: AI}\n",
            "sources.yaml:2: sources.0.feeds.0: ",
            "https://",
        ),
        ("sources", "sources:\n  - {id: a, name: A, feeds: [], topic: AI}\n", "sources.yaml:2: sources.0: ", "needs a feed"),
        (
            "sources",
            "sources:\n  - {id: a, name: A, feeds: ['https://a.example/'], topic: AI, paging: '?paged='}\n",
            "sources.yaml:2: sources.0: ",
            "paging names {page} once",
        ),
        ("topics", "topics:\n  - {name: AI, parent: Nothing}\n", "topics.yaml:2: topics.0.parent: ", "'Nothing', which is not a topic"),
        (
            "topics",
            "topics:\n  - {name: Science}\n  - {name: Space, parent: science}\n",
            "topics.yaml:3: topics.1.parent: ",
            "'science', which is not a topic; did you mean 'Science'?",
        ),
        (
            "providers",
            "official:\n  - {topic: openai, domain: openai.com, weight: 50}\n",
            "providers.yaml:2: official.0.topic: ",
            "'openai' is not in topics.yaml; did you mean 'OpenAI'?",
        ),
        (
            "topics",
            "topics:\n  - {name: A, parent: B}\n  - {name: B, parent: A}\n",
            "topics.yaml:2: topics.0.parent: ",
            "own ancestor",
        ),
        ("topics", "topics:\n  - {name: A}\n  - {name: A}\n", "topics.yaml:3: topics.1.name: ", "topic 'A' occurs twice, first in line 2"),
        (
            "sources",
            "sources:\n  - {id: a, name: A, feed: 'https://a.example/', topic: AI}\n",
            "sources.yaml:2: sources.0.feed: ",
            "there is no such key; did you mean 'feeds'?",
        ),
        ("scoring", "heat:\n  xyzzy: 1\n", "scoring.yaml:2: heat.xyzzy: ", "there is no such key; there are leadQuality, related"),
        (
            "sources",
            "sources:\n" + "  - {id: a, name: A, feeds: ['https://a.example/'], topic: AI}\n" * 2,
            "sources.yaml:3: sources.1.id: ",
            "source id 'a' occurs twice, first in line 2",
        ),
        (
            "sources",
            "sources:\n  - {id: a, name: A, feeds: ['https://a.example/'], topic: ai}\n",
            "sources.yaml:2: sources.0.topic: ",
            "'ai' is not in topics.yaml; did you mean 'AI'?",
        ),
        (
            "providers",
            "lists:\n  - name: x\n    weight: 1\n    providers:\n" + "      - {domain: a.example, name: A}\n" * 2,
            "providers.yaml:6: lists.0.providers.1.domain: ",
            "'a.example' occurs twice, first in line 5",
        ),
        (
            "topics",
            "topics:\n  - name: A\n    keywords:\n      english: [ai]\n",
            "topics.yaml:3: topics.0.keywords: ",
            "'english': write `any` or two-letter language codes",
        ),
        (
            "topics",
            "topics:\n  - name: A\n    keywords:\n      no: [ki]\n",
            "topics.yaml:3: topics.0.keywords: ",
            "Norwegian alone as 'no'",
        ),
        ("topics", "topics:\n  - name: A\n    keywords:\n      en: ai\n", "topics.yaml:3: topics.0.keywords: ", "a list of strings"),
        (
            "topics",
            "topics:\n  - name: A\n    keywords:\n      en: [ai]\n      de nl: [ai]\n",
            "topics.yaml:3: topics.0.keywords: ",
            "'ai' occurs twice",
        ),
        (
            "providers",
            "lists:\n  - name: x\n    weight: 1\n    providers:\n      - {domain: a.example}\n",
            "providers.yaml:5: lists.0.providers.0.name: ",
            "required",
        ),
        (
            "providers",
            "official:\n  - {topic: Nowhere, domain: a.example, weight: 50}\n",
            "providers.yaml:2: official.0.topic: ",
            "not in topics.yaml",
        ),
        ("rights", "wishes:\n  noindex: keep\n  noarchive: hide\n", "rights.yaml:3: wishes.noarchive: ", "doNotPublish"),
        ("rights", "wishes:\n  nofollow: keep\n", "rights.yaml:2: wishes.nofollow: ", "there is no such key"),
    ],
)
def test_an_error_names_file_line_and_key(folder: Path, name: str, text: str, where: str, what: str) -> None:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_catalogue(folder)
    assert str(caught.value).startswith(f"{folder}/{where}")
    assert what in str(caught.value)
    assert "Value error" not in str(caught.value)


def test_a_missing_file_is_named_with_the_setting_that_leads_there(folder: Path) -> None:
    (folder / "topics.yaml").unlink()
    with pytest.raises(ConfigError, match=r"topics\.yaml: there is no such file; NEWS_CONFIG"):
        load_catalogue(folder)


def test_a_file_that_is_not_utf8_is_an_error_that_names_it(folder: Path) -> None:
    (folder / "topics.yaml").write_bytes(b"topics: [\xff]\n")
    with pytest.raises(ConfigError, match=r"topics\.yaml: not YAML"):
        load_catalogue(folder)


def test_an_empty_scoring_file_means_the_defaults(folder: Path) -> None:
    (folder / "scoring.yaml").write_text("")
    assert load_catalogue(folder).scoring == Scoring()


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "NEWS_LAKE": "/lake",
            "NEWS_FETCH_THREADS": "3",
            "NEWS_ALLOW_NETWORKS": "10.0.0.0/8, 127.0.0.0/8,",
            "NEWS_CONNECT_TO": "*:443=127.0.0.1:8443",
            "NEWS_SHARED": "elsewhere",
            "PATH": "/bin",
        }
    )
    assert (settings.lake, settings.fetch_threads) == ("/lake", 3)
    assert settings.allow_networks == ("10.0.0.0/8", "127.0.0.0/8")
    assert settings.max_redirects == 5


def test_arguments_win_over_the_environment_unless_they_are_none() -> None:
    environment = {"NEWS_LAKE": "/lake", "NEWS_CONFIG": "/config"}
    settings = Settings.from_environment(environment, lake="/other", config=None)
    assert (settings.lake, settings.config) == ("/other", "/config")


@pytest.mark.parametrize(
    ("environment", "pace_dir"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.cache/news-pipeline/paces"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": "/cache"}, "/cache/news-pipeline/paces"),
        ({"HOME": "/home/ada", "NEWS_PACE_DIR": ""}, ""),
        ({"HOME": "/home/ada", "NEWS_PACE_DIR": "/paces"}, "/paces"),
        ({}, ""),
    ],
)
def test_processes_of_a_user_share_the_paces_of_hosts_unless_told_otherwise(environment: dict[str, str], pace_dir: str) -> None:
    assert Settings.from_environment(environment).pace_dir == pace_dir


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("NEWS_LAKES", "x", "NEWS_LAKES is not a setting"),
        ("NEWS_FETCH_THREADS", "many", "NEWS_FETCH_THREADS: .*not 'many'"),
        ("NEWS_FETCH_THREADS", "0", "NEWS_FETCH_THREADS: "),
        ("NEWS_ALLOW_NETWORKS", "10.0.0.0/99", "NEWS_ALLOW_NETWORKS: "),
        ("NEWS_CONNECT_TO", "a:b", "NEWS_CONNECT_TO: .*HOST:PORT=ADDRESS:PORT"),
        ("NEWS_ORIGINS", "captures,attic", "NEWS_ORIGINS: .*'attic' is not one of captures, sitemap"),
        ("NEWS_ORIGINS", "wayback,captures", "NEWS_ORIGINS: .*the first origin must be captures"),
        ("NEWS_ORIGINS", "captures,pages,pages", "NEWS_ORIGINS: .*an origin occurs twice"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(variable: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Settings.from_environment({variable: value})


def test_settings_never_show_their_keys() -> None:
    assert "secret" not in repr(Settings.from_environment({"NEWS_SEALING_KEYS": "secret"}))
