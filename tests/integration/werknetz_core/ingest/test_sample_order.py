"""Samples of one signal at one instant keep the order of their source in every reading (M8)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.delivery import NOW_US, FakeSpool, point, samples
from werknetz.domain.bucket import instant_of
from werknetz.link.receiver import Receiver
from werknetz.link.wire import link_name_of
from werknetz.store.elements.machine_inputs import (
    LAST_SAMPLES_BEFORE,
    NEXT_SAMPLES_AFTER,
)
from werknetz.store.queries import samples as queries
from werknetz_core.ingest.apply import Applier
from werknetz_core.ingest.durability import load_incarnation
from werknetz_core.ingest.leases import accept_hello
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_worker.elements.sample_columns import load_series

Connection = Any
AT = instant_of(NOW_US)
SECOND = timedelta(seconds=1)
ORDERS = [
    (10.0, 20.0, 15.0),
    (20.0, 10.0),
    (1.0, 1.0, 0.0, 1.0),
    (3.0, 2.0, 1.0, 2.0, 3.0, 2.0),
]


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def _apply(database: Connection, spool: FakeSpool, *batches: Any) -> None:
    """Apply batches in one transaction, by a core that has just started."""
    name = link_name_of(spool.connector, spool.lane)
    incarnation = await load_incarnation(database)
    answer = await accept_hello(database, name, spool.hello(), incarnation)
    spool.epoch = answer.epoch
    applier, receiver = Applier(PartitionMaker(ahead_days=0)), Receiver(name, incarnation)
    await applier.apply(database, receiver, [spool.add(point(), batch) for batch in batches])


def _at_once(values: tuple[float, ...]) -> Any:
    return samples(values, step_us=0)


async def _check_order(database: Connection, values: tuple[float, ...]) -> None:
    signal = await database.fetchval("SELECT id FROM signals")
    span = (signal, AT, AT + SECOND)
    for statement, order in (
        (queries.SAMPLES_ASCENDING, 1), (queries.SAMPLES_DESCENDING, -1),
    ):  # fmt: skip
        rows = [await database.fetchrow(statement, *span, n, 1) for n in range(len(values))]
        assert [row["value"] for row in rows] == list(values[::order]), "page by page"
    by_width = await database.fetchrow(queries.AGGREGATES_BY_WIDTH, *span, SECOND)
    by_window = await database.fetchrow(queries.AGGREGATES_BY_WINDOW, signal, [AT], [AT + SECOND])
    for row in (by_width, by_window):
        assert (row["first"], row["last"]) == (values[0], values[-1])
    weighted = await database.fetchrow(
        queries.TIME_WEIGHTED_BY_WINDOW, signal, [AT + SECOND], [AT + 2 * SECOND],
        AT + SECOND, AT + 2 * SECOND, AT + 2 * SECOND, AT,
    )  # fmt: skip
    assert weighted["time_weighted_avg"] == values[-1]
    in_range = await load_series(database, [signal], [], (NOW_US, NOW_US + 1_000_000))
    assert in_range[signal].value.tolist() == list(values)
    before = await database.fetchrow(LAST_SAMPLES_BEFORE, [signal], AT + SECOND, 0, [])
    after = await database.fetchrow(NEXT_SAMPLES_AFTER, [signal], AT)
    assert (after["value"], before["value"]) == (values[0], values[-1])


@pytest.mark.asyncio
@pytest.mark.parametrize("values", ORDERS)
@pytest.mark.parametrize("lane", ["live", "backfill"])
async def test_one_delivery_keeps_its_order(
    database: Connection, values: tuple[float, ...], lane: Any
) -> None:
    await _apply(database, FakeSpool(lane=lane), _at_once(values))
    await _check_order(database, values)


@pytest.mark.asyncio
@pytest.mark.parametrize("values", ORDERS)
@pytest.mark.parametrize("restarts", [True, False])
async def test_deliveries_keep_their_order(
    database: Connection, values: tuple[float, ...], restarts: bool
) -> None:
    """Also where free room in the table makes PostgreSQL write later rows before earlier ones."""
    spool = FakeSpool()
    await _apply(database, spool, samples([float(n) for n in range(500)], at_us=NOW_US - 10**9))
    for value in values[: len(values) if restarts else 0]:
        await database.execute("DELETE FROM samples WHERE at < $1", AT)
        await _apply(database, spool, _at_once((value,)))
        await database.execute("VACUUM samples")
    if not restarts:
        await _apply(database, spool, *(_at_once((value,)) for value in values))
    await database.execute("DELETE FROM samples WHERE at < $1", AT)
    await _check_order(database, values)


@pytest.mark.asyncio
async def test_history_completes_live_values_and_repeats_nothing(database: Connection) -> None:
    live, history = FakeSpool(), FakeSpool(lane="backfill", epoch=0)
    await _apply(database, live, _at_once((10.0, 20.0)))
    whole = (10.0, 20.0, 10.0, 15.0)
    await _apply(database, history, _at_once(whole), _at_once(whole))
    await _apply(database, history, _at_once(whole))
    await _check_order(database, whole)


@pytest.mark.asyncio
async def test_values_of_different_instants_need_no_sequence(database: Connection) -> None:
    """So the column costs nothing: almost every row has none."""
    spool = FakeSpool()
    await _apply(database, spool, samples([0.0]), samples([1.0, 2.0], at_us=NOW_US + 1))
    await _apply(database, FakeSpool(lane="backfill", epoch=0), samples([5.0], at_us=NOW_US - 9))
    rows = await database.fetch("SELECT value, sequence FROM samples ORDER BY at")
    assert [row["value"] for row in rows] == [5.0, 0.0, 1.0, 2.0]
    # The first of each spool: a core that has just started does not know what is stored.
    assert [row["sequence"] is None for row in rows] == [False, False, True, True]


@pytest.mark.asyncio
async def test_rows_of_earlier_versions_come_first_in_the_order_of_insertion(
    database: Connection,
) -> None:
    spool = FakeSpool()
    await _apply(database, spool, samples([0.0], at_us=NOW_US - 10**9))  # defines the signal
    await database.execute("DELETE FROM samples")
    for value in (10.0, 20.0, 15.0):
        await database.execute(
            "INSERT INTO samples (signal_id, at, value, status)"
            " SELECT id, $1, $2, 0 FROM signals",
            AT, value,
        )  # fmt: skip
    await _apply(database, spool, _at_once((12.0, 11.0)))
    await _check_order(database, (10.0, 20.0, 15.0, 12.0, 11.0))
