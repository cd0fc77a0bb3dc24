"""Shortage warnings: which lines will stop, when, for which material, because of which delivery."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.kpi.stock.warning import AllottedDueLine, delay_s_of, find_missing
from werknetz.store.queries.forecast import LAST_ACKNOWLEDGED
from werknetz.store.session import ReadConnection
from werknetz.texts.sentence import write_text
from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.polling import SUPPLY_WATERMARKS, Revision
from werknetz_core.context.time_spec import format_utc
from werknetz_core.forecast.acknowledgements.state import Acknowledgement, load_acknowledgements
from werknetz_core.forecast.forecast import Forecast, load_forecast, zone_of
from werknetz_core.forecast.lookup import (
    HORIZON_DAYS_MAX,
    WARNING_DAYS,
    equipment_predicate,
    load_material_names,
    place_number,
)
from werknetz_core.forecast.reads import reads_of_forecast
from werknetz_core.forecast.shortage_warnings.messages import warning_code, warning_text
from werknetz_core.forecast.shortage_warnings.open_deliveries import (
    OpenDeliveries,
    load_open_deliveries,
)
from werknetz_core.forecast.shortage_warnings.schemas import (
    ArrivalView,
    MissingDeliveryView,
    ShortageWarningListView,
    ShortageWarningView,
)
from werknetz_core.forecast.shortage_warnings.shortages import (
    PlaceShortage,
    find_place_shortages,
    line_views,
)
from werknetz_core.http.links import message_views_of
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.responses import UNCHANGED
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.limits.reading import reading

router = APIRouter(tags=["losses"])
NOTHING_DUE: Final = "nothing_due_in_time"


class _ViewInputs(NamedTuple):
    forecast: Forecast
    deliveries: OpenDeliveries
    materials: Mapping[int, dict[str, Any]]
    tree: EquipmentTree
    acknowledgements: Mapping[StockPlace, Acknowledgement]


@router.get(
    "/shortage_warnings",
    response_model=ShortageWarningListView,
    responses=UNCHANGED,
)
async def list_shortage_warnings(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    horizon_days: Annotated[
        int, Query(ge=1, le=HORIZON_DAYS_MAX, description="Number of days from today.")
    ] = WARNING_DAYS,
    acknowledged: Annotated[
        bool | None, Query(description="false: only warnings that nobody acknowledged as they are.")
    ] = None,
    params: ListParamsDep,
) -> Response:
    """List the lines that will stop, the earliest first, with the material and late deliveries.

    Stock that was never counted gives no warning: see /stock_projection. Sort: short_at.
    With an ETag, `at` is at most a minute ago.
    """
    is_requested = await equipment_predicate(under, context, principal)
    facts = [principal.plants, await context.database.fetchrow(LAST_ACKNOWLEDGED)]
    revision = await Revision.of(request, context, SUPPLY_WATERMARKS, facts)
    if revision.is_known:
        return revision.not_modified()
    now_us, tree = context.now_us(), await context.tree.current()
    async with (
        reading(context, principal, await reads_of_forecast(session)) as context_of_reads,
        context_of_reads.database.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        forecast = await load_forecast(connection, tree, now_us, horizon_days)
        shortages = find_place_shortages(forecast, is_requested)
        by_place = await load_acknowledgements(
            connection, [forecast.places[short.row] for short in shortages]
        )
        rows, next_cursor = sort_and_paginate(
            _sortable_rows(shortages, forecast, by_place, acknowledged), params,
            default="short_at", keys=("short_at",), tie="place",
        )  # fmt: skip
        page: list[PlaceShortage] = [row["short"] for row in rows]
        deliveries = await _load_deliveries(connection, forecast, page, tree.visible_ids(principal))
    names = await load_material_names([forecast.places[short.row][1] for short in page], session)
    inputs = _ViewInputs(forecast, deliveries, names, tree, by_place)
    response = list_response(
        request, params, [_view(short, inputs) for short in page],
        columns_of(ShortageWarningView), next_cursor=next_cursor,
        envelope={"next_cursor": next_cursor, "at": format_utc(now_us)}, headers=revision.headers,
    )  # fmt: skip
    return revision.complete(request, response)


def _sortable_rows(
    shortages: Sequence[PlaceShortage],
    forecast: Forecast,
    by_place: Mapping[StockPlace, Acknowledgement],
    acknowledged: bool | None,
) -> list[dict[str, Any]]:
    return [
        {
            "short": short,
            "short_at": short.shortage.start_us,
            "place": place_number(forecast.places[short.row]),
        }
        for short in shortages
        if acknowledged in {None, _is_acknowledged(short, forecast, by_place)}
    ]


def _is_acknowledged(
    short: PlaceShortage, forecast: Forecast, by_place: Mapping[StockPlace, Acknowledgement]
) -> bool:
    newest = by_place.get(forecast.places[short.row])
    return newest is not None and newest.state_of(short, forecast.now_us) == "in_force"


async def _load_deliveries(
    connection: ReadConnection,
    forecast: Forecast,
    page: Sequence[PlaceShortage],
    plant_ids: Sequence[int] | None,
) -> OpenDeliveries:
    until_us = max((short.shortage.start_us for short in page), default=forecast.now_us)
    return await load_open_deliveries(
        connection, _tomorrow_by_relation(forecast, page), forecast.now_us, until_us, plant_ids
    )


def _tomorrow_by_relation(forecast: Forecast, page: Sequence[PlaceShortage]) -> dict[int, int]:
    """Return when late shipments are expected, of each relation that fills a short place."""
    places = [forecast.places[short.row] for short in page]
    return {
        relation: forecast.day_edges[place[0]][1]
        for place in places
        for relation in forecast.relations.get(place, ())
    }


def _view(short: PlaceShortage, inputs: _ViewInputs) -> ShortageWarningView:
    forecast, shortage = inputs.forecast, short.shortage
    place = forecast.places[short.row]
    warehouse = forecast.warehouses[place[0]]
    missing = [
        _delivery_view(line, inputs.deliveries, forecast.now_us)
        for relation in forecast.relations.get(place, ())
        for line in find_missing(
            inputs.deliveries.by_relation.get(relation, ()), shortage.start_us, forecast.now_us
        )
    ]
    missing.sort(key=lambda delivery: (delivery.due_from, delivery.supplier, delivery.call_off))
    lines = line_views(short)
    arrival = shortage.next_arrival
    newest = inputs.acknowledgements.get(place)
    view = ShortageWarningView(
        code="", text="", fields={}, **inputs.materials[place[1]], warehouse=warehouse.key,
        stock=short.stock, minimum=short.minimum, short_at=instant_of(shortage.start_us),
        empty_at=_to_instant(shortage.empty_us), until=instant_of(shortage.end_us),
        next_arrival=None if arrival is None else ArrivalView(
            at=instant_of(arrival.at_us), quantity=arrival.quantity),
        minutes_at_risk=sum(line.minutes_at_risk for line in lines), lines=lines,
        suppliers=sorted({delivery.supplier for delivery in missing}), deliveries=missing,
        acknowledgement=None if newest is None else newest.view(short, forecast.now_us),
        reason=None if missing else NOTHING_DUE,
    )  # fmt: skip
    zone = zone_of(warehouse, inputs.tree)
    text = warning_text(view, zone)
    return view.model_copy(
        update={
            "code": warning_code(view),
            "text": write_text(text),
            "fields": text.document_fields(),
        }
    )


def _delivery_view(
    line: AllottedDueLine, deliveries: OpenDeliveries, now_us: int
) -> MissingDeliveryView:
    row = deliveries.due_rows[line.due.id]
    return MissingDeliveryView(
        supplier=row["supplier"], supplier_name=row["supplier_name"], call_off=row["document"],
        due_from=row["due_from"], on_time_until=row["until"], quantity=row["quantity"],
        open_quantity=row["open_quantity"], expected_at=_to_instant(line.expected_us),
        delay_s=delay_s_of(line, now_us), events=message_views_of(row["event_ids"]),
        shipments=deliveries.shipment_views(line),
    )  # fmt: skip


def _to_instant(at_us: int | None) -> datetime | None:
    return None if at_us is None else instant_of(at_us)
