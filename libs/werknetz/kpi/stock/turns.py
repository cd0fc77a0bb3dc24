"""Inventory turns: what went out, divided by what was there on average over the same time."""

from typing import Final

from werknetz.kpi.definition import Undefined, Value
from werknetz.kpi.stock.days import STOCK_NOT_KNOWN

YEAR_S: Final = 365 * 86_400.0


def compute_turns(
    outflow: float, stock_s: float, known_s: float, *, annualised: bool = False
) -> Value:
    """Return how often the stock was used up.

    `stock_s` is stock × seconds over the `known_s` seconds: their quotient is the time-weighted
    average. Only `annualised` makes a rate of it: else two windows add up to neither's turns.
    """
    if known_s <= 0:
        return Undefined(STOCK_NOT_KNOWN)
    if stock_s <= 0:
        return Undefined("nothing was there")
    turned = outflow / (stock_s / known_s)
    return turned * YEAR_S / known_s if annualised else turned


def days_of_inventory(outflow: float, stock_s: float, known_s: float) -> Value:
    """Return how many days of what was used lay there on average."""
    if known_s <= 0:
        return Undefined(STOCK_NOT_KNOWN)
    if outflow <= 0:
        return Undefined("nothing went out")
    return stock_s / outflow / 86_400
