"""KPIs of warehouses: inventory turns, stock-outs and their duration.

KPI 24 of ISO 22400-2 divides throughput by average inventory and does not define either: here the
inventory is the purchased parts of one warehouse, and the throughput is its outflow.
"""

from typing import Final

from werknetz.kpi.definition import KpiSubject, KpiUnit, Trend, Undefined, Value, ratio
from werknetz.kpi.stock import turns
from werknetz.kpi.stock.days import STOCK_NOT_KNOWN
from werknetz.kpi.stock.elements import StockElements

WAREHOUSE: Final = KpiSubject("warehouse", StockElements, ("warehouse",))
_AUDIENCE: Final = ("supervisor", "management")
_TURNED: Final = ("outflow", "stock_s", "warehouse_s")
_APART: Final = "no unit costs are known, and the materials have different units"


@WAREHOUSE.kpi(
    number=24,
    formula="outflow / time-weighted average stock",
    inputs=_TURNED,
    trend=Trend.UP,
    unit=KpiUnit.COUNT,
    upper=None,
    audience=_AUDIENCE,
)
def inventory_turns(e: StockElements) -> Value:
    """How often the stock was used up in the window: not a rate, a month has fewer than a year."""
    return _reason_unmeasured(e) or turns.compute_turns(e.outflow, e.stock_s, e.warehouse_s)


@WAREHOUSE.kpi(
    number=None,
    formula="outflow / time-weighted average stock × 365 days / window",
    inputs=_TURNED,
    trend=Trend.UP,
    unit=KpiUnit.COUNT,
    upper=None,
    audience=_AUDIENCE,
)
def inventory_turns_per_year(e: StockElements) -> Value:
    """How often the stock would be used up in a year that went on like the window."""
    return _reason_unmeasured(e) or turns.compute_turns(
        e.outflow, e.stock_s, e.warehouse_s, annualised=True
    )


@WAREHOUSE.kpi(
    number=None,
    formula="time-weighted average stock / outflow a day",
    inputs=_TURNED,
    trend=Trend.DOWN,
    unit=KpiUnit.DAYS,
    upper=None,
    audience=_AUDIENCE,
)
def days_of_inventory(e: StockElements) -> Value:
    """How many days of past outflow the average stock covers; of planned demand: days of supply."""
    return _reason_unmeasured(e) or turns.days_of_inventory(e.outflow, e.stock_s, e.warehouse_s)


@WAREHOUSE.kpi(
    number=None,
    formula="time without stock / time in which stock is known, over all materials",
    inputs=("stock_out_s", "known_s"),
    trend=Trend.DOWN,
    audience=_AUDIENCE,
)
def stock_out_ratio(e: StockElements) -> Value:
    """Share of the materials' time without stock."""
    return ratio(e.stock_out_s, e.known_s, STOCK_NOT_KNOWN)


@WAREHOUSE.kpi(
    number=None,
    formula="stock-outs that began",
    inputs=("stock_outs", "known_s"),
    trend=Trend.DOWN,
    unit=KpiUnit.COUNT,
    upper=None,
    audience=_AUDIENCE,
)
def stock_outs(e: StockElements) -> Value:
    """How often a material ran out."""
    return e.stock_outs if e.known_s > 0 else Undefined(STOCK_NOT_KNOWN)


@WAREHOUSE.kpi(
    number=None,
    formula="time without stock / stock-outs that began",
    inputs=("stock_out_s", "stock_outs", "known_s"),
    trend=Trend.DOWN,
    unit=KpiUnit.SECONDS,
    upper=None,
    audience=_AUDIENCE,
)
def stock_out_duration(e: StockElements) -> Value:
    """Mean time without stock of the stock-outs in the window."""
    if e.known_s <= 0:
        return Undefined(STOCK_NOT_KNOWN)
    return ratio(e.stock_out_s, e.stock_outs, "nothing ran out")


def _reason_unmeasured(e: StockElements) -> Undefined | None:
    return Undefined(_APART) if e.unmeasured and e.stock_s <= 0 and e.outflow <= 0 else None
