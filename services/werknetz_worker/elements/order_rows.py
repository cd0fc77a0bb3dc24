"""Writes what each order has of the buckets of a range."""

import json
from collections.abc import Sequence

from werknetz.domain.bucket import BUCKET_US, instant_of
from werknetz.kpi.orders.shares import OrderShare
from werknetz.store.elements import order_rows as statements
from werknetz.store.session import WriteConnection


async def replace_order_shares(
    connection: WriteConnection,
    equipment_id: int,
    shares: Sequence[OrderShare],
    range_start_us: int,
    span: tuple[int, int],
) -> None:
    """Replace the shares of the buckets in the span; the buckets of `shares` count from a range."""
    start_us, end_us = span
    if start_us >= end_us:
        return
    await connection.execute(
        statements.DELETE_ORDER_ELEMENTS, equipment_id, instant_of(start_us), instant_of(end_us)
    )
    written = [
        (instant_of(at_us), share)
        for share in shares
        if start_us <= (at_us := range_start_us + share.bucket * BUCKET_US) < end_us
    ]
    if not written:
        return
    await connection.execute(
        statements.INSERT_ORDER_ELEMENTS,
        equipment_id,
        [bucket_at for bucket_at, _ in written],
        [share.order_number for _, share in written],
        [
            None if share.elements is None else json.dumps(share.elements, allow_nan=False)
            for _, share in written
        ],
    )


async def widen_run_times(
    connection: WriteConnection, equipment_id: int, start_us: int, end_us: int
) -> None:
    """Widen the ranges of the planned run times of orders by those in [start, end)."""
    await connection.execute(
        statements.WIDEN_RUN_TIMES, equipment_id, instant_of(start_us), instant_of(end_us)
    )
