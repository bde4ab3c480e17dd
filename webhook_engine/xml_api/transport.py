"""
HTTPS only: by this process's own TLS, or by what a trusted proxy says of the connection to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from webhook_engine.errors import SettingsError

if TYPE_CHECKING:
    from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportRule:
    """
    Which requests count as having come by HTTPS.
    """

    insecure: bool = False
    """Whether plain HTTP will do: for development alone, for it shows keys to whoever listens."""

    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Whose `X-Forwarded-Proto` is believed."""

    @classmethod
    def of(cls, *, insecure: bool = False, trusted_proxies: Iterable[str] = ()) -> TransportRule:
        """
        Args:
            trusted_proxies: Addresses or networks, such as `127.0.0.1` and `10.20.0.0/16`.

        Raises:
            SettingsError: One is no address.
        """
        try:
            return cls(insecure=insecure, proxies=tuple(map(ip_network, trusted_proxies)))
        except ValueError as error:
            raise SettingsError([f"trusted proxies: {error}"]) from error

    def accepts(self, request: web.Request) -> bool:
        """
        Whether the request came by HTTPS all the way, as far as anybody can know.
        """
        if self.insecure:
            return True
        transport = request.transport
        if transport is not None and transport.get_extra_info("sslcontext") is not None:
            return True
        if not self.proxies or not self._is_trusted(request):
            return False
        said = ",".join(request.headers.getall("X-Forwarded-Proto", [])).split(",")
        # A proxy that adds its word to what the client said leaves the client's there.
        return all(each.strip().lower() == "https" for each in said)

    def _is_trusted(self, request: web.Request) -> bool:
        peer = request.transport.get_extra_info("peername") if request.transport is not None else None
        if not isinstance(peer, tuple):
            return False
        address = ip_address(peer[0].partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self.proxies)
