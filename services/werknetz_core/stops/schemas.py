"""Stops as the API shows them, and changes of stops as it takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant
from werknetz_core.http.guard.json_types import Whole

StateName = Literal[
    "producing", "setup", "idle", "malfunction", "blocked", "starved", "suspended", "maintenance",
    "repair", "off",
]  # fmt: skip
Comment = Annotated[str | None, Field(max_length=2000)]
Code = Annotated[str, Field(min_length=1, max_length=100)]
Version = Annotated[
    Whole,
    Field(ge=0, lt=2**63, description="`version` of the stop as you saw it; 0: nobody changed it."),
]


class StopView(BaseModel):
    id: str  # machine and start: of a stop that late data move, the one that covers that instant
    equipment: str
    start: datetime
    end: datetime | None  # null: it goes on
    duration_s: float  # of the whole stop, whatever was queried
    lost_s: float  # planned busy time that it took: adet_s + adot_s
    in_span_s: float  # of the queried span
    state: str
    category: str  # the category of time with the most seconds
    code: str | None  # as the machine reports it
    order_number: str | None  # the first; null: no order ran
    orders: list[str]
    minor: bool  # a malfunction below the threshold of the machine
    reason: str | None  # null: unclassified, it waits for a person
    reason_en: str | None
    reason_de: str | None
    reason_source: str | None  # entered, code
    planned: bool | None  # by its reason
    comment: str | None
    entered_by: str | None
    adet_s: float
    adot_s: float
    aust_s: float
    pdot_s: float
    off_shift_s: float
    version: int  # number of the last change by a person; 0: none


class StopTotals(BaseModel):
    count: int
    duration_s: float
    lost_s: float
    minor: int
    open: int
    unclassified: int
    unclassified_lost_s: float


class StopsPage(BaseModel):
    items: list[StopView]
    next_cursor: str | None
    start: datetime
    end: datetime
    no_data: bool
    # Of all stops that match, not of this page. Null on further pages by start, which read no
    # more than they show, and with totals=false.
    totals: StopTotals | None


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid")

    comment: Comment = None
    why: Annotated[
        str | None, Field(max_length=2000, description="Why it is changed, for the audit log.")
    ] = None


class NewStop(_Change):
    """A stop that the machine did not report."""

    equipment: str
    start: Instant
    end: Instant
    reason: Code | None = None
    state: StateName | None = None  # null: that of the reason, else idle


class _Classifying(_Change):
    reason: Code | None = None  # null: unclassified again
    state: StateName | None = None  # null: that of the reason, else as reported

    @property
    def is_comment_alone(self) -> bool:
        """Whether only a comment is sent: reason and state stay as they are."""
        return "comment" in (sent := self.model_fields_set) and sent.isdisjoint({"reason", "state"})


class Classification(_Classifying):
    """A reason, a state, a comment; a comment without both leaves reason and state."""

    version: Version = 0


class StopSplit(_Change):
    at: Instant
    version: Version = 0


class StopReference(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    version: Version = 0


class StopsClassification(_Classifying):
    """One reason, state or comment for several stops, of any machines."""

    stops: Annotated[list[StopReference], Field(min_length=1, max_length=100)]


class StopMerge(_Change):
    """Adjacent stops of one machine to be one."""

    stops: Annotated[list[StopReference], Field(min_length=2, max_length=100)]
    reason: Code | None = None
    state: StateName | None = None  # required if their states differ and the reason has none


class StopUndo(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Version
    why: Annotated[str | None, Field(max_length=2000)] = None


class StopChangeView(BaseModel):
    """What a change did: the stops there are now in the time that it touched."""

    change: int  # of the audit log
    stops: list[StopView]


class StopChangesView(BaseModel):
    """One change for each stop, in the order of the request; each is undone by itself."""

    changes: list[StopChangeView]
