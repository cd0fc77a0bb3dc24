"""Resolves partners, sites, materials and warehouses by their names in messages; adds new ones.

Look-ups are done a batch at a time. Names are inserted in sorted order, so that two transactions
with the same names cannot deadlock.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from werknetz.store.projection import master_data as statements
from werknetz.store.session import WriteConnection

StockPlace = tuple[int, int | None, int]  # warehouse, location, material


def key_of_text(text: str) -> str:
    """Return a key of letters, digits and dashes; never empty."""
    plain = text.lower()
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        plain = plain.replace(letter, letters)
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or f"x-{zlib.crc32(text.encode()):08x}"


async def resolve_names(
    connection: WriteConnection, kind: str, values: Iterable[str | None]
) -> dict[str, int]:
    """Return the ids of the named values; add those that do not exist yet."""
    names = sorted({value for value in values if value})
    if not names:
        return {}
    ids = {row[0]: row[1] for row in await connection.fetch(statements.FIND_BY_NAME[kind], names)}
    new = [value for value in names if value not in ids]
    if new:
        keys = await _unique_keys(connection, kind, new)
        await connection.execute(statements.ADD_BY_NAME[kind], keys, new)
        ids |= {
            row[0]: row[1] for row in await connection.fetch(statements.FIND_BY_NAME[kind], new)
        }
    return ids


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


async def add_descriptions(connection: WriteConnection, descriptions: Mapping[int, str]) -> None:
    """Give a description to materials that have none."""
    if descriptions:
        ids = sorted(descriptions)
        await connection.execute(
            statements.SET_DESCRIPTIONS, ids, [descriptions[material_id] for material_id in ids]
        )


async def resolve_locations(
    connection: WriteConnection, places: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    ordered = sorted(set(places))
    return await _find_or_add(
        connection, statements.FIND_LOCATIONS, statements.ADD_LOCATIONS, ordered, 2
    )


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
