"""The explanation of one KPI value as the API shows it: from the formula down to samples."""

from datetime import datetime

from pydantic import BaseModel

from werknetz_core.kpis.values.schemas import OrderRunView


class DefinitionView(BaseModel):
    name: str
    number: int | None
    description: str
    formula: str
    version: int
    unit: str
    href: str


class StateTimeView(BaseModel):
    category: str  # apt, aust, adet, adot, pdot, unknown, off_shift
    state: str
    minutes: float
    pieces: int


class SignalTraceView(BaseModel):
    id: int
    key: str
    role: str
    carrier: str | None  # of a meter of energy; null: electricity
    unit: str | None
    connector_id: str
    source: str
    mapping: str
    sample_count: int
    sample_count_is_complete: bool  # false: there are more, counting ended there
    first_at: datetime | None
    last_at: datetime | None
    href: str  # the samples


class DoubtView(BaseModel):
    """What makes the value of a machine doubtful, and how much of it."""

    kind: str  # unknown_state, uncertain_clock, run_time_not_known, corrected_counts …
    equipment: str
    share: float | None  # of the time, or of the samples
    count: int | None  # of samples, entries, quarters of an hour or findings
    text: str


class MachineTraceView(BaseModel):
    equipment: str
    value: float | None
    reason: str | None
    strict_value: float | None
    divisor: float | None
    coverage: float | None
    state_share: float | None
    quantity_share: float | None
    plan_share: float | None
    late_share: float | None
    elements: dict[str, float | None]  # null: a quantity that nobody reports
    states: list[StateTimeView]
    counts: dict[str, float | None]
    signals: list[SignalTraceView]
    states_href: str
    counts_href: str


class EnergyFactorView(BaseModel):
    """What a unit of an energy carrier counts in the span."""

    carrier: str
    equipment: str  # it holds here and below
    valid_from: datetime
    unit: str
    kwh_per_unit: float
    co2_kg_per_unit: float | None
    delivered: bool


class GapTraceView(BaseModel):
    connector_id: str
    cause: str
    detail: str
    start: datetime
    end: datetime | None
    backfilled: bool


class OutageTraceView(BaseModel):
    """A gap in a connector's heartbeat. `backfilled`: its samples arrived later."""

    connector_id: str
    start: datetime
    end: datetime | None
    backfilled: bool


class QuarantineTraceView(BaseModel):
    id: int
    connector_id: str
    source: str
    reason: str
    at: datetime
    href: str


class ExplanationView(BaseModel):
    equipment: str | None = None
    order: str | None = None  # instead of an equipment
    order_run: OrderRunView | None = None
    kpi: str
    start: datetime
    end: datetime
    time_zone: str
    value: float | None
    reason: str | None
    unit: str
    strict_value: float | None
    divisor: float | None  # of mean times
    coverage: float | None
    state_share: float | None
    quantity_share: float | None
    plan_share: float | None
    late_share: float | None
    provisional: bool
    computed_at: datetime | None
    text: list[str]  # the same, in sentences
    definition: DefinitionView
    elements: dict[str, float | None]  # summed over all machines
    doubts: list[DoubtView]  # by machine; the first of them
    energy_carriers: list[EnergyFactorView]  # of a KPI of energy
    machine_count: int
    machines: list[MachineTraceView]  # the first of them, by path
    mappings: list[str]
    gap_count: int
    gaps: list[GapTraceView]  # the first of them
    outage_count: int
    outages: list[OutageTraceView]
    quarantine_count: int
    quarantine: list[QuarantineTraceView]
    gaps_href: str
    values_href: str
