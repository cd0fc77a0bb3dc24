"""Days of supply: how long the stock of any time lasts against the planned demand after it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.bucket import TIME_MAX_US, microseconds_of
from werknetz.kpi.stock.days import days_of_supply
from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.store.inventory.stock_levels import STOCK_AT
from werknetz.store.session import ReadSession
from werknetz.store.tables.stock import stock_items
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_filters import StockFiltersDep
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.as_of import AsOf, AsOfDep
from werknetz_core.forecast import inputs, lookup
from werknetz_core.forecast.days_of_supply.schemas import DaysOfSupplyListView, DaysOfSupplyView
from werknetz_core.forecast.days_of_supply.stops import HORIZON_DAYS, ExpectedStops, runs_out_at
from werknetz_core.forecast.demand import PlannedDemand, even_edges
from werknetz_core.forecast.forecast import load_forecast
from werknetz_core.forecast.inputs import LineDemand
from werknetz_core.forecast.reads import reads_of_forecast
from werknetz_core.http.list_params import (
    ListParams,
    ListParamsDep,
    columns_of,
    list_response,
)
from werknetz_core.limits.reading import reading

router = APIRouter(tags=["stock"])
_I: Final = stock_items.c
DAYS: Final = 60
DAYS_MAX: Final = 366
_RUNS_OUT: Final = "runs_out_at"
_STOCK_UNKNOWN: Final = TIME_MAX_US + 1  # these come after every time
_LASTS_LONGER: Final = TIME_MAX_US + 2


@router.get("/days_of_supply", response_model=DaysOfSupplyListView)
async def list_days_of_supply(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    filters: StockFiltersDep,
    as_of: AsOfDep,
    days: Annotated[
        int, Query(ge=1, le=DAYS_MAX, description="Horizon, in days of 24 hours.")
    ] = DAYS,
    params: ListParamsDep,
) -> Response:
    """List how long the stock lasts against planned demand if nothing arrives.

    Of materials that lines consume, or as requested; with the next arrival and the lines that
    stop. Sort: warehouse, material, runs_out_at (the first to run out, then unknown stock).
    """
    selection = await lookup.load_selection(filters, session, principal)
    edges, tree = even_edges(as_of.at_us, days), await context.tree.current()
    stops = ExpectedStops()
    async with (
        reading(context, principal, await reads_of_forecast(session)) as context_of_reads,
        context_of_reads.database.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        demands = await inputs.load_line_demands(
            connection, as_of.at_us, edges[-1], selection.material_ids
        )
        if as_of.is_now:
            forecast = await load_forecast(
                connection, tree, as_of.at_us, min(days, HORIZON_DAYS),
                material_ids=selection.material_ids,
            )  # fmt: skip
            stops = ExpectedStops.of(forecast, principal.can_see)
    by_place = _by_place(demands)
    places = {place for place in by_place if selection.contains(place)}
    if filters.warehouse or filters.material:
        places |= await _load_stocked_places(selection, session)
    supply = _Supply(by_place, PlannedDemand(tree, edges[0], edges[-1]), edges, stops)
    ranks = await _load_ranks(places, supply, as_of, session) if _is_ranked(params) else {}
    rows, next_cursor = await lookup.paginate_places(
        list(enumerate(sorted(places))), selection.warehouses, params, session, {_RUNS_OUT: ranks}
    )
    stock = await _load_stock([row["place"] for row in rows], as_of, session)
    return list_response(
        request, params, [supply.view(row, stock.get(row["place"])) for row in rows],
        columns_of(DaysOfSupplyView), next_cursor=next_cursor,
        envelope={"next_cursor": next_cursor, **as_of.fields()},
    )  # fmt: skip


def _by_place(demands: Sequence[LineDemand]) -> dict[StockPlace, list[LineDemand]]:
    by_place: dict[StockPlace, list[LineDemand]] = {}
    for demand in demands:
        by_place.setdefault(demand.place, []).append(demand)
    return by_place


@dataclass(frozen=True, slots=True)
class _Supply:
    """The demand of places in the horizon, and what stops."""

    demands: Mapping[StockPlace, Sequence[LineDemand]]
    planned: PlannedDemand
    edges: tuple[int, ...]
    stops: ExpectedStops

    def runs_out_at(self, place: StockPlace, stock: float | None) -> datetime | None:
        return runs_out_at(stock, self.demands.get(place, ()), self.planned, self.edges)

    def view(self, row: dict[str, Any], stock: float | None) -> DaysOfSupplyView:
        place = row["place"]
        demand = self.planned.sum_quantities(self.demands.get(place, ()), self.edges)
        result = days_of_supply(stock, demand)
        is_negative = stock is not None and stock < -NEGLIGIBLE
        return DaysOfSupplyView(
            **lookup.names_of(row), stock=stock, demand=sum(demand), days_of_supply=result.days,
            at_least=result.at_least, reason=result.reason,
            stock_note="not_counted" if stock is None else "negative" if is_negative else None,
            runs_out_at=self.runs_out_at(place, stock), **self.stops.fields_of(place),
        )  # fmt: skip


def _is_ranked(params: ListParams) -> bool:
    return (params.sort or "").strip().removeprefix("-") == _RUNS_OUT


async def _load_ranks(
    places: Collection[StockPlace], supply: _Supply, as_of: AsOf, session: ReadSession
) -> dict[StockPlace, int]:
    """Return the order of places: by when they run out, unknown stock, then what lasts longer."""
    stock = await _load_stock([*places], as_of, session)

    def rank_of(place: StockPlace) -> int:
        at = supply.runs_out_at(place, stock.get(place))
        if at is not None:
            return microseconds_of(at)
        is_unknown = place in supply.demands and place not in stock
        return _STOCK_UNKNOWN if is_unknown else _LASTS_LONGER

    return {place: rank_of(place) for place in places}


async def _load_stocked_places(
    selection: lookup.PlaceSelection, session: ReadSession
) -> set[StockPlace]:
    """Return where the requested materials are stocked, whether a line consumes them or not."""
    query = sa.select(_I.warehouse_id, _I.material_id).distinct()
    query = query.where(_I.warehouse_id.in_(list(selection.warehouses)))
    if selection.material_ids is not None:
        query = query.where(_I.material_id.in_(selection.material_ids))
    return {(row[0], row[1]) for row in await session.execute(query)}


async def _load_stock(
    places: Sequence[StockPlace], as_of: AsOf, session: ReadSession
) -> dict[StockPlace, float]:
    """Return the stock of places that were counted at least once."""
    query = sa.select(_I.id, _I.warehouse_id, _I.material_id).where(
        _I.warehouse_id.in_({place[0] for place in places}),
        _I.material_id.in_({place[1] for place in places}),
    )
    items = {row[0]: (row[1], row[2]) for row in await session.execute(query)}
    parameters = {"items": list(items), **as_of.query_parameters()}
    stock: dict[StockPlace, float] = {}
    counted: set[StockPlace] = set()
    for row in (await session.execute(STOCK_AT, parameters)).mappings():
        place = items[row["stock_item_id"]]
        stock[place] = stock.get(place, 0.0) + (row["quantity"] or 0.0)
        if row["counted_at"] is not None:
            counted.add(place)
    return {place: quantity for place, quantity in stock.items() if place in counted}
