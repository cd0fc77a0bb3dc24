"""Which servers an edge file lets people reach, and that only what was checked is connected to."""

import asyncio
import socket
from typing import Any

import pytest

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.hosts import check_host, find_server, host_of

HOSTS = ("10.20.0.0/16", "press.local", "fd00::/8", "192.0.2.7")


def resolves_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, 0)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("10.20.3.7", ()), ("192.0.2.7", ()), ("[fd00::1]", ()), ("PRESS.local", ("10.9.9.9",)),
        ("cell-7", ("10.20.0.1", "fd00::2")),
    ],
)  # fmt: skip
async def test_what_is_allowed_is_found_with_its_addresses(
    monkeypatch: pytest.MonkeyPatch, host: str, addresses: tuple[str, ...]
) -> None:
    resolves_to(monkeypatch, *addresses)
    server = await find_server(f"opc.tcp://{host}:4840/x", HOSTS)
    assert [str(address) for address in server.addresses] == [*(addresses or (host.strip("[]"),))]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("10.21.0.1", ()), ("localhost", ("127.0.0.1",)), ("[::1]", ()), ("nothing", ()),
        ("mixed", ("10.20.0.1", "10.21.0.1")), ("[::ffff:10.21.0.1]", ()),
    ],
)  # fmt: skip
async def test_what_is_not_allowed_is_refused(
    monkeypatch: pytest.MonkeyPatch, host: str, addresses: tuple[str, ...]
) -> None:
    resolves_to(monkeypatch, *addresses)
    with pytest.raises(ConfigurationRejected):
        await find_server(f"opc.tcp://{host}:4840/x", HOSTS)


@pytest.mark.asyncio
async def test_a_name_without_an_address_is_no_refusal() -> None:
    with pytest.raises(socket.gaierror):
        await find_server("opc.tcp://press.invalid:4840", HOSTS)


@pytest.mark.parametrize(
    "url",
    ["http://10.20.0.1:4840", "opc.tcp://10.20.0.1", "opc.tcp://:4840", "opc.tcp://u@h:1",
     "opc.tcp://10.20.0.1:0/x", "opc.tcp://10.20.0.1:99999", "opc.tcp://[10.20.0.1:4840", ""],
)  # fmt: skip
def test_what_is_no_address_of_a_server(url: str) -> None:
    with pytest.raises(ConfigurationRejected):
        host_of(url)


@pytest.mark.parametrize(
    "entry", [*HOSTS, "plc_7", "a.b-c.example", "::1", "10.0.0.0/8", "7.example", "fe80::1/128"]
)
def test_an_entry_that_allows_something(entry: str) -> None:
    assert check_host(entry) == entry


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("10.20.3.7/16", "write 10.20.0.0/16"), ("press/24", "is no network"),
        ("10.20.0.0/33", "is no network"), ("opc.tcp://10.0.0.1", "is no network"),
        ("10.0.0.1:4840", "without scheme"), ("10.20.300.4", "without scheme"),
        ("", "without scheme"), ("*.local", "without scheme"), ("press local", "without scheme"),
    ],
)  # fmt: skip
def test_an_entry_that_would_silently_allow_nothing(entry: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_host(entry)
