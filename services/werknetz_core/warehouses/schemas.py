"""Warehouses as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
StockMovingKind = Literal["stock_moved", "goods_received", "material_consumed"]


class WarehouseView(BaseModel):
    key: str
    name: str
    code: str  # as messages name it
    site: str | None
    plant: str | None
    moved_by: list[StockMovingKind]  # kinds of events that move its stock
    materials: int
    open_findings: int


class WarehouseDetailView(WarehouseView):
    locations: int
    last_count_at: datetime | None
    last_movement_at: datetime | None


class WarehouseChange(BaseModel):
    """Fields that are missing stay unchanged."""

    model_config = ConfigDict(extra="forbid")

    name: Word | None = None
    code: Word | None = None
    site: Word | None = Field(None, description="Key of its site.")
    plant: Word | None = Field(None, description="Equipment path of the plant that it serves.")
    moved_by: Annotated[list[StockMovingKind], Field(max_length=3)] | None = None
