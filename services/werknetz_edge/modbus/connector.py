"""One Modbus TCP session on pymodbus: requests in, bytes or refusals out."""

import asyncio
import struct
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, Final

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from werknetz.connector.contract import ConnectionLost
from werknetz_edge.modbus.address import OF_REGISTERS, TABLES
from werknetz_edge.modbus.config import ModbusConfig
from werknetz_edge.modbus.refusal import refusal_of
from werknetz_edge.modbus.unit_backoff import UnitBackoff
from werknetz_edge.polling.connector import PollingConnector
from werknetz_edge.polling.device import DeviceSession, Refusal
from werknetz_edge.polling.grouping import AreaPiece
from werknetz_edge.polling.plan import RequestRules

_FUNCTIONS: Final = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
_EXCEPTION: Final = 0x80
_SILENT: Final = Refusal(
    0x800A_0000, "no answer in time: the unit is off, or its id is wrong", is_answer=False
)
_EXTRA_TIMEOUT_S: Final = 1.0  # beyond pymodbus's own time-out, in case that fails


class ModbusDevice:
    """See `werknetz_edge.polling.device.Device`. One task at a time, never repeated."""

    def __init__(self, config: ModbusConfig) -> None:
        self._config = config
        self._where = f"{config.host}:{config.port}"
        self._client: AsyncModbusTcpClient | None = None
        self._closed = asyncio.Event()
        self._backoff = self._create_backoff()

    def _create_backoff(self) -> UnitBackoff:
        config = self._config
        units = {config.unit if item.unit is None else item.unit for item in config.items}
        return UnitBackoff(units, config.timeout_s)

    async def open(self) -> DeviceSession:
        await self.close()
        self._closed = ended = asyncio.Event()
        self._backoff = self._create_backoff()

        def on_connection_change(is_connected: bool) -> None:
            # pymodbus leaves a request pending when its connection ends.
            if not is_connected:
                ended.set()

        self._client = AsyncModbusTcpClient(
            self._config.host,
            port=self._config.port,
            timeout=self._config.timeout_s,
            retries=0,  # a late answer to the first try would be taken for that to the second
            reconnect_delay=0,  # the pump reconnects
            trace_connect=on_connection_change,
        )
        if not await self._client.connect():
            raise ConnectionLost(
                f"no connection to {self._where} within {self._config.timeout_s:g} s: check host"
                " and port, and whether other masters hold all connections that the device allows"
            )
        return DeviceSession(RequestRules(self._config.limit))

    async def read_pieces(self, pieces: Sequence[AreaPiece]) -> list[bytes | Refusal]:
        return [await self._read_piece(piece) for piece in pieces]

    async def _read_piece(self, piece: AreaPiece) -> bytes | Refusal:
        """Read a piece, or report that its unit is silent while others answer."""
        unit, _ = piece.area
        if self._backoff.is_resting(unit, time.monotonic()):
            return _SILENT
        try:
            answer = await self._request(piece)
        except TimeoutError as error:
            if self._backoff.note_timeout(unit, time.monotonic()):
                raise ConnectionLost(
                    f"{self._where} gives no answer for {self.name_of(piece)} within"
                    f" {self._config.timeout_s:g} s: check unit, timeout_s and period_s"
                ) from error
            return _SILENT
        self._backoff.reset(unit)
        return answer

    async def _request(self, piece: AreaPiece) -> bytes | Refusal:
        """Raises TimeoutError, or ConnectionLost for an answer that cannot be trusted."""
        client = self._client
        if client is None or not client.connected or self._closed.is_set():
            raise ConnectionLost(f"{self._where} has ended the connection")
        unit, table = piece.area
        read = {
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
        }[TABLES[table]]
        answer = await self._wait_for_answer(read(piece.start, count=piece.count, device_id=unit))
        function = _FUNCTIONS[TABLES[table]]
        if answer.function_code == function | _EXCEPTION:
            return refusal_of(answer.exception_code)
        content = content_of(answer, piece) if answer.function_code == function else None
        if content is None:
            raise ConnectionLost(
                f"{self._where} answers with something else than {self.name_of(piece)}:"
                f" {answer!s:.200}"
            )
        return content

    async def _wait_for_answer(self, request: Awaitable[ModbusPDU]) -> ModbusPDU:
        """Wait for the answer, the end of the connection, or the time-out."""
        task = asyncio.ensure_future(request)
        end = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait(
                {task, end},
                timeout=self._config.timeout_s + _EXTRA_TIMEOUT_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if task.done():
                return task.result()
            if end.done():
                raise ConnectionLost(f"{self._where} has ended the connection")
        except ModbusException as error:
            raise TimeoutError(str(error)) from error
        finally:
            await _cancel_all(task, end)
        raise TimeoutError

    def name_of(self, piece: AreaPiece) -> str:
        unit, table = piece.area
        last = piece.start + piece.count - 1
        return f"unit {unit}, {TABLES[table]} {piece.start}-{last}"

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
            await asyncio.sleep(0)  # the event loop closes the socket in its next iteration


async def _cancel_all(*tasks: asyncio.Future[Any]) -> None:
    """Cancel the tasks and wait for their end; their exceptions are reported elsewhere."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def content_of(answer: ModbusPDU, piece: AreaPiece) -> bytes | None:
    """Return the bytes of a piece: two per register, one per bit; None: wrong length."""
    _, table = piece.area
    if TABLES[table] in OF_REGISTERS:
        if len(answer.registers) != piece.count:
            return None
        return struct.pack(f">{piece.count}H", *answer.registers)
    if len(answer.bits) != (piece.count + 7) // 8 * 8:  # they come in full bytes
        return None
    return bytes(map(bool, answer.bits[: piece.count]))


def create(connector_id: str, options: dict[str, object], folder: Path) -> PollingConnector:
    config = ModbusConfig.model_validate(options)
    return PollingConnector(connector_id, ModbusDevice(config), config.points(), config, folder)
