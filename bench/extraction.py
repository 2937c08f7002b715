"""Article extraction on real pages: ours beside bare trafilatura, in one run, with one score table.

    python bench/extraction.py [--sets a,b] [--limit N]

`extract` is the adapter that the shared scorer calls. The pages and the scorer lie in the folder that NEWS_SHARED names (default:
`../shared`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import trafilatura  # noqa: E402

from pipeline.articles import build_article  # noqa: E402
from pipeline.models import Article, CaptureRef, Entry  # noqa: E402
from pipeline.pages import read_page  # noqa: E402

CAPTURED_AT = datetime(2026, 10, 1, tzinfo=UTC)
"""The WARC-Date of every page of the shared corpora."""


def extract(html: bytes, url: str) -> dict[str, Any]:
    """Our extractor in the scorer's words; nothing for a page that is rejected."""
    page = read_page(html, url=url, content_type="text/html")
    entry = Entry(url=url, source_id=None, via="warc")
    article = build_article(page, entry=entry, capture=CaptureRef("bench", 0, CAPTURED_AT), payload_digest="")
    if not isinstance(article, Article):
        return {"rejected": article.reason}
    moment = article.published
    published = moment and (moment.value.date() if moment.precision == "day" else moment.value)
    return {
        "title": article.title,
        "authors": list(article.authors),
        "published": published,
        "text": article.text,
        "image": [image.url for image in article.images],
        "language": article.language,
        "provenance": str(dict(article.provenance)),
    }


def bare(html: bytes, url: str) -> dict[str, Any]:
    """trafilatura as it comes, in the scorer's words."""
    document = trafilatura.bare_extraction(html, url=url, with_metadata=True)
    if document is None:
        return {}
    return {
        "title": document.title,
        "authors": document.author,
        "published": document.date,
        "text": document.text,
        "image": document.image,
        "language": document.language,
    }


def main() -> int:
    """Run both extractors over the corpora and print the scorer's table; the scorer's exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", help="comma-separated names of corpora; default: all")
    parser.add_argument("--limit", type=int, help="pages, spread over the corpora; default: all")
    parser.add_argument("--per-set", action="store_true", help="a table for each corpus")
    arguments = parser.parse_args()
    shared = Path(os.environ.get("NEWS_SHARED", REPOSITORY.parent / "shared"))
    scorer = shared / "tools" / "score_extraction.py"
    if not scorer.is_file():
        print(f"there is no scorer at {scorer}; set NEWS_SHARED to the folder of the shared test data", file=sys.stderr)
        return 2
    chosen = ["--sets", arguments.sets] if arguments.sets else []
    limit = ["--limit", str(arguments.limit)] if arguments.limit else []
    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for name in ("extract", "bare"):
            out = Path(folder) / f"{name}.jsonl"
            answers.append(str(out))
            command = [sys.executable, str(scorer), "run", f"{Path(__file__).resolve()}:{name}", "--out", str(out), *chosen, *limit]
            subprocess.run(command, check=True)
        present = ["--only-present"] if arguments.limit else []
        per_set = ["--per-set"] if arguments.per_set else []
        return subprocess.run([sys.executable, str(scorer), "score", *answers, *chosen, *present, *per_set], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
