"""Loads stored raw inputs, oldest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from werknetz.connector.raw import RawDelivery, UnreadableRaw, decode_delivery
from werknetz.domain.bucket import microseconds_of
from werknetz.events.batch import Raw
from werknetz.runtime.log import get_logger
from werknetz.store.queries.raw_inputs import NEWEST_RAW_INPUTS, RAW_INPUTS_AFTER

PAGE_ROWS: Final = 100
RawPosition = tuple[datetime, UUID, int]  # stored_at, spool_id, seq
FIRST_SPOOL_ID: Final[UUID] = UUID(int=0)
_log: Final = get_logger("core.mappings")


@dataclass(frozen=True, slots=True)
class StoredRawInput:
    """One decoded raw input and its position."""

    position: RawPosition
    mapping: str  # label of the mapping that was active
    raw_delivery: RawDelivery
    from_us: int
    to_us: int


async def load_page_after(
    connection: asyncpg.pool.PoolConnectionProxy | asyncpg.Connection,
    connector: str,
    position: RawPosition,
    end: datetime,
) -> tuple[list[StoredRawInput], RawPosition | None]:
    """Return the next page after a position, and its last position; None: no more inputs."""
    start, spool_id, seq = position
    rows = await connection.fetch(RAW_INPUTS_AFTER, connector, start, end, spool_id, seq, PAGE_ROWS)
    if not rows:
        return [], None
    last = rows[-1]
    return _decode_rows(rows), (last["stored_at"], last["spool_id"], last["seq"])


async def load_newest(
    connection: asyncpg.pool.PoolConnectionProxy | asyncpg.Connection,
    connector: str,
    since: datetime,
    count: int,
) -> list[StoredRawInput]:
    return _decode_rows(await connection.fetch(NEWEST_RAW_INPUTS, connector, since, count))


def _decode_rows(rows: Sequence[asyncpg.Record]) -> list[StoredRawInput]:
    inputs = []
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
        position = (row["stored_at"], row["spool_id"], row["seq"])
        try:
            delivery = decode_delivery(raw)
        except UnreadableRaw as error:
            _log.error("raw input not readable", position=str(position), reason=str(error))
            continue
        inputs.append(StoredRawInput(position, raw.mapping, delivery, raw.from_us, raw.to_us))
    return inputs
