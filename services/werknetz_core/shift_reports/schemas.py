"""A shift report as the API shows it."""

from datetime import datetime

from pydantic import BaseModel

from werknetz_core.annotations.endpoints import AnnotationView
from werknetz_core.shifts.schemas import NamedShiftView
from werknetz_core.stops.schemas import StopView


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


class ShiftReportView(BaseModel):
    equipment: str
    start: datetime
    end: datetime
    time_zone: str
    as_of: datetime
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
    no_data: bool
