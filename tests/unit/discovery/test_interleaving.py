"""The order in which a source's pages are asked for."""

from __future__ import annotations

from pipeline.core.models import Entry
from pipeline.discovery.entries import interleaved
from pipeline.lake.manifests import Pending


def test_hosts_take_turns_and_each_keeps_its_order() -> None:
    names = ["a/1", "a/2", "a/3", "b/1", "c/1", "b/2"]
    chosen = [Pending(Entry(f"https://{name}", "one", "feed"), 0) for name in names]
    order = [pending.entry.url.removeprefix("https://") for pending in interleaved(chosen)]
    assert order == ["a/1", "b/1", "c/1", "a/2", "b/2", "a/3"]


def test_one_host_keeps_its_order() -> None:
    chosen = [Pending(Entry(f"https://a/{number}", "one", "feed"), 0) for number in range(4)]
    assert list(interleaved(chosen)) == chosen
    assert interleaved([]) == ()
