"""What became of the parts: KPIs 10, 14, 16 and 17 after ISO 22400-2."""

from werknetz.kpi.definition import Trend, Undefined, Value, kpi, ratio
from werknetz.kpi.elements import Elements

_NOTHING = "nothing was produced"


@kpi(number=10, formula="GQ / PQ", inputs=("gq", "pq"), trend=Trend.UP)
def quality_ratio(e: Elements) -> Value:
    """Share of the produced parts that were good."""
    return ratio(e.gq, e.pq, _NOTHING)


@kpi(number=14, formula="SQ / PSQ", inputs=("sq",), trend=Trend.DOWN, upper=None)
def actual_to_planned_scrap_ratio(_: Elements) -> Value:
    """Scrap against the scrap that was planned."""
    return Undefined("no planned scrap quantity is known")


@kpi(number=16, formula="SQ / PQ", inputs=("sq", "pq"), trend=Trend.DOWN)
def scrap_ratio(e: Elements) -> Value:
    """Share of the produced parts that became scrap."""
    return ratio(e.sq, e.pq, _NOTHING)


@kpi(number=17, formula="RQ / PQ", inputs=("rq", "pq"), trend=Trend.DOWN)
def rework_ratio(e: Elements) -> Value:
    """Share of the produced parts that had to be worked on again."""
    return ratio(e.rq, e.pq, _NOTHING)
