"""Projection of stock for the coming days: current stock, arrivals and planned demand."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.shift import local_day
from werknetz.kpi.stock.days import STOCK_NOT_KNOWN
from werknetz.kpi.stock.projection import DAYS
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_filters import StockFiltersDep
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import format_utc
from werknetz_core.forecast import lookup
from werknetz_core.forecast.forecast import Forecast, load_forecast, zone_of
from werknetz_core.forecast.reads import reads_of_forecast
from werknetz_core.forecast.stock_projection.schemas import (
    ProjectedDayView,
    StockProjectionListView,
    StockProjectionView,
)
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.limits.reading import reading

router = APIRouter(tags=["stock"])
DAYS_MAX: Final = 92


@router.get("/stock_projection", response_model=StockProjectionListView)
async def list_stock_projections(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    filters: StockFiltersDep,
    days: Annotated[int, Query(ge=1, le=DAYS_MAX, description="Number of days from today.")] = DAYS,
    params: ListParamsDep,
) -> Response:
    """Project stock by day of the plant, of materials with demand or arrivals, or as requested.

    Shipments arrive as announced, late ones tomorrow. Called-off quantities beyond these arrive
    when they are due; overdue quantities without a shipment are not expected.
    Sort: warehouse, material.
    """
    selection = await lookup.load_selection(filters, session, principal)
    now_us, tree = context.now_us(), await context.tree.current()
    async with (
        reading(context, principal, await reads_of_forecast(session)) as context_of_reads,
        context_of_reads.database.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        forecast = await load_forecast(
            connection, tree, now_us, days, material_ids=selection.material_ids
        )
    places = [(n, place) for n, place in enumerate(forecast.places) if selection.contains(place)]
    rows, next_cursor = await lookup.paginate_places(places, selection.warehouses, params, session)
    return list_response(
        request, params, [_view(row, forecast, tree) for row in rows],
        columns_of(StockProjectionView), next_cursor=next_cursor,
        envelope={"next_cursor": next_cursor, "at": format_utc(now_us)},
    )  # fmt: skip


def _view(row: dict[str, Any], forecast: Forecast, tree: EquipmentTree) -> StockProjectionView:
    index = row["row"]
    is_known = forecast.is_known[index]
    projection = forecast.projection
    today = local_day(forecast.now_us, zone_of(forecast.warehouses[row["place"][0]], tree))
    short_day = int(projection.short_day[index])
    return StockProjectionView(
        **lookup.names_of(row),
        stock=float(projection.opening[index, 0]) if is_known else None,
        reason=None if is_known else STOCK_NOT_KNOWN,
        short_day=today + timedelta(days=short_day) if is_known and short_day >= 0 else None,
        days=[
            _day_view(today + timedelta(days=n), index, n, forecast)
            for n in range(projection.opening.shape[1])
        ],
    )


def _day_view(day: date, index: int, n: int, forecast: Forecast) -> ProjectedDayView:
    projection, is_known = forecast.projection, forecast.is_known[index]
    return ProjectedDayView(
        day=day,
        opening=float(projection.opening[index, n]) if is_known else None,
        arrivals=float(projection.arrivals[index, n]),
        demand=float(projection.demand[index, n]),
        closing=float(projection.closing[index, n]) if is_known else None,
    )
