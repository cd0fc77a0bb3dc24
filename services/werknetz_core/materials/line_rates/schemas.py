"""What an hour of a line's downtime costs, as the API shows and takes it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from werknetz_core.context.time_spec import Instant
from werknetz_core.materials.schemas import Amount, Currency


class LineRateView(BaseModel):
    """Cost of an hour of downtime."""

    equipment: str
    currency: str
    per_hour: float
    valid_from: datetime | None  # null: without a start


class NewLineRate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    currency: Currency
    per_hour: Amount
    valid_from: Instant | None = None
