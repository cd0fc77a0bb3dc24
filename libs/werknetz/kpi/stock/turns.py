"""Inventory turns: outflow divided by the average stock over the same time."""

from typing import Final

from werknetz.kpi.definition import Undefined, Value
from werknetz.kpi.stock.days import STOCK_NOT_KNOWN

YEAR_S: Final = 365 * 86_400.0


def compute_turns(
    outflow: float, stock_s: float, known_s: float, *, annualised: bool = False
) -> Value:
    """Return how often the stock was turned over.

    `stock_s` is stock × seconds over the `known_s` seconds: their quotient is the time-weighted
    average. Only `annualised` makes it a rate, comparable between windows of different lengths.
    """
    if known_s <= 0:
        return Undefined(STOCK_NOT_KNOWN)
    if stock_s <= 0:
        return Undefined("nothing was there")
    turned = outflow / (stock_s / known_s)
    return turned * YEAR_S / known_s if annualised else turned


def days_of_inventory(outflow: float, stock_s: float, known_s: float) -> Value:
    """Return how many days of outflow the average stock covers."""
    if known_s <= 0:
        return Undefined(STOCK_NOT_KNOWN)
    if outflow <= 0:
        return Undefined("nothing went out")
    return stock_s / outflow / 86_400
