"""Fits the weights of `extracted.confidence` on pages with known values, and measures how far its probabilities are right.

    python -m bench.confidence              fit, write pipeline/extraction/confidence.tsv, print the tables of reliability
    python -m bench.confidence --check      print the tables, write nothing

The tables are of pages of publishers that the fit has not seen: publishers are dealt into five groups at random, and each group is
predicted by a fit on the other four. The same pages and the same code give the same file, byte by byte.
The pages lie in the folder that NEWS_SHARED names (default: `../shared`).
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.extraction import CAPTURED_AT, REPOSITORY, load_scorer, read_answer
from pipeline.core.models import Article, CaptureRef, Entry
from pipeline.extraction.articles import build_article
from pipeline.extraction.confidence import CONSTANT, FIELDS, UNSEEN, WEIGHTS_FILE, Features, features_of, probability
from pipeline.extraction.evidence import gather_evidence
from pipeline.extraction.pages import read_page
from pipeline.text.urls import registered_domain

Array = npt.NDArray[np.float64]
NO_ARTICLES = "wcxb_other"
"""The set of pages that are no articles; every page of the other sets counts as one."""
TOOL_SETS = frozenset({"readability"})
"""Sets whose values are another extractor's output."""
RIGHT_TEXT = 0.9
"""Word F1 from which a text counts as right: a caption, a lead or a line about the author may be missing."""
FOLDS, SEED = 5, 20261130
RIDGE = 1.0
"""The penalty on squared weights: a feature of a few pages stays near 0. From 0.3 to 3 the errors below differ by 0.002."""
MIN_PUBLISHERS = 5
"""A feature that holds on pages of fewer publishers gets no weight."""
HANDED_AND_KEPT_BACK = {"title": (0.923, 0.906), "published": (0.959, 0.931), "authors": (0.904, 0.841), "image": (0.942, 0.867)}
"""Shares right on the pages that rules were made on and on as many of publishers that nobody had looked at, measured on 2026-11-30:
titles, days that were given, names that were given, lead images. Half of the difference is taken off (`UNSEEN`): the two halves of the
publishers differ by chance as well, as much as trafilatura's shares on them do (-0.045 for images, +0.016 for days)."""
BOUNDS = (0.0, 0.5, 0.7, 0.8, 0.88, 0.92, 0.96, 1.0)
"""Bounds of the rows of the printed table; the expected calibration error is over ten equal ranges, as usual."""


@dataclass(frozen=True, slots=True)
class Example:
    """A field of a page: its features, whether its value is right, and the page's publisher."""

    field: str
    features: Features
    is_right: bool
    publisher: str


def main() -> int:
    """Fit, measure, print and write; 2 when there are no pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th page of a set; writes nothing")
    arguments = parser.parse_args()
    scorer = Path(os.environ.get("NEWS_SHARED", REPOSITORY.parent / "shared")) / "tools" / "score_extraction.py"
    if not scorer.is_file():
        print(f"there is no scorer at {scorer}; set NEWS_SHARED to the folder of the shared test data", file=sys.stderr)
        return 2
    examples = list(read_examples(load_scorer(scorer), every=arguments.every))
    weights = {}
    for field in FIELDS:
        of_field = [example for example in examples if example.field == field]
        weights[field] = {**fit(of_field), UNSEEN: unseen_weight(field)}
        print_reliability(field, of_field, cross_validated(of_field))
    if not arguments.check and arguments.every == 1:
        target = REPOSITORY / "pipeline" / "extraction" / WEIGHTS_FILE
        target.write_text(as_table(weights), encoding="utf-8")
        print(f"\nwrote {target.relative_to(REPOSITORY)}")
    return 0


def read_examples(scorer: Any, *, every: int = 1) -> Iterator[Example]:
    """An example for each field of each page that has a value and a known right one, and for each page whether it is an article."""
    truths: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in scorer.load(None):
        if row["set"] not in TOOL_SETS:
            truths[row["set"], row["uri"]].append(row)
    for name in sorted({name for name, _ in truths}):
        for number, (url, html) in enumerate(scorer.pages(name)):
            if number % every == 0 and (name, url) in truths:
                yield from _page_examples(scorer, html, url, truths[name, url])


def _page_examples(scorer: Any, html: bytes, url: str, truths: Sequence[dict[str, Any]]) -> Iterator[Example]:
    page, entry = read_page(html, url=url, content_type="text/html"), Entry(url=url, source_id=None, via="warc")
    article = build_article(page, entry=entry, capture=CaptureRef("bench", 0, CAPTURED_AT), payload_digest="")
    if not isinstance(article, Article):
        return
    features = features_of(gather_evidence(page, entry, article))
    answer = {key: scorer.jsonable(value) for key, value in read_answer(article).items()}
    publisher = registered_domain(url)
    right = {"article": truths[0]["set"] != NO_ARTICLES}
    for truth in truths:
        right.update(_rights(scorer.score_one(truth, answer)))
    for field, is_right in right.items():
        if field in features:
            yield Example(field, features[field], is_right, publisher)


def _rights(scores: dict[str, Any]) -> dict[str, bool]:
    """By field, whether the scorer calls its value right."""
    least = {"title": 1.0, "body_f1": RIGHT_TEXT, "date_day": 1.0, "author_f1": 0.999, "image": 1.0}
    names = {"body_f1": "text", "date_day": "published", "author_f1": "authors"}
    return {names.get(measure, measure): scores[measure] >= minimum for measure, minimum in least.items() if measure in scores}


def fit(examples: Sequence[Example]) -> dict[str, float]:
    """The weight of each feature, to two decimals: penalised logistic regression by Newton's method."""
    publishers: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        for name, value in example.features.items():
            if value and name != UNSEEN:
                publishers[name].add(example.publisher)
    names = [CONSTANT, *sorted(name for name, hosts in publishers.items() if len(hosts) >= MIN_PUBLISHERS and name != CONSTANT)]
    values = np.array([[example.features.get(name, 0.0) for name in names] for example in examples])
    right = np.array([example.is_right for example in examples], dtype=np.float64)
    penalty = np.diag([0.0, *[RIDGE] * (len(names) - 1)])
    found = np.zeros(len(names))
    for _ in range(50):
        told = 1 / (1 + np.exp(-values @ found))
        slope = values.T @ (right - told) - penalty @ found
        step = np.linalg.solve(values.T @ (values * (told * (1 - told))[:, None]) + penalty, slope)
        found = found + step
        if float(np.abs(step).max()) < 1e-6:
            break
    return {name: round(float(weight), 2) for name, weight in zip(names, found, strict=True)}


def unseen_weight(field: str) -> float:
    """Half of the difference in log odds between pages of publishers that nobody had looked at and pages that the rules were made on."""
    handed, kept_back = HANDED_AND_KEPT_BACK.get(field, (0.5, 0.5))
    return round((math.log(kept_back / (1 - kept_back)) - math.log(handed / (1 - handed))) / 2, 2)


def cross_validated(examples: Sequence[Example]) -> Array:
    """The probability of each example, predicted by a fit on the publishers of the other groups."""
    publishers = sorted({example.publisher for example in examples})
    random.Random(SEED).shuffle(publishers)
    group = {publisher: number % FOLDS for number, publisher in enumerate(publishers)}
    told = np.zeros(len(examples))
    for fold in range(FOLDS):
        weights = fit([example for example in examples if group[example.publisher] != fold])
        for number, example in enumerate(examples):
            if group[example.publisher] == fold:
                told[number] = probability(example.features, weights)
    return told


def calibration_error(told: Array, right: Array) -> float:
    """The expected calibration error: the mean distance of predicted and right shares over ten equal ranges, weighted by their examples."""
    bins = np.minimum((told * 10).astype(int), 9)
    return float(sum(abs(told[bins == one].sum() - right[bins == one].sum()) for one in range(10)) / len(told))


def print_reliability(field: str, examples: Sequence[Example], told: Array) -> None:
    """Print the predicted (`told`) beside the right share, in ranges of probability, and the expected calibration error."""
    right = np.array([example.is_right for example in examples], dtype=np.float64)
    hosts = len({example.publisher for example in examples})
    print(f"\n**{field}**: {len(examples)} pages of {hosts} publishers, {right.mean():.3f} right, told {told.mean():.3f}; ", end="")
    print(f"expected calibration error {calibration_error(told, right):.3f}\n")
    print("| told | pages | mean told | right |\n|---|---|---|---|")
    for low, high in itertools.pairwise(BOUNDS):
        chosen = (told >= low) & ((told < high) | (high == 1.0))
        if chosen.any():
            print(f"| {low:.2f} to {high:.2f} | {chosen.sum()} | {told[chosen].mean():.3f} | {right[chosen].mean():.3f} |")


def as_table(weights: dict[str, dict[str, float]]) -> str:
    """The file of weights: field, feature and weight, the heaviest first."""
    rows = [(field, name, weight) for field in FIELDS for name, weight in weights[field].items() if weight or name == CONSTANT]
    rows.sort(key=lambda row: (FIELDS.index(row[0]), row[1] != CONSTANT, -abs(row[2]), row[1]))
    return "field\tfeature\tweight\n" + "".join(f"{field}\t{name}\t{weight:.2f}\n" for field, name, weight in rows)


if __name__ == "__main__":
    sys.exit(main())
