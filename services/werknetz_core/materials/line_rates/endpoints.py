"""Line rates: what an hour of downtime costs."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.runtime.log import get_logger
from werknetz.store.tables import equipment
from werknetz.store.tables.stock import line_rates
from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayChangeLineRates, MayRead
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey
from werknetz_core.materials.line_rates.schemas import LineRateView, NewLineRate

router = APIRouter(tags=["stock"])
_R: Final = line_rates.c
_NO_START: Final = sa.text("'-infinity'::timestamptz")
_TIE: Final = SortKey(equipment.c.path + " " + sa.cast(_R.valid_from, sa.Text))
_SORTING: Final = Sorting("equipment", tie=_TIE, keys={"equipment": SortKey(equipment.c.path)})
_log: Final = get_logger("core.supply")


@router.get("/line_rates")
async def list_line_rates(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    params: ListParamsDep,
) -> pagination.Page[LineRateView]:
    """List the cost of an hour of downtime by line. Sort: equipment."""
    condition = await equipment_scope.equipment_condition(under, context, principal)
    query = _line_rates_query().where(condition)
    return await query_page(request, session, params, query, _SORTING, LineRateView)


@router.put("/line_rates/{path:path}")
async def set_line_rate(
    path: str,
    rate: NewLineRate,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeLineRates,
) -> LineRateView:
    """Set the cost of an hour of downtime from `valid_from` on; without it: at any time."""
    node = await context.tree.find_node(path, principal)
    valid_from: Any = _NO_START if rate.valid_from is None else rate.valid_from
    is_replaced = [_R.equipment_id == node.id, _R.valid_from == valid_from]
    delete = sa.delete(line_rates).where(*is_replaced).returning(_R.currency, _R.per_hour)
    former = (await session.execute(delete)).mappings().one_or_none()
    after = rate.model_dump(mode="json", exclude_none=True)
    await session.execute(
        sa.insert(line_rates).values(
            equipment_id=node.id, valid_from=valid_from, currency=rate.currency,
            per_hour=rate.per_hour,
        )
    )  # fmt: skip
    await record_change(
        session, principal, "changed", ("line_rate", path), equipment=path,
        before=None if former is None else {**after, **former}, after=after,
    )  # fmt: skip
    _log.info("line rate set", equipment=path, by=principal.name)
    row = (await session.execute(_line_rates_query().where(*is_replaced))).mappings().one()
    return LineRateView(**row)


def _line_rates_query() -> sa.Select[Any]:
    return sa.select(
        _R.currency, _R.per_hour,
        sa.func.nullif(_R.valid_from, _NO_START).label("valid_from"),
        equipment.c.path.label("equipment"),
    ).select_from(line_rates.join(equipment, equipment.c.id == _R.equipment_id))  # fmt: skip
