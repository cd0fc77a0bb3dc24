"""Replays as the API shows them."""

from datetime import datetime

from pydantic import BaseModel

from werknetz_core.http.guard.json_types import Whole


class NewReplay(BaseModel):
    connector: str | None = None  # default: all connectors that use the mapping
    mapping: str  # name
    version: Whole | None = None  # default: the active one
    start: str = "-30d"
    end: str | None = None


class ReplayView(BaseModel):
    id: int
    connector_id: str
    mapping: str
    start: datetime
    end: datetime
    state: str  # waiting, running, done, failed
    inputs: int
    inputs_skipped: int
    samples_removed: int
    samples_added: int
    events_changed: int
    quarantine_cleared: int
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    error: str | None
