"""The facts of one relation (a supplier's material at a site): inputs of the computations here.

Quantities are in the material's base unit; instants are µs UTC. `known_us` is when the event was
first received: it only decides whether a call-off was outdated on arrival.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from werknetz.kpi.supply.policy import Policy

Span = tuple[int, int]


class ScheduleGroup(NamedTuple):
    """The order whose schedule it is inside a relation; empty if entries carry no order."""

    order_number: str = ""
    order_line: str = ""

    @property
    def key(self) -> str:
        return "/".join(part for part in self if part)


NO_ORDER = ScheduleGroup()


class LostSpans:
    """Spans in which messages may have been lost, searched by time. They may overlap."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._ends = [end for _, end in ordered]
        self._last_ends = list(accumulate(self._ends, max))  # of a span and all before it

    def touch(self, window: Span) -> bool:
        """Return whether a span has an instant in common with a half-open window."""
        count = bisect_left(self._starts, window[1])
        return count > 0 and self._last_ends[count - 1] > window[0]

    def nearest_us(self, at_us: int, since_us: int, until_us: int) -> int | None:
        """Return the instant nearest to another of the spans that end after `since_us`.

        Only spans that start before `until_us` count, and only instants from `since_us` on. Of two
        as near, the earlier is returned; None: there is no such span.
        """
        count = bisect_left(self._starts, until_us)
        before = bisect_right(self._starts, max(at_us, since_us), hi=count)
        instants = []
        if before and self._last_ends[before - 1] > since_us:
            instants.append(min(max(at_us, since_us), self._last_ends[before - 1]))
        if before < count:
            instants.append(min(self._starts[before], self._ends[before]))
        return min(instants, key=lambda instant: (abs(instant - at_us), instant), default=None)


# Facts are not changed once they are built. They are not frozen, because frozen objects take three
# times as long to build, and a reconciliation builds some for each event.
@dataclass(slots=True, kw_only=True)
class CallOffEntry:
    """One entry of a call-off."""

    event_id: UUID
    document: str
    issued_us: int
    known_us: int
    quantity: float
    due_from_us: int | None
    due_until_us: int | None
    group: ScheduleGroup = NO_ORDER
    line: str = ""
    place: str = ""  # of use, and in the sequence of a just-in-time call-off
    message: str = ""  # its message: entries of one message are no duplicates
    commitment: str | None = None
    due_kind: str | None = None
    replaces: str | None = None
    cumulative_quantity: float | None = None
    cumulative_received: float | None = None
    cumulative_since_us: int | None = None
    last_receipt: str | None = None
    last_receipt_us: int | None = None


@dataclass(slots=True, kw_only=True)
class ShipmentLine:
    """One line of a despatch advice."""

    event_id: UUID
    document: str
    announced_us: int
    known_us: int
    quantity: float
    group: ScheduleGroup = NO_ORDER
    line: str = ""
    message: str = ""
    shipment: str | None = None
    delivery_note: str | None = None
    despatched_us: int | None = None
    arrives_us: int | None = None
    handling_unit: str | None = None
    batch: str | None = None
    cumulative_quantity: float | None = None

    @property
    def departed_us(self) -> int:
        return self.announced_us if self.despatched_us is None else self.despatched_us


@dataclass(slots=True, kw_only=True)
class ReceiptLine:
    """One line of a receipt; a negative quantity corrects what was received before."""

    event_id: UUID
    document: str
    received_us: int
    known_us: int
    quantity: float  # accepted
    rejected: float = 0.0
    group: ScheduleGroup = NO_ORDER
    line: str = ""
    message: str = ""
    shipment: str | None = None
    delivery_note: str | None = None
    batch: str | None = None
    discrepancy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationFacts:
    """All facts about one relation, in no particular order."""

    supplier: str  # display names, for texts of findings
    material: str
    entries: tuple[CallOffEntry, ...] = ()
    shipments: tuple[ShipmentLine, ...] = ()
    receipts: tuple[ReceiptLine, ...] = ()
    lost_spans: tuple[Span, ...] = ()  # when messages may have been lost before acceptance

    @property
    def is_empty(self) -> bool:
        """Whether it has no facts, as when all of them were reassigned to another relation."""
        return not (self.entries or self.shipments or self.receipts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the relation is measured: policies by the time from which each is valid, ascending."""

    policies: tuple[tuple[int, Policy], ...]
    zone: ZoneInfo  # of the site's days
    now_us: int

    def policy_at(self, at_us: int) -> Policy:
        """Return the policy that is valid at an instant; before the first one, the first."""
        index = bisect_right(self.policies, at_us, key=lambda period: period[0])
        return self.policies[max(index - 1, 0)][1]
