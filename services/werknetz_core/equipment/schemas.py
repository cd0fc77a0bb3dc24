"""Equipment, states and counts as the API shows them."""

from datetime import datetime

from pydantic import BaseModel


class EquipmentView(BaseModel):
    path: str
    level: str
    name: str
    time_zone: str | None
    valid_from: datetime
    valid_to: datetime | None


class StateView(BaseModel):
    equipment: str
    start: datetime
    end: datetime | None  # null: still open
    duration_s: float
    state: str
    category: str
    code: str | None
    order_number: str | None


class CountView(BaseModel):
    start: datetime
    end: datetime
    window: str
    produced: float | None  # null: nobody reports it
    good: float | None
    scrap: float | None
    rework: float | None
    reported_share: dict[str, float | None]  # by count: of the time in which it is reported
    reasons: dict[str, str]  # by count: why it is null
    provisional: bool


class CountsView(BaseModel):
    equipment: str
    items: list[CountView]
    start: datetime
    end: datetime
    granularity: str
    time_zone: str
    no_data: bool
