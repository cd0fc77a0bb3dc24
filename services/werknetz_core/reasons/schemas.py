"""Reasons of stops and scrap, and the codes of machines that stand for them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.http.guard.json_types import Flag, Whole
from werknetz_core.stops.schemas import StateName

ReasonKind = Literal["stop", "scrap"]
Category = Literal["adet", "adot", "aust", "pdot"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
ReasonCode = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_\-]{0,62}$")]


class ReasonView(BaseModel):
    code: str
    plant: str | None  # null: of the group's standard
    parent: str | None
    path: list[str]  # codes from the top of the tree down to this one
    kind: str
    name_en: str
    name_de: str
    category: str | None  # after ISO 22400: adet, adot, aust, pdot; null: scrap
    state: str | None  # of such a stop; null: as the machine reports
    planned: bool
    counts_against_availability: bool
    position: int
    retired: bool


class ReasonChange(BaseModel):
    """A reason; what is left out stays, or gets the default of a new one."""

    model_config = ConfigDict(extra="forbid")

    plant: str | None = None  # null: of the group's standard
    parent: str | None = None
    kind: ReasonKind | None = None
    name_en: Name | None = None
    name_de: Name | None = None
    category: Category | None = None
    state: StateName | None = None
    planned: Flag | None = None
    counts_against_availability: Flag | None = None
    position: Annotated[Whole | None, Field(ge=0, le=100_000)] = None
    retired: Flag | None = None
    why: Annotated[str | None, Field(max_length=2000)] = None


class ReasonOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    plant: str | None = None  # null: of the group's standard
    codes: Annotated[
        list[Annotated[str, Field(max_length=63)]], Field(min_length=1, max_length=1000)
    ]
    why: Annotated[str | None, Field(max_length=2000)] = None


class ReasonCodeView(BaseModel):
    equipment: str
    state_code: str
    reason: str
    kind: str  # stop: reported with the state; scrap: reported with scrap parts


class NewReasonCode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state_code: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Annotated[str | None, Field(max_length=100)]  # null: this code has no reason any more
    kind: ReasonKind = Field(
        "stop", description="Whether the code comes with stops of machines or with scrap."
    )
    why: Annotated[str | None, Field(max_length=2000)] = None
