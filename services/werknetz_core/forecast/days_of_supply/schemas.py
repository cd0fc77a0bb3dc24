"""Days of supply as the API shows them."""

from pydantic import BaseModel


class DaysOfSupplyView(BaseModel):
    warehouse: str
    material: str
    description: str
    unit: str | None
    stock: float | None
    demand: float  # of the days that were looked at
    days_of_supply: float | None
    at_least: bool  # nothing within those days uses it up
    reason: str | None  # why there is no number
