"""Line materials: what lines and machines consume, and from which warehouse."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import get_logger
from werknetz.store.master_data import AGAIN_OF_LINE, ALONE, MARK_STOCK
from werknetz.store.session import ReadSession
from werknetz.store.stock import line_materials, warehouses
from werknetz.store.supply import materials
from werknetz.store.tables import equipment
from werknetz_core.access import equipment_scope, supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.supply_scope import MATERIAL, WAREHOUSE
from werknetz_core.context.app_context import (
    ContextDep,
    Engineer,
    ReadSessionDep,
    Viewer,
    WriteSessionDep,
)
from werknetz_core.context.collection import query_page, utc_time_context
from werknetz_core.context.time_spec import parse_instant
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.materials.line_materials.schemas import (
    LineMaterials,
    LineMaterialView,
    NewLineMaterial,
)

router = APIRouter(tags=["stock"])
_L: Final = line_materials.c
_ALWAYS: Final = sa.text("'-infinity'::timestamptz")
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_END: Final = datetime.max.replace(tzinfo=UTC)
_SORTING: Final = Sorting(
    "equipment",
    tie=SortKey(_L.id, SortType.NUMBER),
    keys={
        "equipment": SortKey(equipment.c.path),
        "material": SortKey(materials.c.number),
        "warehouse": SortKey(warehouses.c.key),
    },
)
_SHOWN: Final = sa.select(
    *(c for c in line_materials.c if c.name != "valid_from"),
    sa.func.nullif(_L.valid_from, _ALWAYS).label("valid_from"),
    equipment.c.path.label("equipment"),
    materials.c.number.label("material"),
    warehouses.c.key.label("warehouse"),
).select_from(
    line_materials.join(equipment, equipment.c.id == _L.equipment_id)
    .join(materials, materials.c.id == _L.material_id)
    .join(warehouses, warehouses.c.id == _L.warehouse_id)
)
_log: Final = get_logger("core.supply")


@router.get("/line_materials")
async def list_line_materials(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    warehouse: supply_scope.WarehouseFilter = [],  # noqa: B006 - as above
    at: Annotated[str | None, Query(description="Only what is valid at this time.")] = None,
    params: ListParamsDep,
) -> pagination.Page[LineMaterialView]:
    """List what lines and machines consume. Sort: equipment, material, warehouse."""
    query = _SHOWN.where(
        await equipment_scope.equipment_condition(under, context, principal),
        await supply_scope.name_condition(MATERIAL, material, _L.material_id, session, principal),
        await supply_scope.name_condition(
            WAREHOUSE, warehouse, _L.warehouse_id, session, principal
        ),
    )
    if at is not None:
        moment = instant_of(parse_instant(at, "at", utc_time_context(context)))
        query = query.where(
            _L.valid_from <= moment, sa.or_(_L.valid_to.is_(None), _L.valid_to > moment)
        )
    return await query_page(request, session, params, query, _SORTING, LineMaterialView)


@router.put("/line_materials/{path:path}")
async def set_line_materials(
    path: str,
    given: LineMaterials,
    context: ContextDep,
    session: WriteSessionDep,
    principal: Engineer,
) -> list[LineMaterialView]:
    """Say what a line or machine consumes, as a whole; stock-outs and losses follow."""
    node = await context.tree.find_node(path, principal)
    await session.execute(sa.text(ALONE))
    rows = [await _row(node.id, one, session, principal) for one in given.items]
    _demand_apart(rows)
    gone = sa.delete(line_materials).where(_L.equipment_id == node.id)
    changed = {
        (before[0], before[1])
        for before in await session.execute(gone.returning(_L.warehouse_id, _L.material_id))
    } | {(row["warehouse_id"], row["material_id"]) for row in rows}
    for row in rows:
        await session.execute(sa.insert(line_materials).values(row))
    marked = {"warehouses": [w for w, _ in changed], "materials": [m for _, m in changed]}
    await session.execute(sa.text(MARK_STOCK), marked)
    below = [each.id for each in (await context.tree.current()).subtree(path)]
    await session.execute(sa.text(AGAIN_OF_LINE), {"ids": below})
    _log.info("line materials set", equipment=path, items=len(rows), by=principal.name)
    shown = _SHOWN.where(_L.equipment_id == node.id).order_by(materials.c.number, _L.id)
    return [LineMaterialView(**row) for row in (await session.execute(shown)).mappings()]


async def _row(
    equipment_id: int, one: NewLineMaterial, session: ReadSession, principal: Principal
) -> dict[str, Any]:
    values = one.model_dump(exclude={"material", "warehouse"})
    if one.valid_from is None:
        del values["valid_from"]  # the table's own: always
    return {
        **values,
        "equipment_id": equipment_id,
        "material_id": await supply_scope.resolve_id(MATERIAL, one.material, session, principal),
        "warehouse_id": await supply_scope.resolve_id(WAREHOUSE, one.warehouse, session, principal),
    }


def _demand_apart(rows: list[dict[str, Any]]) -> None:
    """Raise unless each material is taken from a warehouse once at a time: else it counts twice."""
    spans: dict[tuple[int, int], list[tuple[datetime, datetime]]] = {}
    for row in rows:
        span = row.get("valid_from") or _EVER, row["valid_to"] or _END
        if span[0] >= span[1]:
            raise _refused(f"valid_to {span[1].isoformat()} is not after valid_from.")
        spans.setdefault((row["material_id"], row["warehouse_id"]), []).append(span)
    for each in spans.values():
        for former, later in pairwise(sorted(each)):
            if later[0] < former[1]:
                raise _refused("The same material of a warehouse is valid twice at a time.")


def _refused(detail: str) -> Problem:
    return Problem(
        422, "invalid_line_materials", detail,
        "Spans are half-open: end the former with `valid_to` where the next begins.",
        errors=[{"pointer": "/body/items", "code": "invalid", "detail": detail}],
    )  # fmt: skip
