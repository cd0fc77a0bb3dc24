"""One S7 session on python-snap7's transport and protocol: requests in, bytes or refusals out.

Its `AsyncClient` is not used: it reads variables one by one, distinguishes a refusal from a broken
answer only by text, and its `connect` has no time-out.
"""

import asyncio
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from snap7.async_client import AsyncISOTCPConnection
from snap7.error import S7Error, S7ProtocolError
from snap7.s7protocol import S7Protocol

from werknetz.connector.contract import ConnectionLost
from werknetz_edge.polling.connector import PollingConnector
from werknetz_edge.polling.device import DeviceSession, Refusal
from werknetz_edge.polling.grouping import AreaPiece, Limit
from werknetz_edge.polling.plan import RequestRules
from werknetz_edge.polling.point import Area
from werknetz_edge.s7.address import DB, LETTERS
from werknetz_edge.s7.config import S7Config
from werknetz_edge.s7.pdu import UnreadableAnswer, pack_requests, parse_answers, piece_max

_LOCAL_TSAP: Final = 0x0100
_CONNECTIONS: Final = {"pg": 1, "op": 2, "basic": 3}
_READ: Final = 0x04
_PDU_MIN: Final = 112  # the least that a CPU negotiates
_CLOSE_S: Final = 2.0
_BAD_DEVICE: Final = 0x808B_0000
# Exceptions of the library's parser for broken bytes.
_BROKEN: Final = (S7Error, UnreadableAnswer, struct.error, ValueError, LookupError, TypeError)


class S7Device:
    """See `werknetz_edge.polling.device.Device`. One request at a time."""

    def __init__(self, config: S7Config) -> None:
        self._config = config
        self._where = f"{config.host}:{config.port}"
        self._connection: AsyncISOTCPConnection | None = None
        self._protocol = S7Protocol()

    async def open(self) -> DeviceSession:
        await self.close()
        config = self._config
        tsap = _CONNECTIONS[config.connection] << 8 | config.rack << 5 | config.slot
        self._connection = AsyncISOTCPConnection(
            config.host, config.port, local_tsap=_LOCAL_TSAP, remote_tsap=tsap
        )
        self._protocol = S7Protocol()
        try:
            async with asyncio.timeout(config.timeout_s):
                await self._connection.connect(config.timeout_s)
        except (S7Error, TimeoutError) as error:
            raise ConnectionLost(
                f"no connection to {self._where}: {error or 'no answer in time'}; check host, port,"
                f" rack {config.rack} and slot {config.slot}"
            ) from error
        pdu = await self._negotiate_pdu()
        limit = Limit(piece_max(pdu), config.gap_max, 1)

        def limit_of(_: Area) -> Limit:
            return limit

        rules = RequestRules(limit_of, lambda pieces: pack_requests(pieces, pdu))
        return DeviceSession(rules, {"pdu": f"{pdu} bytes"})

    async def _negotiate_pdu(self) -> int:
        requested = self._config.pdu_max
        request = self._protocol.build_setup_communication_request(pdu_length=requested)
        try:
            answer = await self._exchange(request)
        except _RequestRefused as error:
            raise ConnectionLost(f"{self._where} refuses the session: {error}") from error
        pdu = (answer.get("parameters") or {}).get("pdu_length")
        if not isinstance(pdu, int) or not _PDU_MIN <= pdu <= requested:
            raise ConnectionLost(
                f"{self._where} negotiates a PDU of {pdu} bytes for our {requested}"
            )
        return pdu

    async def read_pieces(self, pieces: Sequence[AreaPiece]) -> list[bytes | Refusal]:
        request = self._protocol.build_multi_read_request(
            [(*piece.area, piece.start, piece.count) for piece in pieces]
        )
        try:
            answer = await self._exchange(request)
        except _RequestRefused as error:
            return [Refusal(_BAD_DEVICE, str(error))] * len(pieces)
        parameters = answer.get("parameters") or {}
        if (parameters.get("function_code"), parameters.get("item_count")) != (_READ, len(pieces)):
            raise ConnectionLost(f"{self._where} answers something else than a read request")
        try:
            return parse_answers(answer.get("raw_data", b""), pieces)
        except UnreadableAnswer as error:
            raise ConnectionLost(f"{self._where}: {error}") from error

    async def _exchange(self, request: bytes) -> dict[str, Any]:
        """Send and wait for the matching answer. Raises ConnectionLost or _RequestRefused."""
        connection = self._connection
        if connection is None or not connection.connected:
            raise ConnectionLost(f"{self._where}: not connected")
        try:
            async with asyncio.timeout(self._config.timeout_s):
                await connection.send_data(request)
                content = await connection.receive_data()
            answer: dict[str, Any] = self._protocol.parse_response(content)
        except TimeoutError as error:
            raise ConnectionLost(
                f"{self._where} gives no answer within {self._config.timeout_s:g} s:"
                " check timeout_s and period_s"
            ) from error
        except S7ProtocolError as error:
            if error.error_code:
                raise _RequestRefused(str(error)) from error
            raise ConnectionLost(f"{self._where}: {error}") from error
        except _BROKEN as error:
            raise ConnectionLost(f"{self._where}: {error}") from error
        if answer.get("sequence") != self._protocol.sequence:
            raise ConnectionLost(f"{self._where} answers another request than ours")
        return answer

    def name_of(self, piece: AreaPiece) -> str:
        area, block = piece.area
        last = piece.start + piece.count - 1
        where = f"DB{block}" if area == DB else LETTERS[area]
        return f"{where}, bytes {piece.start}-{last}"

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_S):
                await connection.disconnect()
        except TimeoutError:
            return  # the socket is closed


class _RequestRefused(Exception):
    """The PLC refuses a whole request."""


def create(connector_id: str, options: dict[str, object], folder: Path) -> PollingConnector:
    config = S7Config.model_validate(options)
    return PollingConnector(connector_id, S7Device(config), config.points(), config, folder)
