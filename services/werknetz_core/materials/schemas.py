"""Materials as the API shows and takes them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from werknetz_core.http.guard.json_types import Number

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Amount = Annotated[Number, Field(ge=0, lt=1e12, allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0, lt=1e12, allow_inf_nan=False)]


class MaterialView(BaseModel):
    number: str  # our own
    description: str
    unit: str | None  # the base unit
    unit_cost: float | None
    currency: str | None
    product_family: str | None  # what plants are compared by; null: it is a family of its own
    suppliers: list[str]


class NumberView(BaseModel):
    """A number that a partner uses for the material."""

    kind: Literal["own", "supplier", "customer", "ean"]
    partner: str | None  # whose number it is; null: our own, or a global one
    number: str


class UnitView(BaseModel):
    unit: str
    factor: float  # base units in one such unit


class MaterialDetailView(MaterialView):
    numbers: list[NumberView]
    units: list[UnitView]


class NewNumber(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["own", "supplier", "customer", "ean"]
    partner: Word | None = Field(None, description="Key, for supplier and customer numbers.")
    number: Word


class NewUnit(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit: Word
    factor: Positive = Field(description="Base units in one such unit.")


class MaterialChange(BaseModel):
    """Fields that are missing stay unchanged; a list replaces the whole list.

    `product_family: null` takes the material out of its family.
    """

    model_config = ConfigDict(extra="forbid")

    description: Annotated[str, StringConstraints(max_length=1000)] | None = None
    unit: Word | None = None
    unit_cost: Amount | None = None
    currency: Currency | None = None
    product_family: Word | None = Field(None, description="Key, such as valves: for comparisons.")
    numbers: Annotated[list[NewNumber], Field(max_length=1000)] | None = None
    units: Annotated[list[NewUnit], Field(max_length=100)] | None = None
