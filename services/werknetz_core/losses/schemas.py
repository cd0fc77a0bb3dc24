"""Supply-caused downtime as the API shows it. Costs are summed by currency."""

from datetime import datetime
from typing import Any, Literal

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
    """A line of a call-off that was due before the stock-out ended and was late."""

    supplier: str
    supplier_name: str
    call_off: str
    due_from: datetime
    due: datetime = Field(description="End of the due period.")
    quantity: float
    open_quantity: float = Field(description="Still open now.")
    delay_s: float = Field(description="From due until delivered in full, or until now.")
    fulfilled_at: datetime | None
    shipments: list[ShipmentStepView]
    receipts: list[ReceiptStepView]
    events: list[MessageView] = Field(description="The call-off's messages.")


class StockOutStepView(BaseModel):
    start: datetime
    end: datetime | None = Field(description="Null: still out of stock.")
    events: list[MessageView] = Field(description="The movements that began and ended it.")


class CauseView(BaseModel):
    material: str
    description: str
    warehouse: str
    stock_out: StockOutStepView
    suppliers: list[str]
    deliveries: list[DeliveryStepView]
    reason: Literal["late_delivery", "no_late_delivery"]


class LossView(BaseModel):
    """Several causes: these materials were missing together; their time is not divided."""

    line: str
    start: datetime
    end: datetime
    machine_minutes: float
    line_minutes: float = Field(description="Time in which at least one machine starved.")
    cost: CostView | None = Field(description="Cost of line_minutes; null: no line rate.")
    machines: list[MachineMinutesView]
    text: str = Field(description="In the language of Accept-Language, in the plant's time.")
    code: str = Field(description="Of the sentence in `text`.")
    fields: dict[str, Any] = Field(description="What the sentence is made of.")
    causes: list[CauseView]


class GroupView(BaseModel):
    name: str | None = Field(description="Names that were missing together are joined by +.")
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
        description="Stopped by an unspecified external cause; attributed if stock was out."
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
    more: int = Field(description="Number of losses beyond the limit.")
