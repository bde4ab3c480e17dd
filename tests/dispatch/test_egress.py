"""
Only public addresses are reached, and of the others those a tenant names.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webhook_engine.dispatch import PUBLIC, EgressPolicy

REFUSED = {
    "this machine": "0.0.0.0",
    "this network": "0.1.2.3",
    "private ten": "10.0.0.1",
    "private ten, last": "10.255.255.255",
    "a carrier's network": "100.64.0.1",
    "a carrier's network, last": "100.127.255.254",
    "loopback": "127.0.0.1",
    "loopback, last": "127.255.255.254",
    "link-local": "169.254.0.1",
    "private one seven two": "172.16.0.1",
    "private one seven two, last": "172.31.255.255",
    "protocols": "192.0.0.1",
    "documents, first": "192.0.2.1",
    "6to4 relay": "192.88.99.1",
    "private one nine two": "192.168.1.1",
    "benchmarks": "198.18.0.1",
    "benchmarks, last": "198.19.255.255",
    "documents, second": "198.51.100.1",
    "documents, third": "203.0.113.1",
    "multicast": "224.0.0.1",
    "multicast, last": "239.255.255.255",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "metadata": "169.254.169.254",
    "metadata of a container": "169.254.170.2",
    "metadata of a pod": "169.254.170.23",
    "metadata, Azure": "168.63.129.16",
    "metadata, Alibaba": "100.100.100.200",
    "metadata, Oracle": "192.0.0.192",
    "metadata, Scaleway": "169.254.42.42",
    "unspecified, six": "::",
    "loopback, six": "::1",
    "IPv4-compatible": "::127.0.0.1",
    "IPv4-compatible public": "::8.8.8.8",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped loopback in hex": "::ffff:7f00:1",
    "mapped private": "::ffff:10.0.0.1",
    "mapped metadata": "::ffff:169.254.169.254",
    "translated": "::ffff:0:127.0.0.1",
    "NAT64 loopback": "64:ff9b::127.0.0.1",
    "NAT64 private": "64:ff9b::a00:1",
    "NAT64 metadata": "64:ff9b::a9fe:a9fe",
    "NAT64 of a local prefix": "64:ff9b:1::8.8.8.8",
    "discard": "100::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "ORCHID": "2001:10::1",
    "ORCHID second": "2001:20::1",
    "documents, six": "2001:db8::1",
    "documents, longer": "3fff::1",
    "6to4 loopback": "2002:7f00:1::",
    "6to4 public": "2002:808:808::1",
    "6bone": "3ffe::1",
    "segment routing": "5f00::1",
    "unique local": "fc00::1",
    "unique local, second half": "fd12:3456::1",
    "metadata, six": "fd00:ec2::254",
    "metadata of a pod, six": "fd00:ec2::23",
    "metadata, Google, six": "fd20:ce::254",
    "link-local, six": "fe80::1",
    "link-local with a zone": "fe80::1%eth0",
    "site-local": "fec0::1",
    "multicast, six": "ff02::1",
    "ISATAP": "2606:4700::5efe:10.0.0.1",
    "ISATAP, universal": "2606:4700::200:5efe:10.0.0.1",
    "outside everything": "4000::1",
}

REACHED = {
    "a public resolver": "8.8.8.8",
    "another": "1.1.1.1",
    "just below ten": "9.255.255.255",
    "just above ten": "11.0.0.0",
    "just below a carrier's": "100.63.255.255",
    "just above a carrier's": "100.128.0.0",
    "just below loopback": "126.255.255.255",
    "just above loopback": "128.0.0.1",
    "just below one seven two": "172.15.255.255",
    "just above one seven two": "172.32.0.0",
    "just above protocols": "192.0.1.1",
    "just below multicast": "223.255.255.255",
    "six": "2606:4700:4700::1111",
    "six of another registry": "2a00:1450:4009:81f::200e",
    "mapped public": "::ffff:8.8.8.8",
    "NAT64 public": "64:ff9b::8.8.8.8",
    "just above protocols, six": "2001:200::1",
}

NO_ADDRESSES = [
    "",
    "localhost",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "010.0.0.1",
    "1.2.3.4.5",
    "::1::",
]


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED.keys())
def test_is_refused_by_default(address: str) -> None:
    """
    What only looks routable is refused with what is private.
    """
    assert PUBLIC.denied(address)


@pytest.mark.parametrize("address", REACHED.values(), ids=REACHED.keys())
def test_is_reached_by_default(address: str) -> None:
    """
    The neighbours of refused networks are the world.
    """
    assert None is PUBLIC.denied(address)


@pytest.mark.parametrize("text", NO_ADDRESSES, ids=repr)
def test_what_a_socket_would_not_take_is_no_address(text: str) -> None:
    """
    Spellings that only some parsers read as an address are refused rather than guessed at.
    """
    assert "is not an address" == PUBLIC.denied(text)


def test_a_named_network_opens_itself_alone() -> None:
    """
    The neighbour of an allowed network stays refused.
    """
    policy = EgressPolicy(["10.20.0.0/16"])

    assert None is policy.denied("10.20.255.255")
    assert None is policy.denied("::ffff:10.20.0.1")
    assert policy.denied("10.21.0.0")
    assert policy.denied("192.168.0.1")


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.23",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "64:ff9b:1:a9fe:a9:fe00::",
        "fd12::a9fe:a9fe",
        "fd00:ec2::254",
        "168.63.129.16",
    ],
)
def test_no_wide_network_opens_the_metadata(address: str) -> None:
    """
    A tenant that allows everything has not thought of its cloud's credentials.
    """
    assert EgressPolicy(["0.0.0.0/0", "::/0"]).denied(address)


def test_only_its_very_address_opens_the_metadata() -> None:
    """
    Whoever names it, means it.
    """
    policy = EgressPolicy(["169.254.169.254"])

    assert None is policy.denied("169.254.169.254")
    assert policy.denied("169.254.169.253")


def test_a_network_that_is_none_is_refused() -> None:
    """
    Host bits below the mask are a slip of the hand, and nobody knows in which direction.
    """
    with pytest.raises(ValueError, match="host bits"):
        EgressPolicy(["10.20.0.1/16"])


def test_policies_with_the_same_networks_are_the_same() -> None:
    """
    They share their connections, however they were written.
    """
    one, other = EgressPolicy(["10.0.0.0/8", "::1"]), EgressPolicy([ip_network("::1/128"), "10.0.0.0/8"])

    assert one == other
    assert hash(one) == hash(other)
    assert one != PUBLIC


@given(st.ip_addresses(v=4))
@example(IPv4Address("127.0.0.1"))
def test_a_wrapped_address_is_judged_as_itself(address: IPv4Address) -> None:
    """
    Mapped and NAT64 forms lead to the IPv4 address, so its verdict is theirs.
    """
    expected = PUBLIC.denied(str(address))

    assert expected == PUBLIC.denied(f"::ffff:{address}")
    assert expected == PUBLIC.denied(str(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))))


@given(st.ip_addresses())
def test_what_is_not_global_is_never_reached(address: IPv4Address | IPv6Address) -> None:
    """
    The table refuses at least whatever Python's own registry calls private.
    """
    if PUBLIC.denied(str(address)) is None and not getattr(address, "ipv4_mapped", None):
        nat64 = isinstance(address, IPv6Address) and address in ip_network("64:ff9b::/96")

        assert address.is_global or nat64
