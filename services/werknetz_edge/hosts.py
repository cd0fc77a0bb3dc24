"""Which servers the edge file lets people reach: by name, by address, by network.

A name is resolved once: what is connected to are the addresses that were checked.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from werknetz.connector.contract import ConfigurationRejected
from werknetz.texts.sentence import Sentence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"({_LABEL}\.)*(?![0-9]+$){_LABEL}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that somebody names, with the addresses that its name has now."""

    url: str
    host: str
    addresses: tuple[Address, ...]

    def is_among(self, hosts: Iterable[str]) -> bool:
        """Whether its name is listed, or all its addresses are: one of them might answer."""
        names = {name.casefold() for name in hosts}
        if self.host.casefold() in names:
            return True
        networks = [ipaddress.ip_network(name) for name in names if _is_network(name)]
        return bool(self.addresses) and all(
            any(address in network for network in networks) for address in self.addresses
        )


async def find_server(url: str, hosts: Iterable[str]) -> Server:
    """Return the server of a URL; raise ConfigurationRejected unless it is among the hosts.

    Raises socket.gaierror for a name without an address.
    """
    host = host_of(url)
    server = Server(url, host, await _addresses_of(host))
    if not server.is_among(hosts):
        raise ConfigurationRejected(Sentence("connector.exploration_host", host=host))
    return server


def host_of(url: str) -> str:
    """Return the host of an OPC UA server's address; raise ConfigurationRejected."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not url.startswith("opc.tcp://") or not host or not port or "@" in url:
        raise ConfigurationRejected(Sentence("connector.exploration_url", url=url))
    return host


def check_host(text: str) -> str:
    """Return an entry of an edge file's list; raise ValueError for one that allows nothing."""
    if _is_network(text) or ("/" not in text and _NAME.fullmatch(text)):
        return text
    if "/" in text:
        raise ValueError(f"{text!r} is no network{_suggestion(text)}")
    raise ValueError(
        f"{text!r} is no host name, address or network: write it without scheme, port and path"
    )


def _suggestion(text: str) -> str:
    """Return the network in which a text is an address: 10.20.3.7/16 is in 10.20.0.0/16."""
    try:
        return f": write {ipaddress.ip_network(text, strict=False)}"
    except ValueError:
        return ": write its first address and its length, such as 10.20.0.0/16"


async def _addresses_of(host: str) -> tuple[Address, ...]:
    try:
        return (ipaddress.ip_address(host),)
    except ValueError:
        loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return tuple(
            dict.fromkeys(ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in infos)
        )


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
