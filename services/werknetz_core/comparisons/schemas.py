"""Comparisons as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, Field


class ComparabilityPartsView(BaseModel):
    """0 to 1; null: unknown."""

    product_family: float | None = Field(description="Run time for products that others make.")
    definition: float | None = Field(description="Same KPI version and threshold of minor stops.")
    coverage: float | None = Field(description="Share of planned time that can be judged.")
    calendar: float | None = Field(description="Planned hours a week, against the usual ones.")


class ComparisonItemView(BaseModel):
    equipment: str
    rank: int | None = Field(description="Null: not comparable, see `reasons`.")
    value: float | None
    value_reason: str | None
    comparable: bool
    score: float = Field(description="Comparability: geometric mean of the parts.")
    parts: ComparabilityPartsView
    reasons: list[str] = Field(description="Why it is not ranked.")
    trust: float = Field(description="Judged share × share of known states × share in time.")
    provisional: bool


class ComparisonView(BaseModel):
    under: str
    level: str
    kpi: str
    unit: str
    start: datetime
    end: datetime
    limits: dict[str, float] = Field(description="Parts below these make it not comparable.")
    ignored: list[str]
    items: list[ComparisonItemView]
    no_data: bool
