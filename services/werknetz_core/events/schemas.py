"""Business events as the API shows them, and the result of accepting a batch."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel


class EventView(BaseModel):
    event_id: UUID
    kind: str
    connector_id: str
    source: str
    item: str  # position in the message
    at: datetime
    mapping: str
    revision: int
    fields: dict[str, Any]
    stored_at: datetime  # of this revision
    version: int | None  # the source's order of revisions; null: order of arrival
    withdrawn_at: datetime | None  # out of force since; null: in force
    withdrawal_reason: str | None  # deleted, cancelled, missing, replaced, rule_not_met …


class EventRevisionView(BaseModel):
    """A former revision: a withdrawal where it has a reason.

    `known_from` equals `known_to` where it came after a newer version: it was never in force.
    """

    revision: int
    at: datetime
    mapping: str
    fields: dict[str, Any]
    known_from: datetime
    known_to: datetime
    delivered_by: str | None  # the connector; null: stored by version 0.1
    item: str | None
    version: int | None
    withdrawal_reason: str | None


class RawMessageView(BaseModel):
    """The message as received, while raw input is stored."""

    hash: str  # hex
    source: str | None
    size: int | None
    base64: str | None  # null: see `note`
    note: str


class EventDetailView(EventView):
    spool_id: str
    seq: int
    revisions: list[EventRevisionView]
    raw: RawMessageView | None  # null: the event has no message


class BatchResultView(BaseModel):
    """A quarantined row."""

    index: int
    status: Literal["quarantined"]
    reason: str


class BatchView(BaseModel):
    """Number of new, duplicate and quarantined rows. All of them are on disk."""

    accepted: int
    duplicates: int
    quarantined: int
    results: list[BatchResultView]  # quarantined rows, at most 1000
