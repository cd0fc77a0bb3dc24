"""Energy carriers as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant
from werknetz_core.http.guard.json_types import Flag, Number

AMOUNT_MAX: Final = 1e12


class EnergyCarrierView(BaseModel):
    carrier: str
    equipment: str  # the entry holds here and below
    valid_from: datetime
    name: str | None
    unit: str
    kwh_per_unit: float
    co2_kg_per_unit: float | None  # null: not known
    delivered: bool  # to others: it is subtracted
    entered_by: str
    entered_at: datetime


class NewEnergyCarrier(BaseModel):
    """What a unit of a carrier counts at an equipment and everything below it."""

    model_config = ConfigDict(extra="forbid")

    equipment: Annotated[str, Field(description="Path of the plant, or of any level.")]
    valid_from: Instant
    unit: Annotated[str, Field(max_length=50, description="Of the carrier: kWh, m^3, kg, l.")]
    energy_per_unit: Annotated[
        Number,
        Field(ge=0, lt=AMOUNT_MAX, allow_inf_nan=False, description="The conversion factor R_i."),
    ]
    energy_unit: Annotated[
        str, Field(max_length=50, description="kWh, MJ, kgce (29.3076 MJ) …")
    ] = "kWh"
    co2_kg_per_unit: Annotated[Number, Field(ge=0, lt=AMOUNT_MAX, allow_inf_nan=False)] | None = (
        None
    )
    delivered: Annotated[
        Flag, Field(description="It is delivered to others, and subtracted: a part of Q.")
    ] = False
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    reason: Annotated[str | None, Field(max_length=1000, description="For the audit log.")] = None
