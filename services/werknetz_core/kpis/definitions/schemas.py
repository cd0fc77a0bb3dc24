"""KPI definitions as the API shows them."""

from datetime import datetime

from pydantic import BaseModel


class FormulaVersionView(BaseModel):
    """An earlier formula: of an own KPI it still holds for its time."""

    version: int
    formula: str
    valid_from: datetime | None  # of an own KPI
    last_release: str | None  # of a KPI of the catalogue: the last release that used it
    why: str | None  # it was replaced


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
    name_de: str
    name_en: str
    methodology: list[str]  # discrete, batch, continuous
    effect_model: str  # what moves it
    notes: str
    origin: str  # iso_22400; werknetz: beside the standard; own: of the customer
    valid_from: datetime | None  # of an own KPI: of this version
    history: list[FormulaVersionView]  # earlier formulas, the oldest first
