"""Call-offs, due lines, shipments, receipts and cumulative quantities as the API shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class _Of(BaseModel):
    """The relation: who delivers what where."""

    supplier: str
    material: str
    site: str | None
    dock: str


class CallOffView(_Of):
    """One version of a schedule."""

    id: UUID  # an event of it
    document: str
    issued_at: datetime
    known_at: datetime
    state: Literal["in_force", "replaced", "outdated_on_arrival"]
    in_force_from: datetime | None
    in_force_to: datetime | None  # null: it goes on, or never was
    entries: int
    quantity: float


class CallOffEntryView(BaseModel):
    event_id: UUID
    event: str  # where the event leads back to its message
    line: str | None
    due_from: datetime | None  # null: at once
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
    """What a due date has more or less than in the former version."""

    due_from: datetime | None
    order_number: str | None
    order_line: str | None
    former_quantity: float
    quantity: float
    change: float


class CallOffDetailView(CallOffView):
    lines: list[CallOffEntryView]
    former: str | None  # document of the version that it replaced
    former_id: UUID | None
    changes: list[CallOffChangeView]


class DueLineView(_Of):
    document: str
    order_number: str | None
    group_key: str
    due_from: datetime
    due_until: datetime
    window_from: datetime  # on time from then up to, not with, …
    window_until: datetime
    commitment: str | None
    quantity: float
    delivered_quantity: float
    open_quantity: float
    state: Literal["open", "measured"]
    late: bool  # not there although its window is over, or came after it
    is_uncertain: bool  # what says otherwise may have been lost before it was accepted
    on_time: bool | None
    in_full: bool | None
    delay_s: float | None
    first_received_at: datetime | None
    fulfilled_at: datetime | None
    event_ids: list[UUID]
    shipment_ids: list[UUID]  # of the events that announced it
    receipt_ids: list[UUID]


class ShipmentView(BaseModel):
    id: int
    supplier: str
    site: str | None
    document: str
    delivery_note: str | None
    state: Literal["announced", "in_transit", "overdue", "partly_received", "received"]
    announced_at: datetime
    despatched_at: datetime | None
    arrives_at: datetime | None
    received_at: datetime | None
    carrier: str | None
    line_count: int


class ShipmentReceiptView(BaseModel):
    event_id: UUID
    event: str
    document: str
    received_at: datetime
    accepted_quantity: float | None
    rejected_quantity: float | None
    discrepancy: str | None


class ShipmentLineView(BaseModel):
    event_id: UUID
    event: str
    line: str | None
    material: str | None
    dock: str | None
    quantity: float | None
    unit: str | None
    base_quantity: float | None
    received_quantity: float | None
    open_quantity: float | None
    handling_unit: str | None
    batch: str | None
    order_number: str | None
    order_line: str | None
    receipts: list[ShipmentReceiptView]


class HandlingUnitView(BaseModel):
    """A package, with what is packed in it."""

    label: str
    package_type: str | None
    lines: list[UUID]  # events of the lines that lie in it itself
    contains: list["HandlingUnitView"]


class ShipmentDetailView(ShipmentView):
    lines: list[ShipmentLineView]
    handling_units: list[HandlingUnitView]


class ReceiptView(BaseModel):
    event_id: UUID
    event: str
    supplier: str | None
    material: str | None
    site: str | None
    dock: str | None
    warehouse: str | None
    document: str
    line: str | None
    delivery_note: str | None
    shipment: str | None
    received_at: datetime
    quantity: float | None
    unit: str | None
    base_quantity: float | None
    accepted_quantity: float | None
    rejected_quantity: float | None
    discrepancy: str | None
    order_number: str | None
    order_line: str | None
    batch: str | None
    known_from: datetime


class CumulativeView(_Of):
    """Demanded − received − in transit since the zero date, and what the messages say of it."""

    relation_id: int
    zero_at: datetime | None
    as_of: datetime
    demanded: float
    received: float
    in_transit: float
    open: float
    stated_received: float | None
    stated_delivered: float | None
    received_difference: float | None
    delivered_difference: float | None
