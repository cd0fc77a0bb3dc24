"""Divides losses without stops by order and by the reason of scrap, without a remainder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from werknetz.kpi.losses.ledger import StopSum


@dataclass(frozen=True, slots=True)
class ScrapShare:
    """Ideal cycles of scrap for which a person gave a reason, in µs."""

    reason: str
    us: int
    order_number: str | None = None


def divide_scrap(
    category: str, total_us: int, by_order: Mapping[str, int], shares: Iterable[ScrapShare]
) -> list[StopSum]:
    """Divide the scrap of a machine and window by order and reason; the parts are the total.

    What nobody gave a reason has none; no reason has more of an order than its scrap.
    """
    left: dict[str | None, int] = {None: total_us - sum(by_order.values())}
    left.update(by_order.items())
    parts: dict[tuple[str | None, str | None], int] = {}
    for share in sorted(shares, key=lambda s: (s.order_number or "", s.reason)):
        order = share.order_number if share.order_number in left else None
        us = min(share.us, max(left[order], 0))
        left[order] -= us
        parts[order, share.reason] = parts.get((order, share.reason), 0) + us
    for order, us in left.items():
        parts[order, None] = us
    return [StopSum(category, us, 0, reason, order) for (order, reason), us in parts.items() if us]
