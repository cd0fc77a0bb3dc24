"""A really full disk: the source waits, a gap is recorded, and reading continues with room."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plumbing.pumping import Core, CountingConnector, make_pump
from plumbing.waiting import until
from werknetz.events.batch import GapClosed, GapOpened, Samples
from werknetz.events.codec import columns_of, decode
from werknetz.link.memory import MemoryServer
from werknetz_edge.pipeline.pump import Pump
from werknetz_edge.spool.spool_file import open_spool

DISK_BYTES = 24 * 1024**2
BYTES_MAX = 4 * 1024**3  # the spool itself would take far more than the disk has
LEFT_BYTES = 2 * 1024**2
SIZE = 800  # values of one delivery, about 20 kB
WAITS = "input waits"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, name: str = "stranger", left: int = LEFT_BYTES) -> Path:
    """Somebody else's file takes almost all there is."""
    stranger = disk / name
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with stranger.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - left)
    return stranger


def source(acknowledged: int = 0) -> CountingConnector:
    rows = CountingConnector(10**9, size=SIZE)
    rows.acknowledged, rows.connects = acknowledged, 1
    return rows


def read_stored(disk: Path) -> tuple[list[int], list[str]]:
    """What the spool holds: the deliveries' values once each, and its gaps in order."""
    file = open_spool(disk / "press.spool", "press", bytes_max=BYTES_MAX)
    values: list[int] = []
    gaps: list[str] = []
    for batch in file.spool.read(file.spool.base_seq + 1, 10**9):
        for record in decode(batch.payload).records:
            if isinstance(record, Samples) and len(columns_of(record)) == SIZE:
                values.append(int(columns_of(record).value[0]))
            elif isinstance(record, GapOpened):
                gaps.append(f"opened {record.cause}")
            elif isinstance(record, GapClosed):
                gaps.append("closed")
    file.close()
    return values, gaps


async def stays(source: CountingConnector, seconds: float) -> int:
    """Nothing is acknowledged any more; return how much was."""
    before = source.acknowledged
    await asyncio.sleep(seconds)
    assert source.acknowledged == before
    assert WAITS in source.status.detail
    return before


@asynccontextmanager
async def running(pump: Pump) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(pump.run(stop))
    try:
        yield
        assert not task.done()
    finally:
        stop.set()
        await task


@pytest.mark.asyncio
async def test_somebody_else_fills_the_disk_and_makes_room(disk: Path) -> None:
    first = source()
    pump, lanes = make_pump(first, MemoryServer(down=True), disk, bytes_max=BYTES_MAX)
    stranger = fill(disk)
    async with running(pump):
        await until(lambda: WAITS in first.status.detail, within_s=90)
        acknowledged = await stays(first, 3.0)
        assert not lanes["live"].file.reserve.is_held
        stranger.unlink()
        await until(lambda: first.acknowledged >= acknowledged + 50, within_s=90)
        assert lanes["live"].file.reserve.is_held
    values, gaps = read_stored(disk)
    assert values[: first.acknowledged] == list(range(1, first.acknowledged + 1))
    assert gaps[:2] == ["opened spool_full", "closed"]


@pytest.mark.asyncio
async def test_the_core_takes_what_fills_the_disk(disk: Path) -> None:
    server = MemoryServer(down=True)
    core, first = Core(server), source()
    pump, lanes = make_pump(first, server, disk, bytes_max=BYTES_MAX)
    fill(disk)
    async with running(pump):
        await until(lambda: WAITS in first.status.detail, within_s=90)
        acknowledged = await stays(first, 2.0)
        server.down = False
        serving = asyncio.create_task(core.serve())
        await until(lambda: first.acknowledged >= acknowledged + 300, within_s=60)
        serving.cancel()
        assert lanes["live"].spool.base_seq > 0
    causes = {
        record.cause
        for envelope in core.applied
        for record in decode(envelope.payload).records
        if isinstance(record, GapOpened)
    }
    assert causes == {"spool_full"}


@pytest.mark.asyncio
async def test_an_edge_starts_on_a_full_disk(disk: Path) -> None:
    server = MemoryServer(down=True)
    first = source()
    pump, _ = make_pump(first, server, disk, bytes_max=BYTES_MAX)
    stranger = fill(disk)
    async with running(pump):
        await until(lambda: WAITS in first.status.detail, within_s=90)
        acknowledged = await stays(first, 1.0)
    (disk / "press.reserve").unlink(missing_ok=True)  # what was the reserve is acknowledged, too
    fill(disk, "another", left=256 * 1024)
    again = source(acknowledged)
    pump, _ = make_pump(again, server, disk, bytes_max=BYTES_MAX)
    async with running(pump):
        await until(lambda: WAITS in again.status.detail, within_s=90)
        assert await stays(again, 2.0) == acknowledged
        stranger.unlink()
        await until(lambda: again.acknowledged >= acknowledged + 20, within_s=90)
    values, gaps = read_stored(disk)
    assert values[: again.acknowledged] == list(range(1, again.acknowledged + 1))
    assert gaps[:3] == ["opened spool_full", "opened spool_full", "closed"]
