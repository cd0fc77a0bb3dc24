"""Days of supply: how long the stock covers planned demand.

Never past consumption: after a week of standstill every plant would seem to have enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.stock.ledger import NEGLIGIBLE

STOCK_NOT_KNOWN: Final = "the stock is not known"


@dataclass(frozen=True, slots=True)
class DaysOfSupply:
    """`days` None: see `reason`. `at_least`: nothing within the horizon empties it."""

    days: float | None
    reason: str | None = None
    at_least: bool = False


def days_of_supply(
    stock: float | None, demand: Sequence[float], arrivals: Sequence[float] = ()
) -> DaysOfSupply:
    """Return the calendar days until the demand of the coming days uses up `stock`.

    `demand[0]` is that of the first 24 hours. Demand is even within a day; arrivals of a day are
    available at its start.
    """
    if stock is None:
        return DaysOfSupply(None, STOCK_NOT_KNOWN)
    if sum(demand) <= NEGLIGIBLE:
        return DaysOfSupply(None, "no demand is planned")
    if stock <= NEGLIGIBLE and not any(arrivals[:1]):
        return DaysOfSupply(0.0)
    left = stock
    for day, quantity in enumerate(demand):
        left += arrivals[day] if day < len(arrivals) else 0.0
        if quantity > left + NEGLIGIBLE:
            return DaysOfSupply(day + max(left, 0.0) / quantity)
        left -= quantity
    if left <= NEGLIGIBLE:
        return DaysOfSupply(float(len(demand)))
    return DaysOfSupply(float(len(demand)), at_least=True)
