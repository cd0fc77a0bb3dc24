"""KPI values and queries as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from werknetz_core.shifts.schemas import NamedShiftView


class AppliedPolicyView(BaseModel):
    """A policy that defines on time and in full for a part of the window."""

    supplier: str | None  # null: the default policy
    version: int  # 0: the built-in policy
    valid_from: datetime | None
    reference: str
    early: str
    late: str
    tolerance: float
    level: str
    frozen_days: float
    text: str  # the policy in words


class InventoryView(BaseModel):
    """The inventory of turns, and how it is measured."""

    contents: str  # purchased parts in the warehouse
    measured_by: str | None  # value, quantity; null: not addable
    unit: str | None  # the currency or the unit
    materials: int
    left_out: int  # of them: without a unit cost, or in another currency
    text: str  # the measure in words


class OrderMachineView(BaseModel):
    """The part of an order at a machine; null: a quantity that nobody reports."""

    equipment: str
    operations: list[str]  # that are reported of it; none: unnamed
    start: datetime
    end: datetime | None  # null: it is running
    apt_s: float
    aust_s: float
    adet_s: float
    aubt_s: float
    unknown_s: float
    produced: float | None
    good: float | None
    scrap: float | None
    rework: float | None


class OrderRunView(BaseModel):
    """An order, and what each of its machines did for it in the window."""

    product: str | None
    start: datetime | None  # the first start of all; null: it has not run
    end: datetime | None  # the last end of all; null: it has not run, or it is running
    aoet_s: float  # order execution time in the window
    first_operation: str | None  # null: it has no name
    last_operation: str | None
    machines: list[OrderMachineView]


class KpiValueView(BaseModel):
    """The value of one subject; the fields of the other subjects are null."""

    equipment: str | None = None
    characteristic: str | None = None
    supplier: str | None = None
    warehouse: str | None = None
    kpi: str
    start: datetime
    end: datetime
    window: str  # the shift's name; empty for other windows
    value: float | None  # of equipment: over the time of known states
    reason: str | None  # why the value is null
    unit: str
    # Of equipment. Null without such a value; the same as `value` where unknown time is no matter.
    strict_value: float | None = None  # over all planned time: time of unknown state is a loss
    divisor: float | None = None  # of mean times: what the sum of times is divided by
    coverage: float | None  # share with good data: of planned busy time, or of due lines
    # Of equipment: which share of the time could be judged.
    state_share: float | None = None  # of planned busy time: the state is known
    quantity_share: float | None = None  # of planned busy time: the KPI's quantities are reported
    plan_share: float | None = None  # of calendar time: a shift calendar holds
    late_share: float | None  # share of samples that arrived more than a bucket late
    provisional: bool
    definition_version: int
    computed_at: datetime | None
    inputs: dict[str, float | None]  # null: a quantity that nobody reports
    policies: list[AppliedPolicyView] | None = None  # of suppliers: the applied policies
    evidence_href: str | None = None  # of suppliers: link to the counted lines
    inventory: InventoryView | None = None  # of warehouses
    # Last, so that the columns before them stay where they were.
    order: str | None = None  # of an order, or of equipment with group_by=order
    product: str | None = None  # with group_by=product
    team: str | None = None  # with group_by=team
    reason_code: str | None = None  # of `reason`; null: none, or that of a customer's formula
    group_by: str | None = None
    rest: Literal["no_order", "no_product", "no_shift"] | None = Field(
        None, description="What belongs to no group; with it, the groups add up to the whole."
    )
    order_run: OrderRunView | None = None  # of an order
    # Of critical capabilities, which are the smaller one: null where there is no such limit.
    lower_side: float | None = Field(None, description="(mean - LSL) by three deviations.")
    upper_side: float | None = Field(None, description="(USL - mean) by three deviations.")


class RangeView(BaseModel):
    """The covered span: windows are whole, so it may exceed the requested span."""

    equipment: str | None = None
    order: str | None = None
    characteristic: str | None = None
    supplier: str | None = None
    warehouse: str | None = None
    start: datetime
    end: datetime
    time_zone: str
    shift: NamedShiftView | None = None


class KpiValueListView(BaseModel):
    items: list[KpiValueView]
    ranges: list[RangeView]
    granularity: str
    source: str
    no_data: bool


class KpiQueryBody(BaseModel):
    equipment: Annotated[list[str], Field(max_length=50)] = []
    order: Annotated[list[str], Field(max_length=50)] = []
    characteristic: Annotated[list[str], Field(max_length=50)] = []
    supplier: Annotated[list[str], Field(max_length=50)] = []
    warehouse: Annotated[list[str], Field(max_length=50)] = []
    kpi: Annotated[list[str], Field(min_length=1, max_length=50)]
    start: str | None = Field(None, description="Default: -24h; of an order, its own start.")
    end: str | None = None
    group_by: str | None = None
    product: Annotated[list[str], Field(max_length=50)] = []
    team: Annotated[list[str], Field(max_length=50)] = []
    granularity: str = "none"
    rolling: str | None = None
    as_of: str | None = None
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
