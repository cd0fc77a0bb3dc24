"""Ranked losses as the API shows them: the rows and `rest` add up to the totals exactly."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from werknetz_core.losses.schemas import CostView


class ComparedLossView(BaseModel):
    """The same group in the compared period or equipment."""

    seconds: float
    stops: int
    share: float | None
    busy_share: float | None
    change_s: float = Field(description="From the compared one to this one; positive: more loss.")
    change_points: float | None = Field(
        description="Change of busy_share in percentage points: also of periods of other lengths."
    )


class LossRowView(BaseModel):
    """A group of losses; dimensions that are not grouped by are null."""

    plant: str | None
    line: str | None
    machine: str | None
    category: str | None
    big_loss: str | None = Field(
        description="One of the six big losses; null: the category is none of them."
    )
    reason: str | None = Field(
        description="Null: nobody gave one, or the loss is neither a stop nor scrap."
    )
    order: str | None
    shift: str | None = Field(description="Null: between shifts.")
    absent: dict[str, str] = Field(
        description="Why dimensions that are grouped by are null, such as `no reason entered` or "
        "`not judged: the state is unknown`; each has rows of its own."
    )
    kind: Literal["planned", "loss", "not_judged"]
    seconds: float
    share: float | None = Field(description="Of all rows.")
    busy_share: float | None = Field(description="Of planned busy time.")
    cumulative_share: float | None = Field(description="Of this row and those before it.")
    stops: int
    pieces: float | None
    costs: list[CostView]
    compared: ComparedLossView | None


class LossRestView(BaseModel):
    """The groups beyond the limit."""

    rows: int
    seconds: float
    stops: int


class LossTotalsView(BaseModel):
    """busy_s = good_s + loss_s + not_judged_s; `seconds` is the sum of the rows and the rest."""

    seconds: float
    stops: int
    calendar_s: float
    planned_s: float
    busy_s: float
    production_s: float
    net_s: float
    good_s: float
    loss_s: float
    not_judged_s: float
    stop_s: float
    untagged_s: float
    untagged_share: float | None = Field(description="Share of stops without a reason.")


class LossSpanView(BaseModel):
    under: list[str]
    start: datetime
    end: datetime
    totals: LossTotalsView


class LossRankingView(BaseModel):
    under: list[str]
    start: datetime
    end: datetime
    time_zone: str
    group_by: list[str]
    items: list[LossRowView]
    rest: LossRestView
    totals: LossTotalsView
    compared: LossSpanView | None
    provisional: bool
    computed_at: datetime | None
    no_data: bool
