"""How long each page of `pipeline.operations.pages` takes over a lake of a year: `python -m bench.pages [FOLDER]`.

The lake is made in FOLDER (default: a temporary one) unless it is there: one captured part, ledger and table of articles for each hour,
records for each date; a backfill of 31 days, and the changes that builds made in the newest date. The newest 16 days are made row by row,
because pages join them; the older ones are copies of the first of these: only their number and size matter, as a page must not open
them. Prints milliseconds, wall and processor, the median of five.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.core import schema
from pipeline.core.models import HOUR, Difference, Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.manifests import FeedState, Manifest, to_json
from pipeline.lake.schedules import Schedule
from pipeline.lake.storage import Lake
from pipeline.lake.tables import checked_table
from pipeline.operations.backfill.plans import BackfillPlan, BackfillRequest
from pipeline.operations.backfill.records import BackfillRecord, BackfillStep
from pipeline.operations.backfill.records import to_json as backfill_json
from pipeline.operations.completeness import SourceDay
from pipeline.operations.completeness_tables import write_tables
from pipeline.operations.pages.site import SiteRequest, answer
from pipeline.publishing.changes import Build

NEWEST = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = 365
OWN_DAYS = 16
SOURCES = 200
PER_HOUR = 60
"""Articles an hour: 1,440 a day, half a million in the year."""
SEEN = 100
"""Entries that each feed's last document had."""
STORY_SIZE = 4
REQUESTS = 5
SOURCE_IDS = [f"source-{number:03d}" for number in range(SOURCES)]
BACKFILL = BackfillRequest(date(2026, 10, 1), date(2026, 10, 31), (SOURCE_IDS[3],))
AT_MOST_MS = 300
"""Milliseconds of wall time above which the line of a page says `over`."""


def main() -> None:
    """Make the lake where it is missing, then measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="where the lake is made or was made before")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory(prefix="news-pages-") as temporary:
        root = folder or Path(temporary)
        if not (root / "lake").exists():
            started = time.monotonic()
            make_lake(root)
            print(f"made a lake of {DAYS} days, {SOURCES} sources, {PER_HOUR} articles an hour in {time.monotonic() - started:.0f} s")
        measure(root)


def measure(root: Path) -> None:
    """Print a line for each page."""
    settings = Settings(lake=str(root / "lake"), config=str(root / "catalogue"))
    print(f"{'page':32} {'wall ms':>8} {'cpu ms':>8} {'kB':>6}")
    for name, path, query in pages():
        asked = SiteRequest(path, query, "/news", NEWEST + timedelta(hours=1.5), "ada", may_backfill=True)
        walls, processor = [], []
        for _ in range(REQUESTS + 1):
            wall, cpu = time.perf_counter(), time.process_time()
            got = answer(settings, asked)
            walls.append(1000 * (time.perf_counter() - wall))
            processor.append(1000 * (time.process_time() - cpu))
        if got.status != 200:
            raise SystemExit(f"{path}: {got.status}\n{got.body.decode()}")
        wall, cpu = statistics.median(walls[1:]), statistics.median(processor[1:])
        print(f"{name:32} {wall:8.0f} {cpu:8.0f} {len(got.body) / 1000:6.0f}{'  over ' + str(AT_MOST_MS) if wall > AT_MOST_MS else ''}")


def pages() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Name, path and query of each page that is measured."""
    day = NEWEST.date().isoformat()
    url = article_url(NEWEST, 3)
    yield "today", "/today", {}
    yield "sources", "/sources", {}
    yield "source", f"/sources/{SOURCE_IDS[3]}", {}
    yield "stories", "/stories", {"day": day}
    yield "stories of a topic", "/stories", {"day": day, "topic": "AI", "sort": "articles"}
    yield "story", f"/stories/{story_id(NEWEST, 3)}", {"day": day}
    yield "record", "/record", {"url": url, "day": day}
    yield "coverage, 14 days", "/coverage", {}
    yield "coverage, 91 days", "/coverage", {"days": "91"}
    yield "gap", "/coverage/backfill", {"source": SOURCE_IDS[3], "day": "2026-11-18"}
    yield "a backfill of 31 days", f"/backfills/{BACKFILL.id}", {}
    yield "changes of a date", "/changes", {"day": day}
    yield "changes, a field", "/changes", {"day": day, "change": "changed", "field": "heat"}
    yield "hour", "/hours", {"hour": Interval.containing(NEWEST).key}
    yield "why, a day", "/why", {"url": url}
    yield "why, a week", "/why", {"url": url, "span": "7"}


def make_lake(root: Path) -> None:
    """Write the catalogue and the lake of a year."""
    lake = Lake(str(root / "lake"))
    write_catalogue(root / "catalogue")
    oldest = NEWEST - timedelta(days=OWN_DAYS)
    for back in range(DAYS * 24):
        hour = NEWEST - back * HOUR
        part = Part(Interval.containing(hour), "00")
        if hour > oldest:
            lake.write_table(storage.ledger_path(part), checked_table(ledger_rows(hour), schema.LEDGER, name="ledger"))
            lake.write_table(storage.extracted_path(part), checked_table(extracted_rows(hour), schema.EXTRACTED, name="extracted"))
        else:
            for path in (storage.ledger_path, storage.extracted_path):
                copy(lake, path(Part(Interval.containing(oldest + HOUR), "00")), path(part))
    for back in range(DAYS):
        day = NEWEST.date() - timedelta(days=back)
        if back < OWN_DAYS:
            write_records(lake, day)
        else:
            for dated in (storage.articles_path, storage.explain_path):
                copy(lake, dated(NEWEST.date() - timedelta(days=OWN_DAYS - 1)), dated(day))
        write_tables(lake, [counted_day(day, one, number) for number, one in enumerate(SOURCE_IDS)])
    for back in range(3):
        write_manifest(lake, NEWEST - back * HOUR)
    write_changes(lake, NEWEST.date())
    write_backfill(lake)


def copy(lake: Lake, source: str, target: str) -> None:
    """Copy a file of the lake to another path."""
    place = Path(lake.root) / target
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(lake.root) / source, place)


def write_catalogue(folder: Path) -> None:
    """The shipped catalogue with `SOURCES` sources."""
    shutil.copytree(Path(Settings().config), folder, ignore=shutil.ignore_patterns("lake", "sample", "live"))
    lines = [f"  - {{id: {one}, name: {one}, topic: AI, feeds: [https://{one}.example/feed]}}" for one in SOURCE_IDS]
    (folder / "sources.yaml").write_text("\n".join(["sources:", *lines, ""]))


def article_url(hour: datetime, number: int) -> str:
    """The URL of an article of an hour."""
    return f"https://{SOURCE_IDS[number % SOURCES]}.example/{hour:%Y/%m/%d/%H}/article-{number}"


def story_id(hour: datetime, number: int) -> str:
    """The id of the story of an article."""
    return f"{int(hour.timestamp()) // 3600:08x}{number // STORY_SIZE:08x}"


def capture_of(hour: datetime, number: int) -> dict[str, Any]:
    """The columns that name an article's capture."""
    part = Part(Interval.containing(hour), "00")
    source = SOURCE_IDS[number % SOURCES]
    at = hour + timedelta(minutes=50)
    names = {"sourceId": source, "via": "feed", "capturedAt": at, "captureFile": storage.captures_path(part), "vanishedAt": None}
    return {**names, "captureOffset": number * 1000, "payloadDigest": f"sha256:{number:064x}"}


def ledger_rows(hour: datetime) -> list[dict[str, Any]]:
    """The requests of an hour: a feed of each source, and the articles, of which every tenth failed."""
    capture = storage.captures_path(Part(Interval.containing(hour), "00"))
    plain = {"via": "feed", "listedBy": [], "bytes": 20_000, "at": hour + timedelta(minutes=50), "captureFile": capture}
    feeds = [
        {**plain, "url": f"https://{one}.example/feed", "kind": "feed", "outcome": "notModified", "reason": None, "sourceId": one}
        | {"status": 304, "offset": number}
        for number, one in enumerate(SOURCE_IDS)
    ]
    articles = [
        {**plain, "url": article_url(hour, number), "kind": "page", "sourceId": SOURCE_IDS[number % SOURCES], "offset": number}
        | {"outcome": "failed" if number % 10 == 9 else "captured", "reason": "timeout" if number % 10 == 9 else None, "status": 200}
        for number in range(PER_HOUR)
    ]
    return [*feeds, *articles]


def extracted_rows(hour: datetime) -> list[dict[str, Any]]:
    """The articles of an hour, published within it."""
    nothing = {field.name: None for field in schema.EXTRACTED}
    return [
        {
            **nothing,
            **capture_of(hour, number),
            **{"originalUrl": article_url(hour, number), "webUrl": article_url(hour, number), "title": title(hour, number)},
            **{"excerpt": "An excerpt of an article. " * 8, "text": f"The text of article {number}. " * 80, "authors": ["Ada Lovelace"]},
            **{"publishedDateTime": hour + timedelta(seconds=number * 40), "publishedPrecision": "second", "language": "en"},
            **{"providerName": "A site", "providerDomain": f"{SOURCE_IDS[number % SOURCES]}.example", "images": [], "type": "article"},
            **{"keywords": [], "provenance": [("title", "jsonld"), ("text", "page")], "alternatives": [("title", "Another title (og)")]},
            **{"imageFile": storage.image_path(f"{number:064x}", "jpg")},
            **{"confidence": {"title": 0.9, "text": 0.95, "published": 0.99, "authors": 0.7, "image": 0.8, "article": 0.99}},
        }
        for number in range(PER_HOUR)
    ]


def title(hour: datetime, number: int) -> str:
    """A title that is another for each article."""
    return f"Headline number {number} of {hour:%A}, {hour:%d %B} at {hour:%H} hours, in some more words"


def write_records(lake: Lake, day: date) -> None:
    """The records of a date and their explanations: stories of `STORY_SIZE` articles."""
    hours = [datetime(day.year, day.month, day.day, number, tzinfo=UTC) for number in range(24)]
    places = [(hour, number) for hour in hours if hour <= NEWEST for number in range(PER_HOUR)]
    articles = [article_row(hour, number) for hour, number in places]
    explained = [explain_row(hour, number) for hour, number in places]
    lake.write_table(storage.articles_path(day), checked_table(articles, schema.ARTICLES, name="articles"))
    lake.write_table(storage.explain_path(day), checked_table(explained, schema.EXPLAIN, name="explain"))


def article_row(hour: datetime, number: int) -> dict[str, Any]:
    """A record with the other articles of its story."""
    url, quality = article_url(hour, number), 40 + number % 50
    first = number // STORY_SIZE * STORY_SIZE
    provider = {"name": "A site", "domain": f"{SOURCE_IDS[number % SOURCES]}.example"}
    others = [other for other in range(first, min(first + STORY_SIZE, PER_HOUR)) if other != number]
    related = [
        {
            **{"title": title(hour, other), "excerpt": "An excerpt.", "publishedDateTime": hour, "webUrl": article_url(hour, other)},
            **{"ampWebUrl": None, "cdnAmpWebUrl": None, "type": "article", "provider": provider, "quality": 40, "images": []},
        }
        for other in others
    ]
    return {
        **{
            "category": "news",
            "title": title(hour, number),
            "excerpt": "An excerpt of an article. " * 8,
            "originalUrl": url,
            "webUrl": url,
        },
        **{"publishedDateTime": hour + timedelta(seconds=number * 40), "ampWebUrl": None, "cdnAmpWebUrl": None, "type": "article"},
        **{"quality": quality, "heat": quality + 30 if number == first else -1, "published": number == first, "provider": provider},
        **{"topics": ["AI", f"Topic {number % 20}"], "images": [], "related": related, "secured": None},
    }


def explain_row(hour: datetime, number: int) -> dict[str, Any]:
    """The explanation of a record."""
    zeros = {name: 0 for name in schema.EXPLAIN.names if name.startswith("quality")}
    first, quality = number // STORY_SIZE * STORY_SIZE, 40 + number % 50
    members = range(first, min(first + STORY_SIZE, PER_HOUR))
    links = [{"webUrl": article_url(hour, other), "similarity": 0.6} for other in members if other != number]
    return {
        **zeros,
        **capture_of(hour, number),
        **{"webUrl": article_url(hour, number), "publishedDateTime": hour + timedelta(seconds=number * 40), "quality": quality},
        **{"qualityProvider": quality, "keywords": [], "providerList": None, "storyId": story_id(hour, number), "storySize": len(members)},
        **{"storyNewsrooms": len(members), "absorbedStoryIds": [], "splitFromStoryIds": [], "duplicateOf": None, "duplicateMethod": None},
        **{"duplicateSimilarity": None, "isLead": number == first, "leadUrl": article_url(hour, first), "links": links},
        **{"heat": quality + 30 if number == first else -1, "heatRelated": 30 if number == first else 0},
    }


def counted_day(day: date, source: str, number: int) -> SourceDay:
    """A day of a source; every fortieth day of it is a gap."""
    found = 0 if (day.toordinal() + number) % 40 == 0 else 7 + number % 5
    return SourceDay(day, source, 8.0, "weekday", 24, 0, found, found, found, found)


def write_manifest(lake: Lake, hour: datetime) -> None:
    """The manifest of an hour, with the state of every feed."""
    part = Part(Interval.containing(hour), "00")
    schedule = Schedule(asked=hour + timedelta(minutes=50), next_poll=hour + timedelta(minutes=110), new_shares=(0.1, 0.0, 0.2))
    feeds = tuple(
        FeedState(
            one,
            f"https://{one}.example/feed",
            "captured",
            seen=tuple(f"{number * SEEN + entry:016x}" for entry in range(SEEN)),
            schedule=schedule,
        )
        for number, one in enumerate(SOURCE_IDS)
    )
    manifest = Manifest(part.interval.key, part.name, "bench", tuple(SOURCE_IDS), 0, "", {}, feeds, (), ())
    lake.write_bytes(storage.manifest_path(part), to_json(manifest))


def write_changes(lake: Lake, day: date) -> None:
    """The changes of a date of which each hour's build adds the hour's records and changes four values of those of the hour before."""
    for number in range(NEWEST.hour + 1):
        hour = datetime(day.year, day.month, day.day, number, tzinfo=UTC)
        build = Build(day, f"{number:064x}" if number else None, f"{number + 1:064x}", hour + timedelta(minutes=50))
        of_build = {
            "knownUntil": build.known_until,
            "build": f"{number:012x}",
            "buildBefore": None,
            "field": None,
            "old": None,
            "new": None,
        }
        rows = [{**of_build, "webUrl": article_url(hour, place), "change": "new"} for place in range(PER_HOUR)]
        for place in range(PER_HOUR) if number else ():
            changed = {**of_build, "webUrl": article_url(hour - HOUR, place), "change": "changed"}
            rows += [{**changed, "field": name, "old": "40", "new": '"words" ' * 40} for name in ("heat", "quality", "related", "topics")]
        lake.write_table(build.path, checked_table(rows, schema.CHANGES, name="changes"))


def write_backfill(lake: Lake) -> None:
    """The record of `BACKFILL`, every hour of which found articles and every date of which changed."""
    days = [BACKFILL.first + timedelta(days=number) for number in range((BACKFILL.last - BACKFILL.first).days + 1)]
    hours = 24 * len(days)
    plan = BackfillPlan(
        id=BACKFILL.id,
        asked=BACKFILL,
        origins=("listing",),
        intervals=hours,
        captured=0,
        to_capture=hours,
        pages=0,
        captures_bytes=0,
        later_parts=0,
        sources=(),
        requests=9_000,
        bytes=10**9,
        hours=2.5,
        slowest_host=None,
        disallowed_share=0.0,
        without_history=(),
        disk_free=None,
    )
    steps = {f"{day}T{hour:02}": BackfillStep(3, 12, (day,), warnings=("no origin reaches it",)) for day in days for hour in range(24)}
    urls = tuple(article_url(NEWEST, place) for place in range(5))
    change = Difference(100, 172, 72, 40, 0, {"heat": 40, "related": 30, "quality": 2}, urls, urls)
    differences = dict.fromkeys(days, change)
    record = BackfillRecord(
        BACKFILL, plan, NEWEST, "c0de", "mark", (), "done", steps=steps, differences=differences, finished=NEWEST + HOUR
    )
    lake.write_bytes(storage.backfill_path(record.id), backfill_json(record))


if __name__ == "__main__":
    main()
