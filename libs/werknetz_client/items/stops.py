"""Stops, reasons, quantities, notes and orders.

Made from the OpenAPI document of the API: see tests/contract/test_client_models.py.
"""

from typing import TypedDict


class AnnotationItem(TypedDict):
    id: int
    equipment: str
    start: str
    end: str | None
    text: str
    entered_by: str
    entered_at: str


class QuantityItem(TypedDict):
    id: int
    equipment: str
    at: str
    kind: str
    quantity: float
    reason: str | None
    order_number: str | None
    comment: str | None
    entered_by: str
    entered_at: str
    version: int


class ReasonItem(TypedDict):
    code: str
    plant: str | None
    parent: str | None
    path: list[str]
    kind: str
    name_en: str
    name_de: str
    category: str | None
    state: str | None
    planned: bool
    counts_against_availability: bool
    position: int
    retired: bool


class ReasonCodeItem(TypedDict):
    equipment: str
    state_code: str
    reason: str
    kind: str


class StopThresholdItem(TypedDict):
    equipment: str
    valid_from: str
    minor_stop_s: float | None
    start_up_s: float | None
    start_up_items: float | None
    start_up_after_stop_s: float | None


class StopItem(TypedDict):
    id: str
    equipment: str
    start: str
    end: str | None
    duration_s: float
    lost_s: float
    in_span_s: float
    state: str
    category: str
    code: str | None
    order_number: str | None
    orders: list[str]
    minor: bool
    reason: str | None
    reason_en: str | None
    reason_de: str | None
    reason_source: str | None
    planned: bool | None
    comment: str | None
    entered_by: str | None
    adet_s: float
    adot_s: float
    aust_s: float
    pdot_s: float
    off_shift_s: float
    version: int


class OrderItem(TypedDict):
    equipment: str
    order_number: str
    planned_run_s_per_item: float | None
    planned_quantity: float | None
    material: str | None
    started_at: str | None
    ended_at: str | None


class OperationItem(TypedDict):
    order_number: str
    operation: str
    equipment: str
    material: str | None
    planned_quantity: float | None
    planned_run_s_per_item: float | None
    planned_setup_s: float | None
    planned_end_at: str | None
    started_at: str | None
    ended_at: str | None
    good_quantity: float | None
    scrap_quantity: float | None
    rework_quantity: float | None
    event_ids: list[str]
