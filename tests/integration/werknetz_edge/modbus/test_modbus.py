"""The Modbus connector against pymodbus's server, and against machines that misbehave."""

import asyncio
import random
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plumbing.readings import ReceivedValues, read_until
from plumbing.scripted_server import HangUp, Reply, scripted_server
from werknetz.connector.contract import ConnectionLost, Connector
from werknetz.domain.status import is_bad
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_demo.embedded.process import free_port
from werknetz_edge.modbus import create

HOLDING = [
    SimData(0, values=-2, datatype=DataType.INT16),
    SimData(1, values=65_000, datatype=DataType.UINT16),
    SimData(2, values=-70_000, datatype=DataType.INT32),
    SimData(4, values=4_000_000_000, datatype=DataType.UINT32),
    SimData(6, values=-(2**40), datatype=DataType.INT64),
    SimData(10, values=2**63 + 1, datatype=DataType.UINT64),
    SimData(14, values=21.5, datatype=DataType.FLOAT32),
    SimData(16, values=-0.125, datatype=DataType.FLOAT64),
    SimData(20, values="AUFTRAG 4711", datatype=DataType.STRING),
    # 123456789 as CDAB, BADC and DCBA
    SimData(30, values=[0xCD15, 0x075B], datatype=DataType.REGISTERS),
    SimData(32, values=[0x5B07, 0x15CD], datatype=DataType.REGISTERS),
    SimData(34, values=[0x15CD, 0x5B07], datatype=DataType.REGISTERS),
]
ITEMS: list[dict[str, Any]] = [
    {"name": "int16", "address": 40001, "datatype": "int16"},
    {"name": "uint16", "address": 40002},
    {"name": "int32", "address": 40003, "datatype": "int32"},
    {"name": "uint32", "address": 40005, "datatype": "uint32"},
    {"name": "int64", "address": 40007, "datatype": "int64"},
    {"name": "uint64", "address": 40011, "datatype": "uint64"},
    {"name": "float32", "address": 40015, "datatype": "float32"},
    {"name": "float64", "address": 40017, "datatype": "float64"},
    {"name": "order", "address": 40021, "datatype": "string", "length": 6},
    {"name": "bit", "address": "40002.3"},
    {"name": "cdab", "address": 40031, "datatype": "int32", "word_order": "little"},
    {"name": "badc", "address": 40033, "datatype": "int32", "byte_order": "little"},
    {
        "name": "dcba",
        "address": 40035,
        "datatype": "int32",
        "word_order": "little",
        "byte_order": "little",
    },
    {"name": "coil", "address": "00001", "count": 3},
    {"name": "discrete", "address": 10018},
    {"name": "input", "address": 30006},
]
VALUES: dict[str, Any] = {
    "int16": -2, "uint16": 65_000, "int32": -70_000, "uint32": 4_000_000_000, "int64": -(2**40),
    "uint64": 2**63 + 1, "float32": 21.5, "float64": -0.125, "order": "AUFTRAG 4711", "bit": 1,
    "cdab": 123_456_789, "badc": 123_456_789, "dcba": 123_456_789,
    "coil[0]": 1, "coil[1]": 0, "coil[2]": 1, "discrete": 1, "input": 7,
}  # fmt: skip


def _unit(unit: int = 1, holding: list[SimData] | None = None) -> SimDevice:
    coils = [SimData(0, values=[True, False, True] + [False] * 13, datatype=DataType.BITS)]
    discrete = [SimData(0, values=[False] * 17 + [True] * 15, datatype=DataType.BITS)]
    inputs = [SimData(0, values=[2, 3, 4, 5, 6, 7], datatype=DataType.REGISTERS)]
    return SimDevice(id=unit, simdata=(coils, discrete, holding or HOLDING, inputs))


@asynccontextmanager
async def _serve(*units: SimDevice, port: int = 0) -> AsyncIterator[ModbusTcpServer]:
    server = ModbusTcpServer(list(units), address=("127.0.0.1", port or free_port()))
    await server.serve_forever(background=True)
    try:
        yield server
    finally:
        await server.shutdown()
        await asyncio.sleep(0.05)


def _port(server: ModbusTcpServer) -> int:
    port: int = server.transport.sockets[0].getsockname()[1]
    return port


def _connector(port: int, folder: Path, items: list[Any], **options: Any) -> Connector:
    defaults = {"host": "127.0.0.1", "port": port, "period_s": 0.05, "timeout_s": 2, "items": items}
    return create("modbus", defaults | options, folder)


@pytest.mark.asyncio
async def test_every_table_datatype_and_order(tmp_path: Path) -> None:
    async with _serve(_unit()) as server:
        connector = _connector(_port(server), tmp_path, ITEMS)
        values = ReceivedValues()
        before_us = time.time_ns() // 1000
        await connector.connect()
        await read_until(connector, values, lambda values: len(values.values) == len(VALUES))
        assert values.values == VALUES
        assert not any(values.status.values())
        assert all(before_us <= at <= time.time_ns() // 1000 for at in values.at_us.values())
        await server.async_setValues(1, 16, 0, [5])
        await read_until(connector, values, lambda values: values.values["int16"] == 5)
        assert values.values == VALUES | {"int16": 5}
        await connector.close()


@pytest.mark.asyncio
async def test_units_behind_a_gateway(tmp_path: Path) -> None:
    unit_one = _unit(1, [SimData(0, values=11, datatype=DataType.INT16)])
    other = _unit(7, [SimData(0, values=77, datatype=DataType.INT16)])
    async with _serve(unit_one, other) as server:
        items = [40001, {"address": 40001, "unit": 7}, {"address": 40001, "unit": 9}]
        connector = _connector(_port(server), tmp_path, items)
        values = ReceivedValues()
        await connector.connect()
        await read_until(connector, values, lambda values: len(values.values) == 3)
        assert values.values["modbus/1/holding/0"] == 11
        assert values.values["modbus/7/holding/0"] == 77
        assert is_bad(values.status["modbus/9/holding/0"])  # it is not there
        assert "unit 9, holding 0-0" in connector.status.details["refused"]
        await connector.close()


@pytest.mark.asyncio
async def test_an_exception_is_bad_for_its_values_only(tmp_path: Path) -> None:
    async with _serve(_unit()) as server:
        items = [
            {"name": "there", "address": 40001, "datatype": "int16"},
            {"name": "near", "address": 40040, "count": 2},  # the block ends at 36
            {"name": "far", "address": 41001},
            {"name": "neighbour", "address": "holding/34"},
        ]
        connector = _connector(_port(server), tmp_path, items, gap_max=50)
        values = ReceivedValues()
        await connector.connect()
        await read_until(connector, values, lambda values: len(values.values) == 5)
        assert {name for name, status in values.status.items() if status} == {
            "near[0]", "near[1]", "far",
        }  # fmt: skip
        assert {values.status[name] for name in ("near[0]", "far")} == {0x8034_0000}
        assert "illegal data address" in connector.status.details["refused"]
        await server.async_setValues(1, 16, 0, [9])
        await read_until(connector, values, lambda values: values.values["there"] == 9)
        assert values.values["neighbour"] == 0x15CD
        await connector.close()


@pytest.mark.asyncio
async def test_a_server_that_goes_and_comes_back_leaves_a_gap_and_nothing_invented(
    tmp_path: Path,
) -> None:
    values = ReceivedValues()
    async with _serve(_unit()) as server:
        port = _port(server)
        connector = _connector(port, tmp_path, ITEMS)
        await connector.connect()
        await read_until(connector, values, lambda values: len(values.values) == len(VALUES))
    gone_us = time.time_ns() // 1000
    with pytest.raises(ConnectionLost, match="has ended the connection"):
        await read_until(connector, values, lambda _: False)
    assert all(at < gone_us for at in values.at_us.values())
    await connector.close()
    with pytest.raises(ConnectionLost, match="check host and port"):
        await connector.connect()
    await asyncio.sleep(0.3)
    back_us = time.time_ns() // 1000
    async with _serve(_unit(), port=port):
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


@pytest.mark.asyncio
async def test_a_silent_machine_is_a_lost_connection_in_bounded_time(tmp_path: Path) -> None:
    async with scripted_server(lambda _: None) as port:
        connector = _connector(port, tmp_path, [40001], timeout_s=0.2)
        await connector.connect()
        with pytest.raises(ConnectionLost, match=r"unit 1, holding 0-0 within 0\.2 s"):
            await read_until(connector, ReceivedValues(), lambda _: False, within_s=60)
        await connector.close()


def _hang_up(_: bytes) -> bytes:
    raise HangUp


@pytest.mark.asyncio
async def test_a_machine_that_hangs_up_is_not_waited_for(tmp_path: Path) -> None:
    async with scripted_server(_hang_up) as port:
        connector = _connector(port, tmp_path, [40001], timeout_s=20)
        await connector.connect()
        with pytest.raises(ConnectionLost, match="has ended the connection"):
            await read_until(connector, ReceivedValues(), lambda _: False, within_s=60)
        await connector.close()


@pytest.mark.asyncio
async def test_a_read_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    async with scripted_server(lambda _: None) as port:
        connector = _connector(port, tmp_path, [40001], timeout_s=20)
        await connector.connect()
        with pytest.raises(TimeoutError):
            await read_until(connector, ReceivedValues(), lambda _: False, within_s=0.2)
        async with asyncio.timeout(60):
            await connector.close()


@pytest.mark.asyncio
async def test_a_silent_unit_behind_a_gateway_does_not_end_the_others(tmp_path: Path) -> None:
    speaking = {1}
    requests: list[int] = []

    def reply(request: bytes) -> bytes | None:
        unit = request[6]
        requests.append(unit)
        return (
            _answer(request, struct.pack(">BBH", 3, 2, len(requests))) if unit in speaking else None
        )

    async with scripted_server(reply) as port:
        items = [
            {"name": "one", "address": 40001},
            {"name": "two", "address": 40001, "unit": 2},
        ]
        connector = _connector(port, tmp_path, items, timeout_s=1, period_s=0.02)
        values = ReceivedValues()
        await connector.connect()
        await read_until(connector, values, lambda values: len(values.values) == 2)
        assert values.status == {"one": 0, "two": 0x800A_0000}
        assert "no answer in time" in connector.status.details["refused"]
        before = requests.count(1)
        await read_until(connector, values, lambda _: requests.count(1) >= before + 20)
        assert requests.count(2) <= 2, "waiting for it would cost the other its polls"
        speaking.add(2)
        await read_until(connector, values, lambda values: values.status["two"] == 0)
        assert not values.gaps
        speaking.clear()
        with pytest.raises(ConnectionLost, match=r"within 1 s"):
            await read_until(connector, values, lambda _: False)
        await connector.close()


def _answer(request: bytes, pdu: bytes, *, transaction: int | None = None) -> bytes:
    number = int.from_bytes(request[:2]) if transaction is None else transaction
    return struct.pack(">HHHB", number, 0, len(pdu) + 1, request[6]) + pdu


MISBEHAVIOURS: dict[str, Reply] = {
    "too short": lambda r: _answer(r, b"\x03\x02\x00\x01"),
    "too long": lambda r: _answer(r, b"\x03\x06" + bytes(6)),
    "odd length": lambda r: _answer(r, b"\x03\x03" + bytes(3)),
    "another function": lambda r: _answer(r, b"\x04\x04" + bytes(4)),
    "exception of another function": lambda r: _answer(r, b"\x84\x02"),
    "an unknown function": lambda r: _answer(r, b"\x63\x02"),
    "empty": lambda r: _answer(r, b""),
    "another transaction": lambda r: _answer(r, b"\x03\x04" + bytes(4), transaction=999),
    "another unit": lambda r: _answer(r[:6] + b"\x09" + r[7:], b"\x03\x04" + bytes(4)),
    "another protocol": lambda r: r[:2] + b"\x00\x01" + _answer(r, b"\x03\x04" + bytes(4))[4:],
    "HTTP": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 5000,
}


@pytest.mark.asyncio
@pytest.mark.parametrize("reply", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
async def test_an_answer_that_cannot_be_trusted_ends_the_session(
    reply: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    values = ReceivedValues()
    async with scripted_server(reply) as port:
        items = [{"address": 40001, "datatype": "int32"}]
        connector = _connector(port, tmp_path, items, timeout_s=0.3)
        await connector.connect()
        with pytest.raises(ConnectionLost):
            await read_until(connector, values, lambda _: False, within_s=60)
        await connector.close()
    assert not values.values, "nothing is invented"


async def _connect_and_read(connector: Connector) -> None:
    """Connect, which may take longer than the time limit, too; read until the session ends."""
    await connector.connect()
    await read_until(connector, ReceivedValues(), lambda _: False, within_s=60)


@pytest.mark.asyncio
async def test_arbitrary_bytes_never_do_more_than_end_the_session(tmp_path: Path) -> None:
    dice = random.Random(4711)

    def reply(request: bytes) -> bytes:
        noise = dice.randbytes(dice.randrange(1, 300))
        if dice.random() < 0.7:  # a frame that is well formed, around nonsense
            return _answer(request, bytes([dice.choice([1, 3, 0x83, 24, 43])]) + noise[:250])
        return noise

    async with scripted_server(reply) as port:
        items = [{"address": 40001, "count": 50}, {"address": "coil/0", "count": 20}]
        connector = _connector(port, tmp_path, items, timeout_s=0.05)
        for _ in range(60):
            with pytest.raises(ConnectionLost):
                await _connect_and_read(connector)
        await connector.close()
