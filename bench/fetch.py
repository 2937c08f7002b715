"""Measures fetching: 200 hosts x 50 pages (5 ms each) on loopback, our fetcher with WARC writing against a bare pool of requests sessions.

    python bench/fetch.py              throughput with pacing off
    python bench/fetch.py --paced      a pace of 1 s per host; total time against the ideal
    python bench/fetch.py --memory     peak memory for 5, 25 and 100 pages a host

The server runs in a process of its own. Both fetchers take turns and the median of their rounds counts. No DNS is asked: `connect_to`
routes every host to the server.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import requests

from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher, SystemClock, Target
from pipeline.lake.archives.warc import WRITE_BUFFER, CaptureWriter

HOSTS, PAGES, DELAY_S = 200, 50, 0.005
WORDS = b"<p>A sentence of a page that says something about the news of the day.</p>\n"
PAGE = b"<html><head><title>A page</title></head><body>" + WORDS * 400 + b"</body></html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(DELAY_S)
            if request.startswith(b"GET /robots.txt"):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            else:
                writer.write(HEAD % len(PAGE) + PAGE)
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        writer.close()


def serve(pipe: Connection) -> None:
    """Serve the same page for every URL after `DELAY_S`, until `pipe` receives anything; sends the port first."""

    async def run() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.recv)

    asyncio.run(run())


def urls_of(hosts: int, pages: int) -> list[list[str]]:
    """The URLs of each host."""
    return [[f"http://host{host}.example/page{page}" for page in range(pages)] for host in range(hosts)]


def ours(port: int, hosts: Sequence[Sequence[str]], *, threads: int, pace_s: float) -> float:
    """Seconds that our fetcher takes for all pages of `hosts`, with a thread and a WARC file for each host; includes robots.txt."""
    settings = Settings(connect_to=(f"*:80=127.0.0.1:{port}",), fetch_threads=threads)
    with tempfile.TemporaryDirectory() as folder, Fetcher(settings, clock=SystemClock()) as fetcher:

        def work(number: int) -> None:
            with (Path(folder) / f"{number}.warc.gz").open("wb", WRITE_BUFFER) as file:
                writer = CaptureWriter(file)
                for url in hosts[number]:
                    answer = fetcher.get(Target(url, "page", pace_s))
                    if answer.error is not None:
                        raise answer.error
                    writer.write_answer(answer)

        started = time.monotonic()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(len(hosts))))
        return time.monotonic() - started


def bare(port: int, hosts: Sequence[Sequence[str]], *, threads: int) -> float:
    """Seconds that a thread pool of requests sessions takes for the same pages; nothing is written."""
    local = threading.local()

    def work(number: int) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
        for url in hosts[number]:
            response = local.session.get(f"http://127.0.0.1:{port}/{url[7:]}", timeout=10)
            assert response.status_code == 200
            assert len(response.content) == len(PAGE)

    started = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(len(hosts))))
    return time.monotonic() - started


def throughput(port: int, *, rounds: int, threads: int) -> bool:
    """Print the rate of both fetchers; whether ours reaches 85 % of the bare pool's."""
    hosts = urls_of(HOSTS, PAGES)
    total = HOSTS * PAGES
    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(rounds):
        seconds["bare"].append(bare(port, hosts, threads=threads))
        seconds["ours"].append(ours(port, hosts, threads=threads, pace_s=0))
    for name, taken in seconds.items():
        print(f"{name}: {total / statistics.median(taken):.0f} pages/s (rounds {', '.join(f'{one:.1f} s' for one in taken)})")
    share = statistics.median(seconds["bare"]) / statistics.median(seconds["ours"])
    print(f"share of the bare pool's throughput: {share:.0%}")
    return share >= 0.85


def paced(port: int, *, pages: int) -> bool:
    """Print the time at 1 s per host; whether it is within 5 % of the ideal."""
    hosts = urls_of(HOSTS, pages)
    taken = ours(port, hosts, threads=HOSTS, pace_s=1.0)
    ideal = pages * 1.0 + DELAY_S  # robots.txt takes the first slot, the last page needs no pause after it
    print(f"{HOSTS} hosts x {pages} pages, 1 s a host: {taken:.2f} s, ideal {ideal:.2f} s, {taken / ideal - 1:+.1%}")
    return taken <= 1.05 * ideal


def _peak(pipe: Connection, port: int, pages: int, threads: int) -> None:
    ours(port, urls_of(HOSTS, pages), threads=threads, pace_s=0)
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def memory(port: int, *, threads: int) -> bool:
    """Print the peak memory for growing numbers of pages; whether it stays within 15 % of the first."""
    peaks: list[float] = []
    for pages in (5, 25, 100):
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_peak, args=(there, port, pages, threads))
        process.start()
        peaks.append(here.recv())
        process.join()
        print(f"{HOSTS} hosts x {pages} pages: peak {peaks[-1]:.0f} MiB")
    return max(peaks) < 1.15 * peaks[0]


def main() -> int:
    """Run the measurement that the options choose; exit code 0 when its target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paced", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=40, help="pages per host with --paced")
    parser.add_argument("--threads", type=int, default=Settings().fetch_threads, help="threads of each fetcher (default: as in capture)")
    options = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    port = here.recv()
    try:
        if options.paced:
            return not paced(port, pages=options.pages)
        if options.memory:
            return not memory(port, threads=options.threads)
        return not throughput(port, rounds=options.rounds, threads=options.threads)
    finally:
        here.send(None)
        server.join(5)


if __name__ == "__main__":
    sys.exit(main())
