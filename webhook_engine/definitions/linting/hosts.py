"""
What a URL's host gives away before any name is looked up.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from webhook_engine.definitions.checks.http import authority_of, has_variable

_LOOPBACK = ("127.0.0.1", "::1")


def hosts_of(url: str, hosts: Sequence[str] = ()) -> tuple[str, ...]:
    """
    The hosts a URL can lead to: its own, or those listed where its own is a variable.
    """
    found = authority_of(url)
    if found is None:
        return ()
    return tuple(map(_without_port, hosts if has_variable(found[1]) else [found[1]]))


def is_plain(url: str, hosts: Sequence[str] = ()) -> bool:
    """
    Whether what is sent there can be read on the way; nothing can on this machine itself.
    """
    found = authority_of(url)
    return found is not None and found[0] == "http" and not all(map(_is_here, hosts_of(url, hosts)))


def is_private(url: str, allowed: Sequence[str], hosts: Sequence[str] = ()) -> str | None:
    """
    Why requests to this URL would be refused; None where its host does not say so.
    """
    networks = [ipaddress.ip_network(each) for each in allowed]
    for host in hosts_of(url, hosts):
        addresses = _addresses(host)
        if addresses and not any(each.is_global or _allowed(each, networks) for each in addresses):
            return f"{host} is a private address and no network in allowed_networks holds it"
    return None


def _without_port(authority: str) -> str:
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return [ipaddress.ip_address(each) for each in _LOOPBACK]
    try:
        return [ipaddress.ip_address(host.strip("[]"))]
    except ValueError:
        return []


def _allowed(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> bool:
    return any(address in network for network in networks)


def _is_here(host: str) -> bool:
    addresses = _addresses(host)
    return bool(addresses) and all(each.is_loopback for each in addresses)
