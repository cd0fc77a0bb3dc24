"""The stock projection as the API shows it."""

from datetime import date

from pydantic import BaseModel


class ProjectedDayView(BaseModel):
    """A day of the plant; the first day is the rest of today."""

    day: date
    opening: float | None  # null: the stock is unknown
    arrivals: float
    demand: float
    closing: float | None


class ProjectedColumnsView(BaseModel):
    """The days as columns; `arrivals` are those in transit and those that are called off."""

    day: list[date]
    opening: list[float | None]
    in_transit: list[float]
    called_off: list[float]
    demand: list[float]
    closing: list[float | None]


class StockProjectionView(BaseModel):
    warehouse: str
    material: str
    description: str
    unit: str | None
    stock: float | None
    reason: str | None  # why the stock is null
    short_day: date | None  # the first day that ends below zero
    minimum: float  # the largest that a line has of the material
    days: list[ProjectedDayView]  # form=columns: empty
    columns: ProjectedColumnsView | None  # form=columns


class StockProjectionListView(BaseModel):
    items: list[StockProjectionView]
    next_cursor: str | None
    at: str
