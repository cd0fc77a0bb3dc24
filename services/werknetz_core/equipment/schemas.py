"""Equipment, states and counts as the API shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant
from werknetz_core.http.pagination import Page
from werknetz_core.shifts.schemas import NamedShiftView


class EquipmentView(BaseModel):
    path: str
    level: str
    name: str
    time_zone: str | None
    language: str | None = None  # of a plant: en, de …
    clock: str | None = None  # of a plant: 12h or 24h
    valid_from: datetime
    valid_to: datetime | None  # retired: no roll-up has it for the time after
    moved_from: str | None = None  # where it was before `valid_from`
    moved_to: str | None = None  # where it is since `valid_to`


class EquipmentChange(BaseModel):
    """A change of equipment; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] | None = Field(
        default=None, description="Of a plant: en, de …; null: none."
    )
    clock: Literal["12h", "24h"] | None = Field(default=None, description="Of a plant; null: none.")
    path: Annotated[str, Field(max_length=400)] | None = Field(
        default=None, description="Another last segment: rename. Another parent: move."
    )
    valid_from: Instant | None = Field(
        default=None, description="When it moved; the start of that quarter hour. Default: now."
    )
    valid_to: Instant | None = Field(
        default=None, description="Retired at this instant; null: in service again."
    )
    reason: Annotated[str, Field(max_length=2000)] | None = None


class StateView(BaseModel):
    equipment: str
    start: datetime
    end: datetime | None  # null: still open
    duration_s: float
    state: str
    category: str
    code: str | None
    order_number: str | None


class StatesPage(Page[StateView]):
    """A page of states, with the span that `start` and `end` mean."""

    start: datetime
    end: datetime
    shift: NamedShiftView | None  # that `start` names
    no_data: bool


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
    shift: NamedShiftView | None  # that `start` names
    time_zone: str
    no_data: bool
