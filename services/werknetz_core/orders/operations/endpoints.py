"""Operations of orders: planned and actual times and quantities of each machine."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.tables import equipment
from werknetz.store.tables.stock import operations
from werknetz.store.tables.supply import materials
from werknetz_core.access import equipment_scope, supply_scope
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_scope import MATERIAL
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.context.overlap import overlap_condition
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.orders.operations.schemas import OperationView

router = APIRouter(tags=["orders"])
_O: Final = operations.c
# Unique: the lengths fix where each of the joined texts ends.
_TIE: Final = SortKey(
    sa.cast(sa.func.length(_O.order_number), sa.Text) + " "
    + sa.cast(sa.func.length(_O.operation), sa.Text) + " "
    + _O.order_number + _O.operation + _O.equipment
)  # fmt: skip
_NOT_STARTED: Final = sa.literal(instant_of(0), _O.started_at.type)
_SORTING: Final = Sorting(
    "order_number",
    tie=_TIE,
    keys={
        "order_number": SortKey(_O.order_number),
        "equipment": SortKey(_O.equipment),
        "started_at": SortKey(sa.func.coalesce(_O.started_at, _NOT_STARTED), SortType.TIME),
    },
)


@router.get("/operations")
async def list_operations(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    order_number: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[OperationView]:
    """List operations; with a start, those that ran in the span.

    Sort: order_number, equipment, started_at (not started: first).
    """
    query = (
        sa.select(operations, materials.c.number.label("material"))
        .select_from(
            operations.outerjoin(equipment, equipment.c.id == _O.equipment_id).outerjoin(
                materials, materials.c.id == _O.material_id
            )
        )
        .where(
            await equipment_scope.equipment_condition(under, context, principal),
            overlap_condition(context, _O.started_at, _O.ended_at, start, end),
            await supply_scope.name_condition(
                MATERIAL, material, _O.material_id, session, principal
            ),
        )
    )
    if order_number:
        query = query.where(_O.order_number.in_(order_number))
    return await query_page(request, session, params, query, _SORTING, OperationView)
