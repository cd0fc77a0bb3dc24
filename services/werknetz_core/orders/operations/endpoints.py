"""Operations of orders: what each machine was to make, when it did, and what came of it."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.stock import operations
from werknetz.store.supply import materials
from werknetz.store.tables import equipment
from werknetz_core.access import equipment_scope, supply_scope
from werknetz_core.access.supply_scope import MATERIAL
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.collection import query_page, utc_time_context
from werknetz_core.context.time_spec import parse_span
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.orders.operations.schemas import OperationView

router = APIRouter(tags=["orders"])
_O: Final = operations.c
# One text that no two rows share: of a length each, then the texts themselves.
_ROW: Final = SortKey(
    sa.cast(sa.func.length(_O.order_number), sa.Text) + " "
    + sa.cast(sa.func.length(_O.operation), sa.Text) + " "
    + _O.order_number + _O.operation + _O.equipment
)  # fmt: skip
_NEVER: Final = sa.literal(instant_of(0), _O.started_at.type)
_SORTING: Final = Sorting(
    "order_number",
    tie=_ROW,
    keys={
        "order_number": SortKey(_O.order_number),
        "equipment": SortKey(_O.equipment),
        "started_at": SortKey(sa.func.coalesce(_O.started_at, _NEVER), SortType.TIME),
    },
)


@router.get("/operations")
async def list_operations(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
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
            await supply_scope.name_condition(
                MATERIAL, material, _O.material_id, session, principal
            ),
        )
    )
    if order_number:
        query = query.where(_O.order_number.in_(order_number))
    if start is not None:
        span = parse_span(start, end, utc_time_context(context))
        query = query.where(
            _O.started_at < instant_of(span.end_us),
            sa.or_(_O.ended_at.is_(None), _O.ended_at > instant_of(span.start_us)),
        )
    return await query_page(request, session, params, query, _SORTING, OperationView)
