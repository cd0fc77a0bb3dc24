"""Checks the addresses of requests: a name is resolved once, and the checked address is used.

This prevents server-side request forgery: whoever may write a URL could otherwise reach what only
this host can reach, such as a cloud's metadata service or a server on the loopback. A name that
changes its address between the check and the connection does not bypass it.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpcore2
import httpx2

from werknetz.connector.contract import ConfigurationRejected

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_METADATA: Final = tuple(
    map(ipaddress.ip_network, ("169.254.0.0/16", "fd00:ec2::/32", "100.100.100.200/32"))
)


@dataclass(frozen=True, slots=True)
class AddressRules:
    allowed: tuple[Network, ...] = ()

    @classmethod
    def from_networks(cls, networks: Sequence[str]) -> "AddressRules":
        return cls(tuple(map(ipaddress.ip_network, networks)))

    def forbidden_reason(self, address: Address) -> str:
        """Return why requests to this address are forbidden; empty: they are allowed."""
        effective = address
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            effective = address.ipv4_mapped
        if any(effective in network for network in self.allowed):
            return ""
        if effective.is_loopback:
            return "is this host itself"
        if effective.is_link_local or any(effective in network for network in _METADATA):
            return "is link-local, as the metadata services of clouds are"
        if effective.is_unspecified or effective.is_multicast or effective.is_reserved:
            return "is not the address of a host"
        return ""


@dataclass(slots=True)
class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Connects only to checked addresses, even if the name resolves differently later."""

    rules: AddressRules
    below: httpcore2.AsyncNetworkBackend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._resolve(host, port, timeout)
        for address in addresses:
            if reason := self.rules.forbidden_reason(address):
                raise ConfigurationRejected(
                    f"{host} is {address}, which {reason}: correct the URL, or add "
                    f"'{address}' to `allow` if that is intended"
                )
        last_error: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self.below.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last_error = error  # a host may be reachable at one of its addresses only
        raise last_error

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _resolve(self, host: str, port: int, timeout_s: float | None) -> list[Address]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError) as error:
            raise httpcore2.ConnectError(f"{host} cannot be resolved: {error}") from error
        texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in addresses)
        return [ipaddress.ip_address(text) for text in texts]


class CheckedTransport(httpx2.AsyncHTTPTransport):
    """HTTPX's own transport over checked connections."""

    def __init__(self, rules: AddressRules, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=4,
            max_keepalive_connections=2,
            keepalive_expiry=60.0,
            network_backend=CheckedBackend(rules, httpcore2.AnyIOBackend()),
        )
