"""A connection goes to the addresses that were checked, whatever the name has by then."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from werknetz_edge.opcua.connection.transport import OpcuaClient

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    """Listen at one address of this machine."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.9", "127.0.0.1"]])
async def test_the_addresses_that_were_checked(port: int, addresses: list[str]) -> None:
    """The name has none: it is not asked for."""
    client = OpcuaClient(f"opc.tcp://press.invalid:{port}/plant", 2.0, addresses=addresses)
    await client.connect_socket()
    assert client.server_url.hostname == "press.invalid"  # what the server is shown
    await client.stop(close_session=False)


async def test_no_other_address(port: int) -> None:
    """The name has the address of the listener by now."""
    client = OpcuaClient(f"opc.tcp://127.0.0.1:{port}/plant", 2.0, addresses=["127.0.0.9"])
    with pytest.raises(OSError, match="127\\.0\\.0\\.9"):
        await client.connect_socket()
