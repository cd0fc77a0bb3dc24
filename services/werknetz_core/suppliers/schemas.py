"""Suppliers as the API shows and takes them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from werknetz_core.kpis.values.schemas import AppliedPolicyView
from werknetz_core.suppliers.policies.schemas import PolicyView

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class IdentityView(BaseModel):
    """A number or name that messages use for the supplier."""

    value: str
    discovered: bool  # first seen in a message; false: set by a user


class OpenLinesView(BaseModel):
    """Open lines by their age: how long ago their window ended."""

    not_due: int
    overdue_1d: int  # up to a day
    overdue_3d: int
    overdue_7d: int
    overdue_more: int


class SupplierWeekView(BaseModel):
    """The weeks of the list, in order; null: no line was due."""

    lines_due: list[float]
    otif: list[float | None]


class SupplierKpisView(BaseModel):
    """KPIs of a supplier in the period of the list, of what the key may see."""

    rank: int | None  # 1: the lowest OTIF; null: fewer lines than ranked_lines_min
    lines_due: float
    otif: float | None
    on_time: float | None
    in_full: float | None
    delay_severity_s: float | None  # mean delay of what was late, weighted by quantity
    median_delay_s: float | None  # of lines that were late, or are still open
    asn_accuracy: float | None
    call_off_stability: float | None
    coverage: float | None  # share of the lines whose messages are complete
    reason: str | None  # why there is no OTIF
    reason_code: str | None
    open_by_age: OpenLinesView
    weeks: SupplierWeekView
    policies: list[str]  # keys in the `policies` of the list
    computed_at: datetime | None
    evidence_href: str | None  # the lines that were counted


class SupplierView(BaseModel):
    key: str
    name: str
    roles: list[str]
    sites: list[str]  # sites that it delivers to
    relations: int  # count of materials per site and dock
    open_lines: int
    overdue_lines: int
    open_findings: int
    kpis: SupplierKpisView | None = None  # with=kpis


class ListedPolicyView(AppliedPolicyView):
    """A policy that KPIs of the list name by its key."""

    key: str


class SupplierPeriodView(BaseModel):
    start: datetime
    end: datetime
    time_zone: str
    weeks: list[datetime]  # start of each week


class SupplierListView(BaseModel):
    items: list[SupplierView]
    next_cursor: str | None
    period: SupplierPeriodView | None = None  # with=kpis, as all below
    policies: list[ListedPolicyView] = []
    ranked_lines_min: int | None = None


class SupplierDetailView(SupplierView):
    identities: list[IdentityView]
    policy: PolicyView


class SupplierChange(BaseModel):
    """Fields that are missing stay unchanged."""

    model_config = ConfigDict(extra="forbid")

    name: Word | None = None
    identities: Annotated[list[Word], Field(max_length=1000)] | None = None
