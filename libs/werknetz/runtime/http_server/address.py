"""Addresses of clients: what counts as one client, and which proxies are trusted."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

IPV6_SITE_BITS: Final = 64  # a single host may use every address of its /64 network


def parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address, an IPv4-mapped one as IPv4; None where `host` is no address."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def client_of(host: str) -> str:
    """Return whom a limit counts: an IPv4 address, or the /64 network of an IPv6 address."""
    address = parse_address(host)
    if address is None:
        return host
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, IPV6_SITE_BITS), strict=False))
    return str(address)


def is_loopback(host: str) -> bool:
    address = parse_address(host)
    return address is not None and address.is_loopback


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Networks of reverse proxies whose X-Forwarded headers count."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read addresses and networks, separated by commas; ValueError names the wrong entry."""
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        return cls(tuple(_parse_network(entry) for entry in entries))

    def __contains__(self, host: str) -> bool:
        address = parse_address(host)
        return address is not None and any(address in network for network in self.networks)


def _parse_network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no address or network ({error}): write for example 10.1.2.3 or "
            "10.1.2.0/24"
        ) from error
