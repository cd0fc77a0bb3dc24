"""A shift report as the API shows it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.annotations.endpoints import AnnotationView
from werknetz_core.context.time_spec import Instant
from werknetz_core.http.guard.json_types import Whole
from werknetz_core.shifts.schemas import NamedShiftView
from werknetz_core.stops.schemas import StopView

SectionName = Literal["kpis", "counts", "orders", "stops", "scrap_reasons", "notes"]
Comment = Annotated[str | None, Field(max_length=2000)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ReportedKpi(BaseModel):
    kpi: str
    value: float | None
    reason: str | None  # why there is no value
    unit: str
    coverage: float | None


class ReportedCounts(BaseModel):
    produced: float | None
    good: float | None
    scrap: float | None
    rework: float | None
    target: float | None  # good parts if OEE were 100 %; null: not known


class ReportedOrder(BaseModel):
    equipment: str
    order_number: str
    material: str | None
    start: datetime  # within the shift
    end: datetime
    producing_s: float
    setup_s: float
    lost_s: float
    # Of the order in the shift, to whole quarters of an hour; null: nobody reports it.
    produced: float | None
    good: float | None
    scrap: float | None
    rework: float | None
    planned_quantity: float | None
    planned_run_s_per_item: float | None


class MinorStopsRow(BaseModel):
    count: int
    lost_s: float


class ScrapReason(BaseModel):
    reason: str | None  # null: nobody gave one
    name_en: str | None
    name_de: str | None
    quantity: float


class SignatureView(BaseModel):
    id: int
    signed_by: str
    signed_at: datetime
    comment: str | None
    computed_at: datetime | None  # of the newest value that was signed
    digest: str  # SHA-256 of what was signed
    changed: list[SectionName]  # what the report shows otherwise than when it was signed
    withdrawn_at: datetime | None  # null: in force
    withdrawal_comment: str | None


class NewSignature(BaseModel):
    """A signature under the report of a period, as the signer has read it."""

    model_config = ConfigDict(extra="forbid")

    start: Instant
    end: Instant
    digest: Annotated[Digest, Field(description="`digest` of the report as it was read.")]
    comment: Comment = None


class SignatureWithdrawal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    signature: Annotated[Whole, Field(ge=1, lt=2**31, description="`id` of the signature.")]
    comment: Comment = None


class ShiftReportView(BaseModel):
    equipment: str
    start: datetime
    end: datetime
    time_zone: str
    as_of: datetime
    computed_at: datetime | None  # of its newest value; null: it has none
    shift: NamedShiftView | None  # null: the span is no single shift
    provisional: bool
    kpis: list[ReportedKpi]
    counts: ReportedCounts
    orders: list[ReportedOrder]
    top_stops: list[StopView]  # the five that took most time of the shift, without minor stops
    stops: int  # without minor stops
    minor_stops: MinorStopsRow
    lost_s: float  # by all stops, within the shift
    untagged_s: float  # of it without a reason
    untagged_share: float | None  # null: nothing was lost
    scrap_reasons: list[ScrapReason]
    notes: list[AnnotationView]
    digest: str  # SHA-256 of what a signature stands for; the same as long as nothing changes
    signatures: list[SignatureView]  # also those withdrawn, in the order in which people signed
    no_data: bool
