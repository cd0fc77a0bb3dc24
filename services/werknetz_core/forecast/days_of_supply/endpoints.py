"""Days of supply as of any moment, as it was known then: stock against the demand after it."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from werknetz.domain.bucket import instant_of
from werknetz.kpi.stock.days import days_of_supply
from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.store.session import ReadSession
from werknetz.store.stock_levels import STOCK_AT
from werknetz.store.tables.stock import stock_items
from werknetz_core.access import supply_scope
from werknetz_core.context.app_context import AppContext, ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.collection import utc_time_context
from werknetz_core.context.time_spec import format_utc, parse_instant
from werknetz_core.forecast import inputs, lookup
from werknetz_core.forecast.days_of_supply.schemas import DaysOfSupplyView
from werknetz_core.forecast.demand import Plans, even_edges, total
from werknetz_core.forecast.inputs import Need
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response

router = APIRouter(tags=["stock"])
_I: Final = stock_items.c
DAYS: Final = 60
DAYS_MAX: Final = 366


class DaysOfSupplyListView(BaseModel):
    items: list[DaysOfSupplyView]
    next_cursor: str | None
    at: str
    known_at: str | None  # null: as it is known now


@router.get("/days_of_supply")
async def list_days_of_supply(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    warehouse: supply_scope.WarehouseFilter = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    at: Annotated[str | None, Query(description="As of when; none: now.")] = None,
    known_at: Annotated[
        str | None, Query(description="With what was known when; none: what is known now.")
    ] = None,
    days: Annotated[
        int, Query(ge=1, le=DAYS_MAX, description="How far to look, in days of 24 hours.")
    ] = DAYS,
    params: ListParamsDep,
) -> DaysOfSupplyListView:
    """Say how long what is there will last against planned demand, if nothing more comes.

    Of what lines take, or of what is named. Sort: warehouse, material.
    """
    chosen = await lookup.chosen(warehouse, material, session, principal)
    at_us = parse_instant(at, "at", utc_time_context(context))
    known_us = (
        None if known_at is None else parse_instant(known_at, "known_at", utc_time_context(context))
    )
    edges = even_edges(at_us, days)
    async with context.database.acquire() as connection:
        needs = await inputs.needs(connection, at_us, edges[-1], chosen.materials)
    by_place: dict[StockPlace, list[Need]] = {}
    for need in needs:
        by_place.setdefault(need.place, []).append(need)
    places = {place for place in by_place if chosen.has(place)}
    if warehouse or material:
        places |= await _kept(chosen, session)
    rows, next_cursor = await lookup.page_of(
        list(enumerate(sorted(places))), chosen.warehouses, params, session
    )
    stock = await _stock([row["place"] for row in rows], at_us, known_us, session)
    plans = await _plans(context, edges)
    views = [
        _view(row, stock.get(row["place"]), total(plans, by_place.get(row["place"], ()), edges))
        for row in rows
    ]
    return list_response(
        request, params, views, columns_of(DaysOfSupplyView), next_cursor=next_cursor,
        envelope={
            "next_cursor": next_cursor, "at": format_utc(at_us),
            "known_at": None if known_us is None else format_utc(known_us),
        },
    )  # type: ignore[return-value] # fmt: skip # a ready answer of that form


async def _plans(context: AppContext, edges: tuple[int, ...]) -> Plans:
    return Plans(await context.tree.current(), edges[0], edges[-1])


async def _kept(chosen: lookup.Chosen, session: ReadSession) -> set[StockPlace]:
    """Return where what is named is kept, whether a line takes it or not."""
    query = sa.select(_I.warehouse_id, _I.material_id).distinct()
    query = query.where(_I.warehouse_id.in_(list(chosen.warehouses)))
    if chosen.materials is not None:
        query = query.where(_I.material_id.in_(chosen.materials))
    return {(row[0], row[1]) for row in await session.execute(query)}


async def _stock(
    places: Sequence[StockPlace], at_us: int, known_us: int | None, session: ReadSession
) -> dict[StockPlace, float]:
    """Return what was there; of a place that nobody had counted, nothing is known."""
    query = sa.select(_I.id, _I.warehouse_id, _I.material_id).where(
        _I.warehouse_id.in_({place[0] for place in places}),
        _I.material_id.in_({place[1] for place in places}),
    )
    items = {row[0]: (row[1], row[2]) for row in await session.execute(query)}
    parameters = {
        "items": list(items),
        "at": instant_of(at_us),
        "known_at": None if known_us is None else instant_of(known_us),
    }
    found: dict[StockPlace, float] = {}
    counted: set[StockPlace] = set()
    for row in (await session.execute(STOCK_AT, parameters)).mappings():
        place = items[row["stock_item_id"]]
        found[place] = found.get(place, 0.0) + (row["quantity"] or 0.0)
        if row["counted_at"] is not None:
            counted.add(place)
    return {place: quantity for place, quantity in found.items() if place in counted}


def _view(row: dict[str, Any], stock: float | None, demand: list[float]) -> DaysOfSupplyView:
    found = days_of_supply(stock, demand)
    return DaysOfSupplyView(
        **lookup.names_in(row), stock=stock, demand=sum(demand), days_of_supply=found.days,
        at_least=found.at_least, reason=found.reason,
    )  # fmt: skip
