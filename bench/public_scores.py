"""The measures of public benchmarks of text extraction, and how far a mean depends on the publishers that it is over.

`shingle_f1` is that of the article-extraction-benchmark (its `evaluate.py`): precision and recall of runs of four words, each text
weighing the same, means over the pages, F1 of these means. WCXB's measure, word F1, is the shared scorer's `body_f1`.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

_WORD = re.compile(r"\w+")
RUN = 4
"""Words of a run, as in the benchmark."""
FIFTHS = 5
"""Groups of publishers."""


def shingle_f1(texts: Iterable[tuple[str, str]]) -> float:
    """The F1 of (right text, given text) pairs; 0 when nothing agrees."""
    precisions, recalls = [], []
    for right, given in texts:
        wanted, found = _shingles(right), _shingles(given)
        common = sum((wanted & found).values())
        if found:
            precisions.append(common / found.total())
        if wanted:
            recalls.append(common / wanted.total())
    precision, recall = mean(precisions or [0.0]), mean(recalls or [0.0])
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return Counter(tuple(words[start : start + RUN]) for start in range(max(1, len(words) - RUN + 1)) if words)


def range_of_fifths(scores: Sequence[tuple[str, Mapping[str, float]]], *, seed: int) -> dict[str, tuple[float, float]]:
    """By measure, the lowest and the highest of the means over five groups into which the publishers are dealt at random.

    `scores` are pairs of a page's publisher and its scores. The range says what another choice of publishers changes by chance alone.
    """
    publishers = sorted({publisher for publisher, _ in scores})
    random.Random(seed).shuffle(publishers)
    group = {publisher: number % FIFTHS for number, publisher in enumerate(publishers)}
    measures = sorted({measure for _, found in scores for measure in found})
    ranges = {}
    for measure in measures:
        groups: list[list[float]] = [[] for _ in range(FIFTHS)]
        for publisher, found in scores:
            if measure in found:
                groups[group[publisher]].append(found[measure])
        means = [mean(values) for values in groups if values]
        ranges[measure] = min(means), max(means)
    return ranges
