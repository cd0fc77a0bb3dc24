"""Reads raw inputs back, oldest first, page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from werknetz.connector.raw import RawDelivery, UnreadableRaw, decode_delivery
from werknetz.domain.bucket import microseconds_of
from werknetz.events.batch import Raw
from werknetz.runtime.log import get_logger

PAGE: Final = 100
Place = tuple[datetime, UUID, int]
BEFORE_ALL: Final[UUID] = UUID(int=0)
_log: Final = get_logger("core.mappings")

_COLUMNS: Final = """stored_at, spool_id, seq, arrival_at, from_at, to_at, count, mapping, codec,
    payload"""

_AFTER: Final = f"""
SELECT {_COLUMNS} FROM raw_inputs
WHERE connector_id = $1 AND stored_at >= $2 AND stored_at < $3
    AND (stored_at, spool_id, seq) > ($2, $4, $5)
ORDER BY stored_at, spool_id, seq LIMIT $6"""  # noqa: S608 - our own names

_NEWEST: Final = f"""
SELECT * FROM (
    SELECT {_COLUMNS} FROM raw_inputs WHERE connector_id = $1 AND stored_at >= $2
    ORDER BY stored_at DESC LIMIT $3) AS newest
ORDER BY stored_at, spool_id, seq"""  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True)
class Kept:
    """One raw input and where it lies."""

    place: Place
    mapping: str  # the label that was in force
    opened: RawDelivery
    from_us: int
    to_us: int


async def after(
    connection: asyncpg.pool.PoolConnectionProxy | asyncpg.Connection,
    connector: str,
    place: Place,
    end: datetime,
) -> tuple[list[Kept], Place | None]:
    """Return the next page after a place, and the last place read; None: nothing is left."""
    start, spool_id, seq = place
    rows = await connection.fetch(_AFTER, connector, start, end, spool_id, seq, PAGE)
    if not rows:
        return [], None
    last = rows[-1]
    return _opened(rows), (last["stored_at"], last["spool_id"], last["seq"])


async def newest(
    connection: asyncpg.pool.PoolConnectionProxy | asyncpg.Connection,
    connector: str,
    since: datetime,
    count: int,
) -> list[Kept]:
    return _opened(await connection.fetch(_NEWEST, connector, since, count))


async def pages(
    connection: asyncpg.pool.PoolConnectionProxy | asyncpg.Connection,
    connector: str,
    start: datetime,
    end: datetime,
) -> AsyncIterator[list[Kept]]:
    place: Place | None = (start, BEFORE_ALL, -1)
    while place is not None:
        found, place = await after(connection, connector, place, end)
        if found:
            yield found


def _opened(rows: Sequence[asyncpg.Record]) -> list[Kept]:
    found = []
    for row in rows:
        raw = Raw(
            arrival_us=microseconds_of(row["arrival_at"]),
            from_us=microseconds_of(row["from_at"]),
            to_us=microseconds_of(row["to_at"]),
            count=row["count"],
            mapping=row["mapping"],
            codec=row["codec"],
            payload=row["payload"],
        )
        place = (row["stored_at"], row["spool_id"], row["seq"])
        try:
            opened = decode_delivery(raw)
        except UnreadableRaw as error:
            _log.error("raw input cannot be read", place=str(place), reason=str(error))
            continue
        found.append(Kept(place, raw.mapping, opened, raw.from_us, raw.to_us))
    return found
