"""Acknowledgements of shortage warnings as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant
from werknetz_core.forecast.lookup import HORIZON_DAYS_MAX, WARNING_DAYS
from werknetz_core.http.guard.json_types import Whole


class AcknowledgementView(BaseModel):
    """Who knows of a warning. It covers the warning while its state is in_force."""

    id: int
    # earlier: the shortage begins more than an hour before the one that was acknowledged.
    state: Literal["in_force", "expired", "earlier", "other_lines"]
    by: str
    at: datetime
    until: datetime
    comment: str
    short_at: datetime  # of the warning as it was acknowledged


class NewAcknowledgement(BaseModel):
    model_config = ConfigDict(extra="forbid")

    warehouse: Annotated[str, Field(min_length=1, max_length=200)]
    material: Annotated[str, Field(min_length=1, max_length=200)]
    until: Instant = Field(description="Then the warning counts as new; at most 90 days ahead.")
    comment: Annotated[str, Field(max_length=2000)] = ""
    short_at: Instant | None = Field(
        None, description="Of the warning as you saw it: 409 where it begins earlier now."
    )
    horizon_days: Annotated[
        Whole, Field(ge=1, le=HORIZON_DAYS_MAX, description="Of the list in which you saw it.")
    ] = WARNING_DAYS
    lines: list[Annotated[str, Field(max_length=500)]] | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="Equipment of its lines as you saw them: no other is acknowledged. "
        "Default: all that it stops within the horizon.",
    )
