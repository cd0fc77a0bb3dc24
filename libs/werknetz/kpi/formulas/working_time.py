"""How the planned time was used: KPIs 4, 5, 8 and 11 to 13 after ISO 22400-2.

Time of unknown state is neither run time nor loss: a value is over known time, and the strict one
beside it over all of it.
"""

from werknetz.kpi.definition import NO_BUSY_TIME, Trend, Value, kpi, ratio
from werknetz.kpi.elements import Elements

_NO_ORDER = "no order ran"


def _strict_allocation(e: Elements) -> Value:
    return ratio(e.aubt_s, e.pbt_s, NO_BUSY_TIME)


@kpi(
    number=4,
    formula="AUBT / PBT",
    inputs=("apt_s", "aust_s", "adet_s", "pbt_s", "unknown_s"),
    trend=Trend.UP,
    strict=_strict_allocation,
    version=2,
)
def allocation_efficiency(e: Elements) -> Value:
    """Share of the planned busy time in which the machine was busy with an order."""
    return ratio(e.aubt_s, e.known_pbt_s, NO_BUSY_TIME)


@kpi(
    number=5,
    formula="APT / AUBT",
    inputs=("apt_s", "aust_s", "adet_s"),
    trend=Trend.UP,
)
def utilization_efficiency(e: Elements) -> Value:
    """Share of the busy time in which value was added."""
    return ratio(e.apt_s, e.aubt_s, "the machine was not busy with an order")


def _strict_availability(e: Elements) -> Value:
    return ratio(e.apt_s, e.pbt_s, NO_BUSY_TIME)


@kpi(
    number=8,
    formula="APT / PBT",
    inputs=("apt_s", "pbt_s", "unknown_s"),
    trend=Trend.UP,
    strict=_strict_availability,
    version=2,
)
def availability(e: Elements) -> Value:
    """Share of the planned busy time in which value was added; set-up counts as a loss."""
    return ratio(e.apt_s, e.known_pbt_s, NO_BUSY_TIME)


@kpi(number=11, formula="AUST / AUPT", inputs=("apt_s", "aust_s"), trend=Trend.DOWN)
def setup_ratio(e: Elements) -> Value:
    """Share of the processing time that went into set-up."""
    return ratio(e.aust_s, e.aupt_s, "no processing time")


@kpi(
    number=12,
    formula="APT / (APT + ADET)",
    inputs=("apt_s", "adet_s"),
    trend=Trend.UP,
)
def technical_efficiency(e: Elements) -> Value:
    """Share of production in production and the delays that interrupted it."""
    return ratio(e.apt_s, e.apt_s + e.adet_s, "neither production nor delay")


def _strict_process_ratio(e: Elements) -> Value:
    return ratio(e.apt_s, e.aoet_s, _NO_ORDER)


@kpi(
    number=13,
    formula="APT / AOET",
    inputs=("apt_s", "aoet_s", "aoet_unknown_s"),
    trend=Trend.UP,
    strict=_strict_process_ratio,
    version=2,
)
def production_process_ratio(e: Elements) -> Value:
    """Share of the time in which orders ran that added value."""
    return ratio(e.apt_s, e.aoet_s - e.aoet_unknown_s, _NO_ORDER)
