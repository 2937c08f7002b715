"""Decides which network addresses a request may go to. Pure: an address in, the reason to refuse it or None out."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

ALLOWED_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8443})
"""Ports of web servers; any other port is refused, so that a link cannot reach another service. A plain choice."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215
COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291, section 2.5.5.1
NOT_PUBLIC = (
    (ipaddress.ip_network("fec0::/10"), "site-local"),  # RFC 3879
    (ipaddress.ip_network("3fff::/20"), "for documentation"),  # RFC 9637
    (ipaddress.ip_network("192.0.0.0/24"), "for protocols"),  # RFC 6890
    (NAT64_LOCAL, "a local translation prefix"),  # contains an IPv4 address, at a position that only its network knows
    (ipaddress.ip_network("168.63.129.16/32"), "a cloud's own service"),  # Azure's, in every virtual network
)
"""Blocks that are not public, although `ipaddress` says so in some or all versions of Python."""


def why_refused(address: str, *, allowed: Sequence[str] = ()) -> str | None:
    """Why no request may go to the IP `address`, or None when it is public or within one of the `allowed` CIDR blocks.

    For an address that contains another one (6to4, Teredo, IPv4-compatible) both are checked. IPv4-mapped and NAT64 addresses lead to the
    address that they contain, and only that one is checked.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if any(ip in ipaddress.ip_network(block) for block in allowed):
        return None
    for candidate in _reached(ip):
        for block, words in NOT_PUBLIC:
            if candidate in block:
                return f"{address} is {words}"
        for word in ("loopback", "link_local", "multicast", "unspecified", "reserved", "private"):
            if getattr(candidate, f"is_{word}"):
                return f"{address} is {word.replace('_', '-')}"
        if not candidate.is_global:
            return f"{address} is not a public address"
    return None


def why_refused_url(url: str, *, routed_ports: frozenset[int] = frozenset()) -> str | None:
    """Why `url` may not be requested, whatever its host resolves to; None when it may."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"it is not a URL: {error}"
    if parts.scheme not in ("http", "https"):
        return f"the scheme {parts.scheme or '(none)'} is not http or https"
    if not parts.hostname:
        return "it has no host"
    if parts.username is not None or parts.password is not None:
        return "it contains credentials"
    if port is not None and port not in ALLOWED_PORTS and port not in routed_ports:
        return f"port {port} is not one of {', '.join(map(str, sorted(ALLOWED_PORTS)))}"
    return None


def _reached(ip: IPAddress) -> tuple[IPAddress, ...]:
    """The addresses to check: first one that `ip` contains, because it gives the clearer reason."""
    if isinstance(ip, ipaddress.IPv4Address):
        return (ip,)
    last = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip.ipv4_mapped is not None or ip in NAT64:
        return (last,)
    if ip.sixtofour is not None:
        return (ip.sixtofour, ip)
    if ip.teredo is not None:
        return (*ip.teredo, ip)
    if ip in COMPATIBLE and int(ip) > 0xFFFF:
        return (last, ip)
    return (ip,)
