"""Shift calendars as the API shows and takes them."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.shifts.schemas import ShiftView

Document = Annotated[
    dict[str, Any],
    Field(description="time_zone, cycle_days, anchor, shifts, exceptions, holidays"),
]


class CalendarView(BaseModel):
    """One version: it holds from `valid_from` until the next one does."""

    equipment: str  # whose calendar it is: the requested equipment, or one above it
    valid_from: datetime
    valid_to: datetime | None
    in_force: bool  # now, for the requested equipment
    document: Document


class CalendarsView(BaseModel):
    equipment: str
    items: list[CalendarView]
    time_zone: str


class NewCalendar(BaseModel):
    model_config = ConfigDict(extra="forbid")

    valid_from: str | None = Field(
        None, description="RFC 3339, a date, now. Default: for the first calendar, ever since."
    )
    document: Document
    reason: str | None = Field(None, description="Why; for the audit log.")


class HolidayView(BaseModel):
    date: date
    name: str


class CalendarChangeView(BaseModel):
    """What a change of calendars does, or would do."""

    equipment: str
    valid_from: datetime
    document: Document | None  # as stored, with the exceptions of holidays; null: deleted
    next_shifts: list[ShiftView]
    holidays: list[HolidayView]  # that became exceptions
    machines: int  # with stored buckets, whose plan changes
    changed_from: datetime | None  # the first instant in the past whose plan changes
    changed_to: datetime | None
    marked_buckets: int  # that are computed again
