"""Loss times as the API shows them: the parts of each step add up to the step."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from werknetz_core.losses.schemas import CostView


class LossStepView(BaseModel):
    name: Literal["calendar", "planned", "busy", "production", "net", "good"]
    seconds: float
    share: float | None = Field(description="Of planned busy time; null: nothing was planned.")


class LossPartView(BaseModel):
    """Time that is lost between a step and the next one."""

    category: str
    step: str = Field(description="The step whose time it reduces.")
    kind: Literal["planned", "loss", "not_judged"]
    parent: str | None = Field(description="external: blocked, starved, suspended, supply-caused.")
    big_loss: str | None = Field(description="Which of the six big losses it is.")
    description: str
    seconds: float
    share: float | None = Field(description="Of planned busy time.")
    stops: int
    pieces: float | None = Field(
        description="Ideal cycles that would have fitted; null: no planned run time is known."
    )
    costs: list[CostView]


class SupplyChainView(BaseModel):
    """What a line's machines missed, and whose delivery was late."""

    line: str
    material: str
    seconds: float
    suppliers: list[str]
    text: str


class LossKpiView(BaseModel):
    """The KPI that the times add up to: value = good_s / judged_s."""

    name: str
    value: float | None
    reason: str | None
    good_s: float
    judged_s: float = Field(description="Planned busy time in which all inputs are known.")


class LossTimesView(BaseModel):
    equipment: str
    start: datetime
    end: datetime
    time_zone: str
    steps: list[LossStepView]
    parts: list[LossPartView]
    loss_s: float
    not_judged_s: float
    kpi: LossKpiView
    supply_caused: list[SupplyChainView]
    stop_s: float = Field(description="All stops in planned busy time.")
    untagged_s: float = Field(description="Stops without a reason.")
    untagged_share: float | None
    provisional: bool
    computed_at: datetime | None
    no_data: bool


class LossTimesListView(BaseModel):
    items: list[LossTimesView]
    no_data: bool
