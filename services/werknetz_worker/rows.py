"""Elements, their revisions, pieces of states and orders: read and written a range at once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.kpi.states import CATEGORIES, ComputedBuckets, BucketRange
from werknetz.store.session import WriteConnection

_STAMP: Final = "timestamptz 'epoch' + {} * interval '1 microsecond'"
_COLUMNS: Final = ", ".join(ELEMENT_NAMES)

STORED: Final = f"""
SELECT bucket_at, carry, provisional, computed_at, revision, {_COLUMNS} FROM elements
WHERE equipment_id = $1 AND bucket_at >= $2 AND bucket_at < $3"""  # noqa: S608 - our own names

BEFORE: Final = """
SELECT bucket_at, carry FROM elements WHERE equipment_id = $1 AND bucket_at < $2
ORDER BY bucket_at DESC LIMIT 1"""

_KEEP: Final = """
INSERT INTO element_revisions (equipment_id, bucket_at, revision, elements, known_from, known_to)
SELECT equipment_id, bucket_at, revision,
    to_jsonb(e) - '{equipment_id,bucket_at,revision,carry,computed_at}'::text[],
    computed_at, clock_timestamp()
FROM elements e WHERE equipment_id = $1 AND bucket_at = ANY($2)
ON CONFLICT DO NOTHING"""

_WRITE: Final = f"""
INSERT INTO elements (equipment_id, bucket_at, carry, provisional, revision, computed_at, {
    _COLUMNS
})
SELECT $1, n.bucket_at, n.carry::jsonb, n.provisional, n.revision, clock_timestamp(), {
    ", ".join(f"n.{name}" for name in ELEMENT_NAMES)
}
FROM unnest($2::timestamptz[], $3::text[], $4::bool[], $5::int[], {
    ", ".join(f"${number}::float8[]" for number in range(6, 6 + len(ELEMENT_NAMES)))
}) AS n (bucket_at, carry, provisional, revision, {_COLUMNS})
ON CONFLICT (equipment_id, bucket_at) DO UPDATE SET carry = excluded.carry,
    provisional = excluded.provisional, revision = excluded.revision,
    computed_at = excluded.computed_at, {
    ", ".join(f"{name} = excluded.{name}" for name in ELEMENT_NAMES)
}"""  # noqa: S608 - our own names

_CLEAR_PIECES: Final = """
DELETE FROM state_pieces WHERE equipment_id = $1 AND start_at >= $2 AND start_at < $3"""

_PIECES: Final = f"""
INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category, code, order_number)
SELECT $1, {_STAMP.format("s")}, {_STAMP.format("e")}, state, category, code, order_number
FROM unnest($2::bigint[], $3::bigint[], $4::int2[], $5::text[], $6::text[], $7::text[])
    AS n (s, e, state, category, code, order_number)"""  # noqa: S608 - our own names

_ORDERS: Final = f"""
INSERT INTO orders AS old (equipment_id, order_number, started_at, ended_at, planned_run_s_per_item)
SELECT $1, n.number, {_STAMP.format("n.s")}, {_STAMP.format("n.e")}, n.run_time
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::float8[]) AS n (number, s, e, run_time)
ON CONFLICT (equipment_id, order_number) DO UPDATE SET
    started_at = least(old.started_at, excluded.started_at),
    ended_at = CASE WHEN excluded.ended_at IS NULL THEN NULL
        ELSE greatest(old.ended_at, excluded.ended_at) END,
    planned_run_s_per_item = coalesce(excluded.planned_run_s_per_item, old.planned_run_s_per_item)
"""  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of `elements` as it was."""

    carry: dict[str, Any]
    provisional: bool
    computed_us: int
    revision: int
    values: tuple[float, ...]


async def stored(
    connection: WriteConnection, equipment_id: int, start_us: int, end_us: int
) -> dict[int, Stored]:
    rows = await connection.fetch(STORED, equipment_id, instant_of(start_us), instant_of(end_us))
    return {
        microseconds_of(row[0]): Stored(
            json.loads(row[1]), row[2], microseconds_of(row[3]), row[4], tuple(row)[5:]
        )
        for row in rows
    }


async def write(
    connection: WriteConnection,
    equipment_id: int,
    computed: ComputedBuckets,
    span: BucketRange,
    changes: "Changes",
) -> None:
    """Write the buckets that changed; their pieces are replaced with them."""
    if changes.kept:
        await connection.execute(_KEEP, equipment_id, [instant_of(at) for at in changes.kept])
    if changes.buckets:
        await connection.execute(
            _WRITE,
            equipment_id,
            [instant_of(span.start_us + n * BUCKET_US) for n in changes.buckets],
            [json.dumps(changes.carries[n]) for n in changes.buckets],
            [changes.provisional[n] for n in changes.buckets],
            [changes.revisions[n] for n in changes.buckets],
            *(
                [float(computed.columns[name][n]) for n in changes.buckets]
                for name in ELEMENT_NAMES
            ),
        )
    await _write_pieces(connection, equipment_id, computed, changes.pieces_us)
    if computed.orders:
        await _write_orders(connection, equipment_id, computed)


@dataclass(frozen=True, slots=True)
class Changes:
    """What of a computed range differs from what is stored."""

    buckets: Sequence[int]  # numbers in the range, to write
    kept: Sequence[int]  # instants of the rows whose old value stays known
    carries: Sequence[dict[str, Any]]
    provisional: Sequence[bool]
    revisions: Sequence[int]
    pieces_us: tuple[int, int]


async def _write_pieces(
    connection: WriteConnection, equipment_id: int, computed: ComputedBuckets, span: tuple[int, int]
) -> None:
    start_us, end_us = span
    if start_us >= end_us:
        return
    await connection.execute(_CLEAR_PIECES, equipment_id, instant_of(start_us), instant_of(end_us))
    pieces = computed.pieces
    first, last = pieces.start.searchsorted([start_us, end_us])
    chosen = slice(int(first), int(last))
    await connection.execute(
        _PIECES,
        equipment_id,
        pieces.start[chosen].tolist(),
        pieces.end[chosen].tolist(),
        pieces.state[chosen].tolist(),
        [CATEGORIES[number] for number in pieces.category[chosen].tolist()],
        pieces.code[chosen],
        pieces.order[chosen],
    )


async def _write_orders(connection: WriteConnection, equipment_id: int, computed: ComputedBuckets) -> None:
    """Write each order once: an order may run twice in a range."""
    runs: dict[str, tuple[int, int | None, float | None]] = {}
    for run in computed.orders:
        start_us = runs[run.number][0] if run.number in runs else run.start_us
        runs[run.number] = (start_us, run.end_us, run.run_time_s)
    await connection.execute(
        _ORDERS,
        equipment_id,
        list(runs),
        [start for start, _, _ in runs.values()],
        [end for _, end, _ in runs.values()],
        [run_time for _, _, run_time in runs.values()],
    )
