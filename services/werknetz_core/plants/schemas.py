"""A plant as the API shows it."""

from pydantic import BaseModel


class PlantView(BaseModel):
    path: str
    name: str
    time_zone: str | None
    has_shift_calendar: bool
    machines: int
