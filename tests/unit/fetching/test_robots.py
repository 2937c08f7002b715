"""robots.txt as RFC 9309 reads it, Google's own cases and the files of real hosts."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.fetching.robots import MAX_BYTES, MAX_CRAWL_DELAY_S, read_rules

AGENT = "news-pipeline"
AGAINST_THE_RFC = {
    ("/foo/bar/ツ", "http://foo.bar/foo/bar/ツ"),
    ("/foo/bar/%E3%83%84", "http://foo.bar/foo/bar/ツ"),
    ("/foo/bar/%62%61%7A", "http://foo.bar/foo/bar/baz"),
}
"""Google's matcher compares octets and leaves encoding to its caller; RFC 9309, section 2.2.2 has each of these match."""


def rows(shared: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(shared / "corpora" / "vectors" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def allows(text: str, path: str = "/news/a.html", agent: str = AGENT) -> bool:
    return read_rules(200, text.encode()).allows(f"https://host.example{path}", agent=agent)


def test_googles_own_cases_agree(shared: Path) -> None:
    differing = [
        row
        for row in rows(shared, "robots_google")
        if read_rules(200, row["robots_txt"].encode()).allows(row["url"], agent=row["user_agent"]) != row["allowed"]
    ]
    assert {(row["robots_txt"].split("Allow: ")[1].strip(), row["url"]) for row in differing} == AGAINST_THE_RFC


def test_the_path_patterns_of_googles_documentation_agree(shared: Path) -> None:
    for row in rows(shared, "robots_patterns"):
        rules = read_rules(200, row["robots_txt"].encode())
        assert rules.allows(row["url"], agent=row["user_agent"]) == row["match"], row


def test_real_files_are_read_without_an_error(shared: Path) -> None:
    files = rows(shared, "robots_real_files")
    open_to_us = 0
    for row in files:
        body = base64.b64decode(row["robots_txt_b64"]) if "robots_txt_b64" in row else row["robots_txt"].encode()
        rules = read_rules(200, body)
        open_to_us += rules.allows(f"https://{row['host']}/2026/11/20/a-story", agent=AGENT)
        assert 0 <= rules.crawl_delay_s(agent=AGENT) <= MAX_CRAWL_DELAY_S
    assert len(files) > 2000
    assert 0.8 < open_to_us / len(files) < 1


@pytest.mark.parametrize(
    ("status", "is_allowed"),
    [
        *((status, False) for status in (200, 206, 500, 503, 599, None)),
        *((status, True) for status in (301, 400, 401, 403, 404, 410, 429)),
    ],
)
def test_a_status_decides_whether_the_rules_count(status: int | None, is_allowed: bool) -> None:
    """RFC 9309, section 2.3.1: 2xx is parsed, 4xx is unavailable and opens the host, 5xx and no answer are unreachable and close it."""
    rules = read_rules(status, b"User-agent: *\nDisallow: /")
    assert rules.allows("https://host.example/news/a.html", agent=AGENT) == is_allowed
    assert rules.is_closed == (status is None or status >= 500)


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: news-pipeline\nDisallow: /", False),
        ("USER-AGENT: NEWS-PIPELINE\nDISALLOW: /", False),
        ("User-agent: news-pipeline/1.0\nDisallow: /", False),
        ("User-agent: news-pipeline (we know you)\nDisallow: /", False),
        ("User-agent: news\nDisallow: /", True),
        ("User-agent: pipeline\nDisallow: /", True),
        ("User-agent: news-pipeline-image\nDisallow: /", True),
        ("User-agent: other\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: news-pipeline\nAllow: /", True),
        ("User-agent: news-pipeline\nAllow: /\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: other\nUser-agent: news-pipeline\nDisallow: /", False),
        ("User-agent: other\nSitemap: https://host.example/map.xml\nUser-agent: news-pipeline\nDisallow: /", False),
        ("User-agent: news-pipeline\nClean-param: id /news\nUser-agent: other\nDisallow: /", False),
        ("User-agent: news-pipeline\nAllow: /about\n\nUser-agent: news-pipeline\nDisallow: /news", False),
        ("User-agent: *\nDisallow: /news/\nAllow: /news/a", True),
        ("User-agent: *\nAllow: /news\nDisallow: /news", True),
        ("User-agent: *\nDisallow: /*.html$", False),
        ("User-agent: *\nDisallow: /*.htm$", True),
        ("User-agent: *\nDisallow: /News", True),
        ("User-agent: *\rDisallow: /\r", False),
        ("User-agent: *\r\nDisallow: /\r\n", False),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("# nothing\nUser-agent: * # all\nDisallow: / # of it", False),
        ("<!doctype html><html><body>Not found</body></html>", True),
        ("Disallow: /", True),
    ],
)
def test_rules_are_read_as_the_rfc_says(text: str, is_allowed: bool) -> None:
    assert allows(text) == is_allowed


def test_an_agent_is_known_by_its_product_token() -> None:
    text = "User-agent: news-pipeline\nDisallow: /"
    assert not allows(text, agent="News-Pipeline/2.0 (+https://operator.example)")
    assert allows(text, agent="newsroom")
    assert allows(text, agent="")


def test_robots_txt_itself_may_always_be_asked_for() -> None:
    assert allows("User-agent: *\nDisallow: /", "/robots.txt")


@pytest.mark.parametrize(
    ("delay", "seconds"), [("5", 5), ("0.5", 0.5), ("86400", MAX_CRAWL_DELAY_S), ("soon", 0), ("nan", 0), ("inf", 0), ("", 0)]
)
def test_a_crawl_delay_is_kept_within_reason(delay: str, seconds: float) -> None:
    rules = read_rules(200, f"User-agent: *\nCrawl-delay: {delay}\nDisallow: /private".encode())
    assert rules.crawl_delay_s(agent=AGENT) == seconds


def test_without_rules_there_is_no_delay() -> None:
    assert read_rules(404, b"").crawl_delay_s(agent=AGENT) == 0
    assert read_rules(None, b"").crawl_delay_s(agent=AGENT) == 0


def test_only_the_first_500_kib_count_and_no_line_is_read_by_half() -> None:
    head = b"User-agent: *\nDisallow: /private\n"
    filler = b"# " + b"x" * 97 + b"\n"
    padding = filler * ((MAX_BYTES - len(head) - len(b"Disallow: /")) // len(filler))
    padding += b"#" * (MAX_BYTES - len(head) - len(padding) - len(b"\nDisallow: /")) + b"\n"
    rules = read_rules(200, head + padding + b"Disallow: /late\n")
    assert (head + padding + b"Disallow: /late\n")[:MAX_BYTES].endswith(b"\nDisallow: /")
    assert rules.allows("https://host.example/news", agent=AGENT)
    assert rules.allows("https://host.example/late", agent=AGENT)
    assert not rules.allows("https://host.example/private", agent=AGENT)


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet="Uuser-agnt:*Dilow /$#\n\r%é", max_size=200).map(str.encode))
def test_whatever_stands_there_is_no_error(body: bytes) -> None:
    rules = read_rules(200, body)
    rules.allows("https://host.example/ü?x=%zz", agent=AGENT)
    assert 0 <= rules.crawl_delay_s(agent=AGENT) <= MAX_CRAWL_DELAY_S


def test_sitemaps_are_named_for_every_agent_wherever_they_stand() -> None:
    text = "Sitemap: https://a.example/one.xml\nUser-agent: *\nDisallow: /x\nsitemap : https://b.example/two.xml # the second\n"
    text += "Sitemap: https://a.example/one.xml\nSitemap: /relative.xml\nSitemap:\n"
    rules = read_rules(200, text.encode())
    assert rules.sitemaps == ("https://a.example/one.xml", "https://b.example/two.xml")
    assert not rules.allows("https://a.example/x", agent=AGENT)
    assert read_rules(404, text.encode()).sitemaps == ()


SIGNALS = """
User-agent: *
Content-Signal: search=yes, ai-train=no

User-agent: GPTBot
User-agent: CCBot
Disallow: /

User-agent: *
Content-Usage: /ai-ok/ train-ai=y # a comment
Disallow: /private
"""


def test_the_usage_lines_of_the_groups_for_everybody_are_ours_where_no_group_names_us() -> None:
    rules = read_rules(200, SIGNALS.encode())
    everybody = ("Content-Signal: search=yes, ai-train=no", "Content-Usage: /ai-ok/ train-ai=y # a comment")
    assert rules.usage_lines(agent=AGENT) == everybody
    assert rules.usage_lines(agent="GPTBot") == ()


def test_a_group_that_names_us_is_ours_alone() -> None:
    rules = read_rules(
        200, b"User-agent: News-Pipeline/2\nUser-agent: b\nContent-Usage: / train-ai=y\n\nUser-agent: *\nContent-Usage: / train-ai=n"
    )
    assert rules.usage_lines(agent=AGENT) == rules.usage_lines(agent="b") == ("Content-Usage: / train-ai=y",)
    assert rules.usage_lines(agent="c") == ("Content-Usage: / train-ai=n",)


def test_a_usage_line_ends_the_list_of_agents_so_that_the_next_group_s_rules_are_not_for_everybody() -> None:
    text = "User-agent: *\nContent-Signal: ai-train=no\n\nUser-agent: GPTBot\nDisallow: /"
    assert allows(text)
    assert not allows(text, agent="GPTBot")


def test_usage_lines_outside_of_any_group_are_for_nobody() -> None:
    assert read_rules(200, b"Content-Signal: ai-train=no\nUser-agent: *\nAllow: /").usage_lines(agent=AGENT) == ()
