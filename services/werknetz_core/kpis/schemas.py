"""KPI definitions and values as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field


class KpiView(BaseModel):
    name: str
    number: int | None  # in ISO 22400-2
    description: str
    formula: str
    unit: str
    lower: float | None
    upper: float | None
    trend: str
    inputs: list[str]
    timing: list[str]
    audience: list[str]
    scope: list[str]
    version: int


class KpiValueView(BaseModel):
    equipment: str
    kpi: str
    start: datetime
    end: datetime
    window: str  # the shift's name; empty for other windows
    value: float | None
    reason: str | None  # why there is no value
    unit: str
    coverage: float | None  # share of the planned busy time with good data
    late_share: float | None  # share of samples that came more than a bucket late
    provisional: bool
    definition_version: int
    computed_at: datetime | None
    inputs: dict[str, float]


class RangeView(BaseModel):
    """The span that was answered for: windows are whole, so it may be wider than asked."""

    equipment: str
    start: datetime
    end: datetime
    time_zone: str


class KpiValuesView(BaseModel):
    items: list[KpiValueView]
    ranges: list[RangeView]
    granularity: str
    source: str
    no_data: bool


class KpiQuestion(BaseModel):
    equipment: Annotated[list[str], Field(min_length=1, max_length=50)]
    kpi: Annotated[list[str], Field(min_length=1, max_length=50)]
    start: str = "-24h"
    end: str | None = None
    granularity: str = "none"
    tz: str | None = None
    divisor: str = "fe+1"


class KpiQuestions(BaseModel):
    queries: Annotated[list[KpiQuestion], Field(min_length=1, max_length=50)]


class ProblemView(BaseModel):
    type: str
    title: str
    status: int
    detail: str
    hint: str


class KpiAnswerView(BaseModel):
    answer: KpiValuesView | None
    problem: ProblemView | None


class KpiAnswersView(BaseModel):
    results: list[KpiAnswerView]
