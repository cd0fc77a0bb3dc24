"""Quarantined input as the API shows it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from werknetz_core.context.time_spec import Instant
from werknetz_core.http.guard.json_types import Whole
from werknetz_core.quarantine.reasons import Repair


class QuarantineView(BaseModel):
    id: int
    connector_id: str
    source: str
    position: str  # in the message: "line 12", "UNH 1 LIN 3"
    reason: str  # as the edge wrote it, in English
    text: str  # the reason in the language of Accept-Language, where it is known
    group: str  # the reason of its group
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


class GroupSourceView(BaseModel):
    connector_id: str
    source: str
    equipment: str | None  # of the signal that the source is; null: none yet
    entries: int
    count: int
    last_at: datetime


class QuarantineGroupView(BaseModel):
    reason: str  # what the entries have in common; send it to select them
    text: str  # the reason as a sentence, in the language of Accept-Language
    code: str  # of the sentence
    fields: dict[str, Any]  # of the sentence: the code and the table that lacks it …
    repair: Repair
    mappings: list[str]  # that refused them, such as presses@2
    entries: int
    assigned: int  # of the entries
    count: int  # with repeats
    first_at: datetime
    last_at: datetime
    sources: list[GroupSourceView]  # those with most entries
    sources_total: int
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
        return not self.ids and self.connector is self.source is self.reason is None


class Assignment(EntrySelection):
    to: Annotated[str, Field(min_length=1, max_length=200)]


class Discard(EntrySelection):
    note: Annotated[
        str, Field(min_length=3, max_length=2000, description="Why the entries are not needed.")
    ]


class QuarantineReplay(EntrySelection):
    version: Whole | None = None  # of the mapping; default: the active one


class Reopening(EntrySelection):
    """Entries to decide again. With `decided_at`, only those of that decision."""

    decided_at: Instant | None = None


class DecisionView(BaseModel):
    entries: int
    decided_at: datetime  # send it to `quarantine:reopen` to take the decision back
