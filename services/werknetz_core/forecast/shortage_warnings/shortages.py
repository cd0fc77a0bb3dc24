"""Which materials of lines will run short: the few places worth a walk, and the walk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.kpi.stock.warning import ExpectedArrival, PlannedUse, Shortage, find_shortage
from werknetz_core.forecast.forecast import Forecast
from werknetz_core.forecast.inputs import Need


@dataclass(frozen=True, slots=True)
class Short:
    """A place that runs short: row of the outlook. `needs`: of the lines that were asked for."""

    row: int
    stock: float
    minimum: float
    shortage: Shortage
    needs: Sequence[Need]


def shortages(look: Forecast, is_asked: Callable[[str], bool]) -> list[Short]:
    """Return what stops the lines that are asked for, the soonest first."""
    found: list[Short] = []
    params = {
        row: [need for need in needs if is_asked(need.path)]
        for row, needs in look.needs.items()
        if look.is_known[row]
    }
    candidates = [row for row in _candidates(look) if params.get(row)]
    coming = _coming(look, candidates)
    for row in candidates:
        needs = look.needs[row]
        uses = [
            PlannedUse(need.equipment_id, need.per_hour, look.plans.spans(need), need.minimum)
            for need in needs
        ]
        stock = float(look.projection.opening[row, 0])
        horizon_us = look.edges[look.places[row][0]][-1]
        short = find_shortage(stock, uses, coming.get(row, ()), look.now_us, horizon_us)
        if short is None:
            continue
        minimum = max(need.minimum for need in needs)
        stopped = [need for need in params[row] if need.equipment_id in short.at_risk_us]
        if stopped:
            found.append(Short(row, stock, minimum, short, stopped))
    return sorted(found, key=lambda one: (one.shortage.start_us, one.row))


def _candidates(look: Forecast) -> list[int]:
    """Return the rows that could run short on some day if what arrives came at its end."""
    minimum = np.zeros(len(look.places))
    for row, needs in look.needs.items():
        minimum[row] = max(need.minimum for need in needs)
    lowest = look.projection.opening - look.projection.demand
    has_demand = look.projection.demand.any(axis=1)
    short = has_demand & (lowest < minimum[:, None] - NEGLIGIBLE).any(axis=1)
    return [int(row) for row in np.flatnonzero(short)]


def _coming(look: Forecast, rows: Sequence[int]) -> dict[int, list[ExpectedArrival]]:
    """Return what is expected at the places, by instant."""
    chosen = np.zeros(len(look.places), dtype=np.bool_)
    chosen[np.array(rows, dtype=np.int64)] = True
    told = look.expected
    mine = chosen[told.row] if len(told.row) else np.zeros(0, dtype=np.bool_)
    found: dict[int, list[ExpectedArrival]] = {}
    for row, at_us, quantity in zip(
        told.row[mine].tolist(), told.at_us[mine].tolist(), told.quantity[mine].tolist(),
        strict=True,
    ):  # fmt: skip
        found.setdefault(row, []).append(ExpectedArrival(at_us, quantity))
    return found
