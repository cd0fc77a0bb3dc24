"""Places whose stock will fall below the minimum, and the lines that this stops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.kpi.stock.warning import ExpectedArrival, PlannedUse, Shortage, find_shortage
from werknetz_core.forecast.forecast import Forecast
from werknetz_core.forecast.inputs import LineDemand
from werknetz_core.forecast.shortage_warnings.schemas import LineAtRiskView


@dataclass(frozen=True, slots=True)
class PlaceShortage:
    """The shortage of one place. `row`: of the forecast; `demands`: of the requested lines."""

    row: int
    stock: float
    minimum: float
    shortage: Shortage
    demands: Sequence[LineDemand]


def find_place_shortages(
    forecast: Forecast, is_requested: Callable[[str], bool]
) -> list[PlaceShortage]:
    """Return the shortages that stop a requested line, the earliest first."""
    shortages: list[PlaceShortage] = []
    requested = {
        row: [demand for demand in demands if is_requested(demand.path)]
        for row, demands in forecast.demands.items()
        if forecast.is_known[row]
    }
    candidates = [row for row in _candidate_rows(forecast) if requested.get(row)]
    arrivals = _arrivals_by_row(forecast, candidates)
    for row in candidates:
        demands = forecast.demands[row]
        uses = [
            PlannedUse(
                demand.equipment_id, demand.per_hour, forecast.planned.spans_of(demand),
                demand.minimum,
            )
            for demand in demands
        ]  # fmt: skip
        stock = float(forecast.projection.opening[row, 0])
        horizon_us = forecast.day_edges[forecast.places[row][0]][-1]
        shortage = find_shortage(stock, uses, arrivals.get(row, ()), forecast.now_us, horizon_us)
        if shortage is None:
            continue
        minimum = forecast.minimum_of(row)
        stopped = [d for d in requested[row] if d.equipment_id in shortage.at_risk_us]
        if stopped:
            shortages.append(PlaceShortage(row, stock, minimum, shortage, stopped))
    return sorted(shortages, key=lambda short: (short.shortage.start_us, short.row))


def line_views(short: PlaceShortage) -> list[LineAtRiskView]:
    """Return the lines that the shortage stops, by path."""
    per_hour = {demand.path: 0.0 for demand in short.demands}
    minutes: dict[str, float] = {}
    for demand in short.demands:
        per_hour[demand.path] += demand.per_hour
        minutes[demand.path] = short.shortage.at_risk_us[demand.equipment_id] / 60e6
    return [
        LineAtRiskView(equipment=path, per_hour=per_hour[path], minutes_at_risk=minutes[path])
        for path in sorted(minutes)
    ]


def _candidate_rows(forecast: Forecast) -> list[int]:
    """Return the rows that would run short on some day if arrivals came at the end of the day."""
    minimum = np.zeros(len(forecast.places))
    for row in forecast.demands:
        minimum[row] = forecast.minimum_of(row)
    lowest = forecast.projection.opening - forecast.projection.demand
    has_demand = forecast.projection.demand.any(axis=1)
    is_short = has_demand & (lowest < minimum[:, None] - NEGLIGIBLE).any(axis=1)
    return [int(row) for row in np.flatnonzero(is_short)]


def _arrivals_by_row(forecast: Forecast, rows: Sequence[int]) -> dict[int, list[ExpectedArrival]]:
    is_selected = np.zeros(len(forecast.places), dtype=np.bool_)
    is_selected[np.array(rows, dtype=np.int64)] = True
    expected = forecast.arrivals
    mask = is_selected[expected.row] if len(expected.row) else np.zeros(0, dtype=np.bool_)
    arrivals: dict[int, list[ExpectedArrival]] = {}
    for row, at_us, quantity in zip(
        expected.row[mask].tolist(), expected.at_us[mask].tolist(),
        expected.quantity[mask].tolist(), strict=True,
    ):  # fmt: skip
        arrivals.setdefault(row, []).append(ExpectedArrival(at_us, quantity))
    return arrivals
