"""Overall effectiveness: KPIs 6, 7 and 9 after ISO 22400-2, and the classic forms beside them.

All are formulas over sums: PRI × PQ is summed item by item, so that a product mix cancels.
"""

from werknetz.kpi.definition import NO_BUSY_TIME, Trend, Undefined, Value, kpi, ratio
from werknetz.kpi.elements import Elements

_INPUTS = ("pri_pq_s", "pbt_s", "gq", "pq")
_NO_PRI = "no planned run time per item is known"
_MANAGEMENT = ("supervisor", "management")


@kpi(
    number=6,
    formula="availability × effectiveness × quality ratio = (PRI × PQ / PBT) × (GQ / PQ)",
    inputs=_INPUTS,
    trend=Trend.UP,
    upper=None,
)
def oee(e: Elements) -> Value:
    """Share of the planned busy time that the good parts would have needed as planned."""
    return _good_run_time(e, e.pbt_s, NO_BUSY_TIME)


@kpi(
    number=7,
    formula="(AUPT / PBT) × effectiveness × quality ratio",
    inputs=("apt_s", "aust_s", *_INPUTS),
    trend=Trend.UP,
    upper=None,
)
def nee(e: Elements) -> Value:
    """Net equipment effectiveness: as OEE, but set-up is not a loss."""
    value = _good_run_time(e, e.pbt_s, NO_BUSY_TIME)
    if isinstance(value, Undefined) or e.pq == 0:
        return value
    return value * e.aupt_s / e.apt_s if e.apt_s else Undefined("no production time")


@kpi(
    number=9,
    formula="PRI × PQ / APT",
    inputs=("pri_pq_s", "pq", "apt_s"),
    trend=Trend.UP,
    upper=None,
)
def effectiveness(e: Elements) -> Value:
    """Planned against actual time of what was produced; above 1 where plans are too easy."""
    if e.pq and not e.pri_pq_s:
        return Undefined(_NO_PRI)
    return ratio(e.pri_pq_s, e.apt_s, "no production time")


@kpi(
    number=None,
    formula="(run / planned) × (ideal / run) × (good / total), planned = PBT",
    inputs=_INPUTS,
    trend=Trend.UP,
    upper=None,
)
def oee_classic(e: Elements) -> Value:
    """Classic OEE: run time over planned time, ideal over run time, good over all parts."""
    return _good_run_time(e, e.pbt_s, NO_BUSY_TIME)


@kpi(
    number=None,
    formula="OEE × PBT / POT",
    inputs=("pri_pq_s", "pot_s", "gq", "pq"),
    trend=Trend.UP,
    upper=None,
    audience=_MANAGEMENT,
)
def ooe(e: Elements) -> Value:
    """Overall operations effectiveness: breaks and planned maintenance count as losses, too."""
    return _good_run_time(e, e.pot_s, "no planned operation time")


@kpi(
    number=None,
    formula="OEE × PBT / calendar time",
    inputs=("pri_pq_s", "pot_s", "off_shift_s", "gq", "pq"),
    trend=Trend.UP,
    upper=None,
    audience=_MANAGEMENT,
)
def teep(e: Elements) -> Value:
    """Total effective equipment performance: of all calendar time, at night and on Sunday too."""
    return _good_run_time(e, e.calendar_s, "no time has passed")


def _good_run_time(e: Elements, whole_s: float, reason: str) -> Value:
    """Return the planned run time of the good parts as a share; nothing produced is a real 0."""
    if whole_s <= 0:
        return Undefined(reason)
    if e.pq <= 0:
        return 0.0
    if not e.pri_pq_s:
        return Undefined(_NO_PRI)
    return e.pri_pq_s * (e.gq / e.pq) / whole_s
