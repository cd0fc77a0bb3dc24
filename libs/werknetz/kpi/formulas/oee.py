"""Overall effectiveness: KPIs 6, 7 and 9 after ISO 22400-2, and the classic forms beside them.

All are formulas over sums. PRI × GQ is summed item by item, so that a mix of products or a group
of machines is judged by what its good items are worth: 14,400 good items at 1 s, then 100 at 144 s
that are all scrap, are 50 % of 480 minutes.

Machines and times without planned run time or good quantity are left out of both sides. The value
is over the time of known states; the strict one is over all of it. Both count what was made
outside planned busy time.
"""

from werknetz.kpi.definition import NO_BUSY_TIME, NO_DATA, Trend, Undefined, Value, kpi, ratio
from werknetz.kpi.elements import NEGLIGIBLE_S, Elements
from werknetz.kpi.formulas.reasons import NO_GOOD, NO_PRODUCED, NO_RUN_TIME

_INPUTS = (
    "judged_pri_gq_s", "judged_s", "pri_gq_s", "quantity_known_s", "gq", "gq_known_s", "pbt_s",
)  # fmt: skip
_MANAGEMENT = ("supervisor", "management")
_NO_PRODUCTION = "no production time"


def _strict_oee(e: Elements) -> Value:
    return ratio(e.pri_gq_s, e.quantity_known_s, NO_BUSY_TIME)


def _judge(e: Elements, planned_s: float, judged_s: float, reason: str) -> Value:
    """Return the planned run time of the good items as a share; nothing produced is a real 0."""
    if planned_s <= 0:
        return Undefined(reason)
    if judged_s >= NEGLIGIBLE_S:
        return e.judged_pri_gq_s / judged_s
    if e.gq_known_s <= 0:
        return Undefined(NO_GOOD)
    return Undefined(NO_RUN_TIME if e.quantity_known_s <= 0 else NO_DATA)


@kpi(
    number=6,
    formula="availability × effectiveness × quality = Σ(PRI × GQ) / ΣPBT, item by item",
    inputs=_INPUTS,
    trend=Trend.UP,
    upper=None,
    strict=_strict_oee,
    quantity_known="quantity_known_s",
    version=2,
)
def oee(e: Elements) -> Value:
    """Share of the planned busy time that the good parts would have needed as planned."""
    return _judge(e, e.pbt_s, e.judged_s, NO_BUSY_TIME)


def _processing_share(e: Elements) -> Value:
    """Return AUPT / APT; without good items it does not matter."""
    aupt_s = e.judged_apt_s + e.judged_aust_s
    return ratio(aupt_s, e.judged_apt_s, _NO_PRODUCTION)


def _strict_nee(e: Elements) -> Value:
    value, share = _strict_oee(e), _processing_share(e)
    if isinstance(value, Undefined) or not value:
        return value
    return share if isinstance(share, Undefined) else value * share


@kpi(
    number=7,
    formula="(AUPT / PBT) × effectiveness × quality = (AUPT / APT) × Σ(PRI × GQ) / ΣPBT",
    inputs=("judged_apt_s", "judged_aust_s", *_INPUTS),
    trend=Trend.UP,
    upper=None,
    strict=_strict_nee,
    quantity_known="quantity_known_s",
    version=2,
)
def nee(e: Elements) -> Value:
    """Net equipment effectiveness: as OEE, but set-up is not a loss."""
    value, share = _judge(e, e.pbt_s, e.judged_s, NO_BUSY_TIME), _processing_share(e)
    if isinstance(value, Undefined) or not value:
        return value
    return share if isinstance(share, Undefined) else value * share


@kpi(
    number=9,
    formula="Σ(PRI × PQ) / APT, item by item, where the state is known",
    inputs=("pace_pri_pq_s", "pace_apt_s", "pace_known_s", "pq", "pq_known_s"),
    trend=Trend.UP,
    upper=None,
    quantity_known="pace_known_s",
    version=2,
)
def effectiveness(e: Elements) -> Value:
    """Planned against actual time of what was produced; above 1 where plans are too easy."""
    if e.pace_apt_s > 0:
        return e.pace_pri_pq_s / e.pace_apt_s
    if e.pq_known_s <= 0:
        return Undefined(NO_PRODUCED)
    return Undefined(_NO_PRODUCTION if e.pace_known_s > 0 else NO_RUN_TIME)


@kpi(
    number=None,
    formula="(run / planned) × (ideal / run) × (good / total), planned = PBT, item by item",
    inputs=_INPUTS,
    trend=Trend.UP,
    upper=None,
    strict=_strict_oee,
    quantity_known="quantity_known_s",
    version=2,
)
def oee_classic(e: Elements) -> Value:
    """Classic OEE: run time over planned time, ideal over run time, good over all parts."""
    return _judge(e, e.pbt_s, e.judged_s, NO_BUSY_TIME)


def _strict_ooe(e: Elements) -> Value:
    return ratio(e.pri_gq_s, e.quantity_known_pot_s, "no planned operation time")


@kpi(
    number=None,
    formula="OEE × PBT / POT = Σ(PRI × GQ) / ΣPOT, item by item",
    inputs=("pot_s", "quantity_known_pot_s", *_INPUTS),
    trend=Trend.UP,
    upper=None,
    audience=_MANAGEMENT,
    strict=_strict_ooe,
    quantity_known="quantity_known_s",
    version=2,
)
def ooe(e: Elements) -> Value:
    """Overall operations effectiveness: breaks and planned maintenance count as losses, too."""
    judged_s = e.quantity_known_pot_s - (e.quantity_known_s - e.judged_s)
    return _judge(e, e.pot_s, judged_s, "no planned operation time")


def _strict_teep(e: Elements) -> Value:
    return ratio(e.pri_gq_s, e.quantity_known_calendar_s, "no time has passed")


@kpi(
    number=None,
    formula="OEE × PBT / calendar time = Σ(PRI × GQ) / calendar time, item by item",
    inputs=("pot_s", "off_shift_s", "quantity_known_calendar_s", *_INPUTS),
    trend=Trend.UP,
    upper=None,
    audience=_MANAGEMENT,
    strict=_strict_teep,
    quantity_known="quantity_known_s",
    version=2,
)
def teep(e: Elements) -> Value:
    """Total effective equipment performance: of all calendar time, at night and on Sunday too."""
    judged_s = e.quantity_known_calendar_s - (e.quantity_known_s - e.judged_s)
    return _judge(e, e.calendar_s, judged_s, "no time has passed")
