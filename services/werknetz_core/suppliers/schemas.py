"""Suppliers as the API shows and takes them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from werknetz_core.suppliers.policies.schemas import PolicyView

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class IdentityView(BaseModel):
    """A number or name that messages use for the supplier."""

    value: str
    discovered: bool  # first seen in a message; false: set by a user


class SupplierView(BaseModel):
    key: str
    name: str
    roles: list[str]
    sites: list[str]  # sites that it delivers to
    relations: int  # count of materials per site and dock
    open_lines: int
    overdue_lines: int
    open_findings: int


class SupplierDetailView(SupplierView):
    identities: list[IdentityView]
    policy: PolicyView


class SupplierChange(BaseModel):
    """Fields that are missing stay unchanged."""

    model_config = ConfigDict(extra="forbid")

    name: Word | None = None
    identities: Annotated[list[Word], Field(max_length=1000)] | None = None
