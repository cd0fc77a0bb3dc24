"""The connector with a machine that refuses, is slow or disappears on demand."""

import asyncio
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost, Delivery
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.polling.cadence import CUTS_MAX
from werknetz_edge.polling.connector import PROGRESS_FILE, PollingConnector
from werknetz_edge.polling.device import DeviceSession, Refusal
from werknetz_edge.polling.grouping import AreaPiece, Limit
from werknetz_edge.polling.options import PollingOptions
from werknetz_edge.polling.plan import RequestRules
from werknetz_edge.polling.point import Number, Point

MISSING = Refusal(0x8034_0000, "not there", is_divisible=True)
BUSY = Refusal(0x80B2_0000, "busy")
SILENT = Refusal(0x800A_0000, "silent", is_answer=False)


class Machine:
    """Registers in memory; `before` is called with each piece that is requests for."""

    def __init__(self, registers: int = 100) -> None:
        self.values = [0] * registers
        self.missing: set[int] = set()
        self.busy = False
        self.silent = False
        self.before: Callable[[AreaPiece], None] = lambda _: None
        self.refuses_to_open: Exception | None = None
        self.requests: list[tuple[int, int]] = []
        self.is_open = False

    async def open(self) -> DeviceSession:
        if self.refuses_to_open is not None:
            raise self.refuses_to_open
        self.is_open = True
        return DeviceSession(RequestRules(lambda _: Limit(20, 0, 2)), {"kind": "machine"})

    async def read_pieces(self, pieces: Sequence[AreaPiece]) -> list[bytes | Refusal]:
        await asyncio.sleep(0)
        return [self._answer(piece) for piece in pieces]

    def _answer(self, piece: AreaPiece) -> bytes | Refusal:
        if not self.is_open:
            raise ConnectionLost("not open")
        self.before(piece)
        self.requests.append((piece.start, piece.count))
        span = range(piece.start, piece.start + piece.count)
        if self.silent:
            return SILENT
        if self.busy:
            return BUSY
        if self.missing & set(span):
            return MISSING
        return struct.pack(f">{piece.count}H", *(self.values[at] for at in span))

    def name_of(self, piece: AreaPiece) -> str:
        return f"{piece.start}+{piece.count}"

    async def close(self) -> None:
        self.is_open = False


def _point(start: int, period_s: float = 0.01) -> Point:
    return Point(f"r{start}", (0, 0), start, 1, Number("u2", (0, 1)), period_s)


def _connector(machine: Machine, folder: Path, points: Sequence[Point]) -> PollingConnector:
    return PollingConnector("press", machine, points, PollingOptions(host="press"), folder)


async def _next(connector: PollingConnector, *, keep: bool = True) -> Delivery:
    async with asyncio.timeout(60):
        delivery = await connector.read()
    if keep:
        await delivery.acknowledge()
    return delivery


def _values(delivery: Delivery) -> dict[str, float]:
    return {
        block.addresses[index]: float(value)
        for block in delivery.blocks
        for index, value, status in zip(block.address, block.value, block.status, strict=True)
        if status == 0
    }


def _bad(delivery: Delivery) -> set[str]:
    return {
        block.addresses[index]
        for block in delivery.blocks
        for index, status in zip(block.address, block.status, strict=True)
        if status
    }


def _gaps(delivery: Delivery) -> list[tuple[int, int]]:
    opened = {gap.gap_id: gap for gap in delivery.gaps if isinstance(gap, GapOpened)}
    return [
        (opened[gap.gap_id].from_us, gap.to_us)
        for gap in delivery.gaps
        if isinstance(gap, GapClosed)
    ]


@pytest.mark.asyncio
async def test_changes_are_reported(tmp_path: Path) -> None:
    machine = Machine()
    connector = _connector(machine, tmp_path, [_point(n) for n in range(3)])
    await connector.connect()
    assert connector.status.details["kind"] == "machine"
    assert _values(await _next(connector)) == {"r0": 0, "r1": 0, "r2": 0}
    machine.values[1] = 7
    assert _values(await _next(connector)) == {"r1": 7}
    await connector.close()
    assert connector.status.state == "stopped"


@pytest.mark.asyncio
async def test_a_missing_address_is_bad_and_its_neighbours_are_not(tmp_path: Path) -> None:
    machine = Machine()
    machine.missing = {13}
    connector = _connector(machine, tmp_path, [_point(n) for n in range(20)])
    await connector.connect()
    values: dict[str, float] = {}
    bad: set[str] = set()
    while len(values) + len(bad) < 20:
        delivery = await _next(connector)
        values |= _values(delivery)
        assert not bad & set(values)
        bad |= _bad(delivery)
    assert bad == {"r13"}
    assert connector.status.details["refused"] == "13+1: not there"
    machine.requests.clear()
    machine.values[19] = 1
    await _next(connector)
    assert len(machine.requests) < 8, "not one request a register"
    machine.missing.clear()
    assert _values(await _next(connector)) == {"r13": 0}
    assert "refused" not in connector.status.details
    await connector.close()


@pytest.mark.asyncio
async def test_a_machine_that_refuses_everything_gets_a_bounded_number_of_requests(
    tmp_path: Path,
) -> None:
    machine = Machine(500)
    machine.missing = set(range(500))
    connector = _connector(machine, tmp_path, [_point(n) for n in range(500)])
    await connector.connect()
    bad: set[str] = set()
    while len(bad) < 500:
        bad |= _bad(await _next(connector))
    machine.requests.clear()
    machine.missing.clear()
    values: dict[str, float] = {}
    while len(values) < 500:
        values |= _values(await _next(connector))
    assert len(machine.requests) <= 500 // 20 + CUTS_MAX
    await connector.close()


@pytest.mark.asyncio
async def test_a_busy_machine_is_bad_and_keeps_its_session(tmp_path: Path) -> None:
    machine = Machine()
    connector = _connector(machine, tmp_path, [_point(0), _point(1)])
    await connector.connect()
    await _next(connector)
    machine.busy = True
    assert _bad(await _next(connector)) == {"r0", "r1"}
    machine.busy = False
    assert _values(await _next(connector)) == {"r0": 0, "r1": 0}
    await connector.close()


@pytest.mark.asyncio
async def test_values_received_before_a_loss_are_reported(tmp_path: Path) -> None:
    machine = Machine()
    machine.values[0] = 5

    def lose(piece: AreaPiece) -> None:
        if piece.start == 50:
            raise ConnectionLost("no answer")

    machine.before = lose
    connector = _connector(machine, tmp_path, [_point(0), _point(50)])
    await connector.connect()
    assert _values(await _next(connector)) == {"r0": 5}
    for _ in range(2):
        with pytest.raises(ConnectionLost, match="no answer"):
            await _next(connector)
    machine.before = lambda _: None
    await connector.connect()
    assert _values(await _next(connector)) == {"r0": 5, "r50": 0}
    await connector.close()


@pytest.mark.asyncio
async def test_a_long_loss_is_a_gap_and_a_short_one_is_not(tmp_path: Path) -> None:
    machine = Machine()
    connector = _connector(machine, tmp_path, [_point(0, 1.0)])
    await connector.connect()
    first = await _next(connector)
    await connector.connect()
    assert _gaps(await _next(connector)) == []
    await connector.close()
    await asyncio.sleep(3.5)  # more than three polls of 1 s
    await connector.connect()
    delivery = await _next(connector)
    ((from_us, to_us),) = _gaps(delivery)
    assert int(first.blocks[0].source_time_us[0]) <= from_us
    assert to_us - from_us >= 3_000_000
    assert to_us <= int(delivery.blocks[0].source_time_us[0])
    await connector.close()


@pytest.mark.asyncio
async def test_a_part_that_is_silent_is_bad_and_no_answer(tmp_path: Path) -> None:
    machine = Machine()
    before = _connector(machine, tmp_path, [_point(0)])
    await before.connect()
    await _next(before)
    await before.close()
    machine.silent = True
    after = _connector(machine, tmp_path, [_point(0)])
    await after.connect()
    delivery = await _next(after)
    assert _bad(delivery) == {"r0"}
    assert _gaps(delivery) == [], "the gap is not at its end yet"
    assert after.status.last_good_us is None
    machine.silent = False
    assert len(_gaps(await _next(after))) == 1
    await after.close()


@pytest.mark.asyncio
async def test_a_restart_is_a_gap_since_the_last_stored_poll(tmp_path: Path) -> None:
    machine = Machine()
    before = _connector(machine, tmp_path, [_point(0, 1.0)])
    await before.connect()
    stored = await _next(before)
    machine.values[0] = 1
    await _next(before, keep=False)  # the edge ends before this is on disk
    await before.close()
    after = _connector(machine, tmp_path, [_point(0, 1.0)])
    await after.connect()
    delivery = await _next(after)
    ((from_us, to_us),) = _gaps(delivery)
    assert from_us == int(stored.blocks[0].source_time_us[0])
    assert to_us == int(delivery.blocks[0].source_time_us[0])
    await after.connect()
    assert _gaps(await _next(after)) == []
    await after.close()


@pytest.mark.asyncio
async def test_an_edge_that_stored_nothing_records_a_gap(tmp_path: Path) -> None:
    machine = Machine()
    before = _connector(machine, tmp_path, [_point(0)])
    await before.connect()
    await _next(before, keep=False)
    await before.close()
    after = _connector(machine, tmp_path, [_point(0)])
    await after.connect()
    assert len(_gaps(await _next(after))) == 1
    await after.close()


@pytest.mark.asyncio
async def test_without_a_progress_file_polling_continues_and_reports_it(tmp_path: Path) -> None:
    machine = Machine()
    memory = tmp_path / PROGRESS_FILE.format("press")
    memory.with_suffix(".new").mkdir()  # what is to be written is a folder
    connector = _connector(machine, tmp_path, [_point(0)])
    await connector.connect()
    assert _values(await _next(connector)) == {"r0": 0}
    assert "cannot be written" in connector.status.details["memory"]
    memory.with_suffix(".new").rmdir()
    await connector.close()
    assert "memory" not in connector.status.details


@pytest.mark.asyncio
async def test_skipped_polls_of_a_slow_machine_are_counted(tmp_path: Path) -> None:
    machine = Machine()
    connector = _connector(machine, tmp_path, [_point(0)])
    await connector.connect()
    await _next(connector)
    await asyncio.sleep(0.2)  # the pump has no time for us
    machine.values[0] = 1
    assert _values(await _next(connector)) == {"r0": 1}
    assert int(connector.status.details["polls_skipped"]) >= 10
    assert int(connector.status.details["polls"]) == 2
    await connector.close()


@pytest.mark.asyncio
async def test_cadences_are_polled_each_in_its_time(tmp_path: Path) -> None:
    machine = Machine()
    connector = _connector(machine, tmp_path, [_point(0), _point(50, 3600)])
    await connector.connect()
    values = _values(await _next(connector)) | _values(await _next(connector))
    assert values == {"r0": 0, "r50": 0}
    machine.requests.clear()
    for value in range(1, 5):
        machine.values[0] = machine.values[50] = value
        assert _values(await _next(connector)) == {"r0": value}
    assert (50, 1) not in machine.requests
    await connector.close()


@pytest.mark.asyncio
async def test_a_refused_configuration_is_shown_and_passed_on(tmp_path: Path) -> None:
    machine = Machine()
    machine.refuses_to_open = ConfigurationRejected("wrong slot")
    connector = _connector(machine, tmp_path, [_point(0)])
    with pytest.raises(ConfigurationRejected):
        await connector.connect()
    assert (connector.status.state, connector.status.detail) == ("rejected", "wrong slot")
    await connector.close()
    assert connector.status.state == "rejected"
