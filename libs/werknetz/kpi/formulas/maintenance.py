"""Failures and repair: KPIs 31 to 34 after ISO 22400-2.

The divisor, failures + 1 or failures, is an option that is shown beside the value. Times add up:
TTF = APT + AUST, TBF = TTF + TTR.
"""

from werknetz.kpi.definition import Divisor, Trend, Undefined, Value, kpi, mean_kpi, ratio
from werknetz.kpi.elements import Elements

_NO_FAILURE = "no failure"
_NOT_BUSY = "the machine was not busy with an order"


@mean_kpi(
    number=31,
    formula="ΣTBF / (FE + 1)",
    inputs=("apt_s", "aust_s", "ttr_s", "fe"),
    trend=Trend.UP,
)
def mtbf(e: Elements, divisor: Divisor) -> Value:
    """Mean operating time between failures."""
    return _mean(e.aupt_s + e.ttr_s, divisor.count_of(e), _NOT_BUSY)


@mean_kpi(
    number=32,
    formula="ΣTTF / (FE + 1)",
    inputs=("apt_s", "aust_s", "fe"),
    trend=Trend.UP,
)
def mttf(e: Elements, divisor: Divisor) -> Value:
    """Mean time to failure."""
    return _mean(e.aupt_s, divisor.count_of(e), _NOT_BUSY)


@mean_kpi(number=33, formula="ΣTTR / (FE + 1)", inputs=("ttr_s", "fe"), trend=Trend.DOWN)
def mttr(e: Elements, divisor: Divisor) -> Value:
    """Mean time to restoration."""
    return _mean(e.ttr_s, divisor.count_of(e), _NO_FAILURE)


@kpi(number=34, formula="CMT / (CMT + PMT)", inputs=("cmt_s", "pmt_s"), trend=Trend.DOWN)
def corrective_maintenance_ratio(e: Elements) -> Value:
    """Share of maintenance that was repair; much preventive maintenance flatters it."""
    return ratio(e.cmt_s, e.cmt_s + e.pmt_s, "no maintenance")


def _mean(total_s: float, count: float, reason: str) -> Value:
    if total_s <= 0:
        return Undefined(reason)
    return total_s / count if count > 0 else Undefined(_NO_FAILURE)
