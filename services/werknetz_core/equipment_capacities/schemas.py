"""Equipment production capacity as the API shows and takes it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant
from werknetz_core.http.guard.json_types import Number


class CapacityView(BaseModel):
    equipment: str
    valid_from: datetime
    items_per_hour: float
    entered_by: str
    entered_at: datetime


class NewCapacity(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items_per_hour: Annotated[
        Number, Field(gt=0, lt=1e12, allow_inf_nan=False, description="Of planned operation time.")
    ]
    valid_from: Instant
    reason: Annotated[str | None, Field(max_length=1000, description="For the audit log.")] = None
