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
    if len(records) < COPIED_FROM:
        await _insert_each(connection, table, columns, records)
        return
    staged, names = await _stage(connection, table, columns, records), ", ".join(columns)
    await connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM {staged}"  # noqa: S608 - our own names
    )


async def replace_rows_of(
    connection: WriteConnection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    owner: str,
    owners: Sequence[int],
) -> None:
    """Replace the rows of owners, whose number is in the column `owner`.

    Where they are many, rows that stay as they are are not written again: a change of one fact
    changes few of them.
    """
    records = list(rows)
    own = f"DELETE FROM {table} o WHERE o.{owner} = ANY($1::int[])"  # noqa: S608 - our own names
    if len(records) < COPIED_FROM:
        await connection.execute(own, owners)
        await _insert_each(connection, table, columns, records)
        return
    staged, names = await _stage(connection, table, columns, records), ", ".join(columns)
    new, old = (f"ROW({', '.join(f'{row}.{name}' for name in columns)})" for row in "no")
    # By their hash, so that the comparison is a hash join; then exactly.
    same = (
        f"hash_record_extended({new}, 0) = hash_record_extended({old}, 0)"
        f" AND {new} IS NOT DISTINCT FROM {old}"
    )
    await connection.execute(
        f"{own} AND NOT EXISTS (SELECT FROM {staged} n WHERE {same})",
        owners,
    )
    await connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM {staged} n WHERE NOT EXISTS ("  # noqa: S608
        f"SELECT FROM {table} o WHERE o.{owner} = ANY($1::int[]) AND {same})",
        owners,
    )


async def _insert_each(
    connection: WriteConnection, table: str, columns: Sequence[str], records: list[Sequence[Any]]
) -> None:
    names = ", ".join(columns)
    marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await connection.executemany(
        f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - our own names
        records,
    )


async def _stage(
    connection: WriteConnection, table: str, columns: Sequence[str], records: list[Sequence[Any]]
) -> str:
    """Copy the rows into a temporary table of the connection; return its name."""
    staged = f"staged_{table}"
    await connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {staged} ON COMMIT DELETE ROWS"  # noqa: S608 - as above
        f" AS SELECT {', '.join(columns)} FROM {table} WITH NO DATA"
    )
    await connection.execute(f"DELETE FROM {staged}")  # noqa: S608 - of a table before it
    await connection.copy_records_to_table(staged, columns=columns, records=records)
    return staged
