"""KPI definitions as the API shows them."""

from pydantic import BaseModel


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
