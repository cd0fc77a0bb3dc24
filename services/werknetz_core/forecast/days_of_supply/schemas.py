"""Days of supply as the API shows them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from werknetz_core.forecast.shortage_warnings.schemas import ArrivalView, LineAtRiskView


class DaysOfSupplyView(BaseModel):
    warehouse: str
    material: str
    description: str
    unit: str | None
    stock: float | None
    demand: float  # within the horizon
    days_of_supply: float | None
    at_least: bool  # true: the stock lasts longer than the horizon
    reason: str | None  # why days_of_supply is null
    stock_note: Literal["not_counted", "negative"] | None  # what is wrong with the stock
    runs_out_at: datetime | None  # in planned time, if nothing arrives; null: see reason, at_least
    # Of now; null or empty for another time, or where nothing stops within 14 days.
    next_arrival: ArrivalView | None
    stops_at: datetime | None  # from then on lines lack the material, with what arrives before
    stops_until: datetime | None  # the arrival after it, otherwise the horizon
    minutes_at_risk: float
    lines: list[LineAtRiskView]  # that the key may see


class DaysOfSupplyListView(BaseModel):
    items: list[DaysOfSupplyView]
    next_cursor: str | None
    at: str
    known_at: str | None  # null: by what is known now
