"""Computes the probability that each field of an article is right, by logistic regression over the evidence that its page shows.

Pure and deterministic: evidence in, probabilities out. `confidence.tsv` has a weight for each field and feature; a probability is the
logistic function of the sum of the weights of the features that hold, so that each can be explained by its terms. `python -m
bench.confidence` fits the weights on pages with known values and measures how well the probabilities agree with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from pipeline.core.confidence import Confidence
from pipeline.extraction.evidence import Evidence, PageEvidence, Stated, TextEvidence

FIELDS = ("title", "text", "published", "authors", "image", "article")
WEIGHTS_FILE = "confidence.tsv"
CONSTANT = "constant"
"""The feature that holds for every value."""
UNSEEN = "a publisher that no rule was made for"
"""A feature that also holds for every value. Its weight lowers the probabilities, because the rules of extraction were made on the pages
of the fit and do worse on other publishers (docs/decisions/0045-calibrated-confidence.md)."""
_SEARCHED = frozenset({"page.text", "htmldate"})
"""Sources of dates that were searched for in the texts of the page, neither declared nor shown at the heading."""
MIN_PROBABILITY, MAX_PROBABILITY = 0.01, 0.99
"""Bounds of a probability: some thousand pages are too few to tell one mistake in a hundred from one in a thousand."""

Features = Mapping[str, float]
"""The value of each feature by its name: 1 when it holds, 0 or absent when it does not."""


def confidence_of(evidence: Evidence) -> Confidence:
    """The probability, to three decimals, that each value is right; None for a field without a value."""
    weights = _weights()
    found = {field: probability(features, weights[field]) for field, features in features_of(evidence).items()}
    return Confidence(**{field: found.get(field) for field in FIELDS})


def probability(features: Features, weights: Mapping[str, float]) -> float:
    """The logistic function of the weighted features, between 0.01 and 0.99 and to three decimals."""
    total = math.fsum(weights.get(name, 0.0) * value for name, value in features.items())
    return round(min(MAX_PROBABILITY, max(MIN_PROBABILITY, 1 / (1 + math.exp(-total)))), 3)


def features_of(evidence: Evidence) -> dict[str, Features]:
    """The features of each field that has a value."""
    found: dict[str, Features] = {"title": dict(_title(evidence)), "article": dict(_article(evidence))}
    if evidence.text is not None:
        found["text"] = dict(_text(evidence.text, evidence.page))
    if evidence.published is not None:
        found["published"] = dict(_published(evidence.published, evidence))
    if evidence.authors is not None:
        found["authors"] = dict(_authors(evidence.authors, evidence))
    if evidence.image is not None:
        found["image"] = dict(_image(evidence.image))
    return found


def _title(evidence: Evidence) -> Iterator[tuple[str, float]]:
    title, length = evidence.title, evidence.title_letters
    yield from _always()
    yield f"from {title.source.partition('.')[0] if title.source not in {'page.h1', 'page.title'} else title.source}", 1.0
    yield "a heading of the page", float(evidence.is_title_heading)
    yield "stated in one more place", float(title.same == 1)
    yield "stated in two more places", float(title.same == 2)
    yield "stated in three or more places", float(title.same > 2)
    yield "another place differs", float(title.other == 1)
    yield "other places differ", float(title.other > 1)
    yield "under 25 characters", float(length < 25)
    yield "over 110 characters", float(length > 110)


def _text(text: TextEvidence, page: PageEvidence) -> Iterator[tuple[str, float]]:
    yield CONSTANT, 1.0
    yield f"from {text.source}", 1.0
    yield "another reading differs", float(text.refused > 0)
    yield from _form(text)
    yield "over 10,000 characters", float(text.weight > 10_000)
    yield "no sentence ends it", float(not text.is_ended)
    yield "as long as JSON-LD says", float(text.declared_share is not None and 0.9 <= text.declared_share <= 1.1)
    yield "an article by JSON-LD", float(page.is_article_node)


def _published(published: Stated, evidence: Evidence) -> Iterator[tuple[str, float]]:
    yield from _always()
    yield "searched in the texts", float(published.source in _SEARCHED)
    yield "stated in more places", float(published.same > 0)
    yield "another place differs", float(published.other > 0)
    yield "the page names a change", float(evidence.is_modified)


def _authors(authors: Stated, evidence: Evidence) -> Iterator[tuple[str, float]]:
    yield from _always()
    yield "declared", float(not authors.source.startswith("page."))
    yield "stated in one more place", float(authors.same == 1)
    yield "stated in two or more places", float(authors.same > 1)
    yield "another place differs", float(authors.other == 1)
    yield "other places differ", float(authors.other > 1)
    yield "a name of one word", float(min(evidence.author_words) == 1)
    yield "a name of four or more words", float(max(evidence.author_words) > 3)
    yield "two or more names", float(len(evidence.author_words) > 1)


def _image(image: Stated) -> Iterator[tuple[str, float]]:
    yield from _always()
    yield "from og", float(image.source == "og.image")
    yield "an image of the text", float(image.source == "page.img")
    yield "another place differs", float(image.other > 0)


def _article(evidence: Evidence) -> Iterator[tuple[str, float]]:
    page, text = evidence.page, evidence.text
    yield CONSTANT, 1.0
    yield "an article by JSON-LD", float(page.is_article_node)
    yield "an article by og:type", float(page.is_article_type)
    yield "JSON-LD describes other things", float(page.other_kinds > 0)
    yield "a date that is stated", float(evidence.published is not None and evidence.published.source not in _SEARCHED)
    yield "an author", float(evidence.authors is not None)
    yield "an image", float(evidence.image is not None)
    yield "a path with a title or number", float(page.has_slug)
    yield "a path of one part", float(page.depth <= 1)
    yield "no text", float(text is None)
    if text is not None:
        yield from _form(text)
        yield "under a tenth of the page is text", float(text.weight < 0.1 * page.characters)


def _form(text: TextEvidence) -> Iterator[tuple[str, float]]:
    short = text.short_lines / text.lines
    yield "under 800 characters", float(text.weight < 800)
    yield "800 to 1,600 characters", float(800 <= text.weight < 1600)
    yield "over half of the lines are short", float(short > 0.5)
    yield "a fifth to half of the lines are short", float(0.2 < short <= 0.5)


def _always() -> Iterator[tuple[str, float]]:
    yield CONSTANT, 1.0
    yield UNSEEN, 1.0


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    """The weights of `confidence.tsv`, by field and feature."""
    weights: dict[str, dict[str, float]] = {field: {} for field in FIELDS}
    lines = resources.files(__package__).joinpath(WEIGHTS_FILE).read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        field, feature, weight = line.split("\t")
        weights[field][feature] = float(weight)
    return weights
