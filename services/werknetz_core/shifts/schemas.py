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
    is_running: bool  # now
    breaks: list[BreakView]


class NamedShiftView(BaseModel):
    """The shift that `shift:current` or `shift:previous` means."""

    name: str
    day: date  # the local day on which it starts
    start: datetime
    end: datetime
    breaks: list[tuple[datetime, datetime]]
    is_running: bool  # false: between shifts, the one that ended last


class ShiftsView(BaseModel):
    items: list[ShiftView]
    next_cursor: str | None
    time_zone: str
    shift: NamedShiftView | None  # that `start` names
    no_data: bool
