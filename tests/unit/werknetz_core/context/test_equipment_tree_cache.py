"""Nobody gets a snapshot of before a change once the change is known, whoever loads meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from werknetz.store.queries.equipment import EQUIPMENT
from werknetz.store.session import Database
from werknetz_core.context.equipment_tree import EquipmentTreeCache

pytestmark = pytest.mark.asyncio


class Row(dict[str, Any]):
    """Yields its values, as a record of the driver does."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())


@dataclass
class SlowDatabase:
    """Lends connections; a load reads the name as it is when it begins, then waits for its turn."""

    name: str = "before"
    waiting: list[asyncio.Event] = field(default_factory=list)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["SlowDatabase"]:
        yield self

    async def fetch(self, statement: str) -> list[Row]:
        if statement != EQUIPMENT:
            return []
        row = Row({
            "id": 1, "path": self.name, "level": "plant", "name": self.name, "time_zone": "UTC",
            "language": None, "clock": None,
        })  # fmt: skip
        turn = asyncio.Event()
        self.waiting.append(turn)
        await turn.wait()
        return [row]


async def _open() -> tuple[EquipmentTreeCache, SlowDatabase]:
    database = SlowDatabase()
    cache = EquipmentTreeCache(cast("Database", database), refresh_s=3600)
    first = asyncio.create_task(cache.current())
    await asyncio.sleep(0)
    database.waiting.pop().set()
    assert set((await first).nodes) == {"before"}
    return cache, database


async def test_requests_during_the_load_wait_for_it() -> None:
    cache, database = await _open()
    database.name = "after"
    cache.expire()
    requests = [asyncio.create_task(cache.current()) for _ in range(3)]
    for _ in range(5):
        await asyncio.sleep(0)
    (turn,) = database.waiting  # one load for all of them
    turn.set()
    assert [set((await task).nodes) for task in requests] == [{"after"}] * 3


async def test_a_load_of_before_overwrites_no_later_one() -> None:
    cache, database = await _open()
    former = asyncio.create_task(cache.refresh())
    await asyncio.sleep(0)
    database.name = "after"
    cache.expire()
    later = asyncio.create_task(cache.current())
    await asyncio.sleep(0)
    of_former, of_later = database.waiting
    of_later.set()
    assert set((await later).nodes) == {"after"}
    of_former.set()
    assert set((await former).nodes) == {"after"}
    assert set((await cache.current()).nodes) == {"after"}


async def test_a_change_during_a_load_is_read_by_the_next_one() -> None:
    cache, database = await _open()
    cache.expire()
    first = asyncio.create_task(cache.current())
    await asyncio.sleep(0)
    database.name = "after"
    cache.expire()  # committed after the load has read its rows
    database.waiting.pop().set()
    assert set((await first).nodes) == {"before"}
    second = asyncio.create_task(cache.current())
    await asyncio.sleep(0)
    database.waiting.pop().set()
    assert set((await second).nodes) == {"after"}
