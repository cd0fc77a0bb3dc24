"""What a group or plant screen shows, as the API answers it."""

from datetime import date, datetime

from pydantic import BaseModel, Field


class RunningShiftView(BaseModel):
    name: str
    day: date
    start: datetime
    end: datetime
    breaks: list[list[datetime]]
    is_running: bool = Field(description="False: it is the last one that ended.")


class OverviewKpisView(BaseModel):
    """KPIs of a period; null where nothing can be judged."""

    start: datetime
    end: datetime
    oee: float | None
    availability: float | None
    effectiveness: float | None
    quality_ratio: float | None
    coverage: float | None
    judged_share: float | None = Field(description="Share of planned time that could be judged.")
    good: float | None  # null: nobody reports it
    planned_quantity: float | None = Field(
        description="What the planned busy time so far allows at the ideal cycle."
    )
    times_s: dict[str, float] = Field(description="Production time and losses, by category.")
    provisional: bool


class OpenStopView(BaseModel):
    equipment: str
    state: str
    code: str | None
    since: datetime
    seconds: float


class OverviewTargetView(BaseModel):
    key: str
    goal: float
    due_on: date
    change: float | None
    gap_points: float | None
    state: str
    headline: str


class OverviewItemView(BaseModel):
    """`now`: of the current shift; null between shifts: then `week` is what there is."""

    equipment: str
    name: str
    level: str
    time_zone: str
    shift: RunningShiftView | None
    now: OverviewKpisView | None
    week: OverviewKpisView = Field(description="The last seven days.")
    week_before_oee: float | None
    spark: list[float | None] = Field(description="OEE of the last 28 days, today last.")
    open_stops: int
    worst_stop: OpenStopView | None
    silent_connectors: list[str]
    targets: list[OverviewTargetView]
    computed_at: datetime | None


class OverviewView(BaseModel):
    under: OverviewItemView
    items: list[OverviewItemView]
    depth: str
    at: datetime
    no_data: bool
