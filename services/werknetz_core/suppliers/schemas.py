"""Suppliers, their sites and policies as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class IdentityView(BaseModel):
    """A number or name by which messages call it."""

    value: str
    discovered: bool  # first seen in a message; false: set by somebody


class PolicyView(BaseModel):
    """What on time and in full mean for it."""

    of: Literal["supplier", "default", "built_in"]
    version: int
    valid_from: datetime | None
    text: str
    document: dict[str, Any]


class SupplierView(BaseModel):
    key: str
    name: str
    roles: list[str]
    sites: list[str]  # which it delivers to
    relations: int  # part and dock
    open_lines: int
    overdue_lines: int
    open_findings: int


class SupplierDetailView(SupplierView):
    identities: list[IdentityView]
    policy: PolicyView


class SupplierChange(BaseModel):
    """What is not given stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Word | None = None
    identities: Annotated[list[Word], Field(max_length=1000)] | None = None


class PolicyVersionView(BaseModel):
    supplier: str | None  # null: whoever has none of their own
    version: int
    valid_from: datetime
    text: str
    document: dict[str, Any]
    created_by: str


class NewPolicy(BaseModel):
    model_config = ConfigDict(extra="forbid")

    document: Annotated[
        dict[str, Any],
        Field(
            description="reference, early, late, tolerance, level, frozen_days … "
            "What is not given is as built in.",
            examples=[{"early": "1d", "late": "4h", "tolerance": 0.02, "level": "line"}],
        ),
    ]
    valid_from: datetime | None = Field(None, description="Due from when on; null: now.")


class SiteView(BaseModel):
    """A place that delivers or is delivered to."""

    key: str
    name: str
    partner: str | None  # null: ours
    plant: str | None
    identities: list[str]


class SiteChange(BaseModel):
    """What is not given stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Word | None = None
    plant: Word | None = Field(None, description="Equipment path of the plant that it is.")
    identities: Annotated[list[Word], Field(max_length=1000)] | None = None
