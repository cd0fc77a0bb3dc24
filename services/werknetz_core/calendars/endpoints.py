"""The shift calendars of equipment, by valid-from. A change marks the buckets that it changes."""

from collections.abc import AsyncIterator
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz.domain.shift import CalendarRejected
from werknetz.store.calendars import LOCK_CALENDARS
from werknetz.store.session import ReadSession
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeCalendars, MayRead
from werknetz_core.calendars import ical
from werknetz_core.calendars.changes import StoredCalendars, extent, history_of
from werknetz_core.calendars.schemas import (
    CalendarChangeView,
    CalendarsView,
    HolidayView,
    NewCalendar,
)
from werknetz_core.calendars.versions import (
    CalendarChange,
    PlannedChange,
    parse_change,
    plan_change,
    store_change,
)
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    ReadSessionDep,
    WriteSessionDep,
)
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.context.time_spec import (
    TimeContext,
    format_local,
    format_utc,
    parse_instant,
    parse_span,
)
from werknetz_core.context.windows import time_context_of
from werknetz_core.http.problem import Problem
from werknetz_core.http.responses import VARY, json_response, with_content_etag
from werknetz_core.shifts.endpoints import shift_view

router = APIRouter(tags=["calendars"], dependencies=[Depends(refuse_unknown_parameters)])
ValidFrom = Annotated[str, Query(description="valid_from of the version.")]
_NEXT_SHIFTS: Final = 6
_LOOK_AHEAD_US: Final = 28 * 86_400_000_000
_ICS: Final = "text/calendar"


async def _renew_tree(context: ContextDep) -> AsyncIterator[None]:
    """Expire the tree once the change is committed.

    A dependency of the route ends after those of its function, so after the transaction. Before
    the commit, a request of somebody else would read the former calendars again, to stay.
    """
    yield
    context.tree.expire()


_RENEWS_TREE: Final = Depends(_renew_tree, scope="function")


@router.get("/equipment/{path:path}/calendars", response_model=CalendarsView)
async def list_calendars(
    path: str, request: Request, context: ContextDep, session: ReadSessionDep, principal: MayRead
) -> Response:
    """List the calendars that hold for an equipment: its own and those above it, oldest first."""
    node = await context.tree.find_node(path, principal)
    time = time_context_of(context, await context.tree.current(), node, None)
    stored = await StoredCalendars.load(session)
    above = [name for name in stored.versions if (path + "/").startswith(name + "/")]
    in_force = history_of(sorted(above, reverse=True), stored.versions).calendar_at(time.now_us)
    items = []
    for name in sorted(above):
        versions = stored.versions[name]
        ends = [*(at for at, _ in versions[1:]), None]
        items += [
            {
                "equipment": name,
                "valid_from": format_local(at, time.zone),
                "valid_to": None if end is None else format_local(end, time.zone),
                "in_force": calendar is in_force,
                "document": stored.documents[name, at],
            }
            for (at, calendar), end in zip(versions, ends, strict=True)
        ]
    content = {"equipment": path, "items": items, "time_zone": time.zone.key}
    return with_content_etag(request, json_response(content, {"Vary": VARY}))


@router.put("/equipment/{path:path}/calendars", dependencies=[_RENEWS_TREE])
async def set_calendar(
    path: str,
    body: NewCalendar,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeCalendars,
) -> CalendarChangeView:
    """Set the calendar from `valid_from` on, until the next version begins.

    A version with the same `valid_from` is replaced. Holidays become exceptions.
    """
    await session.execute(sa.text(LOCK_CALENDARS))
    stored, planned, time = await _plan(path, body, context, session, principal)
    marked = await store_change(session, stored, planned, principal, body.reason)
    return _to_view(planned, time, marked)


@router.post("/equipment/{path:path}/calendars:preview")
async def preview_calendar(
    path: str, body: NewCalendar, context: ContextDep, session: ReadSessionDep, principal: MayRead
) -> CalendarChangeView:
    """Check a calendar and show what it would change, with its holidays; nothing is stored."""
    _, planned, time = await _plan(path, body, context, session, principal)
    return _to_view(planned, time)


@router.delete("/equipment/{path:path}/calendars", dependencies=[_RENEWS_TREE])
async def delete_calendar(
    *,
    path: str,
    valid_from: ValidFrom,
    reason: str | None = None,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeCalendars,
) -> CalendarChangeView:
    """Delete a version: the one before it, or the calendar above, holds instead."""
    await session.execute(sa.text(LOCK_CALENDARS))
    stored = await StoredCalendars.load(session)
    node = await context.tree.find_node(path, principal)
    time = time_context_of(context, await context.tree.current(), node, None)
    at_us = parse_instant(valid_from, "valid_from", time)
    if (path, at_us) not in stored.documents:
        versions = ", ".join(format_utc(at) for name, at in stored.documents if name == path)
        raise Problem(
            404,
            "unknown_calendar",
            Sentence("calendars.no_version_from", path=path, valid_from=format_utc(at_us)),
            Sentence("calendars.versions_from", versions=versions)
            if versions
            else Sentence("calendars.none_of_its_own"),
        )
    planned = await plan_change(session, stored, CalendarChange(path, at_us, None))
    marked = await store_change(session, stored, planned, principal, reason)
    return _to_view(planned, time, marked)


@router.get(
    "/equipment/{path:path}/calendars.ics",
    response_class=Response,
    responses={200: {"content": {_ICS: {}}}},
)
async def export_calendar(
    *,
    path: str,
    context: ContextDep,
    principal: MayRead,
    start: str = "now",
    end: str = "+366d",
) -> Response:
    """Export the shifts as iCalendar (RFC 5545): rules, exceptions and the time zone."""
    node = await context.tree.find_node(path, principal)
    tree = await context.tree.current()
    time = time_context_of(context, tree, node, None)
    span = parse_span(start, end, time)
    history = tree.calendar_history(path)
    if not history.steps:
        raise Problem(
            404,
            "no_calendar",
            Sentence("calendars.no_calendar", path=path),
            Sentence("calendars.set_one", path=path),
        )
    text = ical.export_history(history, path, span.start_us, span.end_us)
    return Response(text, media_type=f"{_ICS}; charset=utf-8")


@router.post(
    "/equipment/{path:path}/calendars:import",
    openapi_extra={"requestBody": {"content": {_ICS: {"schema": {"type": "string"}}}}},
)
async def import_calendar(
    *,
    path: str,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    start: Annotated[str, Query(description="First day to read.")] = "day:today",
    end: Annotated[str, Query(description="End of the days to read.")] = "+366d",
) -> CalendarChangeView:
    """Read an iCalendar file into a calendar document and preview it; nothing is stored.

    Timed events are shifts, all-day events close the day. PUT the document to store it.
    """
    node = await context.tree.find_node(path, principal)
    time = time_context_of(context, await context.tree.current(), node, None)
    span = parse_span(start, end, time)
    try:
        document = ical.import_document(
            await request.body(), time.zone.key, span.start_us, span.end_us
        )
    except CalendarRejected as error:
        raise _to_problem(error) from error
    body = NewCalendar(valid_from=format_utc(span.start_us), document=document, reason=None)
    _, planned, time = await _plan(path, body, context, session, principal)
    return _to_view(planned, time)


async def _plan(
    path: str, body: NewCalendar, context: AppContext, session: ReadSession, principal: Principal
) -> tuple[StoredCalendars, PlannedChange, TimeContext]:
    """Check a calendar in the transaction that may store it."""
    node = await context.tree.find_node(path, principal)
    time = time_context_of(context, await context.tree.current(), node, None)
    stored = await StoredCalendars.load(session)
    valid_from_us = (
        None if body.valid_from is None else parse_instant(body.valid_from, "valid_from", time)
    )
    try:
        change = parse_change(stored, path, body.document, valid_from_us, time.now_us)
    except CalendarRejected as error:
        raise _to_problem(error) from error
    return stored, await plan_change(session, stored, change), time


def _to_view(planned: PlannedChange, time: TimeContext, marked: int = 0) -> CalendarChangeView:
    change = planned.change
    first_us = max(time.now_us, change.valid_from_us)  # the shifts that the change brings
    next_shifts = planned.history.shifts_between(first_us, first_us + _LOOK_AHEAD_US)
    changed_from, changed_to = extent(planned.changed)
    return CalendarChangeView(
        equipment=change.path,
        valid_from=instant_of(change.valid_from_us).astimezone(time.zone),
        document=None if change.document is None else dict(change.document),
        next_shifts=[shift_view(change.path, shift, time) for shift in next_shifts[:_NEXT_SHIFTS]],
        holidays=[
            HolidayView(date=day, name=name) for day, name in sorted(change.holidays.items())
        ],
        machines=len({number for ids, _ in planned.changed for number in ids}),
        changed_from=changed_from,
        changed_to=changed_to,
        marked_buckets=marked,
    )


def _to_problem(error: CalendarRejected) -> Problem:
    return Problem(
        422,
        "invalid_calendar",
        Sentence("calendars.invalid", error=error),
        Sentence("calendars.correct_it"),
    )
