"""
Which addresses a tenant's webhooks may reach.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA special-purpose registries (RFC 6890 and later); the first that holds the
# address names the reason. What only looks routable is refused with the rest.
_REFUSED_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "is this machine itself"),  # RFC 791
        ("10.0.0.0/8", "is a private address"),  # RFC 1918
        ("100.64.0.0/10", "is an address inside a carrier's network"),  # RFC 6598
        ("127.0.0.0/8", "is a loopback address"),  # RFC 1122
        ("169.254.0.0/16", "is a link-local address"),  # RFC 3927
        ("172.16.0.0/12", "is a private address"),  # RFC 1918
        ("192.0.0.0/24", "is reserved for protocols"),  # RFC 6890
        ("192.0.2.0/24", "is an address for documents"),  # RFC 5737
        ("192.88.99.0/24", "is a 6to4 relay"),  # RFC 7526
        ("192.168.0.0/16", "is a private address"),  # RFC 1918
        ("198.18.0.0/15", "is an address for benchmarks"),  # RFC 2544
        ("198.51.100.0/24", "is an address for documents"),  # RFC 5737
        ("203.0.113.0/24", "is an address for documents"),  # RFC 5737
        ("224.0.0.0/4", "is a multicast address"),  # RFC 5771
        ("240.0.0.0/4", "is a reserved address"),  # RFC 1112
    )
)

# Of IPv6, only 2000::/3 is handed out at all (RFC 3513); these parts of it are not for hosts.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("2001::/23", "is reserved for protocols"),  # RFC 2928; Teredo and ORCHID among them
        ("2001:db8::/32", "is an address for documents"),  # RFC 3849
        ("2002::/16", "is a 6to4 address"),  # RFC 3056
        ("3ffe::/16", "is a reserved address"),  # RFC 3701
        ("3fff::/20", "is an address for documents"),  # RFC 9637
    )
)
_NAMED_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("::/128", "is this machine itself"),
        ("::1/128", "is a loopback address"),
        ("fc00::/7", "is a private address"),  # RFC 4193
        ("fe80::/10", "is a link-local address"),
        ("ff00::/8", "is a multicast address"),
    )
)

# Where clouds hand credentials to whoever asks from inside. A network that
# happens to hold one does not open it; naming the very address does.
_METADATA: frozenset[Address] = frozenset(
    ip_address(each)
    for each in (
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure
        "169.254.0.23",  # Tencent
        "169.254.169.254",  # AWS, Azure, Google and most others
        "169.254.170.2",  # AWS ECS
        "169.254.170.23",  # AWS EKS
        "169.254.42.42",  # Scaleway
        "192.0.0.192",  # Oracle
        "fd00:42::42",  # Scaleway
        "fd00:ec2::23",  # AWS EKS
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
    )
)
_IS_METADATA = "is where a cloud keeps its machines' credentials"

_MAPPED = IPv6Network("::ffff:0:0/96")  # RFC 4291, 2.5.5.2
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_LOW_32 = 0xFFFF_FFFF


_OF_THE_MACHINE: tuple[Network, ...] = tuple(
    ip_network(each) for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::/127", "fe80::/10")
)


def is_the_machines(network: str) -> bool:
    """
    Whether allowing *network* would open the machine itself, what is beside it on its wire, or its cloud's credentials.

    That is for whoever runs the machine to open. What is no network is none of it.
    """
    try:
        named = ip_network(network)
    except ValueError:
        return False
    leads_to = _led_to(named.network_address)
    if named.prefixlen == named.max_prefixlen and leads_to in _METADATA:
        return True
    return any(named.version == own.version and named.overlaps(own) for own in _OF_THE_MACHINE)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EgressPolicy:
    """
    The addresses one tenant's webhooks may be sent to: the public ones, and the networks it names.
    """

    allowed_networks: tuple[Network, ...]
    _hash: int

    def __init__(self, allowed_networks: Iterable[str | Network] = ()) -> None:
        """
        Args:
            allowed_networks: Networks or single addresses to allow besides, such as `10.20.0.0/16`.

        Raises:
            ValueError: One of them is no network.
        """
        networks = {ip_network(each) for each in allowed_networks}
        ordered = sorted(networks, key=lambda each: (each.version, int(each.network_address), each.prefixlen))
        object.__setattr__(self, "allowed_networks", tuple(ordered))
        object.__setattr__(self, "_hash", hash(self.allowed_networks))

    def __hash__(self) -> int:
        return self._hash  # asked for with every request; hashing addresses anew costs microseconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EgressPolicy) and self.allowed_networks == other.allowed_networks

    def __repr__(self) -> str:
        return f"EgressPolicy({', '.join(map(str, self.allowed_networks))})"

    def denied(self, address: str) -> str | None:
        """
        Why nothing may be sent to *address*; None when it may.

        An IPv4 address inside an IPv6 one is judged as the IPv4 address it leads to.

        Args:
            address: As a socket takes it, zone and all: `10.0.0.1`, `::ffff:7f00:1`, `fe80::1%eth0`.
        """
        try:
            parsed = ip_address(address.partition("%")[0])
        except (AddressValueError, ValueError):
            return "is not an address"
        return self._judge(_led_to(parsed))

    def _judge(self, address: Address) -> str | None:
        if address in _METADATA:
            return None if self._names(address) else _IS_METADATA
        if any(address in network for network in self.allowed_networks):
            hidden = any(each in _METADATA and not self._names(each) for each in _inside(address))
            return _IS_METADATA if hidden else None
        if isinstance(address, IPv4Address):
            return next((why for network, why in _REFUSED_V4 if address in network), None)
        return _refused_v6(address)

    def _names(self, address: Address) -> bool:
        return any(
            network.prefixlen == network.max_prefixlen and network.network_address == address
            for network in self.allowed_networks
        )


PUBLIC = EgressPolicy()
"""Public addresses and no others."""


def _refused_v6(address: IPv6Address) -> str | None:
    if address not in _GLOBAL_V6:
        return next((why for network, why in _NAMED_V6 if address in network), "is not a public address")
    if _is_isatap(address):
        return "leads into a private network (ISATAP)"
    return next((why for network, why in _REFUSED_V6 if address in network), None)


def _led_to(address: Address) -> Address:
    """
    The IPv4 address that a mapped or NAT64 address means; any other as it is.
    """
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & _LOW_32)
    return address


def _inside(address: Address) -> tuple[IPv4Address, ...]:
    """
    The IPv4 addresses which a transition mechanism might read from *address*.
    """
    if isinstance(address, IPv4Address):
        return ()
    number = int(address)
    found = [IPv4Address(number & _LOW_32)]  # IPv4-compatible, ISATAP, NAT64 of any /96
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found += address.teredo
    # RFC 6052, 2.2: shorter NAT64 prefixes put the address before and after octet 8.
    for prefix_bits in (32, 40, 48, 56, 64):
        packed = address.packed
        octets = packed[prefix_bits // 8 : 8] + packed[9 : 9 + 4 - (8 - prefix_bits // 8)]
        found.append(IPv4Address(octets))
    return tuple(found)


def _is_isatap(address: IPv6Address) -> bool:
    # RFC 5214, 6.1: the interface id is 00-00-5E-FE or 02-00-5E-FE and an IPv4 address.
    return (int(address) >> 32) & 0xFDFF_FFFF == 0x0000_5EFE
