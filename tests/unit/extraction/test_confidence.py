"""The probability that an article's fields are right, and the evidence for it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.core.confidence import Confidence
from pipeline.core.models import Article, Entry
from pipeline.extraction.confidence import FIELDS, MAX_PROBABILITY, MIN_PROBABILITY, confidence_of, features_of, probability
from pipeline.extraction.evidence import Evidence, gather_evidence
from pipeline.extraction.pages import read_page
from tests.unit.extraction.test_articles import HEAD, NODE, PROSE, URL, made

AGREEING = HEAD + (
    "<meta property='og:type' content='article'><meta property='og:title' content='Owls return to the city'>"
    "<meta name='author' content='Jane Roe'><meta property='article:published_time' content='2026-09-30T08:30:00+02:00'>"
)
BODY = f"<h1>Owls return to the city</h1><div><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p></div>"


def article(head: str = AGREEING, body: str = BODY, **arguments: str) -> Article:
    found = made(head, body, **arguments)
    assert isinstance(found, Article)
    return found


def evidence(head: str = AGREEING, body: str = BODY, *, url: str = URL) -> Evidence:
    page = read_page(f"<html><head>{head}</head><body>{body}</body></html>".encode(), url=url, content_type="text/html")
    return gather_evidence(page, Entry(url=url, source_id=None, via="warc"), article(head, body, url=url))


def test_every_field_with_a_value_has_a_probability_and_one_without_has_none() -> None:
    sure = article().confidence
    assert all(MIN_PROBABILITY <= getattr(sure, name) <= MAX_PROBABILITY for name in FIELDS)
    unsure = article("<title>Owls return to the city</title>", url="https://www.kestrel.example/owls").confidence
    assert (unsure.authors, unsure.published, unsure.image) == (None, None, None)
    assert unsure.title is not None


def test_a_value_that_several_places_state_is_surer_than_one_that_they_contradict() -> None:
    contradicted = AGREEING.replace("content='Jane Roe'", "content='Mary Major'").replace("content='Owls return", "content='Hawks leave")
    agreed, doubted = article().confidence, article(contradicted).confidence
    assert agreed.authors is not None
    assert doubted.authors is not None
    assert doubted.authors < agreed.authors
    assert agreed.title is not None
    assert doubted.title is not None
    assert doubted.title < agreed.title


def test_a_page_that_declares_no_article_is_less_surely_one() -> None:
    shop = json.dumps({"@type": "Product", "name": "Owl box"})
    plain = f"<title>Owls return to the city</title><script type='application/ld+json'>{shop}</script>"
    less, more = article(plain, url="https://www.kestrel.example/owls").confidence.article, article().confidence.article
    assert less is not None
    assert more is not None
    assert less < more


def test_the_evidence_counts_the_places_that_state_a_value_and_those_that_contradict_it() -> None:
    found = evidence()
    assert found.authors is not None
    assert (found.authors.source, found.authors.same, found.authors.other) == ("jsonld.author", 1, 0)
    assert found.published is not None
    assert (found.published.source, found.published.same) == ("jsonld.datePublished", 2)  # the meta and the URL
    assert found.title.same == 3
    assert found.is_title_heading
    assert found.image is not None
    assert found.image.other == 1
    assert found.page.is_article_node
    assert found.page.is_article_type


def test_the_evidence_for_a_text_is_its_form() -> None:
    body = f"<h1>Owls return to the city</h1><article><p>{PROSE}</p><p>{PROSE} And more</p><p>{PROSE}</p></article>"
    found = evidence(AGREEING, body).text
    assert found is not None
    assert (found.lines, found.short_lines, found.is_ended) == (3, 0, True)
    assert found.declared_share is None


def test_a_probability_is_the_logistic_function_of_the_weights_and_never_certain() -> None:
    assert probability({"constant": 1.0, "declared": 1.0, "unknown": 1.0}, {"constant": 1.0, "declared": -1.0}) == 0.5
    assert probability({"constant": 1.0}, {"constant": 50.0}) == MAX_PROBABILITY
    assert probability({"constant": 1.0}, {"constant": -50.0}) == MIN_PROBABILITY


def test_the_same_evidence_gives_the_same_probabilities() -> None:
    assert confidence_of(evidence()) == confidence_of(evidence()) == article(url=URL).confidence


@pytest.mark.parametrize("name", FIELDS)
def test_no_feature_of_a_field_is_named_twice(name: str) -> None:
    features = features_of(evidence())[name]
    assert features["constant"] == 1.0
    assert set(features.values()) <= {0.0, 1.0}


def test_a_field_is_doubtful_below_its_minimum_only() -> None:
    known = Confidence(title=0.9, authors=0.5)
    assert known.doubtful_fields({"title": 0.9, "authors": 0.6, "image": 0.9}) == ("authors",)
    assert replace(known, image=0.1).doubtful_fields({}) == ()


def test_json_ld_of_any_shape_gives_evidence() -> None:
    node = {**NODE, "author": [{"name": {"@value": 5}}, None, 7], "image": [[]], "articleBody": ["x", {}], "datePublished": {"@value": "x"}}
    assert article(f"<script type='application/ld+json'>{json.dumps(node)}</script><title>Owls return</title>").confidence.title is not None
