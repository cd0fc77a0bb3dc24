"""Rows of a query as arrays: PostgreSQL's binary COPY has rows of one size, so it is an array.

A hundred thousand rows are there in the time in which a driver makes a few thousand objects.
"""

from typing import Any, Final, TypeAlias

import asyncpg
import numpy as np
from numpy.typing import NDArray

Table: TypeAlias = NDArray[np.void]
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\x00"
_HEAD: Final = len(_SIGNATURE) + 8  # flags, and the length of an extension that there is not
_TAIL: Final = 2  # -1 for the number of fields
_EPOCH_US: Final = 946_684_800_000_000  # of PostgreSQL: 2000-01-01
TYPES: Final = {"int4": ">i4", "int8": ">i8", "float8": ">f8", "timestamptz": ">i8", "bool": "?"}


async def table(
    connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy,
    query: str,
    *arguments: Any,
    columns: dict[str, str],
    timeout_s: float = 30.0,
) -> Table:
    """Return the rows of a query whose columns are never null. `columns`: name → type."""
    received = bytearray()

    async def keep(data: bytes) -> None:
        received.extend(data)

    await connection.copy_from_query(
        query, *arguments, output=keep, format="binary", timeout=timeout_s
    )
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in columns.items():
        fields += [(f"{name} size", ">i4"), (name, TYPES[kind])]
    kinds = np.dtype(fields)
    body = memoryview(received)[_HEAD : len(received) - _TAIL]
    if not received.startswith(_SIGNATURE) or len(body) % kinds.itemsize:
        raise ValueError(f"a column of {', '.join(columns)} is null, or of another type")
    return np.frombuffer(body, kinds)


def numbers(rows: Table, name: str) -> NDArray[np.int64]:
    return rows[name].astype(np.int64)


def instants(rows: Table, name: str) -> NDArray[np.int64]:
    """Return instants as µs UTC."""
    return rows[name].astype(np.int64) + _EPOCH_US


def quantities(rows: Table, name: str) -> NDArray[np.float64]:
    return rows[name].astype(np.float64)
