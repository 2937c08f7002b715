"""Stories on real articles: links that were judged by hand, and the labelled sets' measures."""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.stories.clustering import find_stories


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def drawn(request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """How many of the judged links our stories draw, by judgement. Stories are formed over all articles of the links' catalogues."""
    origin = request.getfixturevalue("shared") / "corpora" / "origin"
    links = read(origin / "related_pairs_judged.jsonl.gz")
    assert len(links) == 35
    catalogues = {link["lead"].partition("/")[0] for link in links}
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in read(origin / "related_docs.jsonl.gz"):
        if row["set"] in catalogues:
            rows[row["set"]].append(row)
    story_of: dict[str, str | None] = {}
    for articles in rows.values():
        found = find_stories(
            pd.DataFrame(
                {
                    "webUrl": [row["id"] for row in articles],
                    "title": [row["title"] for row in articles],
                    "text": pd.Series([row["excerpt"] for row in articles], dtype=object),
                    "publishedDateTime": pd.to_datetime([row["publishedDateTime"] for row in articles], utc=True, format="ISO8601"),
                    "providerDomain": [row["domain"] for row in articles],
                }
            )
        )
        story_of.update(zip(found["webUrl"], found["storyId"], strict=True))
    result = defaultdict(list)
    for link in links:
        if story_of[link["lead"]] is not None and story_of[link["lead"]] == story_of[link["gold"]]:
            result[link["label"]].append(f"{link['lead_title']} / {link['gold_title']}")
    return result


def test_no_link_judged_unrelated_is_drawn(drawn: dict[str, list[str]]) -> None:
    assert drawn["unrelated"] == []


def test_most_links_judged_one_story_are_drawn_and_few_of_one_theme(drawn: dict[str, list[str]]) -> None:
    assert len(drawn["same_story"]) >= 7, "of 9"
    assert len(drawn["same_theme"]) <= 3, "of 18"


def test_the_means_over_the_labelled_sets_stay_above_their_floors(shared: Path) -> None:
    spec = importlib.util.spec_from_file_location("score_stories", shared / "tools" / "score_stories.py")
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    scores = []
    for name in scorer.SETS:
        articles, truth = scorer.load(name)
        scores.append(scorer.measure(truth, scorer.as_map(find_stories(articles))))
    means = {measure: sum(row[measure] for row in scores) / len(scores) for measure in ("b3_p", "b3_f1", "pair_p")}
    assert means["b3_p"] >= 0.93
    assert means["b3_f1"] >= 0.82
    assert means["pair_p"] >= 0.85
