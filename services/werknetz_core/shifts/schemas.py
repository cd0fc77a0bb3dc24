"""A shift as the API shows it."""

from datetime import date, datetime

from pydantic import BaseModel


class BreakView(BaseModel):
    start: datetime
    end: datetime


class ShiftView(BaseModel):
    equipment: str
    name: str
    day: date  # the local day on which the shift starts
    start: datetime
    end: datetime
    breaks: list[BreakView]


class ShiftsView(BaseModel):
    items: list[ShiftView]
    next_cursor: str | None
    time_zone: str
    no_data: bool
