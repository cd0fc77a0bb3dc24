"""What became of the parts: KPIs 10, 14, 16 and 17 after ISO 22400-2.

Each is over the machines and times in which its quantities are reported. Of produced, good and
scrap, two give the third.
"""

from werknetz.kpi.definition import Trend, Undefined, Value, kpi, ratio
from werknetz.kpi.elements import Elements
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.kpi.formulas.reasons import (
    NO_GOOD,
    NO_PRODUCED,
    NO_REWORK,
    NO_RUN_TIME,
    NO_SCRAP,
    NOTHING_PRODUCED,
)

_REPORTED = ("quality_known_s", "pq_known_s", "gq_known_s", "sq_known_s")


@kpi(
    number=10,
    formula="GQ / PQ",
    inputs=("quality_gq", "quality_pq", "gq", "pq", *_REPORTED),
    trend=Trend.UP,
    quantity_known="quality_known_s",
    version=2,
)
def quality_ratio(e: Elements) -> Value:
    """Share of the produced parts that were good, by count."""
    return _of_produced(e, e.quality_gq)


@kpi(
    number=None,
    formula="Σ(PRI × GQ) / Σ(PRI × PQ), item by item",
    inputs=(
        "quality_pri_gq_s",
        "quality_pri_pq_s",
        "quality_pq",
        "quality_pri_known_s",
        *_REPORTED,
    ),
    trend=Trend.UP,
    quantity_known="quality_pri_known_s",
)
def earned_quality_ratio(e: Elements) -> Value:
    """Share of the planned run time of the produced parts that went into good ones."""
    if e.quality_pri_pq_s > 0:
        return e.quality_pri_gq_s / e.quality_pri_pq_s
    value = _of_produced(e, e.quality_pq)
    return value if isinstance(value, Undefined) else Undefined(NO_RUN_TIME)


@kpi(
    number=14,
    formula="SQ / PSQ",
    inputs=("quality_sq", "quality_pq", "psq", "psq_entries", *_REPORTED),
    trend=Trend.DOWN,
    upper=None,
    quantity_known="quality_known_s",
    version=2,
)
def actual_to_planned_scrap_ratio(e: EquipmentElements) -> Value:
    """Scrap against the scrap that was planned."""
    if not e.psq_entries:
        return Undefined("no planned scrap quantity is entered")
    judged = _of_produced(e, e.quality_sq)
    if isinstance(judged, Undefined):
        return judged
    return ratio(e.quality_sq, e.psq, "the planned scrap quantity is 0")


@kpi(
    number=16,
    formula="SQ / PQ",
    inputs=("quality_sq", "quality_pq", "sq", "pq", *_REPORTED),
    trend=Trend.DOWN,
    quantity_known="quality_known_s",
    version=2,
)
def scrap_ratio(e: Elements) -> Value:
    """Share of the produced parts that became scrap."""
    return _of_produced(e, e.quality_sq)


@kpi(
    number=17,
    formula="RQ / PQ",
    inputs=("rework_rq", "rework_pq", "rq", "pq", "rework_known_s", "pq_known_s", "rq_known_s"),
    trend=Trend.DOWN,
    quantity_known="rework_known_s",
    version=2,
)
def rework_ratio(e: Elements) -> Value:
    """Share of the produced parts that had to be worked on again."""
    if e.rework_pq > 0:
        return e.rework_rq / e.rework_pq
    if e.rq_known_s <= 0:
        return Undefined(NO_REWORK)
    return Undefined(NO_PRODUCED if e.pq_known_s <= 0 else NOTHING_PRODUCED)


def _of_produced(e: Elements, quantity: float) -> Value:
    """Return the share of the produced parts where all three quantities are known."""
    if e.quality_pq > 0 or e.quality_known_s > 0:
        return ratio(quantity, e.quality_pq, NOTHING_PRODUCED)
    if e.gq_known_s <= 0:
        return Undefined(NO_GOOD)
    return Undefined(NO_PRODUCED if e.pq_known_s <= 0 else NO_SCRAP if e.sq_known_s <= 0 else
                     NOTHING_PRODUCED)  # fmt: skip
