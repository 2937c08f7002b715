"""Measures backfills from WARC files: articles a second from the file to published Parquet, and memory over a long stream.

    python -m bench.backfill                                 import and replay of real pages
    python -m bench.backfill --peers PEER/bin/python         and the readers of fundus and news-please
    python -m bench.backfill --stream 100 1000 10000         peak memory for files of so many MB, read as the origin ccnews
    python -m bench.backfill --import 100 400 1500           peak memory of an import of such files, without extract and publish

The pages are a set of the real pages in the folder that NEWS_SHARED names (`../shared` by default), each repeated `--copies` times under
URLs of its own. Every reader uses two processes: ours as worker processes, the peers one for each half of the file. The time of a peer is
that of reading alone: its imports are not timed, and it publishes nothing. Ours covers import, extract and publish, with the start of the
workers.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import logging
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from pipeline.capture.imports import import_file
from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Exchange, Interval, Validators
from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import SystemClock
from pipeline.lake.archives.warc import CaptureWriter, read_records
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.text.counts import counted

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("NEWS_SHARED", REPOSITORY.parent / "shared"))
PEERS = ("fundus", "news-please")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
OURS, OTHERS = "https://ours.example", "https://others.example"
KEPT_EVERY = 50
"""One generated page in this many is from a followed source, the others are from other publishers. A plain choice."""


def pages(path: Path, copies: int) -> Iterator[tuple[str, datetime, bytes]]:
    """URL, time and HTML of the pages of a WARC file, each repeated `copies` times under URLs of its own."""
    with path.open("rb") as file:
        for record in read_records(file, max_body_bytes=20_000_000):
            if record.type == "response" and record.url is not None and record.at is not None:
                for number in range(copies):
                    url = f"{record.url.rstrip('/')}-{number}" if number else record.url
                    yield url, record.at, record.body.replace(record.url.encode(), url.encode())


def write_pages(paths: Sequence[Path], found: Iterator[tuple[str, datetime, bytes]]) -> int:
    """Write the pages to `paths` in turn; returns their number."""
    files = [path.open("wb") for path in paths]
    writers = [CaptureWriter(file) for file in files]
    number = 0
    for number, (url, at, body) in enumerate(found, start=1):
        exchange = Exchange(url, at, 200, "text/html", Validators(), b"GET / HTTP/1.1\r\n\r\n", HEAD % len(body) + body, body)
        writers[number % len(writers)].write_exchange(exchange)
    for file in files:
        file.close()
    return number


def ours(path: Path, folder: Path, pages: int) -> None:
    """Print two rates for the file of `pages` pages: import, extract and publish; and extract and publish alone (replay)."""
    settings = Settings(lake=str(folder / "lake"), extract_processes=2, publish_processes=2)
    catalogue = load_catalogue(REPOSITORY / "data")
    began = time.perf_counter()
    stages.start_workers()
    report = import_file(Lake(settings.lake), settings, catalogue, path)
    imported = time.perf_counter() - began
    for what, taken in (("import", imported), ("replay", 0.0)):
        began = time.perf_counter()
        extracts = [stages.extract(settings, catalogue, part) for part in report.parts]
        extracted = time.perf_counter() - began
        dates = sorted({day for one in extracts for day in one.published_dates})
        if what == "replay":  # the same rows: publish would find everything built
            for day in dates:
                Path(settings.lake, f"articles/published_date={day}/articles.parquet").unlink()
        began = time.perf_counter()
        for _ in stages.publish_dates(settings, catalogue, dates):
            continue
        published = time.perf_counter() - began
        parts = f"import {taken:.1f} s, extract {extracted:.1f} s, publish and check {published:.1f} s for {counted(len(dates), 'date')}"
        print(f"ours, {what}: {_rate(sum(one.articles for one in extracts), pages, taken + extracted + published)} ({parts})", flush=True)


def _rate(articles: int, pages: int, seconds: float) -> str:
    return (
        f"{articles} articles of {pages} pages in {seconds:.1f} s: {articles / seconds:.1f} articles, {pages / seconds:.1f} pages a second"
    )


def peer(python: str, name: str, halves: Sequence[Path], pages: int) -> None:
    """Print the rate at which a peer reads the halves of the file, each in a process of `python`."""
    argv = [python, str(REPOSITORY / "bench/warc_peers.py"), name]
    started = [subprocess.Popen([*argv, str(half)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for half in halves]
    said = [process.communicate()[0].splitlines() for process in started]
    if not all(said):
        print(f"{name}: {python} could not run it")
        return
    results = [json.loads(lines[-1]) for lines in said]
    articles, seconds = sum(one["articles"] for one in results), max(one["seconds"] for one in results)
    print(f"{name}, reading only: {_rate(articles, pages, seconds)}", flush=True)


def generated(megabytes: int) -> Iterator[tuple[str, datetime, bytes]]:
    """URL, time and HTML of `megabytes` MB of pages of 100 kB each, one in `KEPT_EVERY` from the followed source."""
    words = "A sentence of an article that says something about the harbour of the town and its bridge. " * 20
    filler = "<!-- " + "x" * 95_000 + " -->"
    for number in range(megabytes * 10):
        host = OTHERS if number % KEPT_EVERY else OURS
        title = f"Report number {number} from the harbour"
        head = f"<title>{title}</title><meta property='article:published_time' content='{NOON.isoformat()}'>"
        html = f"<html lang='en'><head>{head}</head><body><article><h1>{title}</h1><p>{words}{number}</p></article>{filler}</body></html>"
        yield f"{host}/{number}", NOON + timedelta(seconds=number % 3_000), html.encode()


def archive(folder: Path, megabytes: int) -> None:
    """Write a local copy of the Common Crawl news archive with one WARC file of the hour into `folder`."""
    name = f"crawl-data/CC-NEWS/{NOON:%Y/%m}/CC-NEWS-{NOON:%Y%m%d%H%M%S}-00001.warc.gz"
    (folder / name).parent.mkdir(parents=True)
    write_pages([folder / name], generated(megabytes))
    (folder / name).with_name("warc.paths.gz").write_bytes(gzip.compress(f"{name}\n".encode()))


def read_archive(folder: str, results: Any) -> None:
    """Run the hour from the archive, in a process group of its own; puts articles, parts, seconds and peak MiB into `results`."""
    logging.disable(logging.CRITICAL)
    os.setpgid(0, 0)
    home = Path(folder)
    shipped = home / "catalogue"
    shipped.mkdir()
    for name in ("topics.yaml", "providers.yaml", "scoring.yaml", "editorial.yaml"):
        (shipped / name).write_bytes((REPOSITORY / "data" / name).read_bytes())
    topic = load_catalogue(REPOSITORY / "data").topics[0].name
    source = {"id": "ours", "name": "Ours", "feeds": [f"{OURS}/feed"], "topic": topic, "pace_s": 0}
    (shipped / "sources.yaml").write_text(yaml.safe_dump({"sources": [source]}))
    settings = Settings(lake=str(home / "lake"), config=str(shipped), ccnews=folder, ccnews_chunk_bytes=2**22)
    began = time.perf_counter()
    interval = Interval.containing(NOON)
    report = stages.run(
        settings,
        load_catalogue(shipped),
        interval,
        live=False,
        clock=SystemClock(),
        origins=("captures", "ccnews"),
        taken=_day(NOON.date()),
    )
    articles = sum(one.articles for one in report.extracts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    results.put((articles, len(report.extracts), time.perf_counter() - began, peak))


def read_given(folder: str, results: Any) -> None:
    """Import the given file; puts (records, parts, seconds, peak MiB of this process) into `results`."""
    logging.disable(logging.CRITICAL)
    settings = Settings(lake=str(Path(folder, "lake")))
    began = time.perf_counter()
    report = import_file(Lake(settings.lake), settings, load_catalogue(REPOSITORY / "data"), Path(folder, "given.warc.gz"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    results.put((sum(report.counts.values()), len(report.parts), time.perf_counter() - began, peak))


def importing(sizes: Sequence[int]) -> None:
    """Print the peak memory of an import for each size in MB."""
    context = multiprocessing.get_context("spawn")
    for megabytes in sizes:
        with tempfile.TemporaryDirectory(prefix="news-import-") as folder:
            write_pages([Path(folder, "given.warc.gz")], generated(megabytes))
            results = context.Queue()
            process = context.Process(target=read_given, args=(folder, results))
            process.start()
            records, parts, seconds, peak = results.get()
            process.join()
            print(f"{megabytes} MB: {counted(records, 'record')} in {counted(parts, 'part')}, {seconds:.0f} s, peak {peak} MiB", flush=True)


def _day(day: date) -> tuple[datetime, datetime]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start, start + timedelta(days=1)


def stream(sizes: Sequence[int]) -> None:
    """Print the peak memory of a backfill from the archive for each size in MB."""
    context = multiprocessing.get_context("spawn")
    for megabytes in sizes:
        with tempfile.TemporaryDirectory(prefix="news-stream-") as folder:
            archive(Path(folder), megabytes)
            results = context.Queue()
            process = context.Process(target=read_archive, args=(folder, results))
            process.start()
            workers = 0
            while results.empty():
                workers = max(workers, _largest_worker(process.pid or 0))
                time.sleep(0.1)
            articles, parts, seconds, own = results.get()
            process.join()
            print(
                f"{megabytes} MB: {counted(articles, 'article')} in {counted(parts, 'part')}, {seconds:.0f} s, "
                f"{megabytes / seconds:.0f} MB a second, peak {own} MiB, of the largest worker {workers} MiB",
                flush=True,
            )


def _largest_worker(group: int) -> int:
    """Peak memory in MiB of the largest process of the group except its leader; 0 without another, and on systems without /proc."""
    peaks = [0]
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError, ValueError, StopIteration):
            pid = int(status.parent.name)
            if pid != group and os.getpgid(pid) == group:
                lines = status.read_text().splitlines()
                peaks.append(next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")))
    return max(peaks)


def main() -> None:
    """Run the measurement that the options choose."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--set", default="fundus", help="a set of the real pages")
    parser.add_argument("--copies", type=int, default=2, help="how often each page is repeated in the file")
    parser.add_argument("--peers", metavar="PYTHON", help="a Python interpreter with fundus and news-please installed")
    parser.add_argument("--which", nargs="+", default=PEERS, choices=PEERS, help="the peers to run (default: all)")
    parser.add_argument("--stream", type=int, nargs="+", metavar="MB", help="measure memory over generated files of these sizes instead")
    parser.add_argument("--import", dest="importing", type=int, nargs="+", metavar="MB", help="measure an import's memory instead")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.stream:
        stream(options.stream)
        return
    if options.importing:
        importing(options.importing)
        return
    path = SHARED / "corpora" / "extraction" / f"{options.set}.warc.gz"
    if not path.exists():
        sys.exit(f"{path} does not exist; set NEWS_SHARED to the folder of the real pages")
    with tempfile.TemporaryDirectory(prefix="news-backfill-") as folder:
        whole, halves = Path(folder, "whole.warc.gz"), [Path(folder, f"half-{number}.warc.gz") for number in (1, 2)]
        number = write_pages([whole], pages(path, options.copies))
        write_pages(halves, pages(path, options.copies))
        print(f"{number} pages, {whole.stat().st_size / 1e6:.1f} MB", flush=True)
        ours(whole, Path(folder), number)
        for name in options.which if options.peers else ():
            peer(options.peers, name, halves, number)


if __name__ == "__main__":
    main()
