"""The writer's apply against PostgreSQL's own COPY FROM file of the same rows, in turns."""

import asyncio
import gc
import statistics
import tempfile
import time
from pathlib import Path

import asyncpg
import numpy as np

from bench.measure import Measure
from plumbing.delivery import FakeSpool, point
from werknetz.events.batch import Points, Record, Samples
from werknetz.link.receiver import Receiver
from werknetz.link.wire import BatchEnvelope
from werknetz.store.ingest import samples_copy as copy
from werknetz.store.ingest.samples_copy import COLUMNS
from werknetz_core.ingest.apply import Applier
from werknetz_core.ingest.durability import load_incarnation
from werknetz_core.ingest.leases import accept_hello
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.postgres import Postgres

BAR = 0.8
SIGNALS = 2000
BATCH_ROWS = 1000
RUN_BATCHES = 250  # what the writer takes of one connector in a round
ROUNDS = 8  # even: each side comes second as often
ROUNDS_SHORT = 4


def measures(short: bool) -> list[Measure]:
    with tempfile.TemporaryDirectory(prefix="werknetz-bench-") as folder:
        return asyncio.run(_measure(Path(folder), ROUNDS_SHORT if short else ROUNDS))


async def _measure(folder: Path, rounds: int) -> list[Measure]:
    server = Postgres(folder / "postgres", throwaway=True)
    await server.start()
    try:
        await upgrade_async(server.url)
        ours, theirs = await _rounds(server, folder, rounds)
    finally:
        await server.stop()
    rows = RUN_BATCHES * BATCH_ROWS
    figure = f"{rows / statistics.median(ours) / 1000:.0f} k rows/s"
    ratio = sum(theirs) / sum(ours)
    copied = f"{rows / statistics.median(theirs) / 1000:.0f} k"
    return [Measure("writer: apply / COPY FROM file", f"{figure} (COPY {copied})", ratio, BAR)]


async def _rounds(server: Postgres, folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Time both on the same rows of the same days, in turns; the first round of each warms up."""
    user = await asyncpg.connect(server.url)
    owner = await asyncpg.connect(server.superuser_url)
    incarnation = await load_incarnation(user)
    applier, receiver = Applier(PartitionMaker(ahead_days=1)), Receiver("bench", incarnation)
    spool = FakeSpool("bench")
    ours: list[float] = []
    theirs: list[float] = []
    try:
        await accept_hello(user, "bench", spool.hello(), receiver.incarnation)
        points: list[Record] = [_point(number) for number in range(SIGNALS)]
        await applier.apply(user, receiver, [spool.add(*points)])
        await PartitionMaker(ahead_days=1).make_ahead(user)
        at_us = int(
            await user.fetchval("SELECT extract(epoch FROM date_trunc('day', now()))::int8")
        )
        for turn in range(rounds + 1):
            start_us = (at_us + 600 * turn) * 1_000_000
            run = [spool.add(_batch(start_us + n * 1_000_000)) for n in range(RUN_BATCHES)]
            file = _file(folder, run_start_us=start_us)
            for side in (0, 1) if turn % 2 else (1, 0):  # who comes second finds warm pages
                await owner.execute("CHECKPOINT")
                gc.collect()
                if side:
                    theirs.append(await _copy(owner, file))
                else:
                    ours.append(await _apply(applier, user, receiver, run))
    finally:
        await user.close()
        await owner.close()
    return ours[1:], theirs[1:]


def _point(number: int) -> Points:
    """Ten signals a machine; of one, each sample marks a bucket dirty."""
    role = "process_value" if number % 10 else "total_count"
    return point(number, role, equipment=f"nordwerk/emden-1/body/line-1/press-{number // 10}")


def _batch(at_us: int) -> Samples:
    generator = np.random.default_rng(at_us // 1_000_000)
    return Samples(
        point=(np.arange(BATCH_ROWS) * 2 % SIGNALS).astype("<i4").tobytes(),
        time=(at_us + np.arange(BATCH_ROWS) * 1000).astype("<i8").tobytes(),
        value=generator.normal(size=BATCH_ROWS).astype("<f8").tobytes(),
        status=np.zeros(BATCH_ROWS, "<u4").tobytes(),
    )


def _file(folder: Path, *, run_start_us: int) -> Path:
    """Write the rows as PostgreSQL's own binary file, where the server may read it."""
    file = folder / "rows.bin"
    with file.open("wb") as out:
        out.write(copy.HEADER)
        for n in range(RUN_BATCHES):
            samples = _batch(run_start_us + n * 1_000_000)
            rows = copy.SampleRows(
                signal_id=np.frombuffer(samples.point, "<i4") + 1,
                at_us=np.frombuffer(samples.time, "<i8"),
                value=np.frombuffer(samples.value, "<f8"),
                status=np.frombuffer(samples.status, "<u4"),
            )
            out.write(copy.encode_rows(rows))
        out.write(copy.TRAILER)
    folder.chmod(0o755)  # the server may run as another user
    file.chmod(0o644)
    return file


async def _apply(
    applier: Applier,
    user: "asyncpg.Connection[asyncpg.Record]",
    receiver: Receiver,
    run: list[BatchEnvelope],
) -> float:
    began = time.perf_counter()
    outcome = await applier.apply(user, receiver, run)
    elapsed_s = time.perf_counter() - began
    assert outcome.samples == RUN_BATCHES * BATCH_ROWS
    return elapsed_s


async def _copy(owner: "asyncpg.Connection[asyncpg.Record]", file: Path) -> float:
    began = time.perf_counter()
    columns = ", ".join(COLUMNS)
    await owner.execute(f"COPY samples ({columns}) FROM '{file}' (FORMAT binary)")
    return time.perf_counter() - began
