"""A gap record as the API shows it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class GapView(BaseModel):
    gap_id: UUID
    connector_id: str
    source: str
    signal_keys: list[str]  # empty: all signals of the source
    start: datetime
    end: datetime | None  # null: the gap is still open
    cause: str
    detail: str
    estimate: int | None  # of lost values
    backfilled: bool
