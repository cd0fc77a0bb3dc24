"""The forecast of stock for the coming days, for all materials in all warehouses at once.

`load_forecast` needs a connection and the equipment tree, nothing of HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from werknetz.kpi.stock.plan import HOUR_US
from werknetz.kpi.stock.projection import (
    DAYS,
    Arrivals,
    Floats,
    Ints,
    Projection,
    project,
    subtract_in_transit,
    sum_by_day,
)
from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.store.encoding.binary_rows import Rows, float_column, instant_column, int_column
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.forecast.demand import PlannedDemand, local_day_edges
from werknetz_core.forecast.inputs import (
    Connection,
    ForecastInputs,
    LineDemand,
    MaterialIds,
    Warehouse,
    load_inputs,
)
from werknetz_core.forecast.warehouse_of_relation import place_by_relation

DAY_US: Final = 24 * HOUR_US
LOST_AFTER_US: Final = 14 * DAY_US
"""A shipment that is overdue for longer is not expected any more: it arrived or was lost."""

BoolMask = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class ExpectedArrivals:
    """Arrays with one entry for each expected arrival. `row`: index of its place."""

    row: Ints
    at_us: Ints
    quantity: Floats
    is_shipped: BoolMask  # false: called off and not shipped yet


@dataclass(frozen=True, slots=True)
class Forecast:
    """Row n of all arrays is `places[n]`. `is_known`: its stock was counted at least once."""

    now_us: int
    places: Sequence[StockPlace]
    is_known: Sequence[bool]
    projection: Projection
    arrivals: ExpectedArrivals
    demands: Mapping[int, Sequence[LineDemand]]  # by row
    shipped: Floats  # by row and day: the arrivals that are in transit
    relations: Mapping[StockPlace, Sequence[int]]  # that deliver to the place
    warehouses: Mapping[int, Warehouse]
    planned: PlannedDemand
    day_edges: Mapping[int, tuple[int, ...]]  # by warehouse: now, and the ends of the days

    def minimum_of(self, row: int) -> float:
        """Return the largest minimum that a line has of the place."""
        return max((demand.minimum for demand in self.demands.get(row, ())), default=0.0)


async def load_forecast(
    connection: Connection,
    tree: EquipmentTree,
    now_us: int,
    days: int = DAYS,
    *,
    material_ids: MaterialIds = None,
) -> Forecast:
    """Project places with demand or arrivals; of requested materials, all places."""
    # One day more than `days` of 24 hours: a day with a clock change is longer.
    inputs = await load_inputs(connection, now_us, now_us + (days + 1) * DAY_US, material_ids)
    return compute_forecast(inputs, tree, now_us, days, all_stocked=material_ids is not None)


def compute_forecast(
    inputs: ForecastInputs, tree: EquipmentTree, now_us: int, days: int, *, all_stocked: bool
) -> Forecast:
    """Compute the forecast. `all_stocked`: include places without demand or arrivals."""
    edges = _edges_by_warehouse(inputs, tree, now_us, days)
    consumed = {demand.place for demand in inputs.demands}
    place_of = place_by_relation(
        inputs.relations, inputs.warehouses.values(), consumed, inputs.stock
    )
    expected = _RelationArrivals.from_inputs(inputs, place_of, edges, now_us)
    stocked = set(inputs.stock) if all_stocked else set()
    places = sorted(consumed | expected.places | stocked)
    rows = {place: n for n, place in enumerate(places)}
    arrivals = expected.by_row(rows)
    demands: dict[int, list[LineDemand]] = {}
    last_us = max((day_ends[-1] for day_ends in edges.values()), default=now_us + 1)
    planned = PlannedDemand(tree, now_us, last_us)
    quantities = np.zeros((len(places), days))
    for demand in inputs.demands:
        row = rows[demand.place]
        demands.setdefault(row, []).append(demand)
        quantities[row] += planned.quantities(demand, edges[demand.place[0]])
    stock = [inputs.stock.get(place, (0.0, False)) for place in places]
    balances = np.array([balance for balance, _ in stock], dtype=np.float64)
    relations: dict[StockPlace, list[int]] = {}
    for relation_id, place in place_of.items():
        relations.setdefault(place, []).append(relation_id)

    def sums(quantity: Floats) -> Floats:
        return _sum_by_place_and_day(replace(arrivals, quantity=quantity), places, edges, days)

    return Forecast(
        now_us, places, [is_counted for _, is_counted in stock],
        project(balances, sums(arrivals.quantity), quantities), arrivals, demands,
        sums(np.where(arrivals.is_shipped, arrivals.quantity, 0.0)), relations,
        inputs.warehouses, planned, edges,
    )  # fmt: skip


def zone_of(warehouse: Warehouse, tree: EquipmentTree) -> ZoneInfo:
    """Return the time zone of the plant that a warehouse serves."""
    node = tree.nodes.get(warehouse.path or "")
    return ZoneInfo((node and node.time_zone) or "UTC")


def _edges_by_warehouse(
    inputs: ForecastInputs, tree: EquipmentTree, now_us: int, days: int
) -> dict[int, tuple[int, ...]]:
    by_zone: dict[str, tuple[int, ...]] = {}
    by_warehouse = {}
    for warehouse in inputs.warehouses.values():
        zone = zone_of(warehouse, tree)
        if zone.key not in by_zone:
            by_zone[zone.key] = local_day_edges(zone, now_us, days)
        by_warehouse[warehouse.id] = by_zone[zone.key]
    return by_warehouse


@dataclass(frozen=True, slots=True)
class _RelationArrivals:
    """Arrays with one entry for each expected arrival, by relation; shipped ones come first."""

    relation: Ints
    at_us: Ints
    quantity: Floats
    shipped_count: int
    place_of: Mapping[int, StockPlace]

    @classmethod
    def from_inputs(
        cls,
        inputs: ForecastInputs,
        place_of: Mapping[int, StockPlace],
        edges: Mapping[int, tuple[int, ...]],
        now_us: int,
    ) -> "_RelationArrivals":
        """Combine shipments in transit with due lines that they do not cover."""
        ids = [relation.id for relation in inputs.relations if relation.id in place_of]
        tomorrow_us = np.zeros(max(ids, default=0) + 1, dtype=np.int64)  # 0: has no place
        for relation_id in ids:
            tomorrow_us[relation_id] = edges[place_of[relation_id][0]][1]
        shipped, shipped_us, shipped_quantity = _in_transit(inputs.in_transit, tomorrow_us, now_us)
        covered = np.bincount(shipped, shipped_quantity, minlength=len(tomorrow_us)).astype(float)
        due, due_us, due_quantity = _not_shipped(inputs.due_lines, tomorrow_us, now_us, covered)
        return cls(
            np.concatenate([shipped, due]), np.concatenate([shipped_us, due_us]),
            np.concatenate([shipped_quantity, due_quantity]), len(shipped), place_of,
        )  # fmt: skip

    @property
    def places(self) -> set[StockPlace]:
        return {self.place_of[int(relation)] for relation in np.unique(self.relation)}

    def by_row(self, rows: Mapping[StockPlace, int]) -> ExpectedArrivals:
        row = np.zeros(int(self.relation.max(initial=0)) + 1, dtype=np.int64)
        for relation in np.unique(self.relation):
            row[relation] = rows[self.place_of[int(relation)]]
        is_shipped = np.arange(len(self.relation)) < self.shipped_count
        return ExpectedArrivals(row[self.relation], self.at_us, self.quantity, is_shipped)


def _in_transit(lines: Rows, tomorrow_us: Ints, now_us: int) -> tuple[Ints, Ints, Floats]:
    """Return relation, instant and quantity; a late shipment is expected tomorrow."""
    relation, at_us = int_column(lines, "relation"), instant_column(lines, "arrives")
    is_expected = (at_us >= now_us - LOST_AFTER_US) & _has_place(relation, tomorrow_us)
    relation, at_us = relation[is_expected], at_us[is_expected]
    at_us = np.where(at_us < now_us, tomorrow_us[relation], at_us)
    return relation, at_us, float_column(lines, "quantity")[is_expected]


def _not_shipped(
    lines: Rows, tomorrow_us: Ints, now_us: int, covered: Floats
) -> tuple[Ints, Ints, Floats]:
    """Return due quantities that are not in transit. Overdue ones are left out: no date is known.

    `covered`: quantity in transit, by relation.
    """
    lines = lines[_has_place(int_column(lines, "relation"), tomorrow_us)]
    due_us, ids = instant_column(lines, "due"), int_column(lines, "id")
    relation = int_column(lines, "relation")
    order = np.lexsort((ids, due_us, relation))
    relation, due_us = relation[order], due_us[order]
    until_us = instant_column(lines, "until")[order]
    quantity = float_column(lines, "quantity")[order]
    left = subtract_in_transit(relation, quantity, covered.tolist())
    # Within its window a line may come until the window ends: do not expect it earlier.
    at_us = np.where(due_us >= now_us, due_us, until_us)
    is_expected = (left > 0) & (at_us > now_us)
    return relation[is_expected], at_us[is_expected], left[is_expected]


def _has_place(relation: Ints, tomorrow_us: Ints) -> BoolMask:
    is_inside = relation < len(tomorrow_us)
    mask: BoolMask = is_inside & (tomorrow_us[np.where(is_inside, relation, 0)] > 0)
    return mask


def _sum_by_place_and_day(
    arrivals: ExpectedArrivals,
    places: Sequence[StockPlace],
    edges: Mapping[int, tuple[int, ...]],
    days: int,
) -> Floats:
    """Sum the arrivals by place and day of its plant."""
    day = np.full(len(arrivals.row), -1, dtype=np.int64)
    zone_numbers = {day_ends: n for n, day_ends in enumerate(dict.fromkeys(edges.values()))}
    zone = np.array([zone_numbers[edges[warehouse]] for warehouse, _ in places], dtype=np.int64)
    for day_ends, number in zone_numbers.items():
        in_zone = zone[arrivals.row] == number
        day[in_zone] = (
            np.searchsorted(np.array(day_ends), arrivals.at_us[in_zone], side="right") - 1
        )
    return sum_by_day(len(places), days, Arrivals(arrivals.row, day, arrivals.quantity))
