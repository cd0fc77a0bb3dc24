"""A plant as the API shows it."""

from pydantic import BaseModel


class PlantView(BaseModel):
    path: str
    name: str
    time_zone: str | None
    language: str | None  # en, de …; null: nobody has set it
    clock: str | None  # 12h or 24h; null: nobody has set it
    has_shift_calendar: bool
    machines: int
