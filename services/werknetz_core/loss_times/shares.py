"""Speed losses and scrap of machines by order, and scrap by the reasons of people and systems."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from werknetz.kpi.losses.ledger import StopSum
from werknetz.kpi.losses.shares import (
    ReportedScrap,
    ScrapShare,
    divide_scrap,
    shares_of_reported,
)
from werknetz.kpi.losses.times import LossTimes
from werknetz.store.losses.loss_sums import LOSSES_BY_ORDER, SCRAP_BY_REASON
from werknetz.store.losses.scrap_reports import REPORTED_SCRAP
from werknetz.store.session import ReadConnection

Key = tuple[int, int]  # machine, number of the window
SCRAP: Final = ("scrap", "start_up")
_SPEED: Final = ("speed", "speed_not_judged")


async def load_shares(
    connection: ReadConnection,
    times: Mapping[Key, LossTimes],
    scrap_counts: Mapping[Key, float],
    windows: tuple[list[datetime], list[datetime]],
    *,
    by_order: bool,
) -> dict[Key, list[StopSum]]:
    """Return parts of speed losses and scrap, which have an order or a reason.

    Reasons of people go before those that the MES reports, which are of the scrap that is left.
    The parts of scrap add up to it; what is missing of speed losses belongs to no order.
    """
    ids = sorted({machine for machine, _ in times})
    orders: dict[tuple[Key, str], dict[str, int]] = defaultdict(dict)
    if by_order:
        for row in await connection.fetch(LOSSES_BY_ORDER, ids, *windows):
            for category in (*_SPEED, *SCRAP):
                of_category = orders[(row["equipment_id"], row["n"]), category]
                of_category[row["order_number"]] = row[category] or 0
    reasons: dict[tuple[Key, str], list[ScrapShare]] = defaultdict(list)
    left = dict(scrap_counts)
    for row in await connection.fetch(SCRAP_BY_REASON, ids, *windows):
        order = row["order_number"] if by_order else None
        key = row["equipment_id"], row["n"]
        left[key] = left.get(key, 0.0) - row["quantity"]
        for category in SCRAP:
            if us := row[category]:
                reasons[key, category].append(ScrapShare(row["reason"], us, order))
    reported = await load_reported_scrap(connection, ids, windows)
    for key, parts in reported.items():
        for category in SCRAP if key in times else ():
            shares = reasons[key, category]
            left_us = times[key].of(category) - sum(share.us for share in shares)
            of_orders = orders.get((key, category), {})
            shares += shares_of_reported(parts, left.get(key, 0.0), left_us, of_orders)
    return {key: _parts_of(key, of_key, orders, reasons) for key, of_key in times.items()}


async def load_reported_scrap(
    connection: ReadConnection, ids: Sequence[int], windows: tuple[list[datetime], list[datetime]]
) -> dict[Key, list[ReportedScrap]]:
    """Return the scrap that systems report with a code, by machine and window."""
    reported: dict[Key, list[ReportedScrap]] = defaultdict(list)
    for row in await connection.fetch(REPORTED_SCRAP, list(ids), *windows):
        parts = ReportedScrap(row["code"], row["quantity"], row["order_number"])
        reported[row["equipment_id"], row["n"]].append(parts)
    return reported


def _parts_of(
    key: Key,
    times: LossTimes,
    orders: Mapping[tuple[Key, str], Mapping[str, int]],
    reasons: Mapping[tuple[Key, str], Sequence[ScrapShare]],
) -> list[StopSum]:
    parts = [
        StopSum(category, us, 0, None, order)
        for category in _SPEED
        for order, us in orders.get((key, category), {}).items()
        if us
    ]
    for category in SCRAP:
        parts += divide_scrap(
            category, times.of(category), orders.get((key, category), {}),
            reasons.get((key, category), ()),
        )  # fmt: skip
    return parts
