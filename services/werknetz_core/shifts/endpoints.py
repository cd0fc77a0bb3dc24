"""Shifts: the actual shifts of an equipment, by its shift calendar."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz.domain.shift import Shift
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.context.time_spec import TimeContext, parse_span, shift_fields
from werknetz_core.context.windows import query_too_large, time_context_of
from werknetz_core.http.list_params import LargeListParamsDep, columns_of, list_response
from werknetz_core.http.responses import with_content_etag
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.shifts.schemas import BreakView, ShiftsView, ShiftView

router = APIRouter(tags=["shifts"], dependencies=[Depends(refuse_unknown_parameters)])
_SPAN_MAX_US: Final = 400 * 86_400_000_000


@router.get("/shifts", response_model=ShiftsView)
async def list_shifts(
    *,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    params: LargeListParamsDep,
    equipment: Annotated[str, Query(description="Equipment path.")],
    start: str = "day:today",
    end: str | None = None,
    tz: str | None = None,
) -> Response:
    """List the shifts that overlap the span. Without a calendar the list is empty.

    Sort: start, name.
    """
    node = await context.tree.find_node(equipment, principal)
    time = time_context_of(context, await context.tree.current(), node, tz)
    span = parse_span(start, end, time)
    if span.end_us - span.start_us > _SPAN_MAX_US:
        raise query_too_large("shifts")
    shifts = time.calendar.shifts_between(span.start_us, span.end_us) if time.calendar else []
    by_start = {shift.start_us: shift for shift in shifts}
    rows = [{"start": shift.start_us, "name": shift.name} for shift in shifts]
    keys = ("start", "name")
    page, next_cursor = sort_and_paginate(rows, params, default="start", keys=keys, tie="start")
    items = [shift_view(equipment, by_start[row["start"]], time) for row in page]
    envelope = {
        "next_cursor": next_cursor,
        "time_zone": time.zone.key,
        "shift": shift_fields(span.shift, time),
        "no_data": not items,
    }
    columns = columns_of(ShiftView)
    return with_content_etag(
        request,
        list_response(request, params, items, columns, next_cursor=next_cursor, envelope=envelope),
    )


def shift_view(equipment: str, shift: Shift, time: TimeContext) -> ShiftView:
    def local(at_us: int) -> object:
        return instant_of(at_us).astimezone(time.zone)

    return ShiftView.model_validate(
        {
            "equipment": equipment,
            "name": shift.name,
            "day": shift.day,
            "start": local(shift.start_us),
            "end": local(shift.end_us),
            "is_running": shift.start_us <= time.now_us < shift.end_us,
            "breaks": [
                BreakView.model_validate({"start": local(start_us), "end": local(end_us)})
                for start_us, end_us in shift.breaks
            ],
        }
    )
