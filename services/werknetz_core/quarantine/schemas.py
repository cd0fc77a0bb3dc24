"""Quarantined input as the API shows it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from werknetz_core.http.guard.json_types import Whole


class QuarantineView(BaseModel):
    id: int
    connector_id: str
    source: str
    position: str  # in the message: "line 12", "UNH 1 LIN 3"
    reason: str
    count: int  # repeats are one entry per minute with a count
    size: int  # bytes of the original
    mapping: str
    at: datetime
    stored_at: datetime
    state: str  # open, assigned, discarded, replayed
    assigned_to: str | None
    note: str
    decided_at: datetime | None
    decided_by: str | None
    replayed_with: str | None


class QuarantineDetailView(QuarantineView):
    raw_base64: str
    raw_complete: bool  # false: only the beginning is stored
    raw_text: str | None  # the bytes as text, where they are text
    message_hash: str | None  # of the whole message, if it is stored
    spool_id: str
    seq: int


class QuarantineGroupView(BaseModel):
    connector_id: str
    source: str
    reason: str  # without variable values
    state: str
    entries: int
    count: int
    first_at: datetime
    last_at: datetime
    example_id: int  # the newest
    example_reason: str


class EntrySelection(BaseModel):
    """Entries by id, or by common properties. An empty selection selects nothing."""

    ids: Annotated[list[Whole], Field(max_length=1000)] = []
    connector: str | None = None
    source: str | None = None
    reason: str | None = None  # as in the groups

    @property
    def is_empty(self) -> bool:
        return not self.ids and self.connector is None and self.source is None


class Assignment(EntrySelection):
    to: Annotated[str, Field(min_length=1, max_length=200)]


class Discard(EntrySelection):
    note: Annotated[
        str, Field(min_length=3, max_length=2000, description="Why the entries are not needed.")
    ]


class QuarantineReplay(EntrySelection):
    version: Whole | None = None  # of the mapping; default: the active one


class DecisionView(BaseModel):
    entries: int
