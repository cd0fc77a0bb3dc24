"""Requested warehouses and materials, and pages of places with their names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.store.session import ReadSession
from werknetz.store.tables.stock import warehouses
from werknetz.store.tables.supply import materials
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.supply_filters import StockFilters
from werknetz_core.access.supply_scope import MATERIAL, WAREHOUSE
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.list_params import ListParams
from werknetz_core.http.sorting import sort_and_paginate

WARNING_DAYS: Final = 14  # the horizon of shortage warnings
HORIZON_DAYS_MAX: Final = 56
_SORT_KEYS: Final = ("warehouse", "material")
_NAMES: Final = ("warehouse", "material", "description", "unit")


@dataclass(frozen=True, slots=True)
class PlaceSelection:
    """The requested warehouses and materials, restricted to what the key may see."""

    warehouses: Mapping[int, str]  # id → key
    material_ids: list[int] | None  # None: all

    def contains(self, place: StockPlace) -> bool:
        return place[0] in self.warehouses and (
            self.material_ids is None or place[1] in self.material_ids
        )


async def equipment_predicate(
    under: Sequence[str], context: AppContext, principal: Principal
) -> Callable[[str], bool]:
    """Return whether an equipment is requested and the key may see it."""
    for path in under:
        await context.tree.find_node(path, principal)

    def is_requested(path: str) -> bool:
        inside = not under or any(path == root or path.startswith(f"{root}/") for root in under)
        return inside and principal.can_see(path)

    return is_requested


async def load_selection(
    filters: StockFilters, session: ReadSession, principal: Principal
) -> PlaceSelection:
    query = sa.select(warehouses.c.id, warehouses.c.key).where(
        supply_scope.warehouse_visible(principal, warehouses.c.id),
        await supply_scope.name_condition(
            WAREHOUSE, filters.warehouse, warehouses.c.id, session, principal
        ),
    )
    keys = {row.id: row.key for row in await session.execute(query)}
    if not filters.material:
        return PlaceSelection(keys, None)
    material_ids = await supply_scope.resolve_ids(MATERIAL, filters.material, session, principal)
    return PlaceSelection(keys, material_ids)


async def load_material_names(
    material_ids: Sequence[int], session: ReadSession
) -> dict[int, dict[str, Any]]:
    """Return number, description and unit of materials."""
    m = materials.c
    query = sa.select(m.id, m.number, m.description, m.unit).where(
        m.id == sa.func.any(sa.cast(list(material_ids), sa.ARRAY(sa.Integer)))
    )
    return {
        row.id: {"material": row.number, "description": row.description, "unit": row.unit}
        for row in await session.execute(query)
    }


async def paginate_places(
    places: Sequence[tuple[int, StockPlace]],
    keys: Mapping[int, str],
    params: ListParams,
    session: ReadSession,
    ranks: Mapping[str, Mapping[StockPlace, int]] | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the places of a page with their names, and the cursor of the next page.

    `places`: each with a number, which the result has as `row`. `keys`: of the warehouses.
    `ranks`: further orders of the places, by sort key. A cursor holds the number of a place, so it
    must not depend on the other places.
    """
    ranks = ranks or {}
    names = await load_material_names(sorted({place[1] for _, place in places}), session)
    rows = [
        {"row": row, "place": place, "warehouse": keys[place[0]], **names[place[1]],
         "tie": f"{keys[place[0]]} {names[place[1]]['material']}",
         **{name: by_place.get(place, 0) for name, by_place in ranks.items()}}
        for row, place in places
    ]  # fmt: skip
    return sort_and_paginate(
        rows, params, default="warehouse", keys=(*_SORT_KEYS, *ranks), tie="tie"
    )


def place_number(place: StockPlace) -> int:
    """Return a number that a place has for ever, for cursors."""
    return place[0] << 32 | place[1]


def names_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _NAMES}
