"""Supply-caused downtime as the API shows it. Money never mixes currencies."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from werknetz_core.http.links import MessageView


class CostView(BaseModel):
    amount: float
    currency: str


class MachineMinutesView(BaseModel):
    equipment: str
    minutes: float


class ShipmentStepView(BaseModel):
    document: str
    delivery_note: str | None
    announced_at: datetime
    despatched_at: datetime | None
    arrives_at: datetime | None
    quantity: float | None
    event: MessageView


class ReceiptStepView(BaseModel):
    document: str
    delivery_note: str | None
    received_at: datetime
    quantity: float | None
    event: MessageView


class DeliveryStepView(BaseModel):
    """A line of a call-off that was due before the stock-out ended and was not there."""

    supplier: str
    supplier_name: str
    call_off: str
    due_from: datetime
    due: datetime = Field(description="The end of the time in which it was due.")
    quantity: float
    open_quantity: float = Field(description="Of the line, still today.")
    delay_s: float = Field(description="From due to there in full, or to now.")
    fulfilled_at: datetime | None
    shipments: list[ShipmentStepView]
    receipts: list[ReceiptStepView]
    events: list[MessageView] = Field(description="The call-off's messages.")


class StockOutStepView(BaseModel):
    start: datetime
    end: datetime | None = Field(description="None: it goes on.")
    events: list[MessageView] = Field(description="What took the last, and what brought more.")


class CauseView(BaseModel):
    material: str
    description: str
    warehouse: str
    stock_out: StockOutStepView
    suppliers: list[str]
    deliveries: list[DeliveryStepView]
    reason: Literal["late_delivery", "no_late_delivery"]


class LossView(BaseModel):
    """Several causes: these materials were missing together; the time is not split."""

    line: str
    start: datetime
    end: datetime
    machine_minutes: float
    line_minutes: float = Field(description="In which at least one of the machines starved.")
    cost: CostView | None = Field(description="Of the line's minutes; null: it has no rate.")
    machines: list[MachineMinutesView]
    text: str
    causes: list[CauseView]


class GroupView(BaseModel):
    name: str | None = Field(description="Joined by + where several were missing together.")
    machine_minutes: float
    line_minutes: float
    losses: int
    costs: list[CostView]


class UnattributedView(BaseModel):
    reason: str
    minutes: float


class TotalsView(BaseModel):
    starved_minutes: float
    suspended_minutes: float = Field(
        description="Stopped by a cause outside that was not said; attributed where stock was out."
    )
    attributed_minutes: float
    unattributed: list[UnattributedView]
    costs: list[CostView]
    stock_known_share: float | None = Field(
        description="Share of the starved time in which the stock of the line's materials is known."
    )


class SupplyCausedDowntimeView(BaseModel):
    start: datetime
    end: datetime
    totals: TotalsView
    groups: list[GroupView]
    items: list[LossView]
    more: int = Field(description="Losses that the limit left out.")


def message(event_id: UUID) -> MessageView:
    return MessageView(event_id=event_id, link=f"/api/v1/events/{event_id}")
