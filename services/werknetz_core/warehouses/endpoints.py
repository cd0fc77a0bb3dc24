"""Warehouses: their site, the code that messages use, and the events that move their stock."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.runtime.log import get_logger
from werknetz.store.master_data import AGAIN_OF_WAREHOUSES, MARK_WAREHOUSE, note_change
from werknetz.store.session import ReadSession
from werknetz.store.tables import equipment
from werknetz.store.tables.findings import findings
from werknetz.store.tables.stock import (
    locations,
    stock_counts,
    stock_items,
    stock_movements,
    warehouses,
)
from werknetz.store.tables.supply import sites
from werknetz.texts.sentence import Sentence
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeSupply, MayRead
from werknetz_core.access.supply_scope import SITE, WAREHOUSE
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    ReadSessionDep,
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
_MATERIAL_COUNT: Final = (
    sa.select(sa.func.count(sa.distinct(_I.material_id)))
    .where(_I.warehouse_id == _W.id)
    .correlate(warehouses)
    .scalar_subquery()
)
_OPEN_FINDINGS: Final = (
    sa.select(sa.func.count())
    .select_from(findings)
    .where(findings.c.warehouse_id == _W.id, findings.c.cleared_at.is_(None))
    .correlate(warehouses)
    .scalar_subquery()
)
_QUERY: Final = sa.select(
    warehouses, sites.c.key.label("site"), equipment.c.path.label("plant"),
    _MATERIAL_COUNT.label("materials"), _OPEN_FINDINGS.label("open_findings"),
).select_from(
    warehouses.outerjoin(sites, sites.c.id == _W.site_id).outerjoin(
        equipment, equipment.c.id == sa.func.coalesce(_W.equipment_id, sites.c.equipment_id)
    )
)  # fmt: skip
_log: Final = get_logger("core.supply")


@router.get("/warehouses")
async def list_warehouses(
    request: Request, session: ReadSessionDep, principal: MayRead, params: ListParamsDep
) -> pagination.Page[WarehouseView]:
    """List warehouses. Sort: key, name."""
    query = _QUERY.where(supply_scope.warehouse_visible(principal, _W.id))
    return await query_page(request, session, params, query, _SORTING, WarehouseView)


@router.get("/warehouses/{key}")
async def show_warehouse(
    key: str, session: ReadSessionDep, principal: MayRead
) -> WarehouseDetailView:
    """Show a warehouse by its key or its code."""
    warehouse_id = await supply_scope.resolve_id(WAREHOUSE, key, session, principal)
    return await _load_detail(warehouse_id, session)


@router.put("/warehouses/{key}")
async def set_warehouse(
    key: str,
    change: WarehouseChange,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeSupply,
) -> WarehouseDetailView:
    """Create or change a warehouse; its stock is computed again where the change concerns it."""
    principal.require_all_plants()
    if change.code is not None or change.moved_by is not None:
        await note_change(session)
    existing = sa.select(warehouses).where(_W.key == key).with_for_update(key_share=True)
    row = (await session.execute(existing)).mappings().first()
    values = await _column_values(change, context, session, principal)
    await _require_free_code(session, key, str(values.get("code") or (key if row is None else "")))
    if row is None:
        new = {"key": validate_key(key, "warehouse"), "name": key, "code": key, **values}
        warehouse_id = await session.scalar(sa.insert(warehouses).values(new).returning(_W.id))
    else:
        warehouse_id = row["id"]
        if values:
            await session.execute(sa.update(warehouses).where(_W.id == warehouse_id).values(values))
        if values.get("code", row["code"]) != row["code"]:
            await session.execute(sa.text(AGAIN_OF_WAREHOUSES), {"ids": [warehouse_id]})
        if values.get("moved_by", row["moved_by"]) != row["moved_by"]:
            await session.execute(sa.text(MARK_WAREHOUSE), {"warehouse": warehouse_id})
    after = change.model_dump(mode="json", exclude_none=True)
    before = None if row is None else {name: row[name] for name in after if name in row}
    await record_change(
        session, principal, "changed", ("warehouse", key), before=before, after=after,
        equipment=change.plant,
    )  # fmt: skip
    _log.info("warehouse changed", warehouse=key, by=principal.name)
    return await _load_detail(warehouse_id, session)


async def _column_values(
    change: WarehouseChange, context: AppContext, session: ReadSession, principal: Principal
) -> dict[str, Any]:
    fields = change.model_dump(exclude={"site", "plant"})
    values = {name: value for name, value in fields.items() if value is not None}
    if change.moved_by is not None:
        values["moved_by"] = sorted(set(change.moved_by))
    if change.site is not None:
        values["site_id"] = await supply_scope.resolve_id(SITE, change.site, session, principal)
    if change.plant is not None:
        values["equipment_id"] = (await context.tree.find_node(change.plant, principal)).id
    return values


async def _require_free_code(session: ReadSession, key: str, code: str) -> None:
    """Raise 409 if another warehouse has this code."""
    other = await session.scalar(sa.select(_W.key).where(_W.code == code, _W.key != key))
    if other is not None:
        raise Problem(
            409, "code_taken", Sentence("supply.code_taken", name=code, other=other),
            Sentence("supply.change_that_code", other=other),
        )  # fmt: skip


async def _load_detail(warehouse_id: int, session: ReadSession) -> WarehouseDetailView:
    row = (await session.execute(_QUERY.where(_W.id == warehouse_id))).mappings().one()
    last_times = [
        sa.select(sa.func.max(facts.c.at))
        .select_from(facts.join(stock_items, _I.id == facts.c.stock_item_id))
        .where(_I.warehouse_id == warehouse_id, facts.c.known_to.is_(None))
        .scalar_subquery()
        for facts in (stock_counts, stock_movements)
    ]
    location_count = (
        sa.select(sa.func.count())
        .select_from(locations)
        .where(locations.c.warehouse_id == warehouse_id)
        .scalar_subquery()
    )
    counts = (await session.execute(sa.select(location_count, *last_times))).one()
    return WarehouseDetailView(
        **row, locations=counts[0], last_count_at=counts[1], last_movement_at=counts[2]
    )
