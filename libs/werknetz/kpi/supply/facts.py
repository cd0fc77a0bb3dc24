"""What is known of one relation: a supplier's material at a site. Inputs of all that is pure here.

Quantities are in the material's base unit; instants are µs UTC. `known_us` is when the event first
came: it decides only whether a call-off was outdated when it arrived.
"""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from werknetz.kpi.supply.policy import Policy

Span = tuple[int, int]


class Group(NamedTuple):
    """What a schedule is of inside a relation: its order, where its entries carry one."""

    order_number: str = ""
    order_line: str = ""

    @property
    def key(self) -> str:
        return "/".join(part for part in self if part)


NO_ORDER = Group()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a call-off."""

    event_id: UUID
    document: str
    issued_us: int
    known_us: int
    quantity: float
    due_from_us: int | None
    due_until_us: int | None
    group: Group = NO_ORDER
    line: str = ""
    place: str = ""  # of use, and in the sequence of a just-in-time call
    message: str = ""  # which message has told it: entries of one are no doubles of each other
    commitment: str | None = None
    due_kind: str | None = None
    replaces: str | None = None
    cumulative_quantity: float | None = None
    cumulative_received: float | None = None
    cumulative_since_us: int | None = None
    last_receipt: str | None = None
    last_receipt_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentLine:
    """One line of a despatch advice."""

    event_id: UUID
    document: str
    announced_us: int
    known_us: int
    quantity: float
    group: Group = NO_ORDER
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
    def left_us(self) -> int:
        return self.announced_us if self.despatched_us is None else self.despatched_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One line of a receipt; a negative quantity corrects what was received before."""

    event_id: UUID
    document: str
    received_us: int
    known_us: int
    quantity: float  # accepted
    rejected: float = 0.0
    group: Group = NO_ORDER
    line: str = ""
    message: str = ""
    shipment: str | None = None
    delivery_note: str | None = None
    batch: str | None = None
    discrepancy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Everything that was told about one relation, in no particular order."""

    supplier: str  # what people call them: for sentences
    material: str
    entries: tuple[Entry, ...] = ()
    shipments: tuple[ShipmentLine, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    lost: tuple[Span, ...] = ()  # when messages of it may have been lost before acceptance

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing of it is believed, as when all that was told belongs to another."""
        return not (self.entries or self.shipments or self.receipts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the relation is measured: the policies by the time from which each holds, ascending."""

    policies: tuple[tuple[int, Policy], ...]
    zone: ZoneInfo  # of the site's days
    now_us: int

    def at(self, at_us: int) -> Policy:
        """Return the policy that holds at an instant; before the first, the first."""
        held = [policy for since, policy in self.policies if since <= at_us]
        return held[-1] if held else self.policies[0][1]
