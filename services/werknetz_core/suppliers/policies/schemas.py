"""Supply policies as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class PolicyView(BaseModel):
    """What on time and in full mean for it."""

    of: Literal["supplier", "default", "built_in"]
    version: int
    valid_from: datetime | None
    text: str
    document: dict[str, Any]


class PolicyVersionView(BaseModel):
    supplier: str | None  # null: whoever has none of their own
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
            "What is not given is as built in.",
            examples=[{"early": "1d", "late": "4h", "tolerance": 0.02, "level": "line"}],
        ),
    ]
    valid_from: datetime | None = Field(None, description="Due from when on; null: now.")
