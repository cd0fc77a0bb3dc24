"""Where a question may go: names are resolved once, checked, and that address is spoken to.

Without this, whoever may write a URL could ask what only this host may ask: the metadata service
of a cloud, a server on the loopback. A name that changes its address between the check and the
connection gains nothing.
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
class Rules:
    allowed: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Sequence[str]) -> "Rules":
        return cls(tuple(map(ipaddress.ip_network, networks)))

    def forbids(self, address: Address) -> str:
        """Return why it may not be spoken to; empty: it may."""
        plain = address
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            plain = address.ipv4_mapped
        if any(plain in network for network in self.allowed):
            return ""
        if plain.is_loopback:
            return "is this host itself"
        if plain.is_link_local or any(plain in network for network in _METADATA):
            return "is link-local, as the metadata services of clouds are"
        if plain.is_unspecified or plain.is_multicast or plain.is_reserved:
            return "is no host's address"
        return ""


@dataclass(slots=True)
class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were checked, whatever their name says a moment later."""

    rules: Rules
    below: httpcore2.AsyncNetworkBackend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the interface's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._resolved(host, port, timeout)
        for address in addresses:
            if reason := self.rules.forbids(address):
                raise ConfigurationRejected(
                    f"{host} is {address}, which {reason}: correct the URL, or add "
                    f"'{address}' to `allow` if it is meant"
                )
        failed: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self.below.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error  # a host may be reached by one of its addresses only
        raise failed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _resolved(self, host: str, port: int, timeout_s: float | None) -> list[Address]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError) as error:
            raise httpcore2.ConnectError(f"{host} is not known: {error}") from error
        texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
        return [ipaddress.ip_address(text) for text in texts]


class CheckedTransport(httpx2.AsyncHTTPTransport):
    """HTTPX's own transport over connections that are checked."""

    def __init__(self, rules: Rules, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=4,
            max_keepalive_connections=2,
            keepalive_expiry=60.0,
            network_backend=CheckedBackend(rules, httpcore2.AnyIOBackend()),
        )
