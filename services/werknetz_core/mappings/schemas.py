"""Mappings, their effect and their replays, as the API shows them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field


class NewMapping(BaseModel):
    document: Annotated[str, Field(max_length=900_000, description="YAML, as in an edge's file.")]
    note: Annotated[str, Field(max_length=2_000)] = ""


class MappingNameView(BaseModel):
    name: str
    newest: int
    active: int | None  # the version that edges are to use; null: each its own file's
    versions: int
    connectors: list[str]


class MappingVersionView(BaseModel):
    name: str
    version: int
    state: str  # draft, active, superseded, used
    digest: str
    note: str
    created_at: datetime
    created_by: str
    activated_at: datetime | None
    activated_by: str | None


class MappingDocumentView(MappingVersionView):
    document: str


class Question(BaseModel):
    """Which mapping to try, over what was kept of which connectors."""

    document: Annotated[str | None, Field(max_length=900_000)] = None
    name: str | None = None  # with `version`: one that is there, in place of `document`
    version: int | None = None
    connector: str | None = None  # default: all that use the mapping's name


class PreviewQuestion(Question):
    minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 10.0
    examples: Annotated[int, Field(ge=1, le=100)] = 5


class DiffQuestion(Question):
    start: str = "-24h"
    end: str | None = None
    budget_s: Annotated[float, Field(gt=0, le=60, description="Stops then: complete=false.")] = 15.0


class RefusalView(BaseModel):
    source: str
    reason: str  # without the values in it
    before: int
    after: int


class ValueView(BaseModel):
    at: datetime
    value: float | str | None


class ExampleView(BaseModel):
    at: datetime
    before: float | str | None
    after: float | str | None


class PointView(BaseModel):
    key: str
    equipment: str | None
    signal: str
    role: str
    unit: str | None
    samples: int
    last: list[ValueView]


class PointDiffView(BaseModel):
    key: str
    change: str  # added, removed, changed
    role: str
    unit_before: str | None
    unit_after: str | None
    samples_before: int
    samples_after: int
    changed: int
    largest_difference: float
    examples: list[ExampleView]


class EventDiffView(BaseModel):
    kind: str
    before: int
    after: int
    changed: int
    examples: list[dict[str, Any]]  # {"before": …, "after": …}


class UnmappedView(BaseModel):
    """State codes without a meaning: "3 of 17 state codes unmapped = 4 % of the time"."""

    codes: list[str]
    codes_seen: int
    unmapped_s: float
    seen_s: float
    share: float | None
    text: str


class StateMoveView(BaseModel):
    equipment: str
    state: str
    before_s: float
    after_s: float


class KpiMoveView(BaseModel):
    equipment: str
    kpi: str
    before: float | None
    after: float | None
    reason_before: str | None
    reason_after: str | None


class PreviewView(BaseModel):
    mapping: str
    connectors: list[str]
    inputs: int
    points: list[PointView]
    events: list[dict[str, Any]]
    events_count: int
    refused: list[RefusalView]
    unmapped_states: UnmappedView


class DiffView(BaseModel):
    mapping: str
    connectors: list[str]
    inputs: int
    inputs_skipped: int  # the mapping that was in force is not known
    complete: bool  # false: the budget ended before the span; the next call begins at `next_start`
    next_start: datetime | None
    start: datetime | None  # of the source times that were compared
    end: datetime | None
    points_same: int
    points: list[PointDiffView]
    events: list[EventDiffView]
    refused: list[RefusalView]
    unmapped_before: UnmappedView
    unmapped_after: UnmappedView
    states: list[StateMoveView]
    kpis: list[KpiMoveView]
    kpis_complete: bool  # false: too many samples to compute them at once


class NewReplay(BaseModel):
    connector: str | None = None
    mapping: str  # the name
    version: int | None = None  # default: the active one
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
