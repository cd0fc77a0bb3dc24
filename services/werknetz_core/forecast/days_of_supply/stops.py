"""When stock runs out, what arrives next, and which lines a shortage stops before that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np

from werknetz.domain.bucket import TIME_MAX_US, instant_of
from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.kpi.stock.warning import PlannedUse, find_shortage
from werknetz_core.forecast.demand import PlannedDemand
from werknetz_core.forecast.forecast import Forecast
from werknetz_core.forecast.inputs import LineDemand
from werknetz_core.forecast.shortage_warnings.schemas import ArrivalView, LineAtRiskView
from werknetz_core.forecast.shortage_warnings.shortages import (
    PlaceShortage,
    find_place_shortages,
    line_views,
)

HORIZON_DAYS: Final = 14
"""As long as that of shortage warnings, so that both name the same lines and minutes."""


@dataclass(frozen=True, slots=True)
class ExpectedStops:
    """The shortages and next arrivals by place; empty for a time that is not now."""

    shortages: dict[StockPlace, PlaceShortage] = field(default_factory=dict)
    arrivals: dict[StockPlace, ArrivalView] = field(default_factory=dict)

    @classmethod
    def of(cls, forecast: Forecast, is_requested: Callable[[str], bool]) -> "ExpectedStops":
        shortages = {
            forecast.places[short.row]: short
            for short in find_place_shortages(forecast, is_requested)
        }
        return cls(shortages, _next_arrivals(forecast))

    def fields_of(self, place: StockPlace) -> dict[str, object]:
        """Return what a view shows of the place beside its stock."""
        short = self.shortages.get(place)
        lines: list[LineAtRiskView] = [] if short is None else line_views(short)
        return {
            "next_arrival": self.arrivals.get(place),
            "stops_at": None if short is None else instant_of(short.shortage.start_us),
            "stops_until": None if short is None else instant_of(short.shortage.end_us),
            "minutes_at_risk": sum(line.minutes_at_risk for line in lines),
            "lines": lines,
        }


def runs_out_at(
    stock: float | None, demands: Sequence[LineDemand], planned: PlannedDemand, edges: Sequence[int]
) -> datetime | None:
    """Return when nothing is left if nothing arrives; None: unknown, or not within the horizon."""
    if stock is None or not demands:
        return None
    if stock <= NEGLIGIBLE:
        return instant_of(edges[0])
    uses = [
        PlannedUse(demand.equipment_id, demand.per_hour, planned.spans_of(demand))
        for demand in demands
    ]
    shortage = find_shortage(stock, uses, (), edges[0], edges[-1])
    return None if shortage is None else instant_of(shortage.start_us)


def _next_arrivals(forecast: Forecast) -> dict[StockPlace, ArrivalView]:
    expected, count = forecast.arrivals, len(forecast.places)
    earliest = np.full(count, TIME_MAX_US, dtype=np.int64)
    np.minimum.at(earliest, expected.row, expected.at_us)
    is_next = expected.at_us == earliest[expected.row]
    quantity = np.bincount(expected.row[is_next], expected.quantity[is_next], minlength=count)
    return {
        place: ArrivalView(at=instant_of(int(earliest[row])), quantity=float(quantity[row]))
        for row, place in enumerate(forecast.places)
        if earliest[row] < TIME_MAX_US
    }
