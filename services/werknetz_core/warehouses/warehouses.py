"""Warehouses: where they are, as messages call them, and which events move their stock."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from werknetz.runtime.log import logger
from werknetz.store.finding import findings
from werknetz.store.master_data import AGAIN_OF_WAREHOUSES, ALONE, MARK_WAREHOUSE
from werknetz.store.stock import (
    locations,
    stock_counts,
    stock_items,
    stock_movements,
    warehouses,
)
from werknetz.store.supply import sites
from werknetz.store.tables import equipment
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.supply_scope import SITE, WAREHOUSE
from werknetz_core.context.app_context import Core, Engineer, Platform, Reading, Viewer, Writing
from werknetz_core.context.collection import paged
from werknetz_core.http import pagination
from werknetz_core.http.key_format import checked_key
from werknetz_core.http.list_params import Asked
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Key, Sorting
from werknetz_core.warehouses.schemas import WarehouseChange, WarehouseDetailView, WarehouseView

router = APIRouter(tags=["stock"])
_W, _I = warehouses.c, stock_items.c
_SORTING: Final = Sorting("key", tie=Key(_W.key), keys={"key": Key(_W.key), "name": Key(_W.name)})
_log: Final = logger("core.supply")


@router.get("/warehouses")
async def list_warehouses(
    request: Request, reading: Reading, principal: Viewer, asked: Asked
) -> pagination.Page[WarehouseView]:
    """List warehouses. Sort: key, name."""
    query = _SHOWN.where(supply_scope.warehouse_visible(principal, _W.id))
    return await paged(request, reading, asked, query, _SORTING, WarehouseView)


@router.get("/warehouses/{key}")
async def show_warehouse(key: str, reading: Reading, principal: Viewer) -> WarehouseDetailView:
    """Show a warehouse by its key or its code."""
    number = await supply_scope.id_of(WAREHOUSE, key, reading, principal)
    return await _detail(number, reading)


@router.put("/warehouses/{key}")
async def set_warehouse(
    key: str, change: WarehouseChange, core: Core, writing: Writing, principal: Engineer
) -> WarehouseDetailView:
    """Make or change a warehouse; its stock is derived anew where that matters."""
    principal.demand_all_plants()
    if change.code is not None or change.moved_by is not None:
        await writing.execute(sa.text(ALONE))
    row = (
        await writing.execute(sa.select(warehouses).where(_W.key == key).with_for_update())
    ).mappings().first()  # fmt: skip
    values = await _values(change, core, writing, principal)
    await _demand_free(writing, key, str(values.get("code") or (key if row is None else "")))
    if row is None:
        new = {"key": checked_key(key, "warehouse"), "name": key, "code": key, **values}
        number = await writing.scalar(sa.insert(warehouses).values(new).returning(_W.id))
    else:
        number = row["id"]
        if values:
            await writing.execute(sa.update(warehouses).where(_W.id == number).values(values))
        if values.get("code", row["code"]) != row["code"]:
            await writing.execute(sa.text(AGAIN_OF_WAREHOUSES), {"ids": [number]})
        if values.get("moved_by", row["moved_by"]) != row["moved_by"]:
            await writing.execute(sa.text(MARK_WAREHOUSE), {"warehouse": number})
    _log.info("warehouse changed", warehouse=key, by=principal.name)
    return await _detail(number, writing)


async def _values(
    change: WarehouseChange, core: Platform, writing: AsyncConnection, principal: Principal
) -> dict[str, Any]:
    given = change.model_dump(exclude={"site", "plant"})
    values = {name: value for name, value in given.items() if value is not None}
    if change.moved_by is not None:
        values["moved_by"] = sorted(set(change.moved_by))
    if change.site is not None:
        values["site_id"] = await supply_scope.id_of(SITE, change.site, writing, principal)
    if change.plant is not None:
        values["equipment_id"] = (await core.tree.find(change.plant, principal)).id
    return values


async def _demand_free(writing: AsyncConnection, key: str, code: str) -> None:
    """Raise 409 where messages already mean another warehouse with this code."""
    other = await writing.scalar(sa.select(_W.key).where(_W.code == code, _W.key != key))
    if other is not None:
        raise Problem(
            409, "code_taken", f"The code {code!r} is that of the warehouse {other!r}.",
            f"Give that one another code first: PUT /api/v1/warehouses/{other}.",
        )  # fmt: skip


async def _detail(number: int, reading: AsyncConnection) -> WarehouseDetailView:
    row = (await reading.execute(_SHOWN.where(_W.id == number))).mappings().one()
    last = [
        sa.select(sa.func.max(facts.c.at))
        .select_from(facts.join(stock_items, _I.id == facts.c.stock_item_id))
        .where(_I.warehouse_id == number, facts.c.known_to.is_(None))
        .scalar_subquery()
        for facts in (stock_counts, stock_movements)
    ]
    places = (
        sa.select(sa.func.count())
        .select_from(locations)
        .where(locations.c.warehouse_id == number)
        .scalar_subquery()
    )
    found = (await reading.execute(sa.select(places, *last))).one()
    return WarehouseDetailView(
        **row, locations=found[0], last_count_at=found[1], last_movement_at=found[2]
    )


def _shown() -> sa.Select[Any]:
    kept = (
        sa.select(sa.func.count(sa.distinct(_I.material_id)))
        .where(_I.warehouse_id == _W.id)
        .correlate(warehouses)
        .scalar_subquery()
    )
    unclear = (
        sa.select(sa.func.count())
        .select_from(findings)
        .where(findings.c.warehouse_id == _W.id, findings.c.cleared_at.is_(None))
        .correlate(warehouses)
        .scalar_subquery()
    )
    place = sa.func.coalesce(_W.equipment_id, sites.c.equipment_id)
    return sa.select(
        warehouses, sites.c.key.label("site"), equipment.c.path.label("plant"),
        kept.label("materials"), unclear.label("open_findings"),
    ).select_from(
        warehouses.outerjoin(sites, sites.c.id == _W.site_id).outerjoin(
            equipment, equipment.c.id == place
        )
    )  # fmt: skip


_SHOWN: Final = _shown()
