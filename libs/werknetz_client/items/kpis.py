"""KPIs, their values, and comparisons.

Made from the OpenAPI document of the API: see tests/contract/test_client_models.py.
"""

from typing import Any, TypedDict


class AppliedPolicyItem(TypedDict):
    supplier: str | None
    version: int
    valid_from: str | None
    reference: str
    early: str
    late: str
    tolerance: float
    level: str
    frozen_days: float
    text: str


class InventoryItem(TypedDict):
    contents: str
    measured_by: str | None
    unit: str | None
    materials: int
    left_out: int
    text: str


class OrderMachineItem(TypedDict):
    equipment: str
    operations: list[str]
    start: str
    end: str | None
    apt_s: float
    aust_s: float
    adet_s: float
    aubt_s: float
    unknown_s: float
    produced: float | None
    good: float | None
    scrap: float | None
    rework: float | None


class OrderRunItem(TypedDict):
    product: str | None
    start: str | None
    end: str | None
    aoet_s: float
    first_operation: str | None
    last_operation: str | None
    machines: list[OrderMachineItem]


class KpiValueItem(TypedDict):
    equipment: str | None
    characteristic: str | None
    supplier: str | None
    warehouse: str | None
    kpi: str
    start: str
    end: str
    window: str
    value: float | None
    reason: str | None
    unit: str
    strict_value: float | None
    divisor: float | None
    coverage: float | None
    state_share: float | None
    quantity_share: float | None
    plan_share: float | None
    late_share: float | None
    provisional: bool
    definition_version: int
    computed_at: str | None
    inputs: dict[str, Any]
    policies: list[AppliedPolicyItem] | None
    evidence_href: str | None
    inventory: InventoryItem | None
    order: str | None
    product: str | None
    team: str | None
    reason_code: str | None
    group_by: str | None
    rest: str | None
    order_run: OrderRunItem | None
    lower_side: float | None
    upper_side: float | None


class FormulaVersionItem(TypedDict):
    version: int
    formula: str
    valid_from: str | None
    last_release: str | None
    why: str | None


class KpiItem(TypedDict):
    name: str
    number: int | None
    description: str
    formula: str
    unit: str
    lower: float | None
    upper: float | None
    trend: str
    inputs: list[str]
    timing: list[str]
    audience: list[str]
    scope: list[str]
    version: int
    name_de: str
    name_en: str
    methodology: list[str]
    effect_model: str
    notes: str
    origin: str
    valid_from: str | None
    history: list[FormulaVersionItem]


class KpiDefinitionItem(TypedDict):
    id: str
    version: int
    valid_from: str
    name_de: str | None
    name_en: str | None
    formula: str | None
    unit: str | None
    better: str | None
    subject: str | None
    retired_at: str | None
    problem: str | None
    entered_by: str
    entered_at: str


class CharacteristicItem(TypedDict):
    name: str
    equipment: str
    characteristic: str
    measurements: int
    first_at: str
    last_at: str
    lower_limit: float | None
    upper_limit: float | None
    unit: str | None


class ComparabilityPartsItem(TypedDict):
    product_family: float | None
    definition: float | None
    coverage: float | None
    calendar: float | None


class ProductShareItem(TypedDict):
    product_family: str | None
    material: str | None
    share: float


class ComparisonItem(TypedDict):
    equipment: str
    rank: int | None
    value: float | None
    value_reason: str | None
    comparable: bool
    score: float
    parts: ComparabilityPartsItem
    reasons: list[str]
    product_unknown_share: float | None
    products: list[ProductShareItem]
    materials_without_family: list[str]
    trust: float
    provisional: bool
