"""Inserts many rows. PostgreSQL refuses COPY into a table with row-level security."""

from collections.abc import Iterable, Sequence
from typing import Any

from werknetz.store.session import WriteConnection


async def insert_rows(
    connection: WriteConnection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Insert the rows, in the order of the columns; asyncpg sends them without waiting between."""
    marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await connection.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own names
        rows,
    )
