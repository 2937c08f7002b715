"""Stories as one timeline beside one window for each published date: where dates disagree, and what an hour of new articles costs.

    python bench/timeline.py                     both tables
    python bench/timeline.py --agreement         links, ids and leads that differ between dates, over six weeks of headlines
    python bench/timeline.py --cost              an hour's stories: processor time, memory, on lakes of 240, 2,400, 9,600 articles a day
    python bench/timeline.py --rebuild           articles a second of a timeline folded from its first day

Nothing is written. An article is captured when it was published. The articles lie in the folder that NEWS_SHARED names (default:
`../shared`).
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402

from bench.stories import SHARED, scorer  # noqa: E402
from pipeline.core.catalogue import StoryConstants  # noqa: E402
from pipeline.stories.clustering import Articles, cluster_articles  # noqa: E402
from pipeline.stories.timeline.day_features import CapturedArticles  # noqa: E402
from pipeline.stories.timeline.default_pictures import FoldConstants  # noqa: E402
from pipeline.stories.timeline.folds import KeptTimeline, fold_articles  # noqa: E402

DAY_S = 86_400
WINDOW_DAYS = 7
WARM_DAYS = 15
"""Days of captures before the measured one: the window to both sides of the dates that its articles touch."""
CONSTANTS = StoryConstants()


@dataclass(frozen=True)
class View:
    """An article as its own published date shows it: the id, the lead and the other members of its story."""

    story: str | None
    lead: str
    others: frozenset[str]


def shared_articles(*names: str) -> CapturedArticles:
    """The articles of labelled sets, in the order of webUrl."""
    rows = sorted((row for name in names for row in scorer().load(name)[0].to_dict("records")), key=lambda row: row["webUrl"])
    seconds = np.array([int(row["publishedDateTime"].timestamp()) for row in rows], dtype=np.int64)
    text = [row["text"] if isinstance(row["text"], str) else "" for row in rows]
    return CapturedArticles(
        [row["webUrl"] for row in rows],
        [row["title"] for row in rows],
        text,
        [row["providerDomain"] for row in rows],
        [None] * len(rows),
        seconds,
        seconds,
        [""] * len(rows),
        [()] * len(rows),
    )


def views(stories: Mapping[str, str | None], dates: Mapping[str, int], *, of: int) -> dict[str, View]:
    """The view of each article of the date `of`. The lead is the smallest webUrl: quality is the same for all in this comparison."""
    members: defaultdict[str, set[str]] = defaultdict(set)
    for url, story in stories.items():
        members[story if story is not None else url].add(url)
    found = {}
    for url, story in stories.items():
        if dates[url] == of:
            together = members[story if story is not None else url]
            found[url] = View(story, min(together), frozenset(together - {url}))
    return found


def window_views(articles: CapturedArticles) -> dict[str, View]:
    """Each date seen by its own window of fifteen days."""
    days = articles.published_s // DAY_S
    dates = dict(zip(articles.urls, days.tolist(), strict=True))
    found: dict[str, View] = {}
    for day in np.unique(days).tolist():
        inside = articles.select(np.flatnonzero(np.abs(days - day) <= WINDOW_DAYS).tolist())
        found.update(views(_clustered(inside), dates, of=day))
    return found


def _clustered(articles: CapturedArticles) -> dict[str, str | None]:
    columns = Articles(
        urls=articles.urls,
        titles=articles.titles,
        texts=articles.texts,
        published_s=articles.published_s.tolist(),
        captured_s=articles.captured_s.tolist(),
        domains=articles.domains,
        languages=["en"] * len(articles),
    )
    memberships = cluster_articles(columns, constants=CONSTANTS).memberships
    return {member.url: member.story_id for member in memberships}


def timeline_views(articles: CapturedArticles) -> dict[str, View]:
    """Each date seen by the timeline: every table of a published day read by itself, the others only for the members that it names."""
    members = fold_articles(articles, constants=FoldConstants(CONSTANTS))
    stories = dict(zip(members.urls.tolist(), members.story_ids.tolist(), strict=True))
    dates = dict(zip(members.urls.tolist(), (members.published_s // DAY_S).tolist(), strict=True))
    found: dict[str, View] = {}
    for day in set(dates.values()):
        found.update(views(stories, dates, of=day))
    return found


def agreement() -> None:
    """Print how often two records at rest tell different things about one story."""
    articles = shared_articles("og2021_titles")
    wrong = "not reciprocal | ids differ | hidden behind a lead that does not name them"
    print(f"| {len(articles):,} headlines of six weeks, all dates | links | {wrong} |\n|---|---|---|---|---|")
    for name, found in (("a window for each date", window_views(articles)), ("one timeline", timeline_views(articles))):
        links = [(url, other) for url, view in found.items() for other in view.others]
        one_sided = sum(url not in found[other].others for url, other in links)
        other_id = sum(found[url].story != found[other].story for url, other in links)
        hidden = sum(view.lead != url and url not in found[view.lead].others for url, view in found.items())
        print(f"| {name} | {len(links):,} | {one_sided:,} | {other_id:,} | {hidden:,} |", flush=True)


def synthetic(a_day: int, days: int, *, seed: int = 7) -> CapturedArticles:
    """A lake of `days` days: real articles again and again, a fifth of the title's and a tenth of the text's words replaced."""
    base = shared_articles("uci_stories", "allsides_full", "allsides_2021", "og2021_titles")
    chance, count = random.Random(seed), a_day * days
    vocabulary = sorted({word for title in base.titles for word in title.split()})

    def mixed(text: str, share: float) -> str:
        return " ".join(word if chance.random() > share else chance.choice(vocabulary) for word in text.split())

    rows = [chance.randrange(len(base)) for _ in range(count)]
    seconds = np.array([int(number / a_day * DAY_S) for number in range(count)], dtype=np.int64) + 20_000 * DAY_S
    return CapturedArticles(
        [f"{base.urls[row]}-{number:07d}" for number, row in enumerate(rows)],
        [f"{mixed(base.titles[row], 0.2)} {number // len(base)}" for number, row in enumerate(rows)],
        [mixed(base.texts[row][:3000], 0.1) for row in rows],
        [base.domains[row] for row in rows],
        [None] * count,
        seconds,
        seconds,
        [""] * count,
        [()] * count,
    ).select(sorted(range(count), key=lambda number: f"{base.urls[rows[number]]}-{number:07d}"))


def cost(sizes: list[int]) -> None:
    """Print what the last hour of a day costs: eight dates of a window each, and the timeline's day so far."""
    print("| articles a day | new in the hour | design | processor seconds | peak MiB |\n|---|---|---|---|---|", flush=True)
    for a_day in sizes:
        for design in ("windows", "timeline"):
            command = [sys.executable, str(Path(__file__).resolve()), "--one", design, "--sizes", str(a_day)]
            subprocess.run(command, check=True, cwd=REPOSITORY)


def one(design: str, a_day: int) -> None:
    """Measure one design in this process, so that the peak of memory is its own."""
    articles = synthetic(a_day, WARM_DAYS + 1)
    days = articles.captured_s // DAY_S
    last = int(days.max())
    if design == "windows":
        started = time.process_time()
        _clustered(articles.select(np.flatnonzero(days > last - WINDOW_DAYS).tolist()))
        seconds = 8 * (time.process_time() - started)
        name = "a window for each date, eight dates of the width that the newest has"
    else:
        timeline = KeptTimeline()
        for day in range(last - WARM_DAYS, last):
            timeline.fold(day, articles.select(np.flatnonzero(days == day).tolist()), {}, constants=FoldConstants(CONSTANTS))
        started = time.process_time()
        timeline.fold(last, articles.select(np.flatnonzero(days == last).tolist()), {}, constants=FoldConstants(CONSTANTS))
        seconds, name = time.process_time() - started, "timeline, the whole day folded again"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"| {a_day:,} | {a_day // 24:,} | {name} | {seconds:.1f} | {peak:,} |", flush=True)


def rebuild(sizes: list[int]) -> None:
    """Print how many articles a second of processor time a timeline of 30 days takes in."""
    print("| articles a day | days | processor seconds | articles a second |\n|---|---|---|---|")
    for a_day in sizes:
        articles = synthetic(a_day, 30)
        started = time.process_time()
        fold_articles(articles, constants=FoldConstants(CONSTANTS))
        seconds = time.process_time() - started
        print(f"| {a_day:,} | 30 | {seconds:.1f} | {len(articles) / seconds:,.0f} |", flush=True)


def main() -> int:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agreement", action="store_true")
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--rebuild", action="store_true")
    parser.add_argument("--one", choices=("windows", "timeline"), help=argparse.SUPPRESS)
    parser.add_argument("--sizes", default="240,2400,9600", help="articles a day")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    if not (SHARED / "tools" / "score_stories.py").is_file():
        print(f"there is no scorer in {SHARED}; set NEWS_SHARED to the folder of the shared data", file=sys.stderr)
        return 2
    if options.one:
        one(options.one, sizes[0])
        return 0
    every = not (options.agreement or options.cost or options.rebuild)
    if options.agreement or every:
        agreement()
    if options.cost or every:
        cost(sizes)
    if options.rebuild:
        rebuild(sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
