"""Addresses that Airflow shows."""

from __future__ import annotations

import sys

import pytest

from deploy.local_airflow import PROJECT

sys.path.append(str(PROJECT / "dags"))
from news_links import asset_uri, owner_links


@pytest.mark.parametrize(
    ("lake", "uri"),
    [
        ("/data/lake", "file:///data/lake/articles"),
        ("file:///data/lake/", "file:///data/lake/articles"),
        ("s3://bucket/news?region=eu&secret_key=hidden", "s3://bucket/news/articles"),
        ("s3://key:hidden@bucket/news", "s3://bucket/news/articles"),
        ("data/lake", "x-news://articles"),
        ("", "x-news://articles"),
    ],
)
def test_an_asset_has_the_uri_of_its_folder_without_credentials(lake: str, uri: str) -> None:
    assert asset_uri("articles", lake=lake) == uri


@pytest.mark.parametrize(
    ("contact", "links"),
    [
        ("https://news.example/about", {"news": "https://news.example/about"}),
        ("desk@news.example", {"news": "mailto:desk@news.example"}),
        ("mailto:desk@news.example", {"news": "mailto:desk@news.example"}),
        ("javascript:alert(1)", {}),
        ("call us", {}),
        ("", {}),
    ],
)
def test_the_owner_links_to_the_contact_where_that_is_an_address(contact: str, links: dict[str, str]) -> None:
    assert owner_links(contact) == links
