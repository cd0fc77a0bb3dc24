"""Line rates: what an hour of downtime costs."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.runtime.log import get_logger
from werknetz.store.stock import line_rates
from werknetz.store.tables import equipment
from werknetz_core.access import equipment_scope
from werknetz_core.context.app_context import (
    ContextDep,
    Engineer,
    ReadSessionDep,
    Viewer,
    WriteSessionDep,
)
from werknetz_core.context.collection import query_page
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey
from werknetz_core.materials.line_rates.schemas import LineRateView, NewLineRate

router = APIRouter(tags=["stock"])
_R: Final = line_rates.c
_ALWAYS: Final = sa.text("'-infinity'::timestamptz")
_RATE_ROW: Final = SortKey(equipment.c.path + " " + sa.cast(_R.valid_from, sa.Text))
_RATES: Final = Sorting("equipment", tie=_RATE_ROW, keys={"equipment": SortKey(equipment.c.path)})
_log: Final = get_logger("core.supply")


@router.get("/line_rates")
async def list_line_rates(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    params: ListParamsDep,
) -> pagination.Page[LineRateView]:
    """List what an hour of standstill costs. Sort: equipment."""
    query = _rates().where(await equipment_scope.equipment_condition(under, context, principal))
    return await query_page(request, session, params, query, _RATES, LineRateView)


@router.put("/line_rates/{path:path}")
async def set_line_rate(
    path: str,
    given: NewLineRate,
    context: ContextDep,
    session: WriteSessionDep,
    principal: Engineer,
) -> LineRateView:
    """Say what an hour of standstill costs, from then on; without `valid_from`: always."""
    node = await context.tree.find_node(path, principal)
    since: Any = _ALWAYS if given.valid_from is None else given.valid_from
    same = [_R.equipment_id == node.id, _R.valid_from == since]
    await session.execute(sa.delete(line_rates).where(*same))
    await session.execute(
        sa.insert(line_rates).values(
            equipment_id=node.id, valid_from=since, currency=given.currency,
            per_hour=given.per_hour,
        )
    )  # fmt: skip
    _log.info("line rate set", equipment=path, by=principal.name)
    row = (await session.execute(_rates().where(*same))).mappings().one()
    return LineRateView(**row)


def _rates() -> sa.Select[Any]:
    return sa.select(
        _R.currency, _R.per_hour,
        sa.func.nullif(_R.valid_from, _ALWAYS).label("valid_from"),
        equipment.c.path.label("equipment"),
    ).select_from(line_rates.join(equipment, equipment.c.id == _R.equipment_id))  # fmt: skip
