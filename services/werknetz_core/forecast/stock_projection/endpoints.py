"""Stock of the coming days: what is there, what comes, what lines will take."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from werknetz.domain.shift import local_day
from werknetz.kpi.stock.projection import DAYS
from werknetz_core.access import supply_scope
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import format_utc
from werknetz_core.forecast import lookup
from werknetz_core.forecast.forecast import Forecast, project_all, zone_of
from werknetz_core.forecast.stock_projection.schemas import ProjectedDayView, StockProjectionView
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response

router = APIRouter(tags=["stock"])
DAYS_MAX: Final = 92
UNKNOWN: Final = "nobody has told what is there"


class StockProjectionListView(BaseModel):
    items: list[StockProjectionView]
    next_cursor: str | None
    at: str


@router.get("/stock_projection")
async def stock_projection(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    warehouse: supply_scope.WarehouseFilter = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    days: Annotated[int, Query(ge=1, le=DAYS_MAX, description="From today on.")] = DAYS,
    params: ListParamsDep,
) -> StockProjectionListView:
    """Project stock by day of the plant: of what is taken or awaited, or of what is named.

    What is on its way arrives as announced, what is late tomorrow. What is called off beyond that
    arrives when it is due; what is overdue and was not announced is not counted on.
    Sort: warehouse, material.
    """
    chosen = await lookup.chosen(warehouse, material, session, principal)
    now_us, tree = context.now_us(), await context.tree.current()
    async with (
        context.database.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        look = await project_all(connection, tree, now_us, days, materials=chosen.materials)
    places = [(n, place) for n, place in enumerate(look.places) if chosen.has(place)]
    rows, next_cursor = await lookup.page_of(places, chosen.warehouses, params, session)
    return list_response(
        request, params, [_view(row, look, tree) for row in rows],
        columns_of(StockProjectionView), next_cursor=next_cursor,
        envelope={"next_cursor": next_cursor, "at": format_utc(now_us)},
    )  # type: ignore[return-value] # fmt: skip # a ready answer of that form


def _view(row: dict[str, Any], look: Forecast, tree: EquipmentTree) -> StockProjectionView:
    number = row["row"]
    is_known = look.is_known[number]
    found = look.projection
    today = local_day(look.now_us, zone_of(look.warehouses[row["place"][0]], tree))
    short = int(found.short_day[number])
    return StockProjectionView(
        **lookup.names_in(row),
        stock=float(found.opening[number, 0]) if is_known else None,
        reason=None if is_known else UNKNOWN,
        short_day=today + timedelta(days=short) if is_known and short >= 0 else None,
        days=[
            _day(today + timedelta(days=n), number, n, look) for n in range(found.opening.shape[1])
        ],
    )


def _day(day: date, number: int, n: int, look: Forecast) -> ProjectedDayView:
    found, is_known = look.projection, look.is_known[number]
    return ProjectedDayView(
        day=day,
        opening=float(found.opening[number, n]) if is_known else None,
        arrivals=float(found.arrivals[number, n]),
        demand=float(found.demand[number, n]),
        closing=float(found.closing[number, n]) if is_known else None,
    )
