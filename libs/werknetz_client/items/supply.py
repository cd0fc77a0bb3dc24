"""Suppliers, deliveries, materials and stock.

Made from the OpenAPI document of the API: see tests/contract/test_client_models.py.
"""

from typing import Any, TypedDict

from werknetz_client.items.losses import ArrivalItem, LineAtRiskItem, MessageItem


class OpenLinesItem(TypedDict):
    not_due: int
    overdue_1d: int
    overdue_3d: int
    overdue_7d: int
    overdue_more: int


class SupplierWeekItem(TypedDict):
    lines_due: list[float]
    otif: list[float | None]


class SupplierKpisItem(TypedDict):
    rank: int | None
    lines_due: float
    otif: float | None
    on_time: float | None
    in_full: float | None
    delay_severity_s: float | None
    median_delay_s: float | None
    asn_accuracy: float | None
    call_off_stability: float | None
    coverage: float | None
    reason: str | None
    reason_code: str | None
    open_by_age: OpenLinesItem
    weeks: SupplierWeekItem
    policies: list[str]
    computed_at: str | None
    evidence_href: str | None


class SupplierItem(TypedDict):
    key: str
    name: str
    roles: list[str]
    sites: list[str]
    relations: int
    open_lines: int
    overdue_lines: int
    open_findings: int
    kpis: SupplierKpisItem | None


class SiteItem(TypedDict):
    key: str
    name: str
    partner: str | None
    plant: str | None
    identities: list[str]


class PolicyVersionItem(TypedDict):
    supplier: str | None
    version: int
    valid_from: str
    text: str
    document: dict[str, Any]
    created_by: str


class CallOffItem(TypedDict):
    supplier: str
    material: str
    site: str | None
    dock: str
    id: str
    document: str
    issued_at: str
    known_at: str
    state: str
    in_force_from: str | None
    in_force_to: str | None
    entries: int
    quantity: float


class DueLineItem(TypedDict):
    supplier: str
    material: str
    site: str | None
    dock: str
    document: str
    order_number: str | None
    group_key: str
    due_from: str
    due_until: str
    window_from: str
    window_until: str
    commitment: str | None
    quantity: float
    delivered_quantity: float
    open_quantity: float
    state: str
    late: bool
    is_uncertain: bool
    on_time: bool | None
    in_full: bool | None
    delay_s: float | None
    first_received_at: str | None
    fulfilled_at: str | None
    event_ids: list[str]
    shipment_ids: list[str]
    receipt_ids: list[str]


class ShipmentItem(TypedDict):
    id: int
    supplier: str
    site: str | None
    document: str
    delivery_note: str | None
    state: str
    announced_at: str
    despatched_at: str | None
    arrives_at: str | None
    received_at: str | None
    carrier: str | None
    line_count: int


class ReceiptItem(TypedDict):
    event_id: str
    event: str
    supplier: str | None
    material: str | None
    site: str | None
    dock: str | None
    warehouse: str | None
    document: str
    line: str | None
    delivery_note: str | None
    shipment: str | None
    received_at: str
    quantity: float | None
    unit: str | None
    base_quantity: float | None
    accepted_quantity: float | None
    rejected_quantity: float | None
    discrepancy: str | None
    order_number: str | None
    order_line: str | None
    batch: str | None
    known_from: str


class CumulativeItem(TypedDict):
    supplier: str
    material: str
    site: str | None
    dock: str
    relation_id: int
    zero_at: str | None
    as_of: str
    demanded: float
    received: float
    in_transit: float
    open: float
    stated_received: float | None
    stated_delivered: float | None
    received_difference: float | None
    delivered_difference: float | None


class MaterialItem(TypedDict):
    number: str
    description: str
    unit: str | None
    unit_cost: float | None
    currency: str | None
    product_family: str | None
    suppliers: list[str]


class LineMaterialItem(TypedDict):
    equipment: str
    material: str
    warehouse: str
    quantity_per_item: float
    items_per_hour: float
    minimum_quantity: float
    valid_from: str | None
    valid_to: str | None


class LineRateItem(TypedDict):
    equipment: str
    currency: str
    per_hour: float
    valid_from: str | None


class WarehouseItem(TypedDict):
    key: str
    name: str
    code: str
    site: str | None
    plant: str | None
    moved_by: list[str]
    materials: int
    open_findings: int


class StockLevelItem(TypedDict):
    warehouse: str
    location: str | None
    material: str
    description: str
    quantity: float | None
    unit: str | None
    value: float | None
    currency: str | None
    counted_at: str | None
    moved_at: str | None


class StockMovementItem(TypedDict):
    event_id: str
    event: str
    leg: int
    kind: str
    at: str
    warehouse: str
    location: str | None
    material: str
    quantity: float | None
    unit: str | None
    base_quantity: float | None
    balance: float | None
    difference: float | None
    document: str | None
    reason: str | None
    batch: str | None
    status: str | None
    order_number: str | None
    known_from: str


class ProjectedDayItem(TypedDict):
    day: str
    opening: float | None
    arrivals: float
    demand: float
    closing: float | None


class ProjectedColumnsItem(TypedDict):
    day: list[str]
    opening: list[float | None]
    in_transit: list[float]
    called_off: list[float]
    demand: list[float]
    closing: list[float | None]


class StockProjectionItem(TypedDict):
    warehouse: str
    material: str
    description: str
    unit: str | None
    stock: float | None
    reason: str | None
    short_day: str | None
    minimum: float
    days: list[ProjectedDayItem]
    columns: ProjectedColumnsItem | None


class DaysOfSupplyItem(TypedDict):
    warehouse: str
    material: str
    description: str
    unit: str | None
    stock: float | None
    demand: float
    days_of_supply: float | None
    at_least: bool
    reason: str | None
    stock_note: str | None
    runs_out_at: str | None
    next_arrival: ArrivalItem | None
    stops_at: str | None
    stops_until: str | None
    minutes_at_risk: float
    lines: list[LineAtRiskItem]


class FindingItem(TypedDict):
    key: str
    kind: str
    text: str
    subject: str
    supplier: str | None
    material: str | None
    site: str | None
    dock: str | None
    warehouse: str | None
    location: str | None
    equipment: str | None
    at: str
    quantity: float | None
    expected: float | None
    actual: float | None
    detail: str
    sentence: dict[str, Any] | None
    messages: list[MessageItem]
    first_seen_at: str
    cleared_at: str | None
