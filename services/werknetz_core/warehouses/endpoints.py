"""Warehouses: where they are, as messages call them, and which events move their stock."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.runtime.log import get_logger
from werknetz.store.finding import findings
from werknetz.store.master_data import AGAIN_OF_WAREHOUSES, ALONE, MARK_WAREHOUSE
from werknetz.store.session import ReadSession
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
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    Engineer,
    ReadSessionDep,
    Viewer,
    WriteSessionDep,
)
from werknetz_core.context.collection import query_page
from werknetz_core.http import pagination
from werknetz_core.http.key_format import validate_key
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey
from werknetz_core.warehouses.schemas import WarehouseChange, WarehouseDetailView, WarehouseView

router = APIRouter(tags=["stock"])
_W, _I = warehouses.c, stock_items.c
_SORTING: Final = Sorting(
    "key", tie=SortKey(_W.key), keys={"key": SortKey(_W.key), "name": SortKey(_W.name)}
)
_log: Final = get_logger("core.supply")


@router.get("/warehouses")
async def list_warehouses(
    request: Request, session: ReadSessionDep, principal: Viewer, params: ListParamsDep
) -> pagination.Page[WarehouseView]:
    """List warehouses. Sort: key, name."""
    query = _SHOWN.where(supply_scope.warehouse_visible(principal, _W.id))
    return await query_page(request, session, params, query, _SORTING, WarehouseView)


@router.get("/warehouses/{key}")
async def show_warehouse(
    key: str, session: ReadSessionDep, principal: Viewer
) -> WarehouseDetailView:
    """Show a warehouse by its key or its code."""
    number = await supply_scope.resolve_id(WAREHOUSE, key, session, principal)
    return await _detail(number, session)


@router.put("/warehouses/{key}")
async def set_warehouse(
    key: str,
    change: WarehouseChange,
    context: ContextDep,
    session: WriteSessionDep,
    principal: Engineer,
) -> WarehouseDetailView:
    """Make or change a warehouse; its stock is derived anew where that matters."""
    principal.require_all_plants()
    if change.code is not None or change.moved_by is not None:
        await session.execute(sa.text(ALONE))
    row = (
        await session.execute(sa.select(warehouses).where(_W.key == key).with_for_update())
    ).mappings().first()  # fmt: skip
    values = await _values(change, context, session, principal)
    await _demand_free(session, key, str(values.get("code") or (key if row is None else "")))
    if row is None:
        new = {"key": validate_key(key, "warehouse"), "name": key, "code": key, **values}
        number = await session.scalar(sa.insert(warehouses).values(new).returning(_W.id))
    else:
        number = row["id"]
        if values:
            await session.execute(sa.update(warehouses).where(_W.id == number).values(values))
        if values.get("code", row["code"]) != row["code"]:
            await session.execute(sa.text(AGAIN_OF_WAREHOUSES), {"ids": [number]})
        if values.get("moved_by", row["moved_by"]) != row["moved_by"]:
            await session.execute(sa.text(MARK_WAREHOUSE), {"warehouse": number})
    _log.info("warehouse changed", warehouse=key, by=principal.name)
    return await _detail(number, session)


async def _values(
    change: WarehouseChange, context: AppContext, session: ReadSession, principal: Principal
) -> dict[str, Any]:
    given = change.model_dump(exclude={"site", "plant"})
    values = {name: value for name, value in given.items() if value is not None}
    if change.moved_by is not None:
        values["moved_by"] = sorted(set(change.moved_by))
    if change.site is not None:
        values["site_id"] = await supply_scope.resolve_id(SITE, change.site, session, principal)
    if change.plant is not None:
        values["equipment_id"] = (await context.tree.find_node(change.plant, principal)).id
    return values


async def _demand_free(session: ReadSession, key: str, code: str) -> None:
    """Raise 409 where messages already mean another warehouse with this code."""
    other = await session.scalar(sa.select(_W.key).where(_W.code == code, _W.key != key))
    if other is not None:
        raise Problem(
            409, "code_taken", f"The code {code!r} is that of the warehouse {other!r}.",
            f"Give that one another code first: PUT /api/v1/warehouses/{other}.",
        )  # fmt: skip


async def _detail(number: int, session: ReadSession) -> WarehouseDetailView:
    row = (await session.execute(_SHOWN.where(_W.id == number))).mappings().one()
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
    found = (await session.execute(sa.select(places, *last))).one()
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
