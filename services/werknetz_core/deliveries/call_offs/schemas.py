"""Call-offs as the API shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from werknetz_core.deliveries.schemas import RelationView


class CallOffView(RelationView):
    """One version of a delivery schedule."""

    id: UUID  # its first event
    document: str
    issued_at: datetime
    known_at: datetime
    state: Literal["in_force", "replaced", "outdated_on_arrival"]
    in_force_from: datetime | None
    in_force_to: datetime | None  # null: still in force, or never was
    entries: int
    quantity: float


class CallOffEntryView(BaseModel):
    event_id: UUID
    event: str  # link to the event
    line: str | None
    due_from: datetime | None  # null: immediately
    due_until: datetime | None
    due_kind: str | None
    commitment: str | None
    quantity: float | None
    unit: str | None
    base_quantity: float | None
    cumulative_quantity: float | None
    cumulative_received: float | None
    cumulative_since: datetime | None
    last_receipt: str | None
    last_receipt_quantity: float | None
    last_receipt_at: datetime | None
    order_number: str | None
    order_line: str | None
    point_of_use: str | None
    replaces: str | None


class CallOffChangeView(BaseModel):
    """How the quantity of a due date differs from the previous version."""

    due_from: datetime | None
    order_number: str | None
    order_line: str | None
    previous_quantity: float
    quantity: float
    change: float


class CallOffDetailView(CallOffView):
    lines: list[CallOffEntryView]
    previous: str | None  # document of the version that it replaced
    previous_id: UUID | None
    changes: list[CallOffChangeView]
