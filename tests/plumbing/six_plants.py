"""Six simulated plants on a real database: ingest, workers and API, without processes and links.

Data arrives late, doubled and with holes; people correct it. The clock of the platform stands at
the end of the history, so nothing depends on today's date.
"""

import asyncio
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final

import asyncpg
import httpx2
import numpy as np

from plumbing.corrected_truth import CorrectedTruth
from plumbing.delivery import FakeSpool
from plumbing.ingesting import Ingest
from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.state import MachineState
from werknetz.events.batch import PointDefinition, Points, Samples
from werknetz_core.access.keys import generate_key
from werknetz_core.app import create_app
from werknetz_core.settings import CoreSettings
from werknetz_demo.seed import insert_seed
from werknetz_simulator.plants.expected import START_UP_US
from werknetz_simulator.plants.machine import ROLLOVER, Plant, PlantMachine, StateKind
from werknetz_simulator.plants.plan import DAY_US, HOUR_US
from werknetz_simulator.plants.plant import PLANTS
from werknetz_simulator.plants.truth import SignalChange
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.rollups.roll_up import roll_up
from werknetz_worker.watermarks import WatermarkPublisher

_REPEATED: Final = 0.02  # share of the samples that a batch has twice
_SENT_TWICE: Final = 0.2  # share of the batches
_ROLES: Final = {
    "state": ("state", "float"), "order": ("order", "text"), "pri": ("planned_run_time", "float"),
    "good": ("good_count", "float"), "scrap": ("scrap_count", "float"),
    "rework": ("rework_count", "float"),
}  # fmt: skip
_STATES: Final = {kind: MachineState[kind.name] for kind in StateKind
                  if kind.name in MachineState.__members__}  # fmt: skip
_STATES[StateKind.FAULT] = MachineState.MALFUNCTION
_FAILURES: Final = "SELECT detail FROM findings WHERE kind = 'not_computed' AND cleared_at IS NULL"
Row = tuple[int, int, float, str | None]  # point, instant, value, text


@dataclass
class SixPlants:
    """`get` has the shape of an installation's, so that comparisons work on both."""

    runner: asyncio.Runner
    pool: asyncpg.Pool
    ingest: Ingest
    client: httpx2.AsyncClient
    plants: list[CorrectedTruth]
    since_us: int
    end_us: int
    batch_hours_max: int

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        return self.call("GET", path, params=parameters)

    def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self.runner.run(self.client.request(method, f"/api/v1/{path}", **options))
        assert answer.is_success, (method, path, answer.text)
        document: dict[str, Any] = answer.json() if answer.content else {}
        return document

    def query(self, statement: str, *arguments: Any) -> list[Any]:
        return list(self.runner.run(self.pool.fetch(statement, *arguments)))

    def work(self, *, workers: int = 2, dying: bool = False) -> None:
        """Compute until nothing is marked. `dying`: one worker is cancelled in the middle."""
        self.runner.run(self._work(workers, dying=dying))

    def work_for(self, seconds: float) -> None:
        """Compute on two workers; after so long, both are cancelled in the middle."""
        self.runner.run(self._work_for(seconds))

    async def _work_for(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._work(2, dying=False)

    async def _work(self, workers: int, *, dying: bool) -> None:
        begun = asyncio.Event()

        async def compute() -> None:
            while await self.pool.fetchval("SELECT count(*) FROM dirty_buckets"):
                await compute_dirty_buckets(
                    self.pool, _Noting(begun), now_us=self.end_us + BUCKET_US, quiet_s=0,
                    seconds_max=60,
                )  # fmt: skip
                await roll_up(self.pool, seconds_max=60)
                failures = await self.pool.fetch(_FAILURES)
                assert not failures, failures
            begun.set()

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(compute()) for _ in range(workers)]
            if dying:
                await begun.wait()
                tasks[0].cancel()
        await roll_up(self.pool, seconds_max=600)

    def deliver(self, rng: random.Random) -> Iterator[float]:
        """Apply all data in an order of its own, some of it twice; yield the share after each."""
        batches = [
            (spool, samples)
            for truth in self.plants
            for spool, samples in self._batches_of(truth, rng)
        ]
        batches += [batch for batch in batches if rng.random() < _SENT_TWICE]
        rng.shuffle(batches)
        for n, (spool, samples) in enumerate(batches, start=1):
            self.runner.run(self._apply(spool, samples))
            yield n / len(batches)

    async def _apply(self, spool: FakeSpool, samples: Samples) -> None:
        await self.ingest.apply(spool.add(samples))

    def _batches_of(
        self, truth: CorrectedTruth, rng: random.Random
    ) -> Iterator[tuple[FakeSpool, Samples]]:
        plant = truth.plant
        names = ("state", "order", "pri", *plant.counts)
        signals = [(machine.path, name) for machine in plant.machines for name in names]
        numbers = {signal: n for n, signal in enumerate(signals, start=1)}
        spool = FakeSpool(f"{plant.name}-history", lane="backfill")
        points = [_point_of(plant, path, name, n) for (path, name), n in numbers.items()]
        self.runner.run(self._start(spool, Points(points)))
        for machine in plant.machines:
            until_us = self.end_us + BUCKET_US  # so that stops at the end are known whole
            rows = _rows_of(truth, machine, numbers, self.since_us, until_us)
            borders = self._borders(until_us, rng)
            places = [bisect_left(rows, at_us, key=itemgetter(1)) for at_us in borders]
            for first, last in pairwise(places):
                chunk = rows[first:last]
                repeated = [row for row in chunk if rng.random() < _REPEATED]
                chunk = sorted(chunk + repeated, key=lambda row: row[1])
                if chunk:
                    yield spool, _samples_of(chunk)

    def _borders(self, until_us: int, rng: random.Random) -> list[int]:
        """Return where the batches of a machine begin and end; every one has another length."""
        borders = [self.since_us]
        while borders[-1] <= until_us:
            borders.append(borders[-1] + rng.randint(1, self.batch_hours_max) * HOUR_US)
        return borders

    async def _start(self, spool: FakeSpool, points: Points) -> None:
        await self.ingest.start(spool)
        await self.ingest.apply(spool.add(points))


class _Noting(WatermarkPublisher):
    """Sets an event once something was computed."""

    def __init__(self, begun: asyncio.Event) -> None:
        super().__init__(None)
        self._begun = begun

    async def increment_paths(self, paths: Iterable[str]) -> None:
        self._begun.set()
        await super().increment_paths(paths)


@contextmanager
def six_plants(
    database_url: str, since_us: int, end_us: int, *, every: int = 1, batch_hours_max: int = 11
) -> Iterator[SixPlants]:
    """Open the platform's parts on a database, with plants, calendars and a key but no data.

    `every`: 2 for every second machine of each plant. A batch has one to `batch_hours_max` hours
    of a machine.
    """
    plants = [
        CorrectedTruth(replace(plant, machines=plant.machines[::every]), since_us=since_us)
        for plant in PLANTS.values()
    ]
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world = runner.run(_open(stack, database_url, plants, end_us))
        try:
            yield SixPlants(runner, *world, plants, since_us, end_us, batch_hours_max)
        finally:
            runner.run(stack.aclose())


async def _open(
    stack: AsyncExitStack,
    database_url: str,
    plants: list[CorrectedTruth],
    end_us: int,
) -> tuple[asyncpg.Pool, Ingest, httpx2.AsyncClient]:
    pool = await stack.enter_async_context(
        asyncpg.create_pool(database_url, min_size=1, max_size=6, timeout=60)
    )
    connection = await stack.enter_async_context(pool.acquire())
    key = generate_key()
    await insert_seed(connection, [truth.plant for truth in plants], "unused")
    await connection.execute(
        "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, 'truth', 'admin')",
        key.prefix, key.hash,
    )  # fmt: skip
    # The subject is what is answered, not how fast: the machine may be busy.
    settings = CoreSettings(
        database_url, rate_per_s=0, statement_timeout_s=300.0, wide_statement_timeout_s=300.0
    )
    app = create_app(settings, now_us=lambda: end_us)
    await stack.enter_async_context(app.router.lifespan_context(app))
    client = await stack.enter_async_context(
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://core", timeout=120,
            headers={"X-API-Key": key.key},
        )
    )  # fmt: skip
    return pool, Ingest(connection), client


def _rows_of(
    truth: CorrectedTruth,
    machine: PlantMachine,
    numbers: Mapping[tuple[str, str], int],
    since_us: int,
    end_us: int,
) -> list[Row]:
    """Return the samples of a machine in order of time.

    Of counts between others of one state some are missing, but none at the end of a start-up.
    """
    meaning = {code: _STATES[reported] for _, code, reported in truth.plant.codes}
    first = [
        SignalChange(since_us, machine, change.signal, change.value)
        for change in truth.snapshot(machine, since_us)
    ]
    segments = list(truth.segments(machine, since_us, end_us))
    starts = [segment.start_us for segment in segments]
    # Where a start-up may end, also after people correct what the stop before it was.
    stable = sorted(
        segment.start_us + START_UP_US
        for segment in segments
        if segment.kind is StateKind.PRODUCING
    )
    rows: list[Row] = []
    places: dict[str, list[tuple[int, int, int, int]]] = {name: [] for name in truth.plant.counts}
    restarts = 0
    changes = truth.changes(machine, since_us, end_us, temperature_every_us=DAY_US)
    for change in (*first, *changes):
        if change.signal == "temperature":
            continue
        value, text = float("nan"), None
        if change.signal == "state":
            value, text = float(meaning[str(change.value)]), str(change.value)
        elif change.signal == "order":
            text = str(change.value)
        else:
            value = float(change.value)
        if change.signal in places:
            # At the border of two segments, a part was finished in the first.
            restarts += value == 0.0
            place = (
                bisect_left(starts, change.at_us), bisect_left(stable, change.at_us),
                (change.at_us - 1) // BUCKET_US, restarts,
            )  # fmt: skip
            places[change.signal].append(place)
        rows.append((numbers[machine.path, change.signal], change.at_us, value, text))
    missing = {
        (numbers[machine.path, name], n)
        for name, of_signal in places.items()
        for n in range(1, len(of_signal) - 1)
        if of_signal[n - 1] == of_signal[n] == of_signal[n + 1] and n % 3
    }
    counted: Counter[int] = Counter()
    left = []
    for row in rows:
        if (row[0], counted[row[0]]) not in missing:
            left.append(row)
        counted[row[0]] += 1
    return sorted(left, key=itemgetter(1))


def _samples_of(rows: Sequence[Row]) -> Samples:
    texts = {n: row[3] for n, row in enumerate(rows) if row[3] is not None}
    return Samples(
        point=np.array([row[0] for row in rows], "<i4").tobytes(),
        time=np.array([row[1] for row in rows], "<i8").tobytes(),
        value=np.array([row[2] for row in rows], "<f8").tobytes(),
        status=np.zeros(len(rows), "<u4").tobytes(),
        text_row=np.array(sorted(texts), "<i4").tobytes(),
        text=[texts[n] for n in sorted(texts)],
    )


def _point_of(plant: Plant, path: str, name: str, number: int) -> PointDefinition:
    role, datatype = _ROLES[name]
    is_count = role.endswith("_count")
    rolls = is_count and not plant.counters_restart
    return PointDefinition(
        number=number, key=f"{path}:{name}", equipment=path, signal=name, role=role, unit=None,
        source=name, mapping="truth@1", datatype=datatype,
        counter_reset="none" if not is_count else "rollover" if rolls else "to_zero",
        counter_modulus=float(ROLLOVER) if rolls else None,
    )  # fmt: skip
