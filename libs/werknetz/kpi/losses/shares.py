"""Divides losses without stops by order and by the reason of scrap, without a remainder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from werknetz.kpi.losses.ledger import StopSum


@dataclass(frozen=True, slots=True)
class ScrapShare:
    """Ideal cycles of scrap with a reason, in µs. Those of people go before those of the MES."""

    reason: str
    us: int
    order_number: str | None = None
    by_person: bool = True


@dataclass(frozen=True, slots=True)
class ReportedScrap:
    """Scrap parts that a system reports with a code of the reason."""

    code: str
    quantity: float
    order_number: str | None = None


def limit_reported(reported: Iterable[ReportedScrap], left: float) -> list[ReportedScrap]:
    """Return the reported parts, each reduced alike if they are more than what is left of scrap.

    `left`: counted scrap parts for which no person gave a reason.
    """
    parts = list(reported)
    whole = sum(part.quantity for part in parts)
    factor = min(max(left, 0.0) / whole, 1.0) if whole > 0 else 0.0
    return [replace(part, quantity=part.quantity * factor) for part in parts if factor > 0]


def shares_of_reported(
    reported: Iterable[ReportedScrap], left: float, left_us: int, by_order: Mapping[str, int]
) -> list[ScrapShare]:
    """Return the ideal cycles of what a system reports, of `left` parts that took `left_us`.

    What names no order is divided by the scrap of the orders.
    """
    shares: list[ScrapShare] = []
    whole_us = sum(by_order.values())
    left_us = max(left_us, 0)
    for part in limit_reported(reported, left):
        us = int(left_us * (part.quantity / left))
        if part.order_number is None and whole_us > 0:
            shares += [
                ScrapShare(part.code, us * of_order // whole_us, order, by_person=False)
                for order, of_order in by_order.items()
            ]
        else:
            shares.append(ScrapShare(part.code, us, part.order_number, by_person=False))
    return shares


def divide_scrap(
    category: str, total_us: int, by_order: Mapping[str, int], shares: Iterable[ScrapShare]
) -> list[StopSum]:
    """Divide the scrap of a machine and window by order and reason; the parts are the total.

    What nobody gave a reason has none; no reason has more of an order than its scrap.
    """
    left: dict[str | None, int] = {None: total_us - sum(by_order.values())}
    left.update(by_order.items())
    parts: dict[tuple[str | None, str | None], int] = {}
    for share in sorted(shares, key=_in_precedence):
        order = share.order_number if share.order_number in left else None
        us = min(share.us, max(left[order], 0))
        left[order] -= us
        parts[order, share.reason] = parts.get((order, share.reason), 0) + us
    for order, us in left.items():
        parts[order, None] = us
    return [StopSum(category, us, 0, reason, order) for (order, reason), us in parts.items() if us]


def _in_precedence(share: ScrapShare) -> tuple[bool, str, str]:
    return not share.by_person, share.order_number or "", share.reason
