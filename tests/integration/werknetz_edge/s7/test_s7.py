"""The S7 connector against python-snap7's server, and against PLCs that misbehave."""

import asyncio
import random
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from snap7.server import Server
from snap7.type import SrvArea

from plumbing.readings import ReceivedValues, read_until
from plumbing.scripted_server import scripted_server
from werknetz.connector.contract import ConnectionLost, Connector
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_demo.embedded.process import free_port
from werknetz_edge.s7 import create

ITEMS: list[Any] = [
    {"name": "bit", "address": "DB10.DBX0.3"},
    {"name": "byte", "address": "DB10.DBB1"},
    {"name": "int", "address": "DB10.DBW2:INT"},
    {"name": "real", "address": "DB10.DBD4:REAL"},
    {"name": "dint", "address": "DB10.DBD8:DINT"},
    {"name": "dword", "address": "DB10.DBD12"},
    {"name": "lreal", "address": "DB10.DBB16:LREAL"},
    {"name": "ulint", "address": "DB10.DBB24:ULINT"},
    {"name": "time", "address": "DB10.DBD32:TIME"},
    {"name": "dt", "address": "DB10.DBB36:DATE_AND_TIME"},
    {"name": "order", "address": "DB10.DBB44:STRING[20]"},
    {"name": "long", "address": "DB10.DBB100:STRING[254]"},
    {"name": "flag", "address": "MW20:INT"},
    {"name": "in", "address": "I0.0"},
    {"name": "out", "address": "QB1"},
    {"name": "zone", "address": "DB11.DBW0:INT", "count": 200},
]
VALUES: dict[str, Any] = {
    "bit": 1, "byte": 200, "int": -3, "real": 2.5, "dint": -70_000, "dword": 4_000_000_000,
    "lreal": 0.1, "ulint": 2**63 + 1, "time": 90_000, "dt": "2026-11-24T06:15:30.123",
    "order": "AUFTRAG 4711", "long": "x" * 250, "flag": -20, "in": 1, "out": 77,
} | {f"zone[{n}]": n for n in range(200)}  # fmt: skip


class Plc:
    """Memory that outlives its server."""

    def __init__(self) -> None:
        self.block = bytearray(400)
        struct.pack_into(">BBhfiI", self.block, 0, 0b1000, 200, -3, 2.5, -70_000, 4_000_000_000)
        struct.pack_into(">dQi", self.block, 16, 0.1, 2**63 + 1, 90_000)
        self.block[36:44] = bytes.fromhex("2611240615301233")
        self.block[44:58] = bytes([20, 12]) + b"AUFTRAG 4711"
        self.block[100:352] = bytes([254, 250]) + b"x" * 250
        self.zones = bytearray(struct.pack(">200h", *range(200)))
        self.flags = bytearray(100)
        struct.pack_into(">h", self.flags, 20, -20)

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[int]:
        server = Server(log=False)
        for area, index, content in (
            (SrvArea.DB, 10, self.block),
            (SrvArea.DB, 11, self.zones),
            (SrvArea.MK, 0, self.flags),
            (SrvArea.PE, 0, bytearray([1, 0])),
            (SrvArea.PA, 0, bytearray([0, 77])),
        ):
            server.register_area(area, index, content)
        server.start(port or free_port())
        try:
            yield server.server_socket.getsockname()[1]
        finally:
            await asyncio.to_thread(server.stop)


def _connector(port: int, folder: Path, items: list[Any], **options: Any) -> Connector:
    defaults = {"host": "127.0.0.1", "port": port, "period_s": 0.05, "timeout_s": 2, "items": items}
    return create("s7", defaults | options, folder)


@pytest.mark.asyncio
@pytest.mark.parametrize("pdu_max", [240, 960])
async def test_every_area_and_datatype(tmp_path: Path, pdu_max: int) -> None:
    plc, values = Plc(), ReceivedValues()
    async with plc.serve() as port:
        connector = _connector(port, tmp_path, ITEMS, pdu_max=pdu_max)
        before_us = time.time_ns() // 1000
        await connector.connect()
        assert connector.status.details["pdu"] == f"{min(480, pdu_max)} bytes"  # the server's limit
        await read_until(connector, values, lambda values: len(values.values) == len(VALUES))
        assert values.values == VALUES
        assert not any(values.status.values())
        assert all(before_us <= at <= time.time_ns() // 1000 for at in values.at_us.values())
        plc.block[46:58] = b"AUFTRAG 4712"
        struct.pack_into(">h", plc.zones, 20, -1)
        changed = {"order": "AUFTRAG 4712", "zone[10]": -1}
        await read_until(connector, values, lambda values: values.values == VALUES | changed)
        await connector.close()


@pytest.mark.asyncio
async def test_a_refusal_is_bad_for_its_values_only(tmp_path: Path) -> None:
    plc, values = Plc(), ReceivedValues()
    async with plc.serve() as port:
        items = ["MW20:INT", "DB99.DBW0", "DB10.DBD396", {"address": "DB10.DBD400", "count": 2}]
        connector = _connector(port, tmp_path, items)
        await connector.connect()
        await read_until(connector, values, lambda values: len(values.values) == 5)
        assert {name for name, status in values.status.items() if status} == {
            "DB99.DBW0", "DB10.DBD400", "DB10.DBD404",
        }  # fmt: skip
        assert "DB99, bytes 0-1: object does not exist" in connector.status.details["refused"]
        struct.pack_into(">h", plc.flags, 20, 9)
        await read_until(connector, values, lambda values: values.values["MW20:INT"] == 9)
        await connector.close()


@pytest.mark.asyncio
async def test_what_is_no_text_goes_to_quarantine_and_the_rest_goes_on(tmp_path: Path) -> None:
    plc, values = Plc(), ReceivedValues()
    plc.block[44:46] = b"\x02\xff"
    async with plc.serve() as port:
        connector = _connector(port, tmp_path, ITEMS)
        await connector.connect()
        await read_until(connector, values, lambda values: len(values.values) == len(VALUES))
        (unmapped,) = values.unreadable
        assert (unmapped.source, unmapped.raw[:2]) == ("order", b"\x02\xff")
        assert values.values == VALUES | {"order": None}
        await connector.close()


@pytest.mark.asyncio
async def test_a_server_that_goes_and_comes_back_leaves_a_gap_and_nothing_invented(
    tmp_path: Path,
) -> None:
    plc, values = Plc(), ReceivedValues()
    async with plc.serve() as port:
        connector = _connector(port, tmp_path, ITEMS)
        await connector.connect()
        await read_until(connector, values, lambda values: len(values.values) == len(VALUES))
        same_port = port
    with pytest.raises(ConnectionLost):
        await read_until(connector, values, lambda _: False)
    gone_us = time.time_ns() // 1000  # a server that is stopped answers once more
    assert all(at < gone_us for at in values.at_us.values())
    await connector.close()
    with pytest.raises(ConnectionLost, match="check host, port, rack 0 and slot 1"):
        await connector.connect()
    await asyncio.sleep(0.3)
    back_us = time.time_ns() // 1000
    async with plc.serve(same_port):
        await connector.connect()
        await read_until(
            connector, values, lambda values: all(at >= back_us for at in values.at_us.values())
        )
        opened, closed = values.gaps
        assert isinstance(opened, GapOpened)
        assert isinstance(closed, GapClosed)
        assert opened.cause == "connection_lost"
        assert opened.from_us <= gone_us
        assert back_us <= closed.to_us <= min(values.at_us.values())
        assert values.values == VALUES
        await connector.close()


CONFIRM = bytes.fromhex("0300001611d00001000100c0010ac1020100c2020102")
SETUP = bytes.fromhex("f0000001000100f0")


def _frame(content: bytes) -> bytes:
    return struct.pack(">BBHBBB", 3, 0, len(content) + 7, 2, 0xF0, 0x80) + content


def _answer(request: bytes, parameters: bytes, data: bytes = b"", error: int = 0) -> bytes:
    number = int.from_bytes(request[11:13])
    head = struct.pack(">BBHHHHH", 0x32, 3, 0, number, len(parameters), len(data), error)
    return _frame(head + parameters + data)


def _plc(read: Callable[[bytes], bytes | None]) -> Callable[[bytes], bytes | None]:
    """The session is opened as it should be; what is read is answered by `read`."""

    def reply(request: bytes) -> bytes | None:
        if request[5] == 0xE0:
            return CONFIRM
        if request[5] != 0xF0:
            return None
        return _answer(request, SETUP) if request[17] == 0xF0 else read(request)

    return reply


@pytest.mark.asyncio
async def test_an_answer_of_the_scripted_plc_is_understood(tmp_path: Path) -> None:
    values = ReceivedValues()
    reply = _plc(lambda r: _answer(r, b"\x04\x01", b"\xff\x04\x00\x10\x00\x07"))
    async with scripted_server(reply) as port:
        connector = _connector(port, tmp_path, ["MW0"])
        await connector.connect()
        await read_until(connector, values, lambda values: values.values == {"MW0": 7})
        await connector.close()


MISBEHAVIOURS: dict[str, Callable[[bytes], bytes | None]] = {
    "silence": lambda _: None,
    "too short": lambda r: _answer(r, b"\x04\x01", b"\xff\x04\x00\x08\x00"),
    "too long": lambda r: _answer(r, b"\x04\x01", b"\xff\x04\x00\x20\x00\x00\x00\x00"),
    "no data": lambda r: _answer(r, b"\x04\x01"),
    "two items": lambda r: _answer(r, b"\x04\x02", b"\xff\x04\x00\x10\x00\x00" * 2),
    "declared as two items": lambda r: _answer(r, b"\x04\x02", b"\xff\x04\x00\x10\x00\x07"),
    "an answer to a write": lambda r: _answer(r, b"\x05\x01", b"\xff\x04\x00\x10\x00\x07"),
    "a write": lambda r: _answer(r, b"\x05\x01", b"\xff"),
    "another number": lambda r: _answer(
        r[:11] + b"\x77\x77" + r[13:], b"\x04\x01", b"\xff\x04\x00\x10\x00\x07"
    ),
    "not S7": lambda _: _frame(b"\x72" + bytes(30)),
    "TPKT of 3 bytes": lambda _: b"\x03\x00\x00\x03",
    "HTTP": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.asyncio
@pytest.mark.parametrize("read", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
async def test_an_answer_that_cannot_be_trusted_ends_the_session(
    read: Callable[[bytes], bytes | None], tmp_path: Path
) -> None:
    values = ReceivedValues()
    async with scripted_server(_plc(read)) as port:
        connector = _connector(port, tmp_path, ["MW0"], timeout_s=0.3)
        await connector.connect()
        with pytest.raises(ConnectionLost):
            await read_until(connector, values, lambda _: False, within_s=60)
        await connector.close()
    assert not values.values, "nothing is invented"


@pytest.mark.asyncio
async def test_a_refused_request_is_bad_with_its_reason(tmp_path: Path) -> None:
    values = ReceivedValues()
    reply = _plc(lambda r: _answer(r, b"\x04\x00", error=0x8104))
    async with scripted_server(reply) as port:
        connector = _connector(port, tmp_path, ["MW0"])
        await connector.connect()
        await read_until(connector, values, lambda values: len(values.values) == 1)
        assert values.status == {"MW0": 0x808B_0000}
        assert "M, bytes 0-1" in connector.status.details["refused"]
        await connector.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "reply",
    [
        lambda _: None,
        lambda _: b"\x03\x00\x00\x07\x06\x80\x00",
        lambda _: b"\x03\x00\x00\x01",
        lambda r: CONFIRM if r[5] == 0xE0 else None,
        lambda r: CONFIRM if r[5] == 0xE0 else _answer(r, SETUP, error=0x8500),
        lambda r: CONFIRM if r[5] == 0xE0 else _answer(r, SETUP[:6] + b"\x00\x10"),
        lambda r: CONFIRM if r[5] == 0xE0 else _answer(r, b"\xf0"),
    ],
    ids=["silent", "refused", "nonsense", "no setup", "refused setup", "tiny PDU", "short setup"],
)
async def test_a_session_that_does_not_open_fails_in_bounded_time(
    reply: Callable[[bytes], bytes | None], tmp_path: Path
) -> None:
    async with scripted_server(reply) as port:
        connector = _connector(port, tmp_path, ["MW0"], timeout_s=0.3)
        async with asyncio.timeout(60):
            with pytest.raises(ConnectionLost):
                await connector.connect()
            await connector.close()


async def _connect_and_read(connector: Connector) -> None:
    """Connect, which may take longer than the time limit, too; read until the session ends."""
    await connector.connect()
    await read_until(connector, ReceivedValues(), lambda _: False, within_s=60)


@pytest.mark.asyncio
async def test_arbitrary_bytes_never_do_more_than_end_the_session(tmp_path: Path) -> None:
    dice = random.Random(4711)

    def read(request: bytes) -> bytes:
        noise = dice.randbytes(dice.randrange(1, 300))
        match dice.randrange(4):
            case 0:
                return noise
            case 1:
                return _frame(noise)
            case 2:
                return _answer(request, noise[:40], noise[40:], dice.choice([0, 0, 0x8104]))
            case _:
                return _answer(request, b"\x04\x02", noise)

    async with scripted_server(_plc(read)) as port:
        connector = _connector(port, tmp_path, ["MW0", "DB1.DBB0:STRING[30]"], timeout_s=0.05)
        for _ in range(80):
            with pytest.raises(ConnectionLost):
                await _connect_and_read(connector)
        await connector.close()
