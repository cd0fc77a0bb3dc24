"""KPIs of suppliers: on time, in full, delay, despatch advices, stability of call-offs.

None of them is one of the 34 of ISO 22400-2. The policy shown beside each value defines what counts
as on time.
"""

from typing import Final

from werknetz.kpi.definition import KpiSubject, KpiUnit, Trend, Undefined, Value, ratio
from werknetz.kpi.supply.elements import SupplyElements

SUPPLIER: Final = KpiSubject("supplier", SupplyElements, ("supplier",))
_AUDIENCE: Final = ("supervisor", "management")
_NOTHING_DUE: Final = "no line was due"
_NO_ORDER: Final = "no order with a number was due"
_NOTHING_CAME: Final = "nothing came"


@SUPPLIER.kpi(
    number=None,
    formula="lines on time / lines due",
    inputs=("lines_on_time", "lines_due"),
    trend=Trend.UP,
    audience=_AUDIENCE,
)
def on_time_delivery(e: SupplyElements) -> Value:
    """Share of the lines that were filled inside their window."""
    return ratio(e.lines_on_time, e.lines_due, _NOTHING_DUE)


@SUPPLIER.kpi(
    number=None,
    formula="lines in full / lines due",
    inputs=("lines_in_full", "lines_due"),
    trend=Trend.UP,
    audience=_AUDIENCE,
)
def in_full(e: SupplyElements) -> Value:
    """Share of the lines that were filled up to the tolerance when their window ended."""
    return ratio(e.lines_in_full, e.lines_due, _NOTHING_DUE)


@SUPPLIER.kpi(
    number=None,
    formula="lines on time and in full / lines due",
    inputs=("lines_otif", "lines_due"),
    trend=Trend.UP,
    audience=_AUDIENCE,
)
def otif(e: SupplyElements) -> Value:
    """Share of the lines that were on time and in full."""
    return ratio(e.lines_otif, e.lines_due, _NOTHING_DUE)


@SUPPLIER.kpi(
    number=None,
    formula="orders with every line on time and in full / orders due",
    inputs=("orders_otif", "orders_due"),
    trend=Trend.UP,
    audience=_AUDIENCE,
)
def otif_orders(e: SupplyElements) -> Value:
    """Share of the orders of which every line was on time and in full."""
    return ratio(e.orders_otif, e.orders_due, _NO_ORDER)


@SUPPLIER.kpi(
    number=None,
    formula="quantity there when the window ended / quantity due",
    inputs=("quantity_in_window", "quantity_due"),
    trend=Trend.UP,
    audience=_AUDIENCE,
)
def fill_rate(e: SupplyElements) -> Value:
    """Share of the quantity due that was there when its window ended."""
    return ratio(e.quantity_in_window, e.quantity_due, _NOTHING_DUE)


@SUPPLIER.kpi(
    number=None,
    formula="Σ (quantity × delay) / Σ quantity, of lines that are late",
    inputs=("quantity_delay_s", "quantity_late", "lines_due"),
    trend=Trend.DOWN,
    unit=KpiUnit.SECONDS,
    upper=None,
    audience=_AUDIENCE,
)
def delay_severity(e: SupplyElements) -> Value:
    """Mean delay after the due date of what was late, weighted by quantity."""
    if e.lines_due and not e.quantity_late:
        return 0.0
    return ratio(e.quantity_delay_s, e.quantity_late, _NOTHING_DUE)


@SUPPLIER.kpi(
    number=None,
    formula="deliveries announced before they came and just as they came / deliveries",
    inputs=("asn_accurate", "asn_due"),
    trend=Trend.UP,
    audience=_AUDIENCE,
)
def asn_accuracy(e: SupplyElements) -> Value:
    """Share of the deliveries with a despatch advice that was there before and was right."""
    return ratio(e.asn_accurate, e.asn_due, _NOTHING_CAME)


@SUPPLIER.kpi(
    number=None,
    formula="deliveries announced before they came / deliveries",
    inputs=("asn_announced", "asn_due"),
    trend=Trend.UP,
    audience=_AUDIENCE,
)
def asn_presence(e: SupplyElements) -> Value:
    """Share of the deliveries that were announced before they came."""
    return ratio(e.asn_announced, e.asn_due, _NOTHING_CAME)


@SUPPLIER.kpi(
    number=None,
    formula="Σ (arrival - announcement) / deliveries with a despatch advice",
    inputs=("asn_lead_s", "asn_matched"),
    trend=Trend.UP,
    unit=KpiUnit.SECONDS,
    lower=None,
    upper=None,
    audience=_AUDIENCE,
)
def asn_lead(e: SupplyElements) -> Value:
    """Mean time from the despatch advice to the arrival; negative where advices come after it."""
    if not e.asn_matched:
        return Undefined("nothing came that had a despatch advice")
    return e.asn_lead_s / e.asn_matched


@SUPPLIER.kpi(
    number=None,
    formula="1 - changed / called off, inside the frozen zone",
    inputs=("frozen_changed", "frozen_quantity"),
    trend=Trend.UP,
    audience=_AUDIENCE,
)
def call_off_stability(e: SupplyElements) -> Value:
    """Share of the quantity in the frozen zone that the next call-off left as it was."""
    changed = ratio(e.frozen_changed, e.frozen_quantity, "no call-off followed another")
    return changed if isinstance(changed, Undefined) else 1 - changed


@SUPPLIER.kpi(
    number=None,
    formula="quantity beyond all that was called off / quantity received",
    inputs=("quantity_over", "quantity_received"),
    trend=Trend.DOWN,
    audience=_AUDIENCE,
)
def over_delivery(e: SupplyElements) -> Value:
    """Share of the received quantity that was never called off."""
    return ratio(e.quantity_over, e.quantity_received, _NOTHING_CAME)


@SUPPLIER.kpi(
    number=None,
    formula="quantity rejected / (received + rejected)",
    inputs=("quantity_rejected", "quantity_received"),
    trend=Trend.DOWN,
    audience=_AUDIENCE,
)
def rejection_ratio(e: SupplyElements) -> Value:
    """Share of what stood at the gate that was rejected."""
    return ratio(e.quantity_rejected, e.quantity_received + e.quantity_rejected, _NOTHING_CAME)
