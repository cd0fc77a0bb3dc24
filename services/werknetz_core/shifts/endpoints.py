"""Shifts: the calendar of an equipment, cut into the shifts that take place."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.domain.shift import Shift, shifts_between
from werknetz_core.context.app_context import ContextDep, Viewer
from werknetz_core.context.time_spec import TimeContext, parse_span
from werknetz_core.context.windows import query_too_large, time_context_of
from werknetz_core.http.list_params import LargeListParamsDep, columns_of, list_response
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.shifts.schemas import BreakView, ShiftsView, ShiftView

router = APIRouter(tags=["shifts"])
_SPAN_MAX_US: Final = 400 * 86_400_000_000


@router.get("/shifts")
async def list_shifts(
    *,
    request: Request,
    context: ContextDep,
    principal: Viewer,
    params: LargeListParamsDep,
    equipment: Annotated[str, Query(description="Equipment path.")],
    start: str = "day:today",
    end: str | None = None,
    tz: str | None = None,
) -> ShiftsView:
    """List the shifts that overlap the span, whole. No calendar: no shifts. Sort: start, name."""
    node = await context.tree.find_node(equipment, principal)
    clock = time_context_of(context, await context.tree.current(), node, tz)
    span = parse_span(start, end, clock)
    if span.end_us - span.start_us > _SPAN_MAX_US:
        raise query_too_large("shifts")
    shifts = shifts_between(clock.calendar, span.start_us, span.end_us) if clock.calendar else []
    known = {shift.start_us: shift for shift in shifts}
    rows = [{"start": shift.start_us, "name": shift.name} for shift in shifts]
    names = ("start", "name")
    cut, next_cursor = sort_and_paginate(rows, params, default="start", keys=names, tie="start")
    items = [_view(equipment, known[row["start"]], clock) for row in cut]
    envelope = {"next_cursor": next_cursor, "time_zone": clock.zone.key, "no_data": not items}
    columns = columns_of(ShiftView)
    return list_response(  # type: ignore[return-value] # a ready answer of that form
        request, params, items, columns, next_cursor=next_cursor, envelope=envelope
    )


def _view(equipment: str, shift: Shift, clock: TimeContext) -> ShiftView:
    def local(at_us: int) -> object:
        return instant_of(at_us).astimezone(clock.zone)

    return ShiftView.model_validate(
        {
            "equipment": equipment,
            "name": shift.name,
            "on": shift.day,
            "start": local(shift.start_us),
            "end": local(shift.end_us),
            "breaks": [
                BreakView.model_validate({"start": local(begin), "end": local(until)})
                for begin, until in shift.breaks
            ],
        }
    )
