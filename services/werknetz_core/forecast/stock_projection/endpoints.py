"""Projection of stock for the coming days: current stock, arrivals and planned demand."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

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
    ProjectedColumnsView,
    ProjectedDayView,
    StockProjectionListView,
    StockProjectionView,
)
from werknetz_core.http.formats import Format
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.limits.reading import reading

router = APIRouter(tags=["stock"])
DAYS_MAX: Final = 92
_NAMES: Final = ("warehouse", "material", "description", "unit", "minimum")
_FLAT: Final = (*_NAMES, *ProjectedColumnsView.model_fields)


@router.get("/stock_projection", response_model=StockProjectionListView)
async def list_stock_projections(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    filters: StockFiltersDep,
    days: Annotated[int, Query(ge=1, le=DAYS_MAX, description="Number of days from today.")] = DAYS,
    form: Annotated[
        Literal["days", "columns"],
        Query(description="columns: an array for each figure, with arrivals divided by state."),
    ] = "days",
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
    views = [_view(row, forecast, tree, form) for row in rows]
    is_flat = form == "columns" and params.output.format is not Format.JSON
    return list_response(
        request, params, _rows_by_day(views) if is_flat else views,
        _FLAT if is_flat else columns_of(StockProjectionView), next_cursor=next_cursor,
        envelope={"next_cursor": next_cursor, "at": format_utc(now_us)},
    )  # fmt: skip


def _rows_by_day(views: Sequence[StockProjectionView]) -> list[dict[str, Any]]:
    """Return a row for each day: a table has no arrays."""
    rows = []
    for view in views:
        names = view.model_dump(include={*_NAMES})
        columns = {} if view.columns is None else view.columns.model_dump(mode="json")
        rows += [
            {**names, **dict(zip(columns, values, strict=True))}
            for values in zip(*columns.values(), strict=True)
        ]
    return rows


def _view(
    row: dict[str, Any], forecast: Forecast, tree: EquipmentTree, form: Literal["days", "columns"]
) -> StockProjectionView:
    index = row["row"]
    is_known = forecast.is_known[index]
    projection = forecast.projection
    today = local_day(forecast.now_us, zone_of(forecast.warehouses[row["place"][0]], tree))
    days = [today + timedelta(days=n) for n in range(projection.opening.shape[1])]
    short_day = int(projection.short_day[index])
    return StockProjectionView(
        **lookup.names_of(row),
        stock=float(projection.opening[index, 0]) if is_known else None,
        reason=None if is_known else STOCK_NOT_KNOWN,
        short_day=today + timedelta(days=short_day) if is_known and short_day >= 0 else None,
        minimum=forecast.minimum_of(index),
        days=[_day_view(day, index, n, forecast) for n, day in enumerate(days)]
        if form == "days"
        else [],
        columns=None if form == "days" else _columns_view(days, index, forecast),
    )


def _columns_view(days: list[date], index: int, forecast: Forecast) -> ProjectedColumnsView:
    projection, shipped = forecast.projection, forecast.shipped[index]
    unknown = [None] * len(days)
    is_known = forecast.is_known[index]
    return ProjectedColumnsView(
        day=days,
        opening=projection.opening[index].tolist() if is_known else unknown,
        in_transit=shipped.tolist(),
        called_off=(projection.arrivals[index] - shipped).tolist(),
        demand=projection.demand[index].tolist(),
        closing=projection.closing[index].tolist() if is_known else unknown,
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
