"""Amendments of a mapping as the API takes and shows them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz.connector.content.numbers import Decimal
from werknetz.domain.role import Role
from werknetz_core.http.guard.json_types import Whole

_FORBID_UNKNOWN = ConfigDict(extra="forbid")
Text = Annotated[str, Field(min_length=1, max_length=500)]
StateLabel = Literal[
    "producing", "setup", "idle", "malfunction", "blocked", "starved", "suspended", "maintenance",
    "repair", "off", "unknown",
]  # fmt: skip


class StateCode(BaseModel):
    """Add a state code to a table of the mapping; a built-in table is copied first."""

    model_config = _FORBID_UNKNOWN
    kind: Literal["map_state"]
    table: Text
    code: Text
    state: StateLabel


class ValueCode(BaseModel):
    """Add a value to the table of values of a field, in each event rule of the source."""

    model_config = _FORBID_UNKNOWN
    kind: Literal["map_value"]
    source: Text
    field: Text
    code: Text
    value: Text


class NewRule(BaseModel):
    """Add a rule for an address that has none: it is a signal of an equipment."""

    model_config = _FORBID_UNKNOWN
    kind: Literal["add_rule"]
    source: Text
    equipment: Text
    signal: Text
    role: Role = Role.PROCESS_VALUE
    unit: Text | None = None
    source_unit: Text | None = None
    states: Text | None = None  # the table of a state's codes


class Ignored(BaseModel):
    """Add a rule for an address that has none: it is neither stored nor quarantined."""

    model_config = _FORBID_UNKNOWN
    kind: Literal["ignore"]
    source: Text


class ChangedRule(BaseModel):
    """Set the unit or the form of numbers in the rule of an address."""

    model_config = _FORBID_UNKNOWN
    kind: Literal["set_rule"]
    source: Text
    unit: Text | None = None
    source_unit: Text | None = None
    decimal: Decimal | None = None


Change = Annotated[
    StateCode | ValueCode | NewRule | Ignored | ChangedRule, Field(discriminator="kind")
]


class Amendment(BaseModel):
    model_config = _FORBID_UNKNOWN
    name: Text
    version: Whole | None = None  # to begin with; default: the active one, else that of the edges
    changes: Annotated[list[Change], Field(min_length=1, max_length=100)]


class AmendedMappingView(BaseModel):
    name: str
    version: int  # of the document: one more than the newest
    based_on: int
    document: str
    lines: list[str]  # that differ from the version before: "- old" and "+ new"
