"""Inserts many rows. PostgreSQL refuses COPY into a table with row-level security.

Many rows are copied into a temporary table of the connection and inserted from there by one
statement: half of the CPU time that PostgreSQL needs for a statement a row.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from werknetz.store.session import WriteConnection

COPIED_FROM: Final = 100  # rows; a temporary table for fewer costs more than it saves


async def insert_rows(
    connection: WriteConnection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Insert the rows, in the order of the columns, inside the caller's transaction."""
    records = rows if isinstance(rows, list) else list(rows)
    names = ", ".join(columns)
    if len(records) < COPIED_FROM:
        marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        await connection.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - our own names
            records,
        )
        return
    staged = f"staged_{table}"
    await connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {staged} ON COMMIT DELETE ROWS"  # noqa: S608 - as above
        f" AS SELECT {names} FROM {table} WITH NO DATA"
    )
    await connection.execute(f"DELETE FROM {staged}")  # noqa: S608 - of a table before it
    await connection.copy_records_to_table(staged, columns=columns, records=records)
    await connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM {staged}"  # noqa: S608 - as above
    )
