"""Deliveries in a database of their own, and a worker that reconciles them."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest_asyncio

from plumbing.deliveries import Deliveries, day
from werknetz.domain.bucket import microseconds_of
from werknetz_worker.supply.reconcile import reconcile_dirty_relations
from werknetz_worker.watermarks import WatermarkPublisher

NOBODY = WatermarkPublisher(None)


@pytest_asyncio.fixture
async def deliveries(database_url: str) -> AsyncIterator[Deliveries]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=6, timeout=60)
    yield Deliveries(pool)
    await pool.close()


async def reconcile_all(deliveries: Deliveries, now: float = 30) -> int:
    now_us = microseconds_of(day(now))
    return await reconcile_dirty_relations(deliveries.pool, NOBODY, now_us=now_us, seconds_max=600)


async def add_policy(
    deliveries: Deliveries, supplier: str | None = None, **document: object
) -> int:
    """Make a version that has always held."""
    number: int = await deliveries.pool.fetchval(
        "INSERT INTO supply_policies (supplier_id, version, valid_from, document) VALUES"
        " ((SELECT id FROM partners WHERE key = $1),"
        " 1 + (SELECT count(*) FROM supply_policies), '2020-01-01Z', $2) RETURNING id",
        supplier,
        json.dumps({"early": "0h", "frozen_days": 0, "asn_expected": False, **document}),
    )
    return number


async def send_history(deliveries: Deliveries, relation: int, seed: int | None = None) -> None:
    """Call off, replace, ship and receive; in another order for each seed."""
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: deliveries.call_off(relation, "A", 0, {5: 100.0, 6: 100.0, 9: 100.0}),
        lambda: deliveries.call_off(relation, "B", 3, {5: 100.0, 6: 100.0, 9: 50.0, 12: 80.0}),
        lambda: deliveries.ship(relation, "N1", 4, 100),
        lambda: deliveries.ship(relation, "N2", 5, 120),
        lambda: deliveries.receive(relation, 5.5, 100, "N1"),
        lambda: deliveries.receive(relation, 7.5, 110, "N2"),
        lambda: deliveries.receive(relation, 9.5, 200, "N9"),
    ]
    if seed is not None:
        random.Random(seed).shuffle(steps)
    for step in steps:
        await step()
