"""Reads and writes elements, their revisions, state pieces and orders, a range at a time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.kpi.states import CATEGORIES, BucketRange, ComputedBuckets
from werknetz.store.elements import element_rows as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.elements.order_rows import replace_order_shares, widen_run_times


@dataclass(frozen=True, slots=True)
class StoredElements:
    """A stored row of `elements`."""

    carry: dict[str, Any]
    provisional: bool
    computed_us: int
    revision: int
    values: tuple[float, ...]


async def load_elements(
    connection: WriteConnection, equipment_id: int, start_us: int, end_us: int
) -> dict[int, StoredElements]:
    rows = await connection.fetch(
        statements.FIND_ELEMENTS, equipment_id, instant_of(start_us), instant_of(end_us)
    )
    return {
        microseconds_of(row[0]): StoredElements(
            json.loads(row[1]), row[2], microseconds_of(row[3]), row[4], tuple(row)[5:]
        )
        for row in rows
    }


async def write_elements(
    connection: WriteConnection,
    equipment_id: int,
    computed: ComputedBuckets,
    span: BucketRange,
    changes: "ElementChanges",
) -> None:
    """Write the changed buckets and replace their state pieces."""
    await _write_pieces(connection, equipment_id, computed, changes.pieces_us)
    if changes.revised:
        await connection.execute(
            statements.ADD_REVISIONS, equipment_id, [instant_of(at) for at in changes.revised]
        )
    if changes.buckets:
        await connection.execute(
            statements.UPSERT_ELEMENTS,
            equipment_id,
            [instant_of(span.start_us + n * BUCKET_US) for n in changes.buckets],
            [json.dumps(changes.carries[n], allow_nan=False) for n in changes.buckets],
            [changes.provisional[n] for n in changes.buckets],
            [changes.revisions[n] for n in changes.buckets],
            *(
                [float(computed.columns[name][n]) for n in changes.buckets]
                for name in ELEMENT_NAMES
            ),
        )
    await replace_order_shares(
        connection, equipment_id, computed.order_shares, span.start_us, changes.pieces_us
    )
    if computed.orders:
        await _write_orders(connection, equipment_id, computed)
        if changes.buckets:
            await widen_run_times(
                connection, equipment_id, span.start_us + min(changes.buckets) * BUCKET_US,
                span.start_us + (max(changes.buckets) + 1) * BUCKET_US,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ElementChanges:
    """The differences between a computed range and the stored one."""

    buckets: Sequence[int]  # numbers in the range, to write
    revised: Sequence[int]  # instants of the rows whose old values become revisions
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
    pieces = computed.intervals
    first, last = pieces.start.searchsorted([start_us, end_us])
    chosen = slice(int(first), int(last))
    columns = (
        pieces.start[chosen].tolist(),
        pieces.end[chosen].tolist(),
        pieces.state[chosen].tolist(),
        [CATEGORIES[number] for number in pieces.category[chosen].tolist()],
        pieces.code[chosen],
        pieces.order[chosen],
    )
    await connection.execute(
        statements.ADD_PIECE_REVISIONS, equipment_id, *columns, instant_of(start_us),
        instant_of(end_us),
    )  # fmt: skip
    await connection.execute(
        statements.DELETE_STATE_PIECES, equipment_id, instant_of(start_us), instant_of(end_us)
    )
    await connection.execute(statements.INSERT_STATE_PIECES, equipment_id, *columns)


async def _write_orders(
    connection: WriteConnection, equipment_id: int, computed: ComputedBuckets
) -> None:
    """Write each order once: an order may run twice in a range."""
    runs: dict[str, tuple[int, int | None, float | None]] = {}
    for run in computed.orders:
        start_us = runs[run.number][0] if run.number in runs else run.start_us
        runs[run.number] = (start_us, run.end_us, run.run_time_s)
    await connection.execute(
        statements.UPSERT_ORDERS,
        equipment_id,
        list(runs),
        [start for start, _, _ in runs.values()],
        [end for _, end, _ in runs.values()],
        [run_time for _, _, run_time in runs.values()],
    )
