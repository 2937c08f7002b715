"""Where no request may go: addresses that are not public, and URLs that are not plainly a web page's."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.fetching.addresses import why_refused, why_refused_url
from pipeline.text.urls import without_credentials

REFUSED = {
    "loopback": ["127.0.0.1", "127.0.0.0", "127.1.2.3", "127.255.255.255", "::1", "0:0:0:0:0:0:0:1", "::1%lo"],
    "link-local": ["169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.255.255", "fe80::1", "fe80::1%eth0", "febf:ffff::1"],
    "private": [
        "10.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.0", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255",
        "fc00::1", "fd00:ec2::254", "fd12:3456:789a::1", "fdff:ffff::1",  # unique local, RFC 4193
        "0.1.2.3", "0.255.255.255",  # this network, RFC 791
        "192.0.2.1", "198.51.100.7", "203.0.113.200", "2001:db8::1", "2001:db8:ffff::1",  # documentation, RFC 5737 and 3849
        "198.18.0.1", "198.19.255.255", "2001:2::1",  # benchmarking, RFC 2544 and 5180
    ],
    "not a public address": ["100.64.0.0", "100.64.0.1", "100.100.100.200", "100.127.255.255"],  # shared space, RFC 6598
    "multicast": ["224.0.0.1", "239.255.255.250", "ff01::1", "ff02::1", "ff0e::101"],
    "reserved": ["240.0.0.1", "254.1.2.3", "255.255.255.255", "4000::1", "5f00::1", "::ffff:0:7f00:1"],
    "unspecified": ["0.0.0.0", "::", "0::0"],
    "site-local": ["fec0::1", "feff::1", "fec0::1%2"],
    "for documentation": ["3fff::1", "3fff:fff::1"],
    "for protocols": ["192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.0.192"],
    "a cloud's own service": ["168.63.129.16"],
    "a local translation prefix": ["64:ff9b:1::a00:1", "64:ff9b:1::808:808", "64:ff9b:1:ffff::1"],
}  # fmt: skip
CARRYING = {
    "::ffff:127.0.0.1": "loopback",  # IPv4-mapped
    "::ffff:7f00:1": "loopback",
    "::FFFF:10.0.0.1": "private",
    "::ffff:169.254.169.254": "link-local",
    "::ffff:a9fe:a9fe": "link-local",
    "0:0:0:0:0:ffff:c0a8:101": "private",
    "::ffff:100.64.0.1": "not a public address",
    "::ffff:0.0.0.0": "unspecified",
    "::127.0.0.1": "loopback",  # IPv4-compatible
    "::10.1.2.3": "private",
    "::a9fe:a9fe": "link-local",
    "::8.8.8.8": "reserved",
    "64:ff9b::7f00:1": "loopback",  # NAT64
    "64:ff9b::10.0.0.1": "private",
    "64:ff9b::169.254.169.254": "link-local",
    "64:ff9b::c0a8:101": "private",
    "2002:7f00:1::": "loopback",  # 6to4
    "2002:a00:1::1": "private",
    "2002:a9fe:a9fe::1": "link-local",
    "2002:c0a8:101:1::1": "private",
    "2001:0:4136:e378:8000:63bf:80ff:fffe": "loopback",  # Teredo: the client, every bit inverted
    "2001:0:a00:1:8000:63bf:3fff:fdd2": "private",  # Teredo: the server
    "2001:0:4136:e378:8000:63bf:f7f7:f7f7": "private",  # Teredo is no public space in itself
}
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "169.255.0.1", "172.15.255.255", "172.32.0.1", "192.167.255.255", "192.169.0.1", "198.17.255.255", "198.20.0.1",
    "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001:830::200e", "2001:4860:4860::8888", "2620:fe::fe",
    "64:ff9b::8.8.8.8", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1",
]  # fmt: skip


@pytest.mark.parametrize(("address", "why"), [(address, why) for why, addresses in REFUSED.items() for address in addresses])
def test_an_address_that_is_not_public_is_refused_with_the_reason(address: str, why: str) -> None:
    assert why_refused(address) == f"{address} is {why}"


@pytest.mark.parametrize(("address", "why"), CARRYING.items())
def test_an_address_inside_another_is_found(address: str, why: str) -> None:
    assert why_refused(address) == f"{address} is {why}"


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert why_refused(address) is None


def test_the_tables_hold_more_than_sixty_refusals() -> None:
    assert sum(map(len, REFUSED.values())) + len(CARRYING) > 60


@settings(deadline=None)
@given(st.ip_addresses())
def test_whatever_is_let_through_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    is_translated = isinstance(address, ipaddress.IPv6Address) and (
        address.ipv4_mapped is not None or address in ipaddress.ip_network("64:ff9b::/96")
    )
    if why_refused(str(address)) is None and not is_translated:
        assert address.is_global
        assert not any((address.is_private, address.is_loopback, address.is_multicast, address.is_reserved))


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_a_mapped_and_a_translated_address_are_judged_like_the_one_they_reach(address: ipaddress.IPv4Address) -> None:
    refused = why_refused(str(address)) is not None
    assert (why_refused(f"::ffff:{address}") is not None) == refused
    assert (why_refused(f"64:ff9b::{address}") is not None) == refused


@pytest.mark.parametrize(
    ("address", "block", "is_allowed"),
    [
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.0.1", "10.1.0.0/16", False),
        ("127.0.0.1", "127.0.0.0/8", True),
        ("::1", "::1/128", True),
        ("::1", "127.0.0.0/8", False),
        ("fd00::1", "fd00::/8", True),
        ("::ffff:10.1.2.3", "10.1.0.0/16", False),
        ("100.64.0.1", "100.64.0.0/10", True),
    ],
)
def test_only_what_the_allow_list_names_is_let_through(address: str, block: str, is_allowed: bool) -> None:
    assert (why_refused(address, allowed=("192.0.2.0/24", block)) is None) == is_allowed


def test_the_allow_list_takes_nothing_away() -> None:
    assert why_refused("8.8.8.8", allowed=("10.0.0.0/8",)) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "the scheme file is not http or https"),
        ("ftp://a.example/", "the scheme ftp is not http or https"),
        ("gopher://a.example:70/1", "the scheme gopher is not http or https"),
        ("javascript:alert(1)", "the scheme javascript is not http or https"),
        ("data:text/html,hello", "the scheme data is not http or https"),
        ("//a.example/page", "the scheme (none) is not http or https"),
        ("/page", "the scheme (none) is not http or https"),
        ("", "the scheme (none) is not http or https"),
        ("http://", "it has no host"),
        ("http:///page", "it has no host"),
        ("https://:443/", "it has no host"),
        ("https://user@a.example/", "it contains credentials"),
        ("https://user:secret@a.example/", "it contains credentials"),
        ("https://:secret@a.example/", "it contains credentials"),
        ("https://a.example\\@127.0.0.1/", "it contains credentials"),
        ("http://a.example:22/", "port 22 is not one of"),
        ("http://a.example:25/", "port 25 is not one of"),
        ("http://a.example:6379/", "port 6379 is not one of"),
        ("https://a.example:0/", "port 0 is not one of"),
        ("http://a.example:99999/", "it is not a URL"),
        ("http://a.example:eighty/", "it is not a URL"),
        ("http://[::1/", "it is not a URL"),
    ],
)
def test_a_url_that_is_not_plainly_a_web_page_is_refused_with_the_reason(url: str, why: str) -> None:
    assert (why_refused_url(url) or "").startswith(why)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "https://a.example/page?x=1#y",
        "HTTPS://A.EXAMPLE/",
        "http://a.example:80/",
        "https://a.example:443/",
        "http://a.example:8080/",
        "https://a.example:8443/",
        "https://a.example:/",
        "https://a.example./page",
        "https://xn--bcher-kva.example/",
        "https://a.example/user@example",
        "http://93.184.216.34/",
        "http://[2606:4700:4700::1111]:8080/",
    ],
)
def test_a_web_pages_url_is_not_refused(url: str) -> None:
    assert why_refused_url(url) is None


def test_a_routed_port_may_be_asked_for() -> None:
    assert why_refused_url("http://a.example:9000/", routed_ports=frozenset({9000})) is None
    assert why_refused_url("http://a.example:9001/", routed_ports=frozenset({9000})) is not None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@a.example/page", "https://a.example/page"),
        ("https://user:sec@ret@a.example/page", "https://a.example/page"),
        ("https://a.example/@handle", "https://a.example/@handle"),
        ("https://user:secret@a.example?next=/home", "https://a.example?next=/home"),
        ("https://user:secret@a.example#@top", "https://a.example#@top"),
        ("https://a.example?to=@handle", "https://a.example?to=@handle"),
    ],
)
def test_credentials_do_not_stand_in_a_log(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
