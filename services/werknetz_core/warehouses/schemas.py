"""Warehouses as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Moving = Literal["stock_moved", "goods_received", "material_consumed"]


class WarehouseView(BaseModel):
    key: str
    name: str
    code: str  # as messages say it
    site: str | None
    plant: str | None
    moved_by: list[Moving]  # which events move its stock
    materials: int
    open_findings: int


class WarehouseDetailView(WarehouseView):
    locations: int
    last_count_at: datetime | None
    last_movement_at: datetime | None


class WarehouseChange(BaseModel):
    """What is not given stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Word | None = None
    code: Word | None = None
    site: Word | None = Field(None, description="Key of the site that it is at.")
    plant: Word | None = Field(None, description="Equipment path of the plant that it serves.")
    moved_by: Annotated[list[Moving], Field(max_length=3)] | None = None
