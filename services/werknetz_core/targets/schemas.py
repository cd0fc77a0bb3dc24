"""Targets as the API takes and shows them. Changes are relative: 0.3333 is one third more."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz.kpi.targets.path import PathKind
from werknetz_core.http.guard.json_types import Day, Number, Whole

Output = Literal["earned_standard_minutes", "good_parts"]
InputKind = Literal["machine_hours", "attended_hours", "cost"]


class TargetStepBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    due_on: Day
    change: Annotated[Number, Field(description="Due from this day on, against the baseline.")]


class NewTarget(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    under: Annotated[
        list[str], Field(min_length=1, max_length=200, description="Scope: plants, lines …")
    ]
    goal: Annotated[Number, Field(description="Relative increase: 0.3333 for one third more.")]
    due_on: Annotated[Day, Field(description="The last day on which the goal may be reached.")]
    baseline_start: Annotated[str, Field(description="RFC 3339, a date, or month:2026-01.")]
    baseline_end: Annotated[str | None, Field(description="Default: end of the named period.")] = (
        None
    )
    path: PathKind = PathKind.LINEAR
    steps: Annotated[list[TargetStepBody], Field(max_length=100)] = []
    output: Annotated[
        Output,
        Field(description="Earned standard minutes (Σ good × planned run time) cancel the mix."),
    ] = "earned_standard_minutes"
    input: InputKind = "machine_hours"
    now_days: Annotated[
        Whole, Field(ge=1, le=366, description="Length of the period that counts as now.")
    ] = 28
    reason: Annotated[str | None, Field(max_length=1000, description="Why; for the audit.")] = None


class BaselineView(BaseModel):
    """The frozen period: later data do not change it."""

    start: datetime
    end: datetime
    productivity: float
    unit: str
    output: float
    input: float
    judged_share: float | None = Field(description="Of the planned busy time of that period.")
    machines: int
    frozen_at: datetime
    standards: int = Field(description="Number of frozen standards: of a product at a machine.")
    standards_frozen_at: datetime | None = Field(
        description="Later than `frozen_at` for targets of versions that did not freeze them."
    )


class StandardInUseView(BaseModel):
    """The planned run time of an item of a product at a machine, in seconds."""

    product: str
    equipment: str | None
    standard_s: float = Field(description="At which its output counts in this target.")
    current_standard_s: float = Field(description="The mean of the period, as KPIs use it.")
    share: float | None = Field(description="Of the good output.")


class ValuationView(BaseModel):
    """At which standards the current output counts. The shares add up to 1; null: no output."""

    frozen_share: float | None = Field(description="At the standards of the baseline.")
    new_share: float | None = Field(
        description="Of products that are new at their machines: at their first standard."
    )
    unattributed_share: float | None = Field(
        description="Of orders that name no product, and of no order: at the standards in force."
    )
    new_products: list[StandardInUseView] = Field(description="The 20 with the most output.")
    changed_standards: list[StandardInUseView] = Field(description="The 20 with the most output.")
    text: list[str]


class ForecastView(BaseModel):
    method: str
    on: date
    change: float
    low: float
    high: float
    reached_on: date | None = Field(description="Null: never at this pace.")
    points: int


class TargetPointView(BaseModel):
    """A past period, and what the path demanded at its end."""

    start: datetime
    end: datetime
    change: float | None
    path_change: float


class ContributionView(BaseModel):
    """Points of the index by line and loss. `loss` input: staffing or prices, not time."""

    plant: str | None
    line: str | None
    loss: str
    detail: str | None = Field(description="The missing material of supply-caused downtime.")
    baseline_share: float | None
    share: float | None
    budget_share: float | None = Field(description="What the goal allows.")
    gap_points: float = Field(description="Part of the gap; all of them add up to it.")
    change_points: float = Field(description="Part of the change since the baseline.")
    potential_points: float = Field(description="Gained if the loss vanished, all else equal.")


class ScenarioView(BaseModel):
    """What the change would be if losses shrank."""

    factors: dict[str, float]
    change: float | None
    gained_points: float | None
    gap_points: float | None
    reason: str | None


class TargetView(BaseModel):
    key: str
    name: str
    under: list[str]
    goal: float
    due_on: date
    path: PathKind
    steps: list[TargetStepBody]
    output: Output
    input: InputKind
    mix_adjusted: bool = Field(description="Whether the output cancels the product mix.")
    now_days: int = Field(description="Length of the period that counts as now.")
    baseline: BaselineView
    state: Literal["met", "on_path", "behind", "missed", "unknown"]
    now_start: datetime
    now_end: datetime
    productivity: float | None
    change: float | None
    reason: str | None = Field(description="Why there is no current value.")
    judged_share: float | None
    path_change: float
    gap_points: float | None
    path_gap_points: float | None
    change_at_due: float | None
    first_met_on: date | None
    reach_by: date
    needed_per_month: float | None
    forecast: ForecastView | None
    forecast_reason: str | None
    headline: str
    text: list[str]
    created_by: str
    changed_at: datetime


class TargetDetailView(TargetView):
    series: list[TargetPointView]
    contributions: list[ContributionView]
    contributions_reason: str | None = Field(description="Why there are none.")
    valuation: ValuationView | None = Field(
        description="Null: the output is parts, or there is no time after the baseline."
    )
    scenario: ScenarioView | None


class TargetListView(BaseModel):
    items: list[TargetView]
