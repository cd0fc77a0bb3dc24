"""Losses, targets, and what runs now.

Made from the OpenAPI document of the API: see tests/contract/test_client_models.py.
"""

from typing import Any, TypedDict


class ArrivalItem(TypedDict):
    at: str
    quantity: float


class LineAtRiskItem(TypedDict):
    equipment: str
    per_hour: float
    minutes_at_risk: float


class MessageItem(TypedDict):
    event_id: str
    link: str


class ExpectedShipmentItem(TypedDict):
    document: str
    despatched_at: str | None
    arrives_at: str
    expected_at: str
    quantity: float
    open_quantity: float
    event: MessageItem


class MissingDeliveryItem(TypedDict):
    supplier: str
    supplier_name: str
    call_off: str
    due_from: str
    on_time_until: str
    quantity: float
    open_quantity: float
    expected_at: str | None
    delay_s: float
    events: list[MessageItem]
    shipments: list[ExpectedShipmentItem]


class AcknowledgementItem(TypedDict):
    id: int
    state: str
    by: str
    at: str
    until: str
    comment: str
    short_at: str


class ShortageWarningItem(TypedDict):
    code: str
    text: str
    fields: dict[str, Any]
    material: str
    description: str
    unit: str | None
    warehouse: str
    stock: float
    minimum: float
    short_at: str
    empty_at: str | None
    until: str
    next_arrival: ArrivalItem | None
    minutes_at_risk: float
    lines: list[LineAtRiskItem]
    suppliers: list[str]
    deliveries: list[MissingDeliveryItem]
    acknowledgement: AcknowledgementItem | None
    reason: str | None


class CostItem(TypedDict):
    amount: float
    currency: str


class MachineMinutesItem(TypedDict):
    equipment: str
    minutes: float


class StockOutStepItem(TypedDict):
    start: str
    end: str | None
    events: list[MessageItem]


class ShipmentStepItem(TypedDict):
    document: str
    delivery_note: str | None
    announced_at: str
    despatched_at: str | None
    arrives_at: str | None
    quantity: float | None
    event: MessageItem


class ReceiptStepItem(TypedDict):
    document: str
    delivery_note: str | None
    received_at: str
    quantity: float | None
    event: MessageItem


class DeliveryStepItem(TypedDict):
    supplier: str
    supplier_name: str
    call_off: str
    due_from: str
    due: str
    quantity: float
    open_quantity: float
    delay_s: float
    fulfilled_at: str | None
    shipments: list[ShipmentStepItem]
    receipts: list[ReceiptStepItem]
    events: list[MessageItem]


class CauseItem(TypedDict):
    material: str
    description: str
    warehouse: str
    stock_out: StockOutStepItem
    suppliers: list[str]
    deliveries: list[DeliveryStepItem]
    reason: str


class LossItem(TypedDict):
    line: str
    start: str
    end: str
    machine_minutes: float
    line_minutes: float
    cost: CostItem | None
    machines: list[MachineMinutesItem]
    text: str
    code: str
    fields: dict[str, Any]
    causes: list[CauseItem]


class LossStepItem(TypedDict):
    name: str
    seconds: float
    share: float | None


class LossPartItem(TypedDict):
    category: str
    step: str
    kind: str
    parent: str | None
    big_loss: str | None
    description: str
    seconds: float
    share: float | None
    stops: int
    pieces: float | None
    costs: list[CostItem]


class LossKpiItem(TypedDict):
    name: str
    value: float | None
    reason: str | None
    good_s: float
    judged_s: float


class SupplyChainItem(TypedDict):
    line: str
    material: str
    seconds: float
    suppliers: list[str]
    text: str


class LossTimesItem(TypedDict):
    equipment: str
    start: str
    end: str
    time_zone: str
    steps: list[LossStepItem]
    parts: list[LossPartItem]
    loss_s: float
    not_judged_s: float
    kpi: LossKpiItem
    supply_caused: list[SupplyChainItem]
    stop_s: float
    untagged_s: float
    untagged_share: float | None
    provisional: bool
    computed_at: str | None
    no_data: bool


class ComparedLossItem(TypedDict):
    seconds: float
    stops: int
    share: float | None
    busy_share: float | None
    change_s: float
    change_points: float | None


class LossRowItem(TypedDict):
    plant: str | None
    line: str | None
    machine: str | None
    category: str | None
    big_loss: str | None
    reason: str | None
    order: str | None
    shift: str | None
    absent: dict[str, Any]
    kind: str
    seconds: float
    share: float | None
    busy_share: float | None
    cumulative_share: float | None
    stops: int
    pieces: float | None
    costs: list[CostItem]
    compared: ComparedLossItem | None


class TargetStepBodyItem(TypedDict):
    due_on: str
    change: float


class BaselineItem(TypedDict):
    start: str
    end: str
    productivity: float
    unit: str
    output: float
    input: float
    judged_share: float | None
    machines: int
    frozen_at: str
    standards: int
    standards_frozen_at: str | None


class ForecastItem(TypedDict):
    method: str
    on: str
    change: float
    low: float
    high: float
    reached_on: str | None
    points: int


class TargetItem(TypedDict):
    key: str
    name: str
    under: list[str]
    goal: float
    due_on: str
    path: str
    steps: list[TargetStepBodyItem]
    output: str
    input: str
    mix_adjusted: bool
    now_days: int
    baseline: BaselineItem
    state: str
    now_start: str
    now_end: str
    productivity: float | None
    change: float | None
    reason: str | None
    judged_share: float | None
    path_change: float
    gap_points: float | None
    path_gap_points: float | None
    change_at_due: float | None
    first_met_on: str | None
    reach_by: str
    needed_per_month: float | None
    forecast: ForecastItem | None
    forecast_reason: str | None
    headline: str
    text: list[str]
    created_by: str
    changed_at: str


class RunningShiftItem(TypedDict):
    name: str
    day: str
    start: str
    end: str
    breaks: list[list[str]]
    is_running: bool


class OverviewKpisItem(TypedDict):
    start: str
    end: str
    oee: float | None
    availability: float | None
    effectiveness: float | None
    quality_ratio: float | None
    coverage: float | None
    judged_share: float | None
    good: float | None
    planned_quantity: float | None
    times_s: dict[str, Any]
    provisional: bool


class OpenStopItem(TypedDict):
    equipment: str
    state: str
    code: str | None
    since: str
    seconds: float


class OverviewTargetItem(TypedDict):
    key: str
    goal: float
    due_on: str
    change: float | None
    gap_points: float | None
    state: str
    headline: str


class OverviewItem(TypedDict):
    equipment: str
    name: str
    level: str
    time_zone: str
    shift: RunningShiftItem | None
    now: OverviewKpisItem | None
    week: OverviewKpisItem
    week_before_oee: float | None
    spark: list[float | None]
    open_stops: int
    worst_stop: OpenStopItem | None
    silent_connectors: list[str]
    targets: list[OverviewTargetItem]
    computed_at: str | None
