"""Quantities that people enter and correct, as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant
from werknetz_core.http.guard.json_types import Number, Whole

QuantityKind = Literal[
    "good", "scrap", "rework", "produced", "planned_scrap", "integrated_good", "production_loss",
    "storage_loss", "other_loss",
]  # fmt: skip
"""Parts, and what only KPIs of planned scrap and material use: see their page."""

Amount = Annotated[Number, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]
Text = Annotated[str | None, Field(max_length=2000)]
Version = Annotated[Whole | None, Field(ge=0, lt=2**63)]


class QuantityView(BaseModel):
    id: int
    equipment: str
    at: datetime  # when the parts were made; of a span, its end
    kind: str  # good, scrap, rework, produced, or of planned scrap and material
    quantity: float  # added to what counters and other systems report
    reason: str | None  # of scrap
    order_number: str | None
    comment: str | None
    entered_by: str
    entered_at: datetime
    version: int  # number of the last change


class NewQuantity(BaseModel):
    """Parts to be added; negative where too many were counted."""

    model_config = ConfigDict(extra="forbid")

    equipment: str
    at: Instant
    since: Annotated[
        Instant | None,
        Field(description="A negative quantity is taken from what was counted since then."),
    ] = None
    kind: QuantityKind
    quantity: Amount
    reason: Annotated[str | None, Field(max_length=100)] = None
    order_number: Annotated[str | None, Field(max_length=200)] = None
    comment: Text = None
    why: Text = None


class QuantityChange(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    quantity: Amount | None = None
    reason: Annotated[str | None, Field(max_length=100)] = None
    order_number: Annotated[str | None, Field(max_length=200)] = None
    comment: Text = None
    why: Text = None
    version: Version = None  # null: whatever it is


class QuantityUndo(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Version = None
    why: Text = None
