"""KPIs 2, 3 and 18 after ISO 22400-2: of one production order over all its machines.

Every other KPI over elements of machines can be asked for an order, too.
"""

from typing import Final

from werknetz.kpi.definition import KpiSubject, KpiUnit, Trend, Undefined, Value, ratio
from werknetz.kpi.formulas.reasons import NO_PRODUCED, NO_SCRAP, NOTHING_PRODUCED
from werknetz.kpi.orders.elements import OrderElements

NOT_STARTED: Final = "the order has not run"
_SHARED: Final = (
    "a machine of the {} operation works on another operation of the order, too: "
    "what it produced cannot be divided between them"
)
ORDER: Final = KpiSubject("order", OrderElements, ("order",))
_SUPERVISION: Final = ("supervisor", "management")


def _strict_allocation_ratio(e: OrderElements) -> Value:
    return ratio(e.aubt_s, e.aoet_s, NOT_STARTED)


@ORDER.kpi(
    number=2,
    formula="Σ AUBT / AOET",
    inputs=("apt_s", "aust_s", "adet_s", "aoet_s", "aoet_unknown_s"),
    trend=Trend.UP,
    upper=None,
    audience=_SUPERVISION,
    strict=_strict_allocation_ratio,
)
def allocation_ratio(e: OrderElements) -> Value:
    """Busy time of all machines of an order against its execution time."""
    return ratio(e.aubt_s, e.aoet_s - e.aoet_unknown_s, NOT_STARTED)


@ORDER.kpi(
    number=3,
    formula="PQ / AOET, PQ of the last operation",
    inputs=("last_pq", "last_known_s", "aoet_s"),
    trend=Trend.UP,
    unit=KpiUnit.ITEMS_PER_SECOND,
    upper=None,
    audience=_SUPERVISION,
)
def throughput_rate(e: OrderElements) -> Value:
    """Items that an order produces in its execution time."""
    if e.aoet_s <= 0:
        return Undefined(NOT_STARTED)
    if e.last_shared:
        return Undefined(_SHARED.format("last"))
    return e.last_pq / e.aoet_s if e.last_known_s > 0 else Undefined(NO_PRODUCED)


@ORDER.kpi(
    number=18,
    formula="SQ / PQ of the first operation",
    inputs=("sq", "sq_known_s", "first_pq", "first_known_s"),
    trend=Trend.DOWN,
    audience=_SUPERVISION,
    quantity_known="quality_known_s",
)
def fall_off_ratio(e: OrderElements) -> Value:
    """Scrap of all operations of an order against what its first operation produced."""
    if e.aoet_s <= 0:
        return Undefined(NOT_STARTED)
    if e.sq_known_s <= 0:
        return Undefined(NO_SCRAP)
    if e.first_shared:
        return Undefined(_SHARED.format("first"))
    if e.first_known_s <= 0:
        return Undefined(NO_PRODUCED)
    return ratio(e.sq, e.first_pq, NOTHING_PRODUCED)
