"""Acknowledgements of shortage warnings as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant


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
