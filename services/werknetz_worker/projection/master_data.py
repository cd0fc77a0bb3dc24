"""Resolves partners, sites, materials and warehouses by their names in messages; adds new ones.

Look-ups are done a batch at a time. What is new is added in a short transaction of its own, one
worker at a time: so nobody who changes master data waits for a batch, and no name depends on a
race.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from werknetz.store.projection import master_data as statements
from werknetz.store.projection.outbox import LOCK
from werknetz.store.session import DriverPool, WriteConnection

ADDING_S: Final = 30.0  # the batch waits in its transaction
_LOCK: Final = 0x4E414D45  # "NAME"
StockPlace = tuple[int, int | None, int]  # warehouse, location, material


def key_of_text(text: str) -> str:
    """Return a key of letters, digits and dashes; never empty."""
    plain = text.lower()
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        plain = plain.replace(letter, letters)
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or f"x-{zlib.crc32(text.encode()):08x}"


class MasterData:
    """Reads master data in the transaction of a batch, and adds to it beside it."""

    def __init__(self, connection: WriteConnection, pool: DriverPool) -> None:
        self.connection = connection
        self._pool = pool

    @asynccontextmanager
    async def adding(self) -> AsyncIterator[WriteConnection]:
        """Begin a transaction that adds; what it commits is visible to the batch.

        Raises TimeoutError, such as where the pool has no second connection.
        """
        async with (
            asyncio.timeout(ADDING_S),
            self._pool.acquire() as connection,
            connection.transaction(),
        ):
            await connection.execute(LOCK, _LOCK)
            yield connection


async def resolve_names(
    master_data: MasterData, kind: str, values: Iterable[str | None]
) -> dict[str, int]:
    """Return the ids of the named values; add those that do not exist yet."""
    names = sorted({value for value in values if value})
    if not names:
        return {}
    ids = await _find_by_name(master_data.connection, kind, names)
    if len(ids) < len(names):
        async with master_data.adding() as connection:
            ids = await _find_by_name(connection, kind, names)
            new = [value for value in names if value not in ids]
            if new:
                keys = await _unique_keys(connection, kind, new)
                await connection.execute(statements.ADD_BY_NAME[kind], keys, new)
                ids |= await _find_by_name(connection, kind, new)
    return ids


async def _find_by_name(connection: WriteConnection, kind: str, names: list[str]) -> dict[str, int]:
    rows = await connection.fetch(statements.FIND_BY_NAME[kind], names)
    return {row[0]: row[1] for row in rows}


async def _unique_keys(connection: WriteConnection, kind: str, values: list[str]) -> list[str]:
    """Return a unique key for each value; with a checksum where the plain key is in use."""
    keys = [key_of_text(value) for value in values]
    if kind not in statements.FIND_KEYS:
        return keys
    used_keys = {row[0] for row in await connection.fetch(statements.FIND_KEYS[kind], keys)}
    for number, value in enumerate(values):
        if keys[number] in used_keys:
            keys[number] = f"{keys[number]}-{zlib.crc32(value.encode()):08x}"
        used_keys.add(keys[number])
    return keys


async def add_descriptions(master_data: MasterData, descriptions: Mapping[int, str]) -> None:
    """Give a description to materials that have none."""
    if not descriptions:
        return
    rows = await master_data.connection.fetch(statements.WITHOUT_DESCRIPTION, [*descriptions])
    if ids := sorted(row[0] for row in rows):
        texts = [descriptions[material_id] for material_id in ids]
        async with master_data.adding() as connection:
            await connection.execute(statements.SET_DESCRIPTIONS, ids, texts)


async def resolve_locations(
    master_data: MasterData, places: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    ordered = sorted(set(places))
    if not ordered:
        return {}
    ids = await _find(master_data.connection, statements.FIND_LOCATIONS, ordered, 2)
    if len(ids) < len(ordered):
        find, add = statements.FIND_LOCATIONS, statements.ADD_LOCATIONS
        async with master_data.adding() as connection:
            ids = await _find_or_add(connection, find, add, ordered, 2)
    return ids


async def resolve_stock_items(
    connection: WriteConnection, places: Iterable[StockPlace]
) -> dict[StockPlace, int]:
    ordered = sorted(set(places), key=lambda place: (place[0], place[1] or 0, place[2]))
    return await _find_or_add(
        connection, statements.FIND_STOCK_ITEMS, statements.ADD_STOCK_ITEMS, ordered, 3
    )


async def find_equipment(
    connection: WriteConnection, paths: Iterable[str | None]
) -> dict[str, int]:
    ordered = sorted({path for path in paths if path})
    return (
        {row[0]: row[1] for row in await connection.fetch(statements.FIND_EQUIPMENT, ordered)}
        if ordered
        else {}
    )


async def _find_or_add(
    connection: WriteConnection, find: str, add: str, rows: list[Any], width: int
) -> dict[Any, int]:
    if not rows:
        return {}
    ids = await _find(connection, find, rows, width)
    new = [row for row in rows if row not in ids]
    if new:
        await connection.execute(add, *_columns(new, width))
        ids |= await _find(connection, find, new, width)
    return ids


async def _find(
    connection: WriteConnection, find: str, rows: list[Any], width: int
) -> dict[Any, int]:
    records = await connection.fetch(find, *_columns(rows, width))
    return {tuple(row[:-1]): row[-1] for row in map(tuple, records)}


def _columns(rows: list[Any], width: int) -> list[list[Any]]:
    return [[row[number] for row in rows] for number in range(width)]
