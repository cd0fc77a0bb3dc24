"""Stock of the coming days, of all materials in all warehouses at once.

`project_all` needs a connection and the equipment; nothing of HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.forecast import columns
from werknetz_core.forecast.demand import Plans, day_edges
from werknetz_core.forecast.inputs import Connection, Loaded, Materials, Need, Warehouse, load
from werknetz_core.forecast.warehouse_of_relation import fed_by

DAY_US: Final = 24 * HOUR_US
LOST_AFTER_US: Final = 14 * DAY_US
"""What should have arrived longer ago is not counted on: it came, or it is lost, untold."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected when. By instant, so that it can be walked through."""

    row: Ints
    at_us: Ints
    quantity: Floats


@dataclass(frozen=True, slots=True)
class Forecast:
    """Row n is `places[n]`, in all arrays. `is_known`: somebody has counted what is there."""

    now_us: int
    places: Sequence[StockPlace]
    is_known: Sequence[bool]
    projection: Projection
    expected: Expected
    needs: Mapping[int, Sequence[Need]]  # by row
    feeding: Mapping[StockPlace, Sequence[int]]  # relations
    warehouses: Mapping[int, Warehouse]
    plans: Plans
    edges: Mapping[int, tuple[int, ...]]  # by warehouse: now, and the ends of the days


async def project_all(
    connection: Connection,
    tree: EquipmentTree,
    now_us: int,
    days: int = DAYS,
    *,
    materials: Materials = None,
) -> Forecast:
    """Project what has demand or arrivals; of materials that are named, everything."""
    # A day more than 24 hours a day: days of a change of clocks are longer.
    loaded = await load(connection, now_us, now_us + (days + 1) * DAY_US, materials)
    return forecast_of(loaded, tree, now_us, days, every=materials is not None)


def forecast_of(
    loaded: Loaded, tree: EquipmentTree, now_us: int, days: int, *, every: bool
) -> Forecast:
    edges = _edges(loaded, tree, now_us, days)
    taken_from = {need.place for need in loaded.needs}
    fed = fed_by(loaded.relations, loaded.warehouses.values(), taken_from, loaded.stock)
    coming = _Coming.of(loaded, fed, edges, now_us)
    places = sorted(taken_from | coming.places | (set(loaded.stock) if every else set()))
    rows = {place: n for n, place in enumerate(places)}
    expected = coming.by_row(rows)
    needs: dict[int, list[Need]] = {}
    plans = Plans(tree, now_us, max((each[-1] for each in edges.values()), default=now_us + 1))
    demand = np.zeros((len(places), days))
    for need in loaded.needs:
        row = rows[need.place]
        needs.setdefault(row, []).append(need)
        demand[row] += plans.demand(need, edges[need.place[0]])
    stock = [loaded.stock.get(place, (0.0, False)) for place in places]
    arrivals = _by_day(expected, places, edges, days)
    feeding: dict[StockPlace, list[int]] = {}
    for relation, place in fed.items():
        feeding.setdefault(place, []).append(relation)
    return Forecast(
        now_us, places, [known for _, known in stock],
        project(np.array([balance for balance, _ in stock], dtype=np.float64), arrivals, demand),
        expected, needs, feeding, loaded.warehouses, plans, edges,
    )  # fmt: skip


def zone_of(warehouse: Warehouse, tree: EquipmentTree) -> ZoneInfo:
    """Return the zone of the plant that a warehouse serves."""
    node = tree.nodes.get(warehouse.path or "")
    return ZoneInfo((node and node.time_zone) or "UTC")


def _edges(
    loaded: Loaded, tree: EquipmentTree, now_us: int, days: int
) -> dict[int, tuple[int, ...]]:
    by_zone: dict[str, tuple[int, ...]] = {}
    found = {}
    for warehouse in loaded.warehouses.values():
        zone = zone_of(warehouse, tree)
        if zone.key not in by_zone:
            by_zone[zone.key] = day_edges(zone, now_us, days)
        found[warehouse.id] = by_zone[zone.key]
    return found


@dataclass(frozen=True, slots=True)
class _Coming:
    """What is expected, by relation."""

    relation: Ints
    at_us: Ints
    quantity: Floats
    fed: Mapping[int, StockPlace]

    @classmethod
    def of(
        cls,
        loaded: Loaded,
        fed: Mapping[int, StockPlace],
        edges: Mapping[int, tuple[int, ...]],
        now_us: int,
    ) -> "_Coming":
        """Put together what is on its way and what is called off beyond that."""
        ids = [relation.id for relation in loaded.relations if relation.id in fed]
        tomorrow = np.zeros(max(ids, default=0) + 1, dtype=np.int64)
        for number in ids:
            tomorrow[number] = edges[fed[number][0]][1]
        sent, sent_us, sent_quantity = _in_transit(loaded.transit, tomorrow, now_us)
        relation, at_us, quantity = _due(loaded.due, tomorrow, now_us, sent, sent_quantity)
        return cls(
            np.concatenate([sent, relation]), np.concatenate([sent_us, at_us]),
            np.concatenate([sent_quantity, quantity]), fed,
        )  # fmt: skip

    @property
    def places(self) -> set[StockPlace]:
        return {self.fed[int(relation)] for relation in np.unique(self.relation)}

    def by_row(self, rows: Mapping[StockPlace, int]) -> Expected:
        row = np.zeros(int(self.relation.max(initial=0)) + 1, dtype=np.int64)
        for relation in np.unique(self.relation):
            row[relation] = rows[self.fed[int(relation)]]
        return Expected(row[self.relation], self.at_us, self.quantity)


def _in_transit(told: columns.Table, tomorrow: Ints, now_us: int) -> tuple[Ints, Ints, Floats]:
    """Return relation, instant and quantity; what is late is expected tomorrow."""
    relation, at_us = columns.numbers(told, "relation"), columns.instants(told, "arrives")
    kept = (at_us >= now_us - LOST_AFTER_US) & _is_fed(relation, tomorrow)
    relation, at_us = relation[kept], at_us[kept]
    at_us = np.where(at_us < now_us, tomorrow[relation], at_us)
    return relation, at_us, columns.quantities(told, "quantity")[kept]


def _due(
    told: columns.Table, tomorrow: Ints, now_us: int, sent: Ints, sent_quantity: Floats
) -> tuple[Ints, Ints, Floats]:
    """Return what is due and not on its way. What is overdue is left out: nobody has said when."""
    told = told[_is_fed(columns.numbers(told, "relation"), tomorrow)]
    due, ids = columns.instants(told, "due"), columns.numbers(told, "id")
    relation = columns.numbers(told, "relation")
    order = np.lexsort((ids, due, relation))
    relation, due = relation[order], due[order]
    until = columns.instants(told, "until")[order]
    carried = np.bincount(sent, sent_quantity, minlength=len(tomorrow))
    left = subtract_in_transit(
        relation, columns.quantities(told, "quantity")[order], carried.tolist()
    )
    # Within its window it may come until the window ends: nobody should count on it before.
    at_us = np.where(due >= now_us, due, until)
    kept = (left > 0) & (at_us > now_us)
    return relation[kept], at_us[kept], left[kept]


def _is_fed(relation: Ints, tomorrow: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    inside = relation < len(tomorrow)
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = inside & (
        tomorrow[np.where(inside, relation, 0)] > 0
    )
    return found


def _by_day(
    expected: Expected,
    places: Sequence[StockPlace],
    edges: Mapping[int, tuple[int, ...]],
    days: int,
) -> Floats:
    """Add up what is expected by place and day of its plant."""
    day = np.full(len(expected.row), -1, dtype=np.int64)
    kinds = {each: n for n, each in enumerate(dict.fromkeys(edges.values()))}
    kind = np.array([kinds[edges[warehouse]] for warehouse, _ in places], dtype=np.int64)
    for each, number in kinds.items():
        mine = kind[expected.row] == number
        day[mine] = np.searchsorted(np.array(each), expected.at_us[mine], side="right") - 1
    return sum_by_day(len(places), days, Arrivals(expected.row, day, expected.quantity))
