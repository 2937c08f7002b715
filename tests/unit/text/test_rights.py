"""The grammars of publishers' wishes, case by case, most of them the examples of their specifications."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.rights import (
    content_signals,
    is_usage_line,
    license_of,
    matches_path,
    preferences_for,
    robots_directives,
    tdm_reservation,
    tdm_rule_for,
    tdm_rules,
    usage_preferences,
    x_robots_tag,
)

AGENT = "news-pipeline"
URL = "https://kestrel.example/2026/11/20/story"


def said(statements: object) -> list[str]:
    return [wish if value is None else f"{wish}={value}" for wish, value in statements]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("noindex", ["noindex"]),
        ("NoIndex, NOARCHIVE", ["noindex", "noarchive"]),
        ("none", ["noindex"]),
        ("index, follow, max-image-preview:large, max-snippet:-1, max-video-preview:-1", []),
        ("all", []),
        ("noai, noimageai", ["noai", "noimageai"]),
        ("noodp, noydir", []),
        ("nocache, noarchive", ["noarchive"]),
        (
            "max-snippet: 50, max-image-preview:standard, max-video-preview:0",
            ["maxSnippet=50", "maxImagePreview=standard", "maxVideoPreview=0"],
        ),
        ("max-snippet:many", []),
        ("noarchive noimageindex", ["noarchive", "noimageindex"]),
        ("unavailable_after: 25 Jun 2010 15:00:00 PST", ["unavailableAfter=2010-06-25T23:00:00+00:00"]),
        ("unavailable_after: 2026-04-24T10:00:00+02:00, noarchive", ["unavailableAfter=2026-04-24T08:00:00+00:00", "noarchive"]),
        ("unavailable_after: Wed, 25 Jun 2025 15:00:00 GMT, noarchive", ["unavailableAfter=2025-06-25T15:00:00+00:00", "noarchive"]),
        ("ACAP disallow-preserve", []),
        ("", []),
    ],
)
def test_robots_directives_are_read_and_permissions_are_none(content: str, expected: list[str]) -> None:
    assert said(robots_directives(content)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["noindex"], ["noindex"]),
        (["noarchive", "unavailable_after: 25 Jun 2010 15:00:00 PST"], ["noarchive", "unavailableAfter=2010-06-25T23:00:00+00:00"]),
        (["googlebot: nosnippet", "otherbot: noindex, noarchive"], []),
        (["googlebot: noindex, noarchive", "noai"], ["noai"]),
        (["noimageindex, googlebot: noindex, noarchive"], ["noimageindex"]),
        (["googlebot: noindex, news-pipeline: noarchive, nosnippet"], ["noarchive", "nosnippet"]),
        (["News-Pipeline: max-snippet:20"], ["maxSnippet=20"]),
        (["news: noindex"], []),
        (["max-snippet: 20, noindex"], ["maxSnippet=20", "noindex"]),
        (["googlebot: unavailable_after: 25 Jun 2010 15:00:00 PST, noindex"], []),
        ([], []),
    ],
)
def test_an_x_robots_tag_counts_for_everybody_or_for_the_agent_that_it_names(fields: list[str], expected: list[str]) -> None:
    assert said(x_robots_tag(fields, agent=AGENT)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("train-ai=n", ["aiTrain=no"]),
        ("train-ai=y, search=n", ["search=no", "aiTrain=yes"]),
        ("ai-use=n,search=y", ["search=yes", "aiInput=no"]),
        ('train-ai=y, train-ai, search=n, search="n"', []),
        ("train-ai;allow=n, train-ai=y", ["aiTrain=yes"]),
        ('train-ai;has;parameters="?";', []),
        ('train-ai=n;why="no, thanks"', ["aiTrain=no"]),
        ('unknown=n, other=(1 2;x "s"), train-ai=n', ["aiTrain=no"]),
        ("Train-AI=n", []),
        ("train-ai=no", []),
        ("train-ai=n,", []),
        ("train-ai=n search=y", []),
        ("", []),
    ],
)
def test_usage_preferences_are_a_dictionary_of_structured_fields(value: str, expected: list[str]) -> None:
    assert said(usage_preferences(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("search=yes, ai-train=no", ["search=yes", "aiTrain=no"]),
        ("search=yes,ai-train=no,use=reference", ["search=yes", "aiTrain=no", "contentUse=reference"]),
        ("ai-input=no", ["aiInput=no"]),
        ("AI-Train = No", ["aiTrain=no"]),
        ("ai-train=maybe, use=all", []),
        ("", []),
    ],
)
def test_content_signals_are_read(value: str, expected: list[str]) -> None:
    assert said(content_signals(value)) == expected


DRAFT = ["Content-Usage: / train-ai=n", "Content-Usage: /ai-ok/ train-ai=y"]


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        (DRAFT, "/test", ["aiTrain=no"]),
        (DRAFT, "/ai-ok/test", ["aiTrain=yes"]),
        (["Content-Usage: train-ai=n # everywhere"], "/test", ["aiTrain=no"]),
        (["content-usage : /news/\ttrain-ai=n"], "/sport/test", []),
        (["Content-Usage: /*.html$ train-ai=n"], "/a/b.html", ["aiTrain=no"]),
        (["Content-Usage: /*.html$ train-ai=n"], "/a/b.html?x", []),
        (["Content-Usage: / train-ai=y", "Content-Usage: / train-ai=n, search=y"], "/", ["search=yes", "aiTrain=no"]),
        (["Content-Signal: search=yes, ai-train=no", "Content-Usage: / ai-use=n"], "/", ["aiInput=no", "search=yes", "aiTrain=no"]),
        (["Content-Signal: /free/ ai-train=yes", "Content-Signal: ai-train=no"], "/free/x", ["aiTrain=yes"]),
        (["Sitemap: https://kestrel.example/s.xml"], "/", []),
    ],
)
def test_the_lines_with_the_longest_path_say_what_may_be_done(lines: list[str], path: str, expected: list[str]) -> None:
    assert said(statement for _, statement in preferences_for(f"https://kestrel.example{path}", lines)) == expected


def test_other_lines_of_robots_txt_are_no_preferences() -> None:
    lines = [
        "content-usage : / train-ai=n",
        "  Content-Signal:search=no",
        "Sitemap: https://kestrel.example/s.xml",
        "# Content-Signal: x=y",
    ]
    assert [is_usage_line(line) for line in lines] == [True, True, False, False]


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/a", True),
        ("/a", "/abc", True),
        ("/A", "/abc", False),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("/this/*/then", "/this/path/then/x", True),
        ("/*/b$", "/a/b/b", True),
        ("/ab*b$", "/ab", False),
        ("*", "/x", True),
        ("/path/foo-%24", "/path/foo-$", True),
        ("/ツ", "/%e3%83%84", True),
        ("/%62ar", "/bar", True),
        ("/a?b=", "/a?b=c", True),
        ("/a\ud800", "/a", False),
    ],
)
def test_paths_match_as_those_of_robots_txt(pattern: str, path: str, expected: bool) -> None:
    assert matches_path(pattern, f"https://kestrel.example{path}") is expected


RULES = [
    {"location": "/archive/free/", "tdm-reservation": 0},
    {"location": "/archive/", "tdm-reservation": 1, "tdm-policy": "https://kestrel.example/policy.json"},
    {"location": "/*.pdf$", "tdm-reservation": "1"},
]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/archive/free/x", ("notReserved", None)),
        ("/archive/x", ("reserved", "https://kestrel.example/policy.json")),
        ("/a/b.pdf", ("reserved", None)),
        ("/news/x", None),
    ],
)
def test_the_first_rule_of_a_tdm_file_that_matches_counts(path: str, expected: object) -> None:
    assert tdm_rule_for(f"https://kestrel.example{path}", tdm_rules(json.dumps(RULES).encode())) == expected


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b'[{"location": "/", "tdm-reservation": 1}]', 1),
        (b'\xef\xbb\xbf[{"location": "/", "tdm-reservation": 1}]', 1),
        (b'{"location": "/", "tdm-reservation": 1}', 1),
        (b'[{"location": "/", "tdm-reservation": 2}]', 0),
        (b'[{"location": "/", "tdm-reservation": true}]', 0),
        (b'[{"tdm-reservation": 1}, "x", null, {"location": ["/"], "tdm-reservation": 1}]', 0),
        (b"<!doctype html><title>Not found</title>", 0),
        (b"[" * 100_000, 0),
        (b"", 0),
    ],
)
def test_a_tdm_file_is_read_as_far_as_it_is_one(body: bytes, count: int) -> None:
    assert len(tdm_rules(body)) == count


def test_a_reservation_is_one_or_nought() -> None:
    assert [tdm_reservation(text) for text in ("1", " 0 ", "2", "true", "")] == ["reserved", "notReserved", None, None, None]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("http://creativecommons.org/licenses/by-nc/3.0/de/", "https://creativecommons.org/licenses/by-nc/3.0/de/"),
        ("//creativecommons.org/licenses/by-sa/3.0/deed.zh", "https://creativecommons.org/licenses/by-sa/3.0/"),
        ("https://www.creativecommons.org/licenses/BY/4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("https://creativecommons.org/licenses/by/4.0/legalcode.de", "https://creativecommons.org/licenses/by/4.0/"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("/terms#reuse", "https://kestrel.example/terms"),
        ("javascript:void(0)", None),
        ("", None),
    ],
)
def test_a_licence_has_one_form(reference: str, expected: str | None) -> None:
    assert license_of(reference, base=URL) == expected


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from('a(=;"\\, *-:?1n\ud800'), max_size=300))
def test_no_text_makes_a_grammar_fail(text: str) -> None:
    robots_directives(text)
    x_robots_tag([text], agent=AGENT)
    usage_preferences(text)
    content_signals(text)
    preferences_for(URL, [f"Content-Usage: {text}", f"Content-Signal: /{text}"])
    tdm_rules(text.encode(errors="replace"))
    license_of(text, base=URL)
