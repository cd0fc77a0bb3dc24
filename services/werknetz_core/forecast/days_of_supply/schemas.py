"""Days of supply as the API shows them."""

from pydantic import BaseModel


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


class DaysOfSupplyListView(BaseModel):
    items: list[DaysOfSupplyView]
    next_cursor: str | None
    at: str
    known_at: str | None  # null: by what is known now
