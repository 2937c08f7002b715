"""The AMP cache URL: the official rule, case by case."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.amp import MAX_LABEL, cache_subdomain, cache_url, is_amp

LONG = "itwasadarkandstormynight.therainfellintorrents.exceptatoccasionalintervalswhenitwascheckedby.aviolentgust.com"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<!doctype html><html amp lang=en><head>", True),
        ("<!doctype html>\n<html ⚡>", True),
        ("<html lang='en' ⚡\ufe0f>", True),
        ('<html lang="en"amp="">', True),
        ("<HTML AMP>", True),
        ("<html lang=en class=amp-page>", False),
        ("<html ⚡4ads>", False),
        ("<html><body amp>", False),
        ("", False),
    ],
)
def test_an_amp_page_says_so_in_its_root(document: str, expected: bool) -> None:
    assert is_amp(document.encode()) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.example.com", "https://www-example-com.cdn.ampproject.org/c/s/www.example.com"),
        ("http://www.example.com/a", "https://www-example-com.cdn.ampproject.org/c/www.example.com/a"),
        ("https://example.com/g?value=Hello%20World", "https://example-com.cdn.ampproject.org/c/s/example.com/g?value=Hello%20World"),
        ("https://example.com/a#top", "https://example-com.cdn.ampproject.org/c/s/example.com/a"),
        ("https://example.com:443/a", "https://example-com.cdn.ampproject.org/c/s/example.com/a"),
        ("https://example.com:8443/a", "https://example-com.cdn.ampproject.org/c/s/example.com:8443/a"),
        ("https://EXAMPLE.com/A", "https://example-com.cdn.ampproject.org/c/s/example.com/A"),
    ],
)
def test_the_cache_url_holds_scheme_host_path_and_query(url: str, expected: str) -> None:
    assert cache_url(url) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("something.com", "something-com"),
        ("SOMETHING.COM", "something-com"),
        ("hello-world.com", "hello--world-com"),
        ("hello--world.com", "hello----world-com"),
        ("en-us.example.com", "0-en--us-example-com-0"),
        ("xn--bcher-kva.ch", "xn--bcher-ch-65a"),
        ("bücher.ch", "xn--bcher-ch-65a"),
        ("toplevelnohyphens", "qsgpfjzulvuaxb66z77vlhb5gu2irvcnyp6t67cz6tqo5ae6fysa"),
        ("xn--4gbrim.xn----rmckbbajlc6dj7bxne2c.xn--wgbh1c", "xn-------i5fvcbaopc6fkc0de0d9jybegt6cd"),
        (
            "hello.xn--4gbrim.xn----rmckbbajlc6dj7bxne2c.xn--wgbh1c",
            "a6h5moukddengbsjm77rvbosevwuduec2blkjva4223o4bgafgla",
        ),
    ],
)
def test_the_subdomain_follows_the_official_rule(host: str, expected: str) -> None:
    assert cache_subdomain(host) == expected


def test_a_host_too_long_for_one_label_is_hashed() -> None:
    label = cache_subdomain(LONG)
    assert len(label) == 52
    assert label.isalnum()


def test_a_host_that_grows_too_long_by_doubled_dashes_is_hashed() -> None:
    host = f"{'-'.join('a' * 28)}.com"
    assert len(host) <= MAX_LABEL
    assert len(cache_subdomain(host)) == 52


def test_a_label_that_is_not_punycode_is_taken_as_it_stands() -> None:
    assert cache_subdomain("xn--\u00fc.example.com")
    assert cache_subdomain("xn--99999999999.com")


@pytest.mark.parametrize("url", ["/amp/page", "ftp://example.com/a", "https:///a", "", "mailto:a@example.com"])
def test_what_is_not_an_absolute_web_url_has_no_cache_url(url: str) -> None:
    with pytest.raises(ValueError, match="absolute"):
        cache_url(url)


@given(st.text(st.characters(categories=["L", "N"]) | st.sampled_from("-."), min_size=1))
@settings(deadline=None)
def test_any_host_has_a_subdomain_that_dns_takes(host: str) -> None:
    label = cache_subdomain(host)
    assert 0 < len(label) <= MAX_LABEL
    assert "." not in label
    assert label.isascii()
