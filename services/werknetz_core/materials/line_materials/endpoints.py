"""Line materials: what lines and machines consume, and from which warehouse."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import get_logger
from werknetz.store.master_data import MARK_LINE_MATERIALS, note_change
from werknetz.store.session import ReadSession
from werknetz.store.tables import equipment
from werknetz.store.tables.stock import line_materials, warehouses
from werknetz.store.tables.supply import materials
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope, supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeSupply, MayRead
from werknetz_core.access.supply_filters import StockFiltersDep
from werknetz_core.access.supply_scope import MATERIAL, WAREHOUSE
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
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
_NO_START: Final = sa.text("'-infinity'::timestamptz")
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_SORTING: Final = Sorting(
    "equipment",
    tie=SortKey(_L.id, SortType.NUMBER),
    keys={
        "equipment": SortKey(equipment.c.path),
        "material": SortKey(materials.c.number),
        "warehouse": SortKey(warehouses.c.key),
    },
)
_QUERY: Final = sa.select(
    *(c for c in line_materials.c if c.name != "valid_from"),
    sa.func.nullif(_L.valid_from, _NO_START).label("valid_from"),
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
    principal: MayRead,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    filters: StockFiltersDep,
    at: Annotated[str | None, Query(description="Only those valid at this time.")] = None,
    params: ListParamsDep,
) -> pagination.Page[LineMaterialView]:
    """List the materials that lines and machines consume. Sort: equipment, material, warehouse."""
    query = _QUERY.where(
        await equipment_scope.equipment_condition(under, context, principal),
        await filters.condition(
            session, principal, warehouse_id=_L.warehouse_id, material_id=_L.material_id
        ),
    )
    if at is not None:
        valid_at = instant_of(parse_instant(at, "at", utc_time_context(context)))
        query = query.where(
            _L.valid_from <= valid_at, sa.or_(_L.valid_to.is_(None), _L.valid_to > valid_at)
        )
    return await query_page(request, session, params, query, _SORTING, LineMaterialView)


@router.put("/line_materials/{path:path}")
async def set_line_materials(
    path: str,
    new: LineMaterials,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeSupply,
) -> list[LineMaterialView]:
    """Replace the materials of a line or machine; stock-outs and losses are computed again."""
    node = await context.tree.find_node(path, principal)
    await note_change(session)
    rows = [await _row_of(node.id, item, session, principal) for item in new.items]
    _require_no_overlap(rows)
    query = _QUERY.where(_L.equipment_id == node.id).order_by(materials.c.number, _L.id)
    former = [LineMaterialView(**row) for row in (await session.execute(query)).mappings()]
    delete = sa.delete(line_materials).where(_L.equipment_id == node.id)
    removed = await session.execute(delete.returning(_L.warehouse_id, _L.material_id))
    changed = {(row.warehouse_id, row.material_id) for row in removed}
    changed |= {(row["warehouse_id"], row["material_id"]) for row in rows}
    for row in rows:
        await session.execute(sa.insert(line_materials).values(row))
    marked = {
        "ids": [descendant.id for descendant in (await context.tree.current()).subtree(path)],
        "warehouses": [warehouse_id for warehouse_id, _ in changed],
        "materials": [material_id for _, material_id in changed],
    }
    await session.execute(sa.text(MARK_LINE_MATERIALS), marked)
    await record_change(
        session, principal, "changed", ("line_materials", path), equipment=path,
        before={
            "items": [
                item.model_dump(mode="json", exclude={"equipment"}, exclude_none=True)
                for item in former
            ]
        },
        after=new.model_dump(mode="json", exclude_none=True),
    )  # fmt: skip
    _log.info("line materials set", equipment=path, items=len(rows), by=principal.name)
    return [LineMaterialView(**row) for row in (await session.execute(query)).mappings()]


async def _row_of(
    equipment_id: int, item: NewLineMaterial, session: ReadSession, principal: Principal
) -> dict[str, Any]:
    values = item.model_dump(exclude={"material", "warehouse"})
    if item.valid_from is None:
        del values["valid_from"]  # the column's default: without a start
    return {
        **values,
        "equipment_id": equipment_id,
        "material_id": await supply_scope.resolve_id(MATERIAL, item.material, session, principal),
        "warehouse_id": await supply_scope.resolve_id(
            WAREHOUSE, item.warehouse, session, principal
        ),
    }


def _require_no_overlap(rows: list[dict[str, Any]]) -> None:
    """Raise 422 if a material of a warehouse is valid twice at a time: it would count twice."""
    spans: dict[tuple[int, int], list[tuple[datetime, datetime]]] = {}
    for row in rows:
        span = row.get("valid_from") or _EARLIEST, row["valid_to"] or _LATEST
        if span[0] >= span[1]:
            raise _invalid_line_materials(Sentence("supply.span_reversed", valid_to=span[1]))
        spans.setdefault((row["material_id"], row["warehouse_id"]), []).append(span)
    for spans_of_material in spans.values():
        for earlier, later in pairwise(sorted(spans_of_material)):
            if later[0] < earlier[1]:
                raise _invalid_line_materials(Sentence("supply.material_twice"))


def _invalid_line_materials(detail: str) -> Problem:
    return Problem(
        422, "invalid_line_materials", detail,
        Sentence("supply.half_open_spans"),
        errors=[{"pointer": "/body/items", "code": "invalid", "detail": detail}],
    )  # fmt: skip
