"""Comparisons as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, Field


class ComparabilityPartsView(BaseModel):
    """0 to 1; null: unknown."""

    product_family: float | None = Field(description="Run time for the usual products.")
    definition: float | None = Field(description="Same KPI version and threshold of minor stops.")
    coverage: float | None = Field(description="Share of planned time that can be judged.")
    calendar: float | None = Field(description="Planned hours a week, against the usual ones.")


class ProductShareView(BaseModel):
    """A product family, or a material that has none."""

    product_family: str | None
    material: str | None
    share: float = Field(description="Of the run time.")


class ComparisonItemView(BaseModel):
    equipment: str
    rank: int | None = Field(description="Null: not comparable, see `reasons`.")
    value: float | None
    value_reason: str | None
    comparable: bool
    score: float = Field(description="Comparability: geometric mean of the parts.")
    parts: ComparabilityPartsView
    reasons: list[str] = Field(description="Why it is not ranked.")
    product_unknown_share: float | None = Field(
        description="Share of the run time without a known product; null: it did not run."
    )
    products: list[ProductShareView] = Field(description="The longest first; at most 50.")
    materials_without_family: list[str] = Field(
        description="Each is a family of its own; `PUT /materials/…` sets `product_family`."
    )
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
