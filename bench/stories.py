"""Scores stories and quality on labelled sets: against a TF-IDF baseline, on judged links, growth, and the editorial terms.

    python bench/stories.py                      B-cubed and pairwise measures of ours and the baseline, and the judged links
    python bench/stories.py --timeline           the same in the order of captures, by the timeline of stories, and its threshold
    python bench/stories.py --threshold          choose the threshold, and score it on each set left out of the choice
    python bench/stories.py --embeddings         score the extra `embeddings`, choose its constants, and measure its growth
    python bench/stories.py --growth             time and memory for 10k, 50k and 250k articles, of the baseline for 10k and 50k
    python bench/stories.py --editorial          how well quality separates good from bad articles, with and without editorial.yaml

The labelled sets and the shared scorer lie in the folder that NEWS_SHARED names (default: `../shared`).
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import yaml  # noqa: E402
from scipy.stats import rankdata, spearmanr  # noqa: E402

from pipeline.core.catalogue import EditorialConstants, QualityConstants, StoryConstants  # noqa: E402
from pipeline.publishing.scoring.editorial import clickbait_degree, is_stock_picture, promotion_degree  # noqa: E402
from pipeline.publishing.scoring.laws import EditorialDegrees, quality_parts  # noqa: E402
from pipeline.stories import title_similarity  # noqa: E402
from pipeline.stories.clustering import find_stories  # noqa: E402
from pipeline.stories.timeline.day_features import CapturedArticles  # noqa: E402
from pipeline.stories.timeline.default_pictures import FoldConstants  # noqa: E402
from pipeline.stories.timeline.folds import fold_articles  # noqa: E402

SHARED = Path(os.environ.get("NEWS_SHARED", REPOSITORY.parent / "shared"))
BASELINE_THRESHOLDS = (0.275, 0.20, 0.225, 0.25, 0.30, 0.40)
"""Thresholds of the baseline: the one with the best mean B-cubed F1 is scored, the first is used where only time counts."""
MEASURES = {
    "b3_f1": ("B-cubed F1", 0.82),
    "b3_p": ("B-cubed precision", 0.93),
    "b3_r": ("B-cubed recall", None),
    "pair_p": ("pairwise precision", 0.85),
    "pair_f1": ("pairwise F1", None),
}
PRECISION = 0.93
"""Mean B-cubed precision that the chosen threshold must reach: a wrong link hides an article. The target for stories."""
TITLE_SETTINGS = tuple(itertools.product((0.4, 0.5, 0.6), (0.05, 0.1, 0.15), (0.2, 0.3, 0.4)))
"""Candidate values of WORD_SHARE, TITLE_FLOOR and TITLE_SHARE."""
THRESHOLDS = tuple(round(0.13 + 0.005 * step, 3) for step in range(19))

Scores = dict[str, dict[str, float]]
Finder = Callable[[pd.DataFrame], pd.DataFrame]


def baseline(articles: pd.DataFrame) -> pd.DataFrame:
    """Brute-force TF-IDF cosine with time decay, linked above one threshold; the scorer's `grow` finds it by name."""
    found: pd.DataFrame = scorer().tfidf_links(articles, BASELINE_THRESHOLDS[0])
    return found


def with_embeddings(articles: pd.DataFrame) -> pd.DataFrame:
    """Stories by words and by the similarity of title embeddings; the scorer's `grow` finds it by name."""
    return find_stories(articles, constants=StoryConstants(embeddings=True))


def scorer() -> ModuleType:
    """The shared scorer as a module."""
    spec = importlib.util.spec_from_file_location("score_stories", SHARED / "tools" / "score_stories.py")
    if spec is None or spec.loader is None:
        raise ImportError("the shared scorer cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows_of(*parts: str) -> Iterator[dict[str, Any]]:
    """The rows of a gzipped JSON Lines file of the shared corpora."""
    with gzip.open(SHARED.joinpath("corpora", *parts), "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def measured(find: Finder) -> Scores:
    """The scorer's measures of each set, and the `seconds` that `find` took."""
    tool = scorer()
    scores: Scores = {}
    for name in tool.SETS:
        articles, truth = tool.load(name)
        started = time.perf_counter()
        found = find(articles)
        seconds = time.perf_counter() - started
        scores[name] = {**tool.measure(truth, tool.as_map(found)), "seconds": seconds}
    return scores


def mean(scores: Mapping[str, Mapping[str, float]], measure: str, *, without: str | None = None) -> float:
    """The mean of a measure over the sets, except the set `without`."""
    return float(np.mean([row[measure] for name, row in scores.items() if name != without]))


def quality() -> None:
    """Print the scores of ours and the baseline for each set, and their means."""
    ours = measured(find_stories)
    tries = {value: measured(lambda articles, value=value: scorer().tfidf_links(articles, value)) for value in BASELINE_THRESHOLDS}  # type: ignore[misc]
    best = max(tries, key=lambda value: mean(tries[value], "b3_f1"))
    theirs = tries[best]
    print("| set | articles | F1 | precision | recall | pairwise precision | TF-IDF: F1 | precision |\n|---|---|---|---|---|---|---|---|")
    for name, row in ours.items():
        values = [row[measure] for measure in ("b3_f1", "b3_p", "b3_r", "pair_p")] + [theirs[name]["b3_f1"], theirs[name]["b3_p"]]
        print(f"| {name} | {row['n']} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    print(f"\n| mean over the sets | target | this project | TF-IDF with time, linked from {best} |\n|---|---|---|---|")
    for measure, (label, target) in MEASURES.items():
        print(f"| {label} | {target or ''} | {mean(ours, measure):.3f} | {mean(theirs, measure):.3f} |")
    print(f"| B-cubed F1, uci_stories | 0.70 | {ours['uci_stories']['b3_f1']:.3f} | {theirs['uci_stories']['b3_f1']:.3f} |")
    print(
        f"| seconds, all sets | | {sum(row['seconds'] for row in ours.values()):.1f} | {sum(r['seconds'] for r in theirs.values()):.1f} |"
    )


def in_capture_order(articles: pd.DataFrame, *, constants: StoryConstants = StoryConstants()) -> pd.DataFrame:  # noqa: B008
    """The stories of the timeline after all articles, each captured when it was published; the scorer's `grow` finds it by name."""
    rows = articles.drop_duplicates("webUrl").sort_values("webUrl", ignore_index=True)
    published_s = rows["publishedDateTime"].dt.as_unit("s").astype("int64").to_numpy()
    titles, texts = ([value if isinstance(value, str) else "" for value in rows[name]] for name in ("title", "text"))
    urls, domains, size = rows["webUrl"].tolist(), rows["providerDomain"].tolist(), len(rows)
    captured = CapturedArticles(urls, titles, texts, domains, [None] * size, published_s, published_s, [""] * size, [()] * size)
    members = fold_articles(captured, constants=FoldConstants(constants))
    return pd.DataFrame({"webUrl": members.urls, "storyId": members.story_ids})


def timeline(thresholds: Sequence[float]) -> None:
    """The timeline beside one window for all, at the threshold in use, and at others."""
    window, scores = measured(find_stories), {}
    for value in thresholds:
        constants = StoryConstants(threshold=value)
        scores[value] = measured(lambda articles, constants=constants: in_capture_order(articles, constants=constants))  # type: ignore[misc]
    used = StoryConstants().threshold
    print("| set | F1: one window | timeline | precision | timeline | pairwise | timeline |\n|---|---|---|---|---|---|---|")
    for name, row in window.items():
        cells = (f"{one[name][measure]:.3f}" for measure in ("b3_f1", "b3_p", "pair_p") for one in (window, scores[used]))
        print(f"| {name} ({row['n']}) | " + " | ".join(cells) + " |")
    print("\n| threshold | mean F1 | precision | pairwise precision |\n|---|---|---|---|")
    print("| one window | " + " | ".join(f"{mean(window, measure):.4f}" for measure in ("b3_f1", "b3_p", "pair_p")) + " |")
    for value, found in scores.items():
        print(f"| {value} | " + " | ".join(f"{mean(found, measure):.4f}" for measure in ("b3_f1", "b3_p", "pair_p")) + " |")


def judged_links() -> dict[str, list[tuple[bool, str]]]:
    """For each label that people gave to links of the original system: whether we link the two articles, and both titles.

    Stories are found among all articles of the catalogues of the links. The excerpt takes the place of the text, which was not kept.
    """
    links = list(rows_of("origin", "related_pairs_judged.jsonl.gz"))
    catalogues: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of("origin", "related_docs.jsonl.gz"):
        catalogues[row["set"]].append(row)
    story_of: dict[str, str | None] = {}
    for name in sorted({link["lead"].partition("/")[0] for link in links}):
        rows = catalogues[name]
        articles = pd.DataFrame(
            {
                "webUrl": [row["id"] for row in rows],
                "title": [row["title"] for row in rows],
                "text": pd.Series([row["excerpt"] for row in rows], dtype=object),
                "publishedDateTime": pd.to_datetime([row["publishedDateTime"] for row in rows], utc=True, format="ISO8601"),
                "providerDomain": [row["domain"] for row in rows],
            }
        )
        found = find_stories(articles)
        story_of.update(zip(found["webUrl"], found["storyId"], strict=True))
    drawn: dict[str, list[tuple[bool, str]]] = defaultdict(list)
    for link in links:
        one, other = story_of[link["lead"]], story_of[link["gold"]]
        drawn[link["label"]].append((one is not None and one == other, f"{link['lead_title']} / {link['gold_title']}"))
    return dict(drawn)


def judged() -> None:
    """Print the judged links by label, and how many of them we draw."""
    print("\n| the original's links, judged | links | drawn here |\n|---|---|---|")
    for label, links in sorted(judged_links().items()):
        print(f"| {label.replace('_', ' ')} | {len(links)} | {sum(is_drawn for is_drawn, _ in links)} |")


def threshold() -> None:
    """Print the lowest threshold that reaches PRECISION on all sets, and for each set the one that the other sets choose."""
    scores = {value: measured(lambda articles, value=value: _found(articles, value)) for value in THRESHOLDS}  # type: ignore[misc]
    print("| threshold | precision | recall | F1 | pairwise precision |\n|---|---|---|---|---|")
    for value, row in scores.items():
        print(f"| {value} | " + " | ".join(f"{mean(row, measure):.3f}" for measure in ("b3_p", "b3_r", "b3_f1", "pair_p")) + " |")
    print(f"\nchosen: {_lowest(scores, without=None)}\n\n| set without a say | chosen by the others | precision | F1 |\n|---|---|---|---|")
    left_out = {}
    for name in scores[THRESHOLDS[0]]:
        value = _lowest(scores, without=name)
        left_out[name] = scores[value][name]
        print(f"| {name} | {value} | {left_out[name]['b3_p']:.3f} | {left_out[name]['b3_f1']:.3f} |")
    print(f"| mean | | {mean(left_out, 'b3_p'):.3f} | {mean(left_out, 'b3_f1'):.3f} |")


def _found(articles: pd.DataFrame, value: float) -> pd.DataFrame:
    return find_stories(articles, constants=StoryConstants(threshold=value))


def _lowest(scores: Mapping[float, Scores], *, without: str | None) -> float:
    return min((value for value, row in scores.items() if mean(row, "b3_p", without=without) >= PRECISION), default=max(scores))


def embeddings(sizes: str) -> None:
    """Print the scores with and without the extra, the constants that all sets and all but one set choose, and the growth."""
    words, chosen = measured(find_stories), (title_similarity.WORD_SHARE, title_similarity.TITLE_FLOOR, title_similarity.TITLE_SHARE)
    scores = {}
    for setting in TITLE_SETTINGS:
        title_similarity.WORD_SHARE, title_similarity.TITLE_FLOOR, title_similarity.TITLE_SHARE = setting
        scores[setting] = measured(with_embeddings)
    title_similarity.WORD_SHARE, title_similarity.TITLE_FLOOR, title_similarity.TITLE_SHARE = chosen
    both = (words, scores[chosen])
    print("| set | F1: words | with it | precision: words | with it | pairwise: words | with it |\n|---|---|---|---|---|---|---|")
    for name in words:
        print(
            f"| {name} | " + " | ".join(f"{found[name][measure]:.3f}" for measure in ("b3_f1", "b3_p", "pair_p") for found in both) + " |"
        )
    print("| mean | " + " | ".join(f"{mean(found, measure):.3f}" for measure in ("b3_f1", "b3_p", "pair_p") for found in both) + " |")
    print("\n| words | floor | meaning | mean F1 | precision | sets that get worse |\n|---|---|---|---|---|---|")
    for setting, row in scores.items():
        worse = [name for name in words if row[name]["b3_f1"] < words[name]["b3_f1"]]
        print("| " + " | ".join(map(str, setting)) + f" | {mean(row, 'b3_f1'):.4f} | {mean(row, 'b3_p'):.4f} | {', '.join(worse)} |")
    print(f"\nchosen: {_best(scores, words, without=None)}, in use: {chosen}")
    print("\n| set without a say | chosen by the others | F1: words | with meaning | precision |\n|---|---|---|---|---|")
    left_out = {}
    for name in words:
        setting = _best(scores, words, without=name)
        left_out[name] = scores[setting][name]
        print(f"| {name} | {setting} | {words[name]['b3_f1']:.3f} | {left_out[name]['b3_f1']:.3f} | {left_out[name]['b3_p']:.3f} |")
    print(f"| mean | | {mean(words, 'b3_f1'):.3f} | {mean(left_out, 'b3_f1'):.3f} | {mean(left_out, 'b3_p'):.3f} |\n")
    grown("with meaning", f"{Path(__file__).resolve()}:with_embeddings", sizes)


def _best(scores: Mapping[tuple[float, float, float], Scores], words: Scores, *, without: str | None) -> tuple[float, float, float]:
    """The setting with the highest mean F1 among those that make no set worse and reach PRECISION, or that of words alone if lower."""
    enough = min(PRECISION, mean(words, "b3_p", without=without))
    allowed = [
        setting
        for setting, row in scores.items()
        if mean(row, "b3_p", without=without) >= enough
        and all(row[name]["b3_f1"] >= words[name]["b3_f1"] for name in words if name != without)
    ]
    return max(allowed, key=lambda setting: mean(scores[setting], "b3_f1", without=without))


def growth(sizes: str, baseline_sizes: str) -> None:
    """Print the scorer's table of growth for ours and for the baseline."""
    grown("this project", "pipeline.stories.clustering:find_stories", sizes)
    grown("TF-IDF", f"{Path(__file__).resolve()}:baseline", baseline_sizes)


def grown(name: str, function: str, sizes: str) -> None:
    """Print the scorer's table of growth for `function`, run in a process of its own so that its peak memory is measured alone."""
    print(f"{name}:", flush=True)
    command = [sys.executable, str(SHARED / "tools" / "score_stories.py"), "grow", function, "--sizes", sizes]
    subprocess.run(command, check=True, cwd=REPOSITORY)


LAW, OPINION = QualityConstants(), EditorialConstants.model_validate(yaml.safe_load((REPOSITORY / "data" / "editorial.yaml").read_text()))
NO_OPINION = EditorialConstants()
RATINGS = {"afm": "Ad Fontes", "lewandowsky_mean": "Lewandowsky", "pc1": "six ratings joined (pc1)"}
WIRES = frozenset({"prnewswire.com", "businesswire.com", "globenewswire.com", "openpr.com", "einnews.com", "einpresswire.com", "prweb.com"})
"""Domains that sell the publication of press releases. The scoring does not see the domain here; it must judge by the words."""


def points(row: Mapping[str, Any], editorial: EditorialConstants, reliabilities: Mapping[str, float] | None = None) -> int:
    """The quality of a row with the editorial terms, before the floor at 0, which would make all poor rows equal."""
    domain = row.get("domain") or ""
    parts = quality_parts(
        title=row["title"],
        has_image=row.get("hasImage", True),
        has_amp=row.get("hasAmp", False),
        provider_weight=row.get("providerWeight", 0),
        topics=row.get("topicCount", 1),
        keyword_hits=row.get("keywordHitsInTitle", 0),
        is_featured_video=False,
        constants=LAW,
        editorial=editorial,
        degrees=EditorialDegrees(
            promotion=promotion_degree(row["title"], row.get("excerpt"), ""),
            clickbait=clickbait_degree(row["title"]),
            stock_picture=float(is_stock_picture(row.get("imageUrl") or "")),
            reliability=2 * (reliabilities or {}).get(domain, 0.5) - 1,
        ),
    )
    return parts.total - parts.floor


def auc(good: Sequence[float], bad: Sequence[float]) -> float:
    """Probability that a value of `good` exceeds one of `bad`, a tie counting half (area under the ROC curve)."""
    ranks = rankdata([*good, *bad])
    return float((ranks[: len(good)].sum() - len(good) * (len(good) + 1) / 2) / (len(good) * len(bad)))


def editorial() -> None:
    """Print how well quality separates good from bad articles, and how it correlates with ratings of their domains."""
    headlines = list(rows_of("quality", "clickbait16k.jsonl.gz"))
    origin = [_scored(row) for row in rows_of("origin", "quality_eval.jsonl.gz")]
    ratings = {row["domain"]: row for row in rows_of("quality", "domains", "lin2023_domain_pc1.jsonl.gz")}
    checked = rows_of("quality", "domains", "mbfc_v5.jsonl.gz")
    table = {row["domain"]: _CREDIBILITY[row["credibility"]] for row in checked if row.get("credibility") in _CREDIBILITY}
    kinds = {
        "headlines of news before clickbait": (
            [row for row in headlines if not row["clickbait"]],
            [row for row in headlines if row["clickbait"]],
        ),
        "the original's records: news before press releases": (
            [row for row in origin if table.get(row["domain"]) == 1.0],
            [row for row in origin if row["domain"] in WIRES],
        ),
    }
    print("\n| AUC | pairs of | law 1 | with editorial.yaml |\n|---|---|---|---|")
    for label, (good, bad) in kinds.items():
        values = [auc([points(row, terms) for row in good], [points(row, terms) for row in bad]) for terms in (NO_OPINION, OPINION)]
        print(f"| {label} | {len(good)} x {len(bad)} | {values[0]:.3f} | {values[1]:.3f} |")
    shared = [_with_domain(row) for name in ("hacker_news_20k", "buzzfeed_fake_2018") for row in rows_of("quality", f"{name}.jsonl.gz")]
    print("\n| Spearman's rho with ratings of the domain | articles | law 1 | its words alone | with a table |\n|---|---|---|---|---|")
    for label, rows in (("the original's records", origin), ("links shared on Hacker News, and false news of 2018", shared)):
        for rating, name in RATINGS.items():
            rated = [row for row in rows if (ratings.get(row["domain"]) or {}).get(rating)]
            truth = [float(ratings[row["domain"]][rating]) for row in rated]
            variants = ((NO_OPINION, None), (OPINION, None), (OPINION, table))
            values = [spearmanr(truth, [points(row, terms, known) for row in rated]).statistic for terms, known in variants]
            print(f"| {label}: {name} | {len(rated)} | " + " | ".join(f"{value:.3f}" for value in values) + " |")


_CREDIBILITY = {"high-credibility": 1.0, "medium-credibility": 0.6, "low-credibility": 0.0}
"""Reliability that an operator could configure: credibility by Media Bias/Fact Check, which is independent of the ratings of Ad Fontes and
Lewandowsky, and one of the six that `pc1` joins."""


def _scored(row: dict[str, Any]) -> dict[str, Any]:
    """A record of the original system with the points for its provider, computed from its quality."""
    others = 20 * row["hasImage"] + 20 * row["hasAmp"] + 2 * len(row["topics"]) + 15 * row["keywordHitsInTitle"] - row["titleLenPenalty"]
    weight = max(0, row["quality"] - others)
    return {**row, "topicCount": len(row["topics"]), "providerWeight": weight, "domain": row["domain"].removeprefix("www.")}


def _with_domain(row: dict[str, Any]) -> dict[str, Any]:
    return {"title": row["title"], "domain": (urlsplit(row["url"]).hostname or "").removeprefix("www.")}


def main() -> int:
    """Print the tables that the options choose; exit code 2 without the scorer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threshold", action="store_true", help="choose the threshold; takes a few minutes")
    parser.add_argument("--timeline", action="store_true", help="score the timeline of stories, in the order of captures; takes minutes")
    parser.add_argument("--growth", action="store_true", help="time and memory; takes ten minutes on an idle machine")
    parser.add_argument("--embeddings", action="store_true", help="score the extra and choose its constants; takes ten minutes")
    parser.add_argument("--embeddings-sizes", default="10000,50000", help="articles of its growth")
    parser.add_argument("--editorial", action="store_true", help="score the editorial terms")
    parser.add_argument("--sizes", default="10000,50000,250000", help="articles of --growth")
    parser.add_argument("--baseline-sizes", default="10000,50000", help="articles of the baseline's --growth")
    options = parser.parse_args()
    if not (SHARED / "tools" / "score_stories.py").is_file():
        print(f"{SHARED} has no scorer of stories; set NEWS_SHARED to the folder of the shared data", file=sys.stderr)
        return 2
    if options.threshold:
        threshold()
    if options.timeline:
        timeline((0.16, 0.165, 0.17))
    if options.growth:
        growth(options.sizes, options.baseline_sizes)
    if options.embeddings:
        embeddings(options.embeddings_sizes)
    if options.editorial:
        editorial()
    if not (options.threshold or options.timeline or options.growth or options.embeddings or options.editorial):
        quality()
        judged()
    return 0


if __name__ == "__main__":
    sys.exit(main())
