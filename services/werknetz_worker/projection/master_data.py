"""Finds partners, sites, materials and warehouses by what messages call them; discovers new ones.

Everything is looked up a batch at a time. Names are entered in one order, so that two who enter
the same ones wait for each other and never both.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from werknetz.store.projection import master_data as statements
from werknetz.store.session import WriteConnection

Place = tuple[int, int | None, int]  # warehouse, location, material


def slug(text: str) -> str:
    """Return the text as a key that can be typed; never empty."""
    plain = text.lower()
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        plain = plain.replace(letter, letters)
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or f"x-{zlib.crc32(text.encode()):08x}"


async def identities(
    connection: WriteConnection, kind: str, values: Iterable[str | None]
) -> dict[str, int]:
    """Return the ids of what the values name, entering those that nobody has named before."""
    wanted = sorted({value for value in values if value})
    if not wanted:
        return {}
    found = {
        row[0]: row[1] for row in await connection.fetch(statements.FIND_BY_NAME[kind], wanted)
    }
    new = [value for value in wanted if value not in found]
    if new:
        keys = await _keys(connection, kind, new)
        await connection.execute(statements.ADD_BY_NAME[kind], keys, new)
        found |= {
            row[0]: row[1] for row in await connection.fetch(statements.FIND_BY_NAME[kind], new)
        }
    return found


async def _keys(connection: WriteConnection, kind: str, values: list[str]) -> list[str]:
    """Return a key for each value that no other one has: by the value alone where it is taken."""
    keys = [slug(value) for value in values]
    if kind not in statements.FIND_KEYS:
        return keys
    taken = {row[0] for row in await connection.fetch(statements.FIND_KEYS[kind], keys)}
    for number, value in enumerate(values):
        if keys[number] in taken:
            keys[number] = f"{keys[number]}-{zlib.crc32(value.encode()):08x}"
        taken.add(keys[number])
    return keys


async def describe(connection: WriteConnection, descriptions: Mapping[int, str]) -> None:
    """Give a description to materials that have none."""
    if descriptions:
        ids = sorted(descriptions)
        await connection.execute(
            statements.SET_DESCRIPTIONS, ids, [descriptions[one] for one in ids]
        )


async def locations(
    connection: WriteConnection, places: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    wanted = sorted(set(places))
    return await _entered(
        connection, statements.FIND_LOCATIONS, statements.ADD_LOCATIONS, wanted, 2
    )


async def stock_items(connection: WriteConnection, places: Iterable[Place]) -> dict[Place, int]:
    wanted = sorted(set(places), key=lambda place: (place[0], place[1] or 0, place[2]))
    return await _entered(
        connection, statements.FIND_STOCK_ITEMS, statements.ADD_STOCK_ITEMS, wanted, 3
    )


async def equipment(connection: WriteConnection, paths: Iterable[str | None]) -> dict[str, int]:
    wanted = sorted({path for path in paths if path})
    return (
        {row[0]: row[1] for row in await connection.fetch(statements.FIND_EQUIPMENT, wanted)}
        if wanted
        else {}
    )


async def _entered(
    connection: WriteConnection, find: str, add: str, wanted: list[Any], width: int
) -> dict[Any, int]:
    if not wanted:
        return {}
    found = await _found(connection, find, wanted, width)
    new = [one for one in wanted if one not in found]
    if new:
        await connection.execute(add, *_columns(new, width))
        found |= await _found(connection, find, new, width)
    return found


async def _found(
    connection: WriteConnection, find: str, wanted: list[Any], width: int
) -> dict[Any, int]:
    rows = await connection.fetch(find, *_columns(wanted, width))
    return {tuple(row[:-1]): row[-1] for row in map(tuple, rows)}


def _columns(rows: list[Any], width: int) -> list[list[Any]]:
    return [[row[number] for row in rows] for number in range(width)]
