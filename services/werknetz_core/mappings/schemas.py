"""Mappings, and the effect of a change, as the API shows them."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from werknetz_core.http.guard.json_types import Number, Whole

DOCUMENT_CHARS_MAX: Final = 900_000


class NewMapping(BaseModel):
    document: Annotated[
        str, Field(max_length=DOCUMENT_CHARS_MAX, description="YAML, as in an edge's file.")
    ]
    note: Annotated[str, Field(max_length=2_000)] = ""


class MappingNameView(BaseModel):
    name: str
    newest: int
    active: int | None  # version that edges use; null: none, edge files in use
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


class DryRunRequest(BaseModel):
    """The mapping to run, and the connectors whose stored raw input it runs over."""

    document: Annotated[str | None, Field(max_length=DOCUMENT_CHARS_MAX)] = None
    name: str | None = None  # with `version`: a stored mapping, in place of `document`
    version: Whole | None = None
    connector: str | None = None  # default: all connectors that use the mapping


class PreviewRequest(DryRunRequest):
    minutes: Annotated[Number, Field(gt=0, le=24 * 60)] = 10.0
    examples: Annotated[Whole, Field(ge=1, le=100)] = 5


class DiffRequest(DryRunRequest):
    start: str = "-24h"
    end: str | None = None
    budget_s: Annotated[
        Number, Field(gt=0, le=60, description="Stops after this time: complete=false.")
    ] = 15.0


class RefusalView(BaseModel):
    source: str
    reason: str  # without variable values
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
    """Unknown state codes: "3 of 17 state codes unmapped = 4 % of the time"."""

    codes: list[str]
    codes_total: int
    unmapped_s: float
    total_s: float
    share: float | None
    text: str


class StateTimeChangeView(BaseModel):
    equipment: str
    state: str
    before_s: float
    after_s: float


class KpiChangeView(BaseModel):
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
    inputs_skipped: int  # the mapping that was active then is not stored
    complete: bool  # false: the budget ended before the span; continue at `next_start`
    next_start: datetime | None
    start: datetime | None  # of the compared source times
    end: datetime | None
    points_same: int
    points: list[PointDiffView]
    events: list[EventDiffView]
    refused: list[RefusalView]
    unmapped_before: UnmappedView
    unmapped_after: UnmappedView
    states: list[StateTimeChangeView]
    kpis: list[KpiChangeView]
    kpis_complete: bool  # false: too many samples to compute KPIs
