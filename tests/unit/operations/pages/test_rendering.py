"""Values of strangers in templates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.operations.pages.rendering import address, duration, minute, outside_link, percent, segment


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://u:p@evil.example", "ftp://a.example/x"]
)
def test_only_http_and_https_become_links(url: str) -> None:
    assert outside_link(url) == url.replace("&", "&amp;")


def test_a_link_is_escaped_and_tells_the_other_site_nothing() -> None:
    link = outside_link("https://a.example/?a=1&b=2", "<b>title</b>\x1b[31m")
    assert link == (
        '<a href="https://a.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow" data-leave>&lt;b&gt;title&lt;/b&gt;[31m</a>'
    )
    assert outside_link(None) == ""


def test_an_address_keeps_the_query_but_what_is_changed_or_empty() -> None:
    assert (
        address("/news", "/sources", {"sort": "name", "from": "100", "words": ""}, sort="last", state=None)
        == "/news/sources?sort=last&from=100"
    )
    assert address("/news", "/why", url="https://a.example/?x=1&y=<b>") == "/news/why?url=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D%3Cb%3E"
    assert segment("a/../b?c") == "a%2F..%2Fb%3Fc"


def test_numbers_and_times_have_their_units() -> None:
    assert [duration(5), duration(210), duration(4320)] == ["5 min", "3.5 h", "3.0 days"]
    assert [percent(0.845), percent(None)] == ["84 %", "–"]
    assert minute(datetime(2026, 11, 20, 12, 5, 9, tzinfo=UTC)) == '<time datetime="2026-11-20T12:05:09Z">2026-11-20 12:05</time>'
    assert minute(None) == "–"
