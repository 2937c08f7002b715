"""Provider names and weights."""

from __future__ import annotations

import pytest

from pipeline.core.catalogue import OfficialSource, Provider, ProviderList
from pipeline.publishing.scoring.providers import ProviderTable, ProviderWeight

TABLE = ProviderTable(
    [
        ProviderList(name="reference", weight=50, providers=(Provider(domain="wire.example", name="The Wire"),)),
        ProviderList(
            name="specialist",
            weight=30,
            providers=(
                Provider(domain="maker.example", name="Maker"),
                Provider(domain="loud.example", name="Loud", weight=0),
            ),
        ),
    ],
    [
        OfficialSource(topic="Cloud", domain="cloud.maker.example", weight=80),
        OfficialSource(topic="Chips", domain="maker.example", weight=20),
    ],
)


def weight(url: str, *topics: str) -> ProviderWeight:
    domain = ".".join(url.split("/")[2].split(":")[0].rstrip(".").split(".")[-2:])
    return TABLE.weight(url, domain=domain, topics=topics)


def test_a_listed_provider_has_its_lists_weight_and_name() -> None:
    assert weight("https://www.wire.example/a") == ProviderWeight(weight=50, list_name="reference", is_official=False)
    assert TABLE.name_of("wire.example") == TABLE.name_of("WIRE.example") == "The Wire"


def test_an_unlisted_provider_has_no_weight_and_no_name() -> None:
    assert weight("https://www.other.example/a") == ProviderWeight(weight=0, list_name=None, is_official=False)
    assert TABLE.name_of("other.example") is None


def test_a_providers_own_weight_overrides_its_lists_even_when_it_is_nothing() -> None:
    assert weight("https://loud.example/a") == ProviderWeight(weight=0, list_name="specialist", is_official=False)


@pytest.mark.parametrize("host", ["cloud.maker.example", "blog.cloud.maker.example", "CLOUD.maker.example:443", "cloud.maker.example."])
def test_a_topics_own_source_weighs_more_on_its_host_and_below(host: str) -> None:
    assert weight(f"https://{host}/a", "Cloud") == ProviderWeight(weight=80, list_name="specialist", is_official=True)


@pytest.mark.parametrize("host", ["www.maker.example", "notcloud.maker.example", "xcloud.maker.example"])
def test_neighbouring_hosts_are_not_official(host: str) -> None:
    assert weight(f"https://{host}/a", "Cloud") == ProviderWeight(weight=30, list_name="specialist", is_official=False)


def test_a_source_is_official_only_for_its_own_topic() -> None:
    assert not weight("https://cloud.maker.example/a", "Games").is_official


def test_the_larger_of_list_and_official_weight_counts() -> None:
    assert weight("https://maker.example/a", "Chips") == ProviderWeight(weight=30, list_name="specialist", is_official=True)
    assert weight("https://cloud.maker.example/a", "Chips", "Cloud").weight == 80


def test_a_url_without_a_host_is_nobodys_own() -> None:
    assert TABLE.weight("", domain="", topics=["Cloud"]) == ProviderWeight(weight=0, list_name=None, is_official=False)
