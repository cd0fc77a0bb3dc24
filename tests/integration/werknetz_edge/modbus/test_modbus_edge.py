"""A real edge process polls a machine that counts, and is killed: what is not on disk is a gap.

The machine notes every number that it published. At the end each of them is in the spool once, or
lies within a gap record.
"""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plumbing.waiting import until
from werknetz.events.batch import GapClosed, GapOpened, Samples
from werknetz.events.codec import columns_of, decode
from werknetz_demo.embedded.process import free_port
from werknetz_demo.supervisor import werknetz_command
from werknetz_edge.spool.spool_file import open_spool

EDGE = """\
connector: counter
protocol: modbus
redis:
  url: redis://127.0.0.1:1
spool:
  folder: spool
options:
  host: 127.0.0.1
  port: {port}
  period_s: 0.02
  timeout_s: 1
  items:
  - name: number
    address: holding/0
    datatype: uint32
mapping:
  name: counter
  version: 1
  equipment: nordwerk/emden-1/body/line-2/press-3
  rules:
  - source: number
    signal: number
"""


@dataclass
class Counter:
    """Each request finds the next number."""

    published: list[tuple[int, int]] = field(default_factory=list)  # number, when
    port: int = field(default_factory=free_port)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        async def advance(
            _f: int, _s: int, _a: int, _c: int, registers: list[int], _v: object
        ) -> ExcCodes | None:
            number = len(self.published) + 1
            self.published.append((number, time.time_ns() // 1000))
            registers[0:2] = [number >> 16, number & 0xFFFF]
            return None

        data = SimData(0, values=0, datatype=DataType.UINT32)
        device = SimDevice(id=1, simdata=[data], action=advance)
        server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
        await server.serve_forever(background=True)
        self.port = server.transport.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            await server.shutdown()
            await asyncio.sleep(0.05)

    async def gives(self, more: int) -> None:
        expected = len(self.published) + more
        await until(lambda: len(self.published) >= expected, within_s=120)


@asynccontextmanager
async def _edge(file: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    process = await asyncio.to_thread(subprocess.Popen, [*werknetz_command(), "edge", str(file)])
    try:
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


def _stored_rows(folder: Path) -> tuple[list[int], list[tuple[int, int]]]:
    """The numbers in the spool, and its gaps."""
    file = open_spool(folder / "counter.spool", "counter")
    numbers: list[int] = []
    begun: dict[object, int] = {}
    gaps: list[tuple[int, int]] = []
    for spooled in file.spool.read(1, 2**40):
        for record in decode(spooled.payload).records:
            if isinstance(record, Samples):
                columns = columns_of(record)
                # The edge's own heartbeat is 1.0 at another point.
                named = {point.number for point in file.spool.points() if point.signal == "number"}
                rows = zip(columns.point.tolist(), columns.value.tolist(), strict=True)
                numbers += [int(value) for point, value in rows if point in named]
            elif isinstance(record, GapOpened):
                begun[record.gap_id] = record.from_us
            elif isinstance(record, GapClosed):
                gaps.append((begun[record.gap_id], record.to_us))
    file.close()
    return numbers, gaps


@pytest.mark.asyncio
async def test_every_number_is_on_disk_once_or_in_a_gap(tmp_path: Path) -> None:
    counter = Counter()
    file = tmp_path / "edge.yaml"
    async with counter.serve():
        file.write_text(EDGE.format(port=counter.port), encoding="utf-8")
        for _ in range(3):
            async with _edge(file) as process:
                await counter.gives(60)
                process.kill()
        async with _edge(file) as process:
            await counter.gives(30)
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(0.5)
            process.send_signal(signal.SIGCONT)
            await counter.gives(30)
    async with counter.serve(), _edge(file) as process:  # both had gone
        await counter.gives(30)
        process.terminate()
        await asyncio.to_thread(process.wait, 60)
    numbers, gaps = _stored_rows(tmp_path / "spool")
    published = dict(counter.published)
    assert len(numbers) > 60, "most of what a running edge reads is on disk"
    assert len(numbers) == len(set(numbers)), "nothing is counted twice"
    assert set(numbers) <= set(published), "nothing is invented"
    lost = {number for number in published if number not in set(numbers) and number < max(numbers)}
    silent = {
        number
        for number in lost
        if not any(begin <= published[number] <= end for begin, end in gaps)
    }
    assert not silent, f"lost without a word: {silent}, gaps {gaps}"
    assert len(gaps) >= 4, "each time the edge was away"
