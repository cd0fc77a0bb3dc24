"""The Modbus connector fulfils the `Connector` contract, against pymodbus's server."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plumbing.wire import Wire
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz.connector.contract import Connector
from werknetz_edge.modbus import create

REGISTERS = 10


@dataclass
class ModbusSource:
    """Each request finds the next numbers in the registers: what is not polled is overwritten."""

    folder: Path
    wire: Wire
    waiting: deque[int]

    def new_connector(self) -> Connector:
        options = {
            "host": "127.0.0.1",
            "port": self.wire.listening,
            "period_s": 0.01,
            "timeout_s": 3,
            "items": [{"address": 40001, "count": REGISTERS}],
        }
        return create("conform", options, self.folder)

    async def emit(self, first: int, count: int) -> None:
        self.waiting.extend(range(first, first + count))

    async def drop_sessions(self) -> None:
        await self.wire.cut_connections()

    async def go_offline(self) -> None:
        await self.wire.hide()

    async def go_online(self) -> None:
        await self.wire.show()


@pytest_asyncio.fixture
async def modbus_source(tmp_path: Path) -> AsyncIterator[ModbusSource]:
    waiting: deque[int] = deque()

    async def advance(
        _function: int, _start: int, _address: int, _count: int, registers: list[int], _: object
    ) -> ExcCodes | None:
        for index in range(min(REGISTERS, len(waiting))):
            registers[index] = waiting.popleft()
        return None

    data = SimData(0, values=[60_000] * REGISTERS, datatype=DataType.REGISTERS)
    device = SimDevice(id=1, simdata=[data], action=advance)
    server = ModbusTcpServer(device, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    wire = Wire("127.0.0.1", server.transport.sockets[0].getsockname()[1])
    await wire.show()
    yield ModbusSource(tmp_path, wire, waiting)
    await wire.hide()
    await server.shutdown()


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_modbus(
    check: Callable[[ControlledSource], Awaitable[None]], modbus_source: ModbusSource
) -> None:
    await check(modbus_source)
