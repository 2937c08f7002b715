"""Scores article extraction on real pages: ours and bare trafilatura in one run, in one table, with the targets.

    python -m bench.extraction [--sets a,b] [--limit N] [--per-set]
    python -m bench.extraction --peers           readability-lxml, newspaper4k and resiliparse too
    python -m bench.extraction --cut SEED        cut every page off at a random place; report exceptions and the slowest page

Speed is in pages per second of processor time. Each extractor has a process of its own, so that neither uses caches that the other filled.
They take turns every few pages, so that a machine that slows down slows down both.

`extract` is the adapter that the shared scorer calls. The pages and the scorer lie in the folder that NEWS_SHARED names (default:
`../shared`).
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import itertools
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timezone
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import trafilatura  # noqa: E402
from trafilatura.settings import Document  # noqa: E402

from bench.extraction_peers import PEERS  # noqa: E402
from bench.public_scores import range_of_fifths, shingle_f1  # noqa: E402
from pipeline.core.models import Article, CaptureRef, Entry, Moment  # noqa: E402
from pipeline.core.settings import Settings  # noqa: E402
from pipeline.extraction.articles import build_article  # noqa: E402
from pipeline.extraction.pages import read_page  # noqa: E402
from pipeline.text.counts import counted  # noqa: E402
from pipeline.text.urls import registered_domain  # noqa: E402

TARGETS = {
    "body_f1": ("text, word F1", "0.935"),
    "snip_f1": ("must-have / must-not segments F1", "0.93"),
    "prefix": ("first words of the text", "above trafilatura's"),
    "title": ("title, exact", "0.86"),
    "date_day": ("date, same day", "0.93"),
    "date_wrong": ("date, wrong", "below 0.04"),
    "date_min": ("date, same minute", "0.90"),
    "author_f1": ("authors, F1", "0.80"),
    "image": ("lead image", "0.94"),
    "lang": ("language", "0.98"),
}
CAPTURED_AT = datetime(2026, 10, 1, tzinfo=UTC)
"""The WARC-Date of every page of the shared corpora."""


def extract(html: bytes, url: str) -> dict[str, Any]:
    """What our extractor finds in the page, with the keys of the scorer; a rejected page has only `rejected`, the reason."""
    page = read_page(html, url=url, content_type="text/html")
    entry = Entry(url=url, source_id=None, via="warc")
    article = build_article(page, entry=entry, capture=CaptureRef("bench", 0, CAPTURED_AT), payload_digest="")
    return read_answer(article) if isinstance(article, Article) else {"rejected": article.reason}


def read_answer(article: Article) -> dict[str, Any]:
    """An article in the scorer's words."""
    return {
        "title": article.title,
        "authors": list(article.authors),
        "published": _as_published(article.published),
        "text": article.text,
        "image": [image.url for image in article.images],
        "language": article.language,
        "provenance": str(dict(article.provenance)),
    }


def _as_published(moment: Moment | None) -> datetime | date | None:
    """The published date as the scorer wants it: with the publisher's UTC offset when known, else in UTC; a bare day as a date.

    When only the URL gives the publisher's calendar day (`local_day`), that day is returned instead of the instant.
    """
    if moment is None:
        return None
    day = moment.value.date()
    if moment.offset:
        zone = timezone(moment.offset)
        return moment.value.replace(tzinfo=zone) if moment.precision == "day" else moment.value.astimezone(zone)
    if moment.precision == "day":
        return day
    return moment.local_day if moment.local_day not in {None, day} else moment.value


def bare(html: bytes, url: str) -> dict[str, Any]:
    """What trafilatura with its default options finds in the page, with the keys of the scorer."""
    document = trafilatura.bare_extraction(html, url=url, with_metadata=True)
    if not isinstance(document, Document):
        return {}
    return {
        "title": document.title,
        "authors": document.author,
        "published": document.date,
        "text": document.text,
        "image": document.image,
        "language": document.language,
    }


EXTRACTORS: dict[str, Callable[[bytes, str], dict[str, Any]]] = {"extract": extract, "bare": bare}
SEED = 20261130
TURN = 20
"""Pages after which the extractors take turns. A plain choice: short enough that a slow phase of the machine hits both."""
WARM_UP = 3
"""Pages that are extracted once before timing, so that imports and set-up do not count, as in the scorer's `run`."""


def main() -> int:
    """Run the extractors over the corpora and print the scorer's table; returns the scorer's exit code, 2 without a scorer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", help="comma-separated names of corpora; default: all")
    parser.add_argument("--limit", type=int, help="number of pages, spread over the corpora; default: all")
    parser.add_argument("--per-set", action="store_true", help="a table for each corpus")
    parser.add_argument("--peers", action="store_true", help="readability-lxml, newspaper4k and resiliparse too (the extra `peers`)")
    parser.add_argument("--answers", type=Path, metavar="FOLDER", help="keep the findings of each extractor, in the format of the scorer")
    parser.add_argument("--cut", type=int, metavar="SEED", help="instead, cut every page off at a random place")
    arguments = parser.parse_args()
    shared = Path(os.environ.get("NEWS_SHARED", REPOSITORY.parent / "shared"))
    scorer = shared / "tools" / "score_extraction.py"
    if not scorer.is_file():
        print(f"{scorer} does not exist; set NEWS_SHARED to the folder of the shared test data", file=sys.stderr)
        return 2
    if arguments.cut is not None:
        return _cut(load_scorer(scorer), arguments.cut)
    with contextlib.ExitStack() as stack:
        folder = arguments.answers or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        return _compare(scorer, folder, arguments)


def _compare(scorer: Path, folder: Path, arguments: argparse.Namespace) -> int:
    """Run the extractors, their answers into `folder`, and print all tables; the scorer's exit code."""
    names = [*EXTRACTORS, *(PEERS if arguments.peers else ())]
    answers = [folder / f"{name}.jsonl" for name in names]
    module = load_scorer(scorer)
    sets = arguments.sets.split(",") if arguments.sets else None
    _run(module, answers, sets=sets, limit=arguments.limit)
    chosen = ["--sets", arguments.sets] if arguments.sets else []
    present = ["--only-present"] if arguments.limit else []
    per_set = ["--per-set"] if arguments.per_set else []
    scores = folder / "scores.json"
    command = [sys.executable, str(scorer), "score", *map(str, answers), *chosen, *present, *per_set, "--json", str(scores)]
    code = subprocess.run(command, check=False).returncode
    found = json.loads(scores.read_text())
    _print_public(module, answers, found)
    _print_fifths(module, answers[0])
    _print_targets(found)
    return code


def _print_public(scorer: Any, answers: list[Path], scores: dict[str, Any]) -> None:
    """The measures of the public benchmarks, for each extractor: those of their own scorers, over their pages of the corpora."""
    bodies = {(row["set"], row["uri"]): row["body"] for row in scorer.load(["aeb"])}
    print("\n| extractor | article-extraction-benchmark, F1 | WCXB articles, word F1 |\n|---|---|---|")
    for path in answers:
        given = scorer.read_preds(path)
        pairs = [(body, given[key].get("text") or "") for key, body in bodies.items() if key in given]
        wcxb = scores[path.stem].get("wcxb", {}).get("scores", {}).get("body_f1")
        print(f"| {path.stem} | {_shown(shingle_f1(pairs) if pairs else None)} | {_shown(wcxb)} |")


def _print_fifths(scorer: Any, answers: Path) -> None:
    """Ours, for five groups of publishers: what another choice of publishers changes by chance."""
    given = scorer.read_preds(answers)
    rows = [row for row in scorer.load(None) if not row.get("tool_truth") and (row["set"], row["uri"]) in given]
    scored = [(registered_domain(row["uri"]), scorer.score_one(row, given[row["set"], row["uri"]])) for row in rows]
    numbers = [(publisher, {name: score for name, score in found.items() if name in TARGETS}) for publisher, found in scored]
    print("\n| measure | lowest and highest of five groups of publishers |\n|---|---|")
    for name, (low, high) in range_of_fifths(numbers, seed=SEED).items():
        print(f"| {TARGETS[name][0]} | {low:.3f} to {high:.3f} |")


def _cut(scorer: Any, seed: int) -> int:
    """Extract each page of the corpora cut off at a random place; 1 when one raised an exception or exceeded `page_timeout_s`, else 0."""
    chance = random.Random(seed)
    bound_s = float(Settings.model_fields["page_timeout_s"].default)
    faults: list[str] = []
    taken: list[tuple[float, str]] = []
    for name in sorted({row["set"] for row in scorer.load(None)}):
        for url, html in scorer.pages(name):
            begun = time.process_time()
            try:
                extract(html[: chance.randrange(len(html) + 1)], url)
            except Exception as error:  # noqa: BLE001  any exception is a fault to report
                faults.append(f"{url}: {type(error).__name__}: {error}")
            taken.append((time.process_time() - begun, url))
    slowest_s, slowest = max(taken)
    print(*faults, sep="\n", end="\n" if faults else "")
    pages, exceptions = counted(len(taken), "page"), counted(len(faults), "exception")
    print(f"seed {seed}: {pages}, {exceptions}, the slowest took {slowest_s:.2f} s of {bound_s:g} s: {slowest}")
    return int(bool(faults) or slowest_s >= bound_s)


def load_scorer(scorer: Path) -> Any:
    """The shared scorer, loaded from its file as a module."""
    spec = importlib.util.spec_from_file_location("scorer", scorer)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(scorer: Any, answers: list[Path], *, sets: list[str] | None, limit: int | None) -> None:
    """Write the findings of each extractor for each page, with their time, into a file named after it, in the format that `score` reads."""
    wanted = list(dict.fromkeys((row["set"], row["uri"]) for row in scorer.load(sets)))
    chosen = set(wanted[:: max(1, len(wanted) // limit)][:limit] if limit else wanted)
    pages = (
        (name, url, html) for name in sorted({name for name, _ in chosen}) for url, html in scorer.pages(name) if (name, url) in chosen
    )
    context = multiprocessing.get_context("spawn")
    with contextlib.ExitStack() as stack:
        names = [path.stem for path in answers]
        pools = [stack.enter_context(ProcessPoolExecutor(1, context)) for _ in names]
        files = [stack.enter_context(path.open("w", encoding="utf-8")) for path in answers]
        first: list[tuple[str, str, bytes]] = list(itertools.islice(pages, TURN))
        for name, pool in zip(names, pools, strict=True):
            pool.submit(_answers, name, first[:WARM_UP]).result()
        done = 0
        for turn in itertools.chain([first], iter(lambda: list(itertools.islice(pages, TURN)), [])):
            for name, pool, file in zip(names, pools, files, strict=True):
                for row in pool.submit(_answers, name, turn).result():
                    file.write(json.dumps({key: scorer.jsonable(value) for key, value in row.items()}, ensure_ascii=False) + "\n")
            done += len(turn)
            if sys.stderr.isatty():
                print(f"\r{done} of {len(chosen)} pages", end="", file=sys.stderr, flush=True)


def _answers(name: str, pages: list[tuple[str, str, bytes]]) -> list[dict[str, Any]]:
    """What the extractor finds in each page, with the set, URL and seconds of processor time."""
    rows = []
    for set_name, url, html in pages:
        begun = time.process_time()
        try:
            found = {**EXTRACTORS, **PEERS}[name](html, url)
        except Exception as error:  # noqa: BLE001  the measured libraries may raise anything
            found = {"error": f"{type(error).__name__}: {error}"}
        rows.append({"set": set_name, "uri": url, "sec": time.process_time() - begun, "bytes": len(html), **found})
    return rows


def _print_targets(scores: dict[str, Any]) -> None:
    ours, theirs = (scores[name]["ALL_HUMAN"]["scores"] for name in ("extract", "bare"))
    rates = [scores[name]["_speed"]["docs_per_s"] for name in ("extract", "bare")]
    print("\n| measure | target | this project | bare trafilatura |\n|---|---|---|---|")
    for name, (label, target) in TARGETS.items():
        print(f"| {label} | {target} | {_shown(ours.get(name))} | {_shown(theirs.get(name))} |")
    print(f"| pages per second | 3 times, then 5 | {rates[0]:.1f} ({rates[0] / rates[1]:.1f} times) | {rates[1]:.1f} |")


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main())
