"""The stock projection as the API shows it."""

from datetime import date

from pydantic import BaseModel


class ProjectedDayView(BaseModel):
    """A day of the plant; of today, what is left of it."""

    day: date
    opening: float | None  # null: nobody has told what is there
    arrivals: float
    demand: float
    closing: float | None


class StockProjectionView(BaseModel):
    warehouse: str
    material: str
    description: str
    unit: str | None
    stock: float | None
    reason: str | None  # why there is none
    short_day: date | None  # the first that ends below zero
    days: list[ProjectedDayView]
