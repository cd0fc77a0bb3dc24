"""What lines consume, as the API shows and takes it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant
from werknetz_core.materials.schemas import Amount, Positive, Word


class LineMaterialView(BaseModel):
    """A material that a line or machine consumes, from which warehouse, at which planned rate."""

    equipment: str
    material: str
    warehouse: str
    quantity_per_item: float
    items_per_hour: float
    minimum_quantity: float
    valid_from: datetime | None  # null: without a start
    valid_to: datetime | None


class NewLineMaterial(BaseModel):
    model_config = ConfigDict(extra="forbid")

    material: Word
    warehouse: Word
    quantity_per_item: Positive
    items_per_hour: Amount = Field(description="Planned rate during the shifts of the calendar.")
    minimum_quantity: Amount = 0.0
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class LineMaterials(BaseModel):
    """The whole list of a line: materials that are missing in it are removed."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[NewLineMaterial], Field(max_length=2000)]
