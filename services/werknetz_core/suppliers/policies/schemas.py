"""Supply policies as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant


class PolicyView(BaseModel):
    """The policy that defines on time and in full for a supplier."""

    source: Literal["supplier", "default", "built_in"]
    version: int
    valid_from: datetime | None
    text: str
    document: dict[str, Any]


class PolicyVersionView(BaseModel):
    supplier: str | None  # null: the default policy
    version: int
    valid_from: datetime
    text: str
    document: dict[str, Any]
    created_by: str


class NewPolicy(BaseModel):
    model_config = ConfigDict(extra="forbid")

    document: Annotated[
        dict[str, Any],
        Field(
            description="reference, early, late, tolerance, level, frozen_days … "
            "Missing keys have the built-in values.",
            examples=[{"early": "1d", "late": "4h", "tolerance": 0.02, "level": "line"}],
        ),
    ]
    valid_from: Instant | None = Field(None, description="For lines due from then on; null: now.")
