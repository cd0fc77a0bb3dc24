"""An edge sends a password only to the servers that its file names beside it."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.hosts import Server
from werknetz_edge.opcua.explore import on_demand
from werknetz_edge.opcua.explore.on_demand import OnDemandExplorer

pytestmark = pytest.mark.asyncio
SECURE = {"policy": "Basic256Sha256", "mode": "SignAndEncrypt"}


@dataclass(frozen=True)
class Reader:
    password_file: Path = Path("password")
    hosts: tuple[str, ...] = ("plc-7", "10.20.7.0/24")


class OpenedError(Exception):
    """A session would be opened, with this configuration."""


@pytest.fixture
def explorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OnDemandExplorer:
    async def open_session(config: Any, *_: object, addresses: list[str]) -> None:
        raise OpenedError(config.user, config.password_file, addresses)

    monkeypatch.setattr(on_demand, "open_session", open_session)
    monkeypatch.setattr(on_demand.pki, "load_identity", lambda *_: None)
    return OnDemandExplorer("cell-7", tmp_path, {"reader": Reader()})


async def browse(explorer: OnDemandExplorer, host: str, address: str, **more: str) -> None:
    url = f"opc.tcp://{host}:4840"
    server = Server(url, host, (ipaddress.ip_address(address),))
    await explorer.explore("browse", {"url": url, **SECURE, **more}, server)


@pytest.mark.parametrize(
    ("host", "address"), [("PLC-7", "10.9.9.9"), ("10.20.7.3", "10.20.7.3"), ("x", "10.20.7.3")]
)
async def test_a_server_that_may_get_the_password(
    explorer: OnDemandExplorer, host: str, address: str
) -> None:
    with pytest.raises(OpenedError) as opened:
        await browse(explorer, host, address, user="reader")
    assert opened.value.args == ("reader", Path("password"), [address])


@pytest.mark.parametrize(("host", "address"), [("plc-8", "10.20.8.3"), ("10.20.8.3", "10.20.8.3")])
async def test_another_server_that_people_may_reach(
    explorer: OnDemandExplorer, host: str, address: str
) -> None:
    with pytest.raises(ConfigurationRejected, match="password of reader") as refused:
        await browse(explorer, host, address, user="reader")
    assert refused.value.args[0].code == "connector.exploration_user_host"
    with pytest.raises(OpenedError):
        await browse(explorer, host, address)  # without a password, it may be explored
