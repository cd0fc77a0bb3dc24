"""Places as people name them: a key of a warehouse, a number of a material, in order, by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.store.session import ReadSession
from werknetz.store.tables.stock import warehouses
from werknetz.store.tables.supply import materials
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.supply_scope import MATERIAL, WAREHOUSE
from werknetz_core.http.list_params import ListParams
from werknetz_core.http.sorting import sort_and_paginate

_KEYS: Final = ("warehouse", "material")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a request names, as far as its key may see it."""

    warehouses: Mapping[int, str]  # id → key
    materials: list[int] | None  # None: all

    def has(self, place: StockPlace) -> bool:
        return place[0] in self.warehouses and (
            self.materials is None or place[1] in self.materials
        )


async def chosen(
    warehouse: Sequence[str],
    material: Sequence[str],
    session: ReadSession,
    principal: Principal,
) -> Chosen:
    query = sa.select(warehouses.c.id, warehouses.c.key).where(
        supply_scope.warehouse_visible(principal, warehouses.c.id),
        await supply_scope.name_condition(
            WAREHOUSE, warehouse, warehouses.c.id, session, principal
        ),
    )
    keys = {row.id: row.key for row in await session.execute(query)}
    named = (
        await supply_scope.resolve_ids(MATERIAL, material, session, principal) if material else None
    )
    return Chosen(keys, named)


async def materials_of(numbers: Sequence[int], session: ReadSession) -> dict[int, dict[str, Any]]:
    """Return number, description and unit of materials."""
    m = materials.c
    query = sa.select(m.id, m.number, m.description, m.unit).where(
        m.id == sa.func.any(sa.cast(list(numbers), sa.ARRAY(sa.Integer)))
    )
    return {
        row.id: {"material": row.number, "description": row.description, "unit": row.unit}
        for row in await session.execute(query)
    }


async def page_of(
    places: Sequence[tuple[int, StockPlace]],
    keys: Mapping[int, str],
    params: ListParams,
    session: ReadSession,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the places of a page with their names, and the cursor of the next.

    `row` of each is the number that came with its place.
    """
    known = await materials_of(sorted({place[1] for _, place in places}), session)
    rows = [
        {"row": row, "place": place, "warehouse": keys[place[0]], **known[place[1]],
         "tie": f"{keys[place[0]]} {known[place[1]]['material']}"}
        for row, place in places
    ]  # fmt: skip
    return sort_and_paginate(rows, params, default="warehouse", keys=_KEYS, tie="tie")


NAMES: Final = ("warehouse", "material", "description", "unit")


def names_in(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in NAMES}
