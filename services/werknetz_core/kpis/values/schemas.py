"""KPI values and queries as the API shows and takes them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field


class AppliedPolicyView(BaseModel):
    """What counts as on time and in full: in force for some of the window."""

    supplier: str | None  # None: of all that have none of their own
    version: int  # 0: nobody has made one, the built-in holds
    valid_from: datetime | None
    reference: str
    early: str
    late: str
    tolerance: float
    level: str
    frozen_days: float
    text: str  # the same in words


class InventoryView(BaseModel):
    """Which inventory is turned, and how it is measured."""

    of: str  # purchased targets in the warehouse
    measured_by: str | None  # value, quantity; None: cannot be added up
    unit: str | None  # the currency or the unit
    materials: int
    left_out: int  # of these: without a unit cost, or in another currency
    text: str  # the same in words


class KpiValueView(BaseModel):
    """Of an equipment, a supplier or a warehouse: the one that was asked for is there."""

    equipment: str | None = None
    supplier: str | None = None
    warehouse: str | None = None
    kpi: str
    start: datetime
    end: datetime
    window: str  # the shift's name; empty for other windows
    value: float | None
    reason: str | None  # why there is no value
    unit: str
    coverage: float | None  # share with good data: of planned busy time, of what was due
    late_share: float | None  # share of samples that came more than a bucket late
    provisional: bool
    definition_version: int
    computed_at: datetime | None
    inputs: dict[str, float]
    policies: list[AppliedPolicyView] | None = None  # of suppliers: what they were measured by
    evidence_href: str | None = None  # of suppliers: the lines behind the numbers
    inventory: InventoryView | None = None  # of warehouses


class RangeView(BaseModel):
    """The span that was answered for: windows are whole, so it may be wider than asked."""

    equipment: str | None = None
    supplier: str | None = None
    warehouse: str | None = None
    start: datetime
    end: datetime
    time_zone: str


class KpiValueListView(BaseModel):
    items: list[KpiValueView]
    ranges: list[RangeView]
    granularity: str
    source: str
    no_data: bool


class KpiQueryBody(BaseModel):
    equipment: Annotated[list[str], Field(max_length=50)] = []
    supplier: Annotated[list[str], Field(max_length=50)] = []
    warehouse: Annotated[list[str], Field(max_length=50)] = []
    kpi: Annotated[list[str], Field(min_length=1, max_length=50)]
    start: str = "-24h"
    end: str | None = None
    granularity: str = "none"
    tz: str | None = None
    divisor: str = "fe+1"


class KpiQueryListBody(BaseModel):
    queries: Annotated[list[KpiQueryBody], Field(min_length=1, max_length=50)]


class ProblemView(BaseModel):
    type: str
    title: str
    status: int
    detail: str
    hint: str


class KpiResultView(BaseModel):
    answer: KpiValueListView | None
    problem: ProblemView | None


class KpiResultListView(BaseModel):
    results: list[KpiResultView]
