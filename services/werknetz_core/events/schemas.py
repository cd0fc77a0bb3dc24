"""Business events as the API shows them, and what it answers to those that it takes."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel


class EventView(BaseModel):
    event_id: UUID
    kind: str
    connector_id: str
    source: str
    item: str  # where in the message it stands
    at: datetime
    mapping: str
    revision: int
    fields: dict[str, Any]
    stored_at: datetime


class EventRevisionView(BaseModel):
    """What was known before."""

    revision: int
    at: datetime
    mapping: str
    fields: dict[str, Any]
    known_from: datetime
    known_to: datetime


class RawMessageView(BaseModel):
    """The message as it came, as long as raw input is kept."""

    hash: str  # hex
    source: str | None
    size: int | None
    base64: str | None  # null: see `note`
    note: str


class EventDetailView(EventView):
    spool_id: str
    seq: int
    revisions: list[EventRevisionView]
    raw: RawMessageView | None  # null: the event came without a message


class BatchResultView(BaseModel):
    """A row that went to quarantine."""

    index: int
    status: Literal["quarantined"]
    reason: str


class BatchView(BaseModel):
    """How many rows are on disk now, were so before, and wait for a person."""

    accepted: int
    duplicates: int
    quarantined: int
    results: list[BatchResultView]  # of rows in quarantine, at most 1000
