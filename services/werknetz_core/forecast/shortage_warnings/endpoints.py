"""Shortage warnings: which lines will stop, when, for which part, because of which delivery."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from werknetz.domain.bucket import instant_of
from werknetz.kpi.stock.warning import AllottedDueLine, delay_s_of, find_missing
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext, ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import format_utc
from werknetz_core.forecast.forecast import Forecast, project_all, zone_of
from werknetz_core.forecast.lookup import materials_of
from werknetz_core.forecast.shortage_warnings.messages import sentence
from werknetz_core.forecast.shortage_warnings.open_deliveries import Deliveries, deliveries
from werknetz_core.forecast.shortage_warnings.schemas import (
    ArrivalView,
    LineAtRiskView,
    MissingDeliveryView,
    ShortageWarningView,
)
from werknetz_core.forecast.shortage_warnings.shortages import Short, shortages
from werknetz_core.http.links import message_views_of
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.sorting import sort_and_paginate

router = APIRouter(tags=["losses"])
NOTHING_DUE: Final = "nothing_due_in_time"
DAYS: Final = 14
DAYS_MAX: Final = 56


class ShortageWarningListView(BaseModel):
    items: list[ShortageWarningView]
    next_cursor: str | None
    at: str


class _Page(NamedTuple):
    """What the views of a page are made of."""

    look: Forecast
    told: Deliveries
    materials: Mapping[int, dict[str, Any]]
    tree: EquipmentTree


@router.get("/shortage_warnings")
async def list_shortage_warnings(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    horizon_days: Annotated[int, Query(ge=1, le=DAYS_MAX, description="From today on.")] = DAYS,
    params: ListParamsDep,
) -> ShortageWarningListView:
    """List which lines will stop, the soonest first: for which part, because of which delivery.

    Stock of which nobody has told anything is not warned of: see /stock_projection. Sort: short_at.
    """
    is_asked = await _asked_for(under, context, principal)
    now_us, tree = context.now_us(), await context.tree.current()
    plants = _plants(tree, principal)
    async with (
        context.database.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        look = await project_all(connection, tree, now_us, horizon_days)
        rows, next_cursor = sort_and_paginate(
            [
                {"short": short, "short_at": short.shortage.start_us, "row": short.row}
                for short in shortages(look, is_asked)
            ],
            params, default="short_at", keys=("short_at",), tie="row",
        )  # fmt: skip
        shown: list[Short] = [row["short"] for row in rows]
        tomorrow = _tomorrow(look, shown)
        until_us = max((short.shortage.start_us for short in shown), default=now_us)
        told = await deliveries(connection, tomorrow, now_us, until_us, plants)
    known = await materials_of([look.places[short.row][1] for short in shown], session)
    page = _Page(look, told, known, tree)
    return list_response(
        request, params, [_view(short, page) for short in shown],
        columns_of(ShortageWarningView), next_cursor=next_cursor,
        envelope={"next_cursor": next_cursor, "at": format_utc(now_us)},
    )  # type: ignore[return-value] # fmt: skip # a ready answer of that form


async def _asked_for(
    under: Sequence[str], context: AppContext, principal: Principal
) -> Callable[[str], bool]:
    for path in under:
        await context.tree.find_node(path, principal)

    def is_asked(path: str) -> bool:
        inside = not under or any(path == at or path.startswith(f"{at}/") for at in under)
        return inside and principal.can_see(path)

    return is_asked


def _plants(tree: EquipmentTree, principal: Principal) -> list[int] | None:
    """Return the equipment whose sites the key may see; None: all."""
    if principal.plants is None:
        return None
    return [node.id for node in tree.nodes.values() if principal.can_see(node.path)]


def _tomorrow(look: Forecast, shown: Sequence[Short]) -> dict[int, int]:
    """Return, of each relation that fills what runs short, when what is late is expected."""
    places = [look.places[short.row] for short in shown]
    return {
        relation: look.edges[place[0]][1]
        for place in places
        for relation in look.feeding.get(place, ())
    }


def _view(short: Short, page: _Page) -> ShortageWarningView:
    look, place, found = page.look, page.look.places[short.row], short.shortage
    late = [
        _delivery(promise, page.told, look.now_us)
        for relation in look.feeding.get(place, ())
        for promise in find_missing(
            page.told.by_relation.get(relation, ()), found.start_us, look.now_us
        )
    ]
    late.sort(key=lambda one: (one.due_from, one.supplier, one.call_off))
    per_hour = {need.path: 0.0 for need in short.needs}
    minutes: dict[str, float] = {}
    for need in short.needs:
        per_hour[need.path] += need.per_hour
        minutes[need.path] = found.at_risk_us[need.equipment_id] / 60e6
    arrival = found.next_arrival
    view = ShortageWarningView(
        text="", **page.materials[place[1]], warehouse=look.warehouses[place[0]].key,
        stock=short.stock, minimum=short.minimum, short_at=instant_of(found.start_us),
        empty_at=_at(found.empty_us), until=instant_of(found.end_us),
        next_arrival=None if arrival is None else ArrivalView(
            at=instant_of(arrival.at_us), quantity=arrival.quantity),
        minutes_at_risk=sum(minutes.values()),
        lines=[LineAtRiskView(equipment=path, per_hour=per_hour[path],
                              minutes_at_risk=minutes[path]) for path in sorted(minutes)],
        suppliers=sorted({one.supplier for one in late}), deliveries=late,
        reason=None if late else NOTHING_DUE,
    )  # fmt: skip
    zone: ZoneInfo = zone_of(look.warehouses[place[0]], page.tree)
    return view.model_copy(update={"text": sentence(view, zone)})


def _delivery(promise: AllottedDueLine, told: Deliveries, now_us: int) -> MissingDeliveryView:
    row = told.due[promise.due.id]
    return MissingDeliveryView(
        supplier=row["supplier"], supplier_name=row["supplier_name"], call_off=row["document"],
        due_from=row["due_from"], on_time_until=row["until"], quantity=row["quantity"],
        open_quantity=row["open_quantity"], expected_at=_at(promise.expected_us),
        delay_s=delay_s_of(promise, now_us), events=message_views_of(row["event_ids"]),
        shipments=told.shipments_of(promise),
    )  # fmt: skip


def _at(at_us: int | None) -> datetime | None:
    return None if at_us is None else instant_of(at_us)
